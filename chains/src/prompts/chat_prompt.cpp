// Conversations from templates.

#include "cochain/chains/prompts/chat_prompt.hpp"

#include <algorithm>
#include <utility>

namespace cochain {
namespace {

Message make_message(Role role, std::string text) {
  switch (role) {
    case Role::kSystem: return SystemMessage(std::move(text));
    case Role::kAI: return AIMessage(std::move(text));
    case Role::kHuman:
    case Role::kTool: break;
  }
  return HumanMessage(std::move(text));
}

}  // namespace

Messages ChatPromptTemplate::format(const Variables& variables) const {
  Messages messages;
  messages.reserve(entries_.size());
  for (const Entry& entry : entries_) {
    messages.push_back(make_message(entry.role, entry.text.format(variables)));
  }
  return messages;
}

std::vector<std::string> ChatPromptTemplate::variable_names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) {
    for (std::string& name : entry.text.variable_names()) {
      const bool known = std::find(names.begin(), names.end(), name) != names.end();
      if (!known) names.push_back(std::move(name));
    }
  }
  return names;
}

Coro<Messages> ChatPromptTemplate::do_invoke(Variables input, RunConfig) const {
  co_return format(input);
}

}  // namespace cochain
