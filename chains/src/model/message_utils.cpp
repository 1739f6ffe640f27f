// Filters, runs and estimates: the rules are LangChain's, so that a budget means the same.

#include "cochain/chains/model/message_utils.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace cochain {
namespace {

template <class Item>
bool has(const std::vector<Item>& list, const Item& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

std::string_view name_of(const Message& message) {
  return message.visit([](const auto& each) -> std::string_view { return each.name; });
}

std::string_view id_of(const Message& message) {
  return message.visit([](const auto& each) -> std::string_view { return each.id; });
}

bool has_text(const std::vector<std::string>& list, std::string_view text) {
  return !text.empty() && std::find(list.begin(), list.end(), text) != list.end();
}

// The text of a message that says plain text, and perhaps calls tools; null if it has other parts.
TextPart* plain_text(std::vector<ContentPart>& parts) {
  TextPart* only = nullptr;
  for (ContentPart& part : parts) {
    if (std::holds_alternative<ToolCall>(part)) continue;
    auto* text = std::get_if<TextPart>(&part);
    if (text == nullptr || only != nullptr || !text->provider_data.empty()) return nullptr;
    only = text;
  }
  return only != nullptr && only->text.empty() ? nullptr : only;
}

void join_parts(std::vector<ContentPart>& first, std::vector<ContentPart>& second,
                std::string_view separator) {
  TextPart* text = plain_text(first);
  TextPart* more = plain_text(second);
  const bool both = text != nullptr && more != nullptr;
  if (both) text->text.append(separator).append(more->text);
  for (ContentPart& part : second) {
    if (both && std::holds_alternative<TextPart>(part)) continue;
    first.push_back(std::move(part));
  }
}

template <class Same>
void join_names(Same& first, const Same& second) {
  if (first.name != second.name) first.name.clear();
  if (first.id.empty()) first.id = second.id;
}

// True if `next` is now a part of `last`.
bool join(Message& last, Message& next, std::string_view separator) {
  if (auto* first = last.get_if<SystemMessage>()) {
    auto* second = next.get_if<SystemMessage>();
    if (second == nullptr) return false;
    if (!first->content.empty() && !second->content.empty()) first->content += separator;
    first->content += second->content;
    join_names(*first, *second);
    return true;
  }
  if (auto* first = last.get_if<HumanMessage>()) {
    auto* second = next.get_if<HumanMessage>();
    if (second == nullptr) return false;
    join_parts(first->parts, second->parts, separator);
    join_names(*first, *second);
    return true;
  }
  auto* first = last.get_if<AIMessage>();
  auto* second = next.get_if<AIMessage>();
  if (first == nullptr || second == nullptr) return false;
  join_parts(first->parts, second->parts, separator);
  first->usage += second->usage;
  join_names(*first, *second);
  return true;
}

// ---- estimates

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned>(c) & 0xC0U) != 0x80U;
  }));
}

// What a call takes beside its three texts, in the form in which LangChain counts it.
constexpr std::size_t kCallFrame =
    std::string_view("{'name': '', 'args': , 'id': '', 'type': 'tool_call'}").size();
constexpr std::size_t kListFrame = 2;       // "[]", once
constexpr std::size_t kSeparatorFrame = 2;  // ", " between two
constexpr std::size_t kToolFrame =
    std::string_view(R"({"type": "function", "function": {"name": "", "description": "", )"
                     R"("parameters": {}}})")
        .size() -
    2;

class Estimator {
 public:
  explicit Estimator(const TokenEstimate& how) : how_(how) {}

  [[nodiscard]] double tools() const {
    if (how_.tools().empty()) return 0;
    std::size_t chars = 0;
    for (const ToolSpec& tool : how_.tools()) {
      chars += kToolFrame + characters(tool.name) + characters(tool.description) +
               std::max<std::size_t>(characters(tool.parameters), 2);
    }
    return tokens(chars);
  }

  [[nodiscard]] double message(const Message& message) {
    chars_ = characters(name_of(message));
    calls_ = 0;
    images_ = 0;
    message.visit([this](const auto& each) { content(each); });
    if (calls_ > 0) chars_ += kListFrame + (calls_ - 1) * kSeparatorFrame;
    return static_cast<double>(images_ * how_.tokens_per_image()) + tokens(chars_) +
           how_.tokens_per_message();
  }

 private:
  [[nodiscard]] double tokens(std::size_t chars) const {
    return std::ceil(static_cast<double>(chars) / how_.chars_per_token());
  }

  void role(std::string_view word) { chars_ += word.size(); }
  void content(const SystemMessage& message) {
    role("system");
    chars_ += characters(message.content);
  }
  void content(const ToolMessage& message) {
    role("tool");
    chars_ += characters(message.content) + characters(message.tool_call_id);
  }
  void content(const HumanMessage& message) {
    role("user");
    for (const ContentPart& each : message.parts) std::visit(*this, each);
  }
  void content(const AIMessage& message) {
    role("assistant");
    for (const ContentPart& each : message.parts) std::visit(*this, each);
  }

 public:
  void operator()(const TextPart& part) { chars_ += characters(part.text); }
  void operator()(const ReasoningPart& part) { chars_ += characters(part.text); }
  void operator()(const RefusalPart& part) { chars_ += characters(part.text); }
  void operator()(const ImagePart&) { ++images_; }
  // Of these nobody knows without the provider: what is carried is counted as text, which is a lot.
  void operator()(const FilePart& part) {
    chars_ += part.url.size() + part.data.size() + part.file_id.size() + part.name.size();
  }
  void operator()(const AudioPart& part) { chars_ += part.url.size() + part.data.size(); }
  void operator()(const ToolCall& call) {
    ++calls_;
    chars_ += kCallFrame + characters(call.name) + characters(call.id) +
              std::max<std::size_t>(characters(call.arguments), 2);
  }

 private:
  const TokenEstimate& how_;
  std::size_t chars_ = 0;
  std::size_t calls_ = 0;
  std::int64_t images_ = 0;
};

// What an answer said that its conversation really took, against what was estimated up to it.
class UsageScale {
 public:
  void see(const Message& message, double estimate_so_far) {
    ++messages_;
    const auto* answer = message.get_if<AIMessage>();
    if (answer == nullptr) return;
    if (!model_) model_ = answer->model;
    if (answer->model != *model_) one_model_ = false;
    if (answer->usage.known)
      factor_ = static_cast<double>(answer->usage.total_tokens) / estimate_so_far;
  }
  [[nodiscard]] double factor() const {
    constexpr double kMost = 1.25;
    if (messages_ < 2 || !one_model_ || !model_ || model_->empty() || !factor_) return 1;
    return std::clamp(*factor_, 1.0, kMost);
  }

 private:
  std::size_t messages_ = 0;
  std::optional<std::string> model_;
  bool one_model_ = true;
  std::optional<double> factor_;
};

}  // namespace

bool MessageFilter::take_calls(Message& message) const {
  auto* answer = message.get_if<AIMessage>();
  if (answer == nullptr || !answer->has_tool_calls()) {
    const auto* result = message.get_if<ToolMessage>();
    return result == nullptr ||
           (!exclude_all_calls_ && !has_text(exclude_calls_, result->tool_call_id));
  }
  if (exclude_all_calls_) return false;
  if (exclude_calls_.empty()) return true;
  std::erase_if(answer->parts, [this](const ContentPart& part) {
    const auto* call = std::get_if<ToolCall>(&part);
    return call != nullptr && has_text(exclude_calls_, call->id);
  });
  return answer->has_tool_calls();
}

bool MessageFilter::take(Message& message) const {
  const Role role = message.role();
  if (has(exclude_roles_, role) || has_text(exclude_names_, name_of(message)) ||
      has_text(exclude_ids_, id_of(message)) || !take_calls(message)) {
    return false;
  }
  if (include_roles_.empty() && include_names_.empty() && include_ids_.empty()) return true;
  return has(include_roles_, role) || has_text(include_names_, name_of(message)) ||
         has_text(include_ids_, id_of(message));
}

Messages filter_messages(Messages messages, const MessageFilter& filter) {
  std::erase_if(messages, [&filter](Message& message) { return !filter.take(message); });
  return messages;
}

Messages merge_message_runs(Messages messages, std::string_view separator) {
  Messages merged;
  merged.reserve(messages.size());
  for (Message& message : messages) {
    if (merged.empty() || !join(merged.back(), message, separator)) {
      merged.push_back(std::move(message));
    }
  }
  return merged;
}

std::int64_t count_tokens_approximately(std::span<const Message> messages,
                                        const TokenEstimate& how) {
  Estimator estimator(how);
  UsageScale scale;
  double tokens = estimator.tools();
  for (const Message& message : messages) {
    tokens += estimator.message(message);
    scale.see(message, tokens);
  }
  if (how.scales_by_usage()) tokens *= scale.factor();
  return static_cast<std::int64_t>(std::ceil(tokens));
}

}  // namespace cochain
