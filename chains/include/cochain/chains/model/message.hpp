// The words of a conversation: who said what. LangChain's names.
// Built by users and by the wire decoders; read by the wire encoders.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cochain/chains/model/content_part.hpp"
#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/usage.hpp"

namespace cochain {

/// Who speaks in a message.
enum class Role : std::uint8_t { kSystem, kHuman, kAI, kTool };

/// Why a model stopped, in one set of words for all providers.
/// Shape:    kUnknown if the provider told nothing, kOther if it told something new: the
///           provider's own word stands beside it in `AIMessage::finish_raw`.
enum class FinishReason : std::uint8_t {
  kUnknown,
  kStop,
  kLength,
  kToolCalls,
  kContentFilter,
  kError,
  kOther,
};

/// "system", "human", "ai" or "tool".
[[nodiscard]] std::string_view to_string(Role role) noexcept;
/// "unknown", "stop", "length", "tool_calls", "content_filter", "error" or "other".
[[nodiscard]] std::string_view to_string(FinishReason reason) noexcept;

/// Instructions to the model that stand above the conversation.
/// Shape:    `id`, here and on the other messages, is the program's own name for the message, by
///           which a conversation is edited; it is never sent. (An AI message has the provider's.)
class SystemMessage {
 public:
  SystemMessage() = default;
  explicit SystemMessage(std::string text) : content(std::move(text)) {}

  std::string content;
  std::string name;
  std::string id;
  std::string provider_data;

  [[nodiscard]] const std::string& text() const noexcept { return content; }
  friend bool operator==(const SystemMessage&, const SystemMessage&) = default;
};

/// What the user says: text, pictures, files, in any order.
class HumanMessage {
 public:
  HumanMessage() = default;
  explicit HumanMessage(std::string text) { parts.emplace_back(TextPart(std::move(text))); }
  explicit HumanMessage(std::vector<ContentPart> content) : parts(std::move(content)) {}

  std::vector<ContentPart> parts;
  std::string name;
  std::string id;
  std::string provider_data;

  /// Appends a part: `HumanMessage("what is this?").add(ImagePart::from_url("…"))`.
  HumanMessage& add(ContentPart part) & {
    parts.push_back(std::move(part));
    return *this;
  }
  HumanMessage&& add(ContentPart part) && { return std::move(add(std::move(part))); }
  /// All text parts, joined.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const HumanMessage&, const HumanMessage&) = default;
};

/// What the model answered: its parts in order, and what is known about how it came about.
/// Shape:    `id` is the provider's id of the answer, `request_id` that of the HTTP exchange;
///           `model` is the one that answered, which may not be the one that was asked.
class AIMessage {
 public:
  AIMessage() = default;
  explicit AIMessage(std::string text) { parts.emplace_back(TextPart(std::move(text))); }
  explicit AIMessage(std::vector<ContentPart> content) : parts(std::move(content)) {}

  std::vector<ContentPart> parts;
  Usage usage;
  FinishReason finish_reason = FinishReason::kUnknown;
  std::string finish_raw;
  std::string id;
  std::string request_id;
  std::string model;
  std::string service_tier;
  std::string name;
  std::string provider_data;

  /// All text parts, joined; the second form moves the text out of a message of one text part.
  [[nodiscard]] std::string text() const&;
  [[nodiscard]] std::string text() &&;
  /// All reasoning parts, joined.
  [[nodiscard]] std::string reasoning() const;
  /// All refusal parts, joined.
  [[nodiscard]] std::string refusal() const;
  /// The tools that the model wants run, in its order.
  [[nodiscard]] std::vector<ToolCall> tool_calls() const;
  [[nodiscard]] bool has_tool_calls() const noexcept;
  friend bool operator==(const AIMessage&, const AIMessage&) = default;
};

/// Whether a tool did what it was asked to.
enum class ToolStatus : std::uint8_t { kSuccess, kError };

/// What a tool gave back for one call.
/// Shape:    `name` is the tool's; one provider wants it beside the id. `artifact` is what the tool
///           gave for the program alone (a table, a picture's data): it is never sent to a model.
class ToolMessage {
 public:
  ToolMessage() = default;
  ToolMessage(std::string text, std::string call_id, ToolStatus the_status = ToolStatus::kSuccess)
      : content(std::move(text)), tool_call_id(std::move(call_id)), status(the_status) {}

  std::string content;
  std::string tool_call_id;
  std::string name;
  std::string id;
  ToolStatus status = ToolStatus::kSuccess;
  Json artifact;
  std::string provider_data;

  [[nodiscard]] const std::string& text() const noexcept { return content; }
  friend bool operator==(const ToolMessage&, const ToolMessage&) = default;
};

/// One message of a conversation, whoever speaks.
class Message {
 public:
  // Implicit on purpose: wherever a Message is asked for, each of the four will do.
  Message(SystemMessage message) : value_(std::move(message)) {}  // NOLINT(google-explicit-*)
  Message(HumanMessage message) : value_(std::move(message)) {}   // NOLINT(google-explicit-*)
  Message(AIMessage message) : value_(std::move(message)) {}      // NOLINT(google-explicit-*)
  Message(ToolMessage message) : value_(std::move(message)) {}    // NOLINT(google-explicit-*)

  [[nodiscard]] Role role() const noexcept { return static_cast<Role>(value_.index()); }
  /// The message's text parts, joined.
  [[nodiscard]] std::string text() const;
  /// The message as a `T`, or nullptr if someone else speaks.
  template <class T>
  [[nodiscard]] const T* get_if() const noexcept {
    return std::get_if<T>(&value_);
  }
  template <class T>
  [[nodiscard]] T* get_if() noexcept {
    return std::get_if<T>(&value_);
  }
  /// Calls `visitor` with the message as what it is.
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), value_);
  }
  friend bool operator==(const Message&, const Message&) = default;

 private:
  // In the order of Role: role() is the index.
  std::variant<SystemMessage, HumanMessage, AIMessage, ToolMessage> value_;
};

/// A conversation, first message first.
using Messages = std::vector<Message>;

namespace detail {
template <class T>
Message to_message(T&& value) {
  if constexpr (std::is_convertible_v<T, Message>) {
    return Message(std::forward<T>(value));
  } else {
    return Message(HumanMessage(std::string(std::forward<T>(value))));
  }
}
}  // namespace detail

/// Builds a conversation: `messages(SystemMessage("Be brief."), HumanMessage("Hello"))`.
/// Shape:    a plain string stands for a HumanMessage.
/// A function and not a braced list, since g++ 12 builds no braced list in a co_await expression.
template <class... Items>
[[nodiscard]] Messages messages(Items&&... items) {
  Messages result;
  result.reserve(sizeof...(Items));
  (result.push_back(detail::to_message(std::forward<Items>(items))), ...);
  return result;
}

}  // namespace cochain
