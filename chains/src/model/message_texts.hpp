// What of a conversation is counted as text, and what it costs beyond. Between messages and whoever
// counts their tokens, at once or in slices.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/token_count.hpp"

namespace cochain::detail {

/// Lives: as long as the messages and `how`.
class MessageTexts {
 public:
  MessageTexts(std::span<const Message> messages, const TokenCounting& how);
  MessageTexts(const MessageTexts&) = delete;
  MessageTexts& operator=(const MessageTexts&) = delete;
  ~MessageTexts() = default;

  [[nodiscard]] const std::vector<std::string_view>& texts() const noexcept { return texts_; }
  /// Tokens that are no text's; may be negative.
  [[nodiscard]] std::int64_t extra() const noexcept { return extra_; }

 private:
  void add_message(const Message& message, const TokenCounting& how);
  void add_part(const ContentPart& part, const TokenCounting& how);
  void add_tool(const ToolSpec& tool, const TokenCounting& how);
  void add_parameter(std::string_view name, const Json& schema);
  void add(std::string_view text) {
    if (!text.empty()) texts_.push_back(text);
  }
  void add_made(std::string text) { add(made_.emplace_back(std::move(text))); }

  std::vector<std::string_view> texts_;
  std::deque<std::string> made_;  // texts that stand in no message as they are counted
  std::int64_t extra_ = 0;
};

}  // namespace cochain::detail
