// A conversation with holes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/message.hpp"
#include "cochain/chains/prompts/template.hpp"

namespace cochain {

/// A prompt of several messages, each with holes.
/// Shape:  `ChatPromptTemplate().system("You translate to {language}.").human("{text}")`.
/// Errors: PromptError, as TextTemplate.
class ChatPromptTemplate final : public Runnable<Variables, Messages> {
 public:
  ChatPromptTemplate() = default;
  ChatPromptTemplate& system(std::string_view text) { return add(Role::kSystem, text); }
  ChatPromptTemplate& human(std::string_view text) { return add(Role::kHuman, text); }
  ChatPromptTemplate& ai(std::string_view text) { return add(Role::kAI, text); }

  [[nodiscard]] Messages format(const Variables& variables) const;
  /// The names of all holes, each once, in order.
  [[nodiscard]] std::vector<std::string> variable_names() const;
  [[nodiscard]] Coro<Messages> do_invoke(Variables input, RunConfig config) const override;

 private:
  struct Entry {
    Role role;
    TextTemplate text;
  };
  ChatPromptTemplate& add(Role role, std::string_view text) {
    entries_.push_back(Entry{role, TextTemplate(text)});
    return *this;
  }
  std::vector<Entry> entries_;
};

}  // namespace cochain
