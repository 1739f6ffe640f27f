// Reading messages: joining the parts of one kind.

#include "cochain/chains/model/message.hpp"

#include <algorithm>

namespace cochain {
namespace {

template <class Part>
std::string joined(const std::vector<ContentPart>& parts) {
  std::string result;
  for (const ContentPart& part : parts) {
    if (const auto* piece = std::get_if<Part>(&part)) result += piece->text;
  }
  return result;
}

}  // namespace

std::string_view to_string(Role role) noexcept {
  switch (role) {
    case Role::kSystem: return "system";
    case Role::kHuman: return "human";
    case Role::kAI: return "ai";
    case Role::kTool: return "tool";
  }
  return "unknown";
}

std::string_view to_string(FinishReason reason) noexcept {
  switch (reason) {
    case FinishReason::kUnknown: return "unknown";
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kToolCalls: return "tool_calls";
    case FinishReason::kContentFilter: return "content_filter";
    case FinishReason::kError: return "error";
    case FinishReason::kOther: return "other";
  }
  return "unknown";
}

std::string HumanMessage::text() const { return joined<TextPart>(parts); }

std::string AIMessage::text() const& { return joined<TextPart>(parts); }

std::string AIMessage::text() && {
  if (parts.size() == 1) {
    if (auto* only = std::get_if<TextPart>(&parts.front())) return std::move(only->text);
  }
  return joined<TextPart>(parts);
}

std::string AIMessage::reasoning() const { return joined<ReasoningPart>(parts); }

std::string AIMessage::refusal() const { return joined<RefusalPart>(parts); }

std::vector<ToolCall> AIMessage::tool_calls() const {
  std::vector<ToolCall> calls;
  for (const ContentPart& part : parts) {
    if (const auto* call = std::get_if<ToolCall>(&part)) calls.push_back(*call);
  }
  return calls;
}

bool AIMessage::has_tool_calls() const noexcept {
  return std::any_of(parts.begin(), parts.end(), [](const ContentPart& part) {
    return std::holds_alternative<ToolCall>(part);
  });
}

std::string Message::text() const {
  return visit([](const auto& message) { return std::string(message.text()); });
}

}  // namespace cochain
