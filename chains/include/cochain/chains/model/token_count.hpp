// How many tokens a conversation takes: its texts, counted exactly, and what a model adds to them.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/model/tokenizer.hpp"

namespace cochain {

/// What a family of models counts beyond the texts. The defaults are those of OpenAI's chat models.
/// Shape:  of OpenAI's, only gpt-3.5-turbo-0301 differs: `TokenCounting::gpt35_0301()`. What a tool
///         costs is known to be near, not exact, and so is what a call or a picture does.
/// Units:  tokens.
/// Source: OpenAI cookbook, "How to count tokens with tiktoken".
class TokenCounting {
 public:
  TokenCounting() = default;
  [[nodiscard]] static TokenCounting gpt35_0301() {
    return TokenCounting().tokens_per_message(4).tokens_per_name(-1);
  }
  /// gpt-4 and gpt-3.5-turbo, which write a tool with three tokens more.
  [[nodiscard]] static TokenCounting gpt4() { return TokenCounting().tokens_per_tool(10); }

  TokenCounting& tokens_per_message(std::int64_t value) { return set(per_message_, value); }
  TokenCounting& tokens_per_name(std::int64_t value) { return set(per_name_, value); }
  /// What begins the answer, once for a conversation.
  TokenCounting& tokens_per_reply(std::int64_t value) { return set(per_reply_, value); }
  /// A picture or a file, whose size is not looked at.
  TokenCounting& tokens_per_image(std::int64_t value) { return set(per_image_, value); }
  TokenCounting& tokens_per_tool(std::int64_t value) { return set(per_tool_, value); }
  /// Tools that go along with the conversation.
  TokenCounting& tools(std::vector<ToolSpec> value) { return set(tools_, std::move(value)); }

  [[nodiscard]] std::int64_t tokens_per_message() const noexcept { return per_message_; }
  [[nodiscard]] std::int64_t tokens_per_name() const noexcept { return per_name_; }
  [[nodiscard]] std::int64_t tokens_per_reply() const noexcept { return per_reply_; }
  [[nodiscard]] std::int64_t tokens_per_image() const noexcept { return per_image_; }
  [[nodiscard]] std::int64_t tokens_per_tool() const noexcept { return per_tool_; }
  [[nodiscard]] const std::vector<ToolSpec>& tools() const noexcept { return tools_; }

 private:
  template <class Member, class Value>
  TokenCounting& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }

  std::int64_t per_message_ = 3;
  std::int64_t per_name_ = 1;
  std::int64_t per_reply_ = 3;
  std::int64_t per_image_ = 85;
  std::int64_t per_tool_ = 7;
  std::vector<ToolSpec> tools_;
};

/// How many tokens the conversation takes.
/// Shape:    each message's role, texts, name and calls, each counted alone, and what `how` adds;
///           reasoning that goes back counts as text. No messages are no tokens, but their tools'.
/// Suspends: never; for long conversations there is a count_tokens() that is awaited.
[[nodiscard]] std::int64_t count_tokens(std::span<const Message> messages,
                                        const Tokenizer& tokenizer,
                                        const TokenCounting& how = TokenCounting());

}  // namespace cochain
