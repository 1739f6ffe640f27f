// A chat model that says the same each time, at once: what is left is what chains cost.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cochain/chains.hpp"

namespace cochain::bench {

/// A model without a wire.
/// Shape: answers with its tokens, one event each. If it has tool calls, it makes them first, and
///        says its tokens once the conversation ends with what a tool gave.
class ScriptedModel final : public ChatModel {
 public:
  explicit ScriptedModel(std::vector<std::string> tokens,
                         std::vector<ToolCall> calls = std::vector<ToolCall>());

  [[nodiscard]] std::string name() const override { return "scripted"; }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return options_; }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override;
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override;

 private:
  class Script {
   public:
    std::vector<std::string> tokens;
    AIMessage answer;  // the tokens as a whole
    std::vector<ToolCall> calls;
  };
  using ScriptPointer = std::shared_ptr<const Script>;
  static Coro<AIMessage> answer(ScriptPointer script, Messages messages);
  static Stream<ContentEvent> play(ScriptPointer script, Messages messages);

  ScriptPointer script_;
  ChatOptions options_;
};

}  // namespace cochain::bench
