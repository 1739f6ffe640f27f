// Conversations as lists: which messages are taken, runs of one speaker joined, tokens estimated.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/message.hpp"

namespace cochain {

/// Which messages filter_messages() takes.
/// Shape:    a message is taken if it meets one of the `include_` words, or if there are none, and
///           none of the `exclude_` words. Each call adds one.
class MessageFilter {
 public:
  MessageFilter() = default;

  MessageFilter& include_role(Role role) { return add(include_roles_, role); }
  MessageFilter& exclude_role(Role role) { return add(exclude_roles_, role); }
  MessageFilter& include_name(std::string name) { return add(include_names_, std::move(name)); }
  MessageFilter& exclude_name(std::string name) { return add(exclude_names_, std::move(name)); }
  MessageFilter& include_id(std::string id) { return add(include_ids_, std::move(id)); }
  MessageFilter& exclude_id(std::string id) { return add(exclude_ids_, std::move(id)); }
  /// No message that calls tools, and no answer of a tool.
  MessageFilter& exclude_tool_calls() {
    exclude_all_calls_ = true;
    return *this;
  }
  /// Takes the call with this id out of its message, and the tool's answer out of the conversation.
  /// A message of which no call is left goes with its last one.
  MessageFilter& exclude_tool_call(std::string id) { return add(exclude_calls_, std::move(id)); }

  /// Takes the excluded calls out of the message, and tells whether it is taken itself.
  [[nodiscard]] bool take(Message& message) const;

 private:
  template <class Item>
  MessageFilter& add(std::vector<Item>& list, Item value) {
    list.push_back(std::move(value));
    return *this;
  }
  [[nodiscard]] bool take_calls(Message& message) const;

  std::vector<Role> include_roles_;
  std::vector<Role> exclude_roles_;
  std::vector<std::string> include_names_;
  std::vector<std::string> exclude_names_;
  std::vector<std::string> include_ids_;
  std::vector<std::string> exclude_ids_;
  std::vector<std::string> exclude_calls_;
  bool exclude_all_calls_ = false;
};

/// The messages that the filter takes, in their order.
[[nodiscard]] Messages filter_messages(Messages messages, const MessageFilter& filter);

/// The conversation with neighbours of one role joined to one message.
/// Shape:    two plain texts become one with `separator` between; else the parts follow each other.
///           The first message's id and facts hold, usage adds up, a name is kept if it is the
///           same. Answers of tools stay alone, since each belongs to a call.
[[nodiscard]] Messages merge_message_runs(Messages messages, std::string_view separator = "\n");

/// How tokens are estimated.
/// Units:    characters are code points; all else tokens.
class TokenEstimate {
 public:
  TokenEstimate() = default;

  TokenEstimate& chars_per_token(double value) { return set(chars_per_token_, value); }
  TokenEstimate& tokens_per_message(double value) { return set(tokens_per_message_, value); }
  TokenEstimate& tokens_per_image(std::int64_t value) { return set(tokens_per_image_, value); }
  /// Tools that go along with the conversation.
  TokenEstimate& tools(std::vector<ToolSpec> value) { return set(tools_, std::move(value)); }
  /// Scales the estimate by what the last answer really took, at most by a quarter more; if all
  /// answers are of one model.
  TokenEstimate& scale_by_usage() { return set(scale_by_usage_, true); }

  [[nodiscard]] double chars_per_token() const noexcept { return chars_per_token_; }
  [[nodiscard]] double tokens_per_message() const noexcept { return tokens_per_message_; }
  [[nodiscard]] std::int64_t tokens_per_image() const noexcept { return tokens_per_image_; }
  [[nodiscard]] const std::vector<ToolSpec>& tools() const noexcept { return tools_; }
  [[nodiscard]] bool scales_by_usage() const noexcept { return scale_by_usage_; }

 private:
  template <class Member, class Value>
  TokenEstimate& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }

  double chars_per_token_ = 4;
  double tokens_per_message_ = 3;
  std::int64_t tokens_per_image_ = 85;
  std::vector<ToolSpec> tools_;
  bool scale_by_usage_ = false;
};

/// How many tokens the messages take, roughly and fast: for budgets, not for bills.
/// Shape:    per message the characters of its text, role, name, calls and call id by 4, rounded
/// up,
///           and 3 more; an image is 85; tools count by the characters of their schemas. So the
///           estimate of a list is the sum of its messages'.
[[nodiscard]] std::int64_t count_tokens_approximately(std::span<const Message> messages,
                                                      const TokenEstimate& how = TokenEstimate());

}  // namespace cochain
