// The words of a conversation: who said what. LangChain's names.
// Built by users and by the wire decoders; read by the wire encoders. What the compiler would make
// by itself is made once, in message.cpp: every file that hands on a message would pay for it.
#pragma once

#include <cstddef>
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
  SystemMessage();
  SystemMessage(const SystemMessage& other);
  SystemMessage(SystemMessage&& other) noexcept;
  SystemMessage& operator=(const SystemMessage& other);
  SystemMessage& operator=(SystemMessage&& other) noexcept;
  ~SystemMessage();
  explicit SystemMessage(std::string text);

  std::string content;
  std::string name;
  std::string id;
  std::string provider_data;

  [[nodiscard]] const std::string& text() const noexcept { return content; }
  friend bool operator==(const SystemMessage& left, const SystemMessage& right);
};

/// What the user says: text, pictures, files, in any order.
class HumanMessage {
 public:
  HumanMessage();
  HumanMessage(const HumanMessage& other);
  HumanMessage(HumanMessage&& other) noexcept;
  HumanMessage& operator=(const HumanMessage& other);
  HumanMessage& operator=(HumanMessage&& other) noexcept;
  ~HumanMessage();
  explicit HumanMessage(std::string text);
  explicit HumanMessage(std::vector<ContentPart> content);

  std::vector<ContentPart> parts;
  std::string name;
  std::string id;
  std::string provider_data;

  /// Appends a part: `HumanMessage("what is this?").add(ImagePart::from_url("…"))`.
  HumanMessage& add(ContentPart part) &;
  HumanMessage&& add(ContentPart part) &&;
  /// All text parts, joined.
  [[nodiscard]] std::string text() const;
  friend bool operator==(const HumanMessage& left, const HumanMessage& right);
};

/// What the model answered: its parts in order, and what is known about how it came about.
/// Shape:    `id` is the provider's id of the answer, `request_id` that of the HTTP exchange;
///           `model` is the one that answered, which may not be the one that was asked.
class AIMessage {
 public:
  AIMessage();
  AIMessage(const AIMessage& other);
  AIMessage(AIMessage&& other) noexcept;
  AIMessage& operator=(const AIMessage& other);
  AIMessage& operator=(AIMessage&& other) noexcept;
  ~AIMessage();
  explicit AIMessage(std::string text);
  explicit AIMessage(std::vector<ContentPart> content);

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
  [[nodiscard]] std::size_t tool_call_count() const noexcept;
  [[nodiscard]] bool has_tool_calls() const noexcept;
  friend bool operator==(const AIMessage& left, const AIMessage& right);
};

/// Whether a tool did what it was asked to.
enum class ToolStatus : std::uint8_t { kSuccess, kError };

/// What a tool gave back for one call.
/// Shape:    `name` is the tool's; one provider wants it beside the id. `artifact` is what the tool
///           gave for the program alone (a table, a picture's data): it is never sent to a model.
class ToolMessage {
 public:
  ToolMessage();
  ToolMessage(const ToolMessage& other);
  ToolMessage(ToolMessage&& other) noexcept;
  ToolMessage& operator=(const ToolMessage& other);
  ToolMessage& operator=(ToolMessage&& other) noexcept;
  ~ToolMessage();
  ToolMessage(std::string text, std::string call_id, ToolStatus the_status = ToolStatus::kSuccess);

  std::string content;
  std::string tool_call_id;
  std::string name;
  std::string id;
  ToolStatus status = ToolStatus::kSuccess;
  Json artifact;
  std::string provider_data;

  [[nodiscard]] const std::string& text() const noexcept { return content; }
  friend bool operator==(const ToolMessage& left, const ToolMessage& right);
};

/// One message of a conversation, whoever speaks.
class Message {
 public:
  // Implicit on purpose: wherever a Message is asked for, each of the four will do.
  Message(SystemMessage message);  // NOLINT(google-explicit-*)
  Message(HumanMessage message);   // NOLINT(google-explicit-*)
  Message(AIMessage message);      // NOLINT(google-explicit-*)
  Message(ToolMessage message);    // NOLINT(google-explicit-*)
  Message(const Message& other);
  Message(Message&& other) noexcept;
  Message& operator=(const Message& other);
  Message& operator=(Message&& other) noexcept;
  ~Message();

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
  friend bool operator==(const Message& left, const Message& right);

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
