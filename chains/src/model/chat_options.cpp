// Options on options.

#include "cochain/chains/model/chat_options.hpp"

namespace cochain {
namespace {

template <class T>
void take(std::optional<T>& known, const std::optional<T>& later) {
  if (later) known = later;
}
template <class T>
void take(T& known, const T& later) {
  if (!later.empty()) known = later;
}

}  // namespace

ChatOptions::ChatOptions() = default;
ChatOptions::ChatOptions(const ChatOptions& other) = default;
ChatOptions::ChatOptions(ChatOptions&& other) noexcept = default;
ChatOptions& ChatOptions::operator=(const ChatOptions& other) = default;
ChatOptions& ChatOptions::operator=(ChatOptions&& other) noexcept = default;
ChatOptions::~ChatOptions() = default;
bool operator==(const ChatOptions& left, const ChatOptions& right) = default;

bool ChatOptions::streams() const noexcept {
  const Streaming asked = streaming_.value_or(Streaming::kOn);
  return asked == Streaming::kOn || (asked == Streaming::kOffWithTools && tools_.empty());
}

ChatOptions ChatOptions::merged_with(const ChatOptions& later) const {
  ChatOptions both = *this;
  take(both.temperature_, later.temperature_);
  take(both.top_p_, later.top_p_);
  take(both.max_tokens_, later.max_tokens_);
  take(both.seed_, later.seed_);
  take(both.stop_, later.stop_);
  take(both.tools_, later.tools_);
  take(both.tool_choice_, later.tool_choice_);
  take(both.parallel_tool_calls_, later.parallel_tool_calls_);
  take(both.streaming_, later.streaming_);
  take(both.response_format_, later.response_format_);
  take(both.reasoning_effort_, later.reasoning_effort_);
  both.extra_.insert(both.extra_.end(), later.extra_.begin(), later.extra_.end());
  return both;
}

}  // namespace cochain
