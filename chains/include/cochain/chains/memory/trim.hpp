// Conversations that have grown too long for a model, cut to a budget of tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/message.hpp"
#include "cochain/chains/model/token_count.hpp"
#include "cochain/chains/runnable/runnable.hpp"
#include "cochain/core/error.hpp"

namespace cochain {

/// Which end of the conversation is kept.
enum class TrimStrategy : std::uint8_t { kLast, kFirst };

/// How trim_messages() cuts.
/// Shape:    `TrimOptions(1000).keep_system().start_on(Role::kHuman)`. Without a counter, tokens
///           are those of count_tokens_approximately().
/// Units:    max_tokens in whatever the counter counts: messages, if it counts those.
class TrimOptions {
 public:
  /// Tokens of some messages that follow each other in the conversation.
  using TokenCounter = std::function<std::int64_t(std::span<const Message>)>;
  /// A text in pieces that give the text again when joined.
  using TextSplitter = std::function<std::vector<std::string>(std::string_view)>;

  explicit TrimOptions(std::int64_t max_tokens) : max_tokens_(max_tokens) {}

  TrimOptions& strategy(TrimStrategy value) { return set(strategy_, value); }
  /// Of this and tokenizer(), what was said last holds.
  TrimOptions& token_counter(TokenCounter value) {
    tokenizer_.reset();
    return set(counter_, std::move(value));
  }
  /// Counts exactly, as count_tokens() does; what begins the answer, and tools, are a part of the
  /// budget.
  /// Errors: InvalidStateError for no tokenizer.
  TrimOptions& tokenizer(std::shared_ptr<const Tokenizer> value,
                         TokenCounting how = TokenCounting()) {
    if (!value) throw InvalidStateError("TrimOptions::tokenizer() needs a tokenizer");
    counter_ = nullptr;
    counting_ = std::move(how);
    return set(tokenizer_, std::move(value));
  }
  /// Keeps the system message at the head, whatever else goes; only with kLast.
  TrimOptions& keep_system() { return set(keep_system_, true); }
  /// A message that does not fit whole may be kept in part, if the splitter finds pieces.
  TrimOptions& allow_partial() { return set(partial_, true); }
  /// How texts are split for that; by default, into lines.
  TrimOptions& text_splitter(TextSplitter value) { return set(splitter_, std::move(value)); }
  /// What is kept begins with this role (or another that was named), a kept system message aside;
  /// only with kLast. A model refuses answers of tools whose call was cut away: so begin on kHuman.
  TrimOptions& start_on(Role role) { return add(start_on_, role); }
  /// What is kept ends with this role, or another that was named.
  TrimOptions& end_on(Role role) { return add(end_on_, role); }

  [[nodiscard]] std::int64_t max_tokens() const noexcept { return max_tokens_; }
  [[nodiscard]] TrimStrategy strategy() const noexcept { return strategy_; }
  [[nodiscard]] bool keeps_system() const noexcept { return keep_system_; }
  [[nodiscard]] bool allows_partial() const noexcept { return partial_; }
  [[nodiscard]] const std::vector<Role>& start_on() const noexcept { return start_on_; }
  [[nodiscard]] const std::vector<Role>& end_on() const noexcept { return end_on_; }
  [[nodiscard]] const std::shared_ptr<const Tokenizer>& tokenizer() const noexcept {
    return tokenizer_;
  }
  /// How tokenizer() counts what is no text.
  [[nodiscard]] const TokenCounting& counting() const noexcept { return counting_; }
  /// What of max_tokens() is not the messages'.
  [[nodiscard]] std::int64_t reserved_tokens() const;
  [[nodiscard]] std::int64_t count(std::span<const Message> messages) const;
  [[nodiscard]] std::vector<std::string> split(std::string_view text) const;

 private:
  template <class Member, class Value>
  TrimOptions& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
  TrimOptions& add(std::vector<Role>& list, Role role) {
    list.push_back(role);
    return *this;
  }

  std::int64_t max_tokens_;
  TrimStrategy strategy_ = TrimStrategy::kLast;
  TokenCounter counter_;
  TextSplitter splitter_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  TokenCounting counting_;  // with the tokenizer
  std::vector<Role> start_on_;
  std::vector<Role> end_on_;
  bool keep_system_ = false;
  bool partial_ = false;
};

/// The last (or first) messages that fit into the budget.
/// Shape:    with kLast, messages after the last one of `end_on` go first, then the earliest until
///           the rest fits, then those before the first one of `start_on`. With kFirst, the latest
///           until the rest fits, then those after the last one of `end_on`. In part: whole parts
///           of the message go first, then pieces of its text; calls of tools and reasoning stay.
/// Errors:   InvalidStateError for keep_system() or start_on() together with kFirst; what the
///           counter or the splitter throws.
[[nodiscard]] Messages trim_messages(Messages messages, const TrimOptions& options);

extern template class Runnable<Messages, Messages>;

/// trim_messages() as a step: `prompt | MessageTrimmer(options) | model`.
/// Suspends: with a tokenizer and more than 4 KiB of text, until tokenizer_executor() has done it.
class MessageTrimmer final : public Runnable<Messages, Messages> {
 public:
  explicit MessageTrimmer(TrimOptions options) : options_(std::move(options)) {}

 private:
  [[nodiscard]] Coro<Messages> do_invoke(Messages input, RunConfig config) const override;

  TrimOptions options_;
};

}  // namespace cochain
