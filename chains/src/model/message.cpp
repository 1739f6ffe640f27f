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

SystemMessage::SystemMessage() = default;
SystemMessage::SystemMessage(const SystemMessage& other) = default;
SystemMessage::SystemMessage(SystemMessage&& other) noexcept = default;
SystemMessage& SystemMessage::operator=(const SystemMessage& other) = default;
SystemMessage& SystemMessage::operator=(SystemMessage&& other) noexcept = default;
SystemMessage::~SystemMessage() = default;
bool operator==(const SystemMessage& left, const SystemMessage& right) = default;

HumanMessage::HumanMessage() = default;
HumanMessage::HumanMessage(const HumanMessage& other) = default;
HumanMessage::HumanMessage(HumanMessage&& other) noexcept = default;
HumanMessage& HumanMessage::operator=(const HumanMessage& other) = default;
HumanMessage& HumanMessage::operator=(HumanMessage&& other) noexcept = default;
HumanMessage::~HumanMessage() = default;
bool operator==(const HumanMessage& left, const HumanMessage& right) = default;

AIMessage::AIMessage() = default;
AIMessage::AIMessage(const AIMessage& other) = default;
AIMessage::AIMessage(AIMessage&& other) noexcept = default;
AIMessage& AIMessage::operator=(const AIMessage& other) = default;
AIMessage& AIMessage::operator=(AIMessage&& other) noexcept = default;
AIMessage::~AIMessage() = default;
bool operator==(const AIMessage& left, const AIMessage& right) = default;

ToolMessage::ToolMessage() = default;
ToolMessage::ToolMessage(const ToolMessage& other) = default;
ToolMessage::ToolMessage(ToolMessage&& other) noexcept = default;
ToolMessage& ToolMessage::operator=(const ToolMessage& other) = default;
ToolMessage& ToolMessage::operator=(ToolMessage&& other) noexcept = default;
ToolMessage::~ToolMessage() = default;
bool operator==(const ToolMessage& left, const ToolMessage& right) = default;

Message::Message(const Message& other) = default;
Message::Message(Message&& other) noexcept = default;
Message& Message::operator=(const Message& other) = default;
Message& Message::operator=(Message&& other) noexcept = default;
Message::~Message() = default;
bool operator==(const Message& left, const Message& right) = default;

SystemMessage::SystemMessage(std::string text) : content(std::move(text)) {}

HumanMessage::HumanMessage(std::string text) { parts.emplace_back(TextPart(std::move(text))); }

HumanMessage::HumanMessage(std::vector<ContentPart> content) : parts(std::move(content)) {}

HumanMessage& HumanMessage::add(ContentPart part) & {
  parts.push_back(std::move(part));
  return *this;
}

HumanMessage&& HumanMessage::add(ContentPart part) && { return std::move(add(std::move(part))); }

AIMessage::AIMessage(std::string text) { parts.emplace_back(TextPart(std::move(text))); }

AIMessage::AIMessage(std::vector<ContentPart> content) : parts(std::move(content)) {}

ToolMessage::ToolMessage(std::string text, std::string call_id, ToolStatus the_status)
    : content(std::move(text)), tool_call_id(std::move(call_id)), status(the_status) {}

Message::Message(SystemMessage message) : value_(std::move(message)) {}
Message::Message(HumanMessage message) : value_(std::move(message)) {}
Message::Message(AIMessage message) : value_(std::move(message)) {}
Message::Message(ToolMessage message) : value_(std::move(message)) {}

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
  calls.reserve(tool_call_count());
  for (const ContentPart& part : parts) {
    if (const auto* call = std::get_if<ToolCall>(&part)) calls.push_back(*call);
  }
  return calls;
}

std::size_t AIMessage::tool_call_count() const noexcept {
  return static_cast<std::size_t>(std::count_if(
      parts.begin(), parts.end(),
      [](const ContentPart& part) { return std::holds_alternative<ToolCall>(part); }));
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
