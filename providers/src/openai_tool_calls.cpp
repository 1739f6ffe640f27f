// The matching rule. Linear in the number of calls per delta; the latest is tried first.

#include "openai_tool_calls.hpp"

#include <algorithm>

#include "cochain/chains/model/error.hpp"

namespace cochain::detail {

void JsonProgress::feed(std::string_view piece) noexcept {
  for (const char c : piece) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    switch (c) {
      case '"':
        in_string_ = true;
        began_ = true;
        break;
      case '{':
      case '[':
        ++depth_;
        began_ = true;
        break;
      case '}':
      case ']':
        if (depth_ > 0) --depth_;
        break;
      case ' ':
      case '\t':
      case '\r':
      case '\n': break;
      default: began_ = true;
    }
  }
}

// Asked of a delta whose id is not that of the call, though its index (or its place) is.
bool ToolCallTracker::starts_another(const PendingCall& call, const CallDelta& delta) {
  if (call.id.empty() && call.name.empty()) return false;
  if (delta.name.empty()) {
    // An id alone: some servers make up a new one for every delta, and they send no name then.
    // With other arguments than an empty rest after a complete value, it is a call to come.
    return !delta.id.empty() && !call.id.empty() && call.progress.complete() &&
           !delta.arguments.empty();
  }
  if (call.name.empty()) return false;  // the name that the call waits for
  if (call.progress.complete()) {
    // The same name once more, with nothing to say, is an echo.
    return delta.name != call.name || !delta.arguments.empty() || !delta.id.empty();
  }
  // Another tool under another id. (A name that comes in pieces keeps its id, or extends.)
  return !delta.id.empty() && !call.id.empty() &&
         delta.name.substr(0, call.name.size()) != call.name;
}

PendingCall& ToolCallTracker::match(const CallDelta& delta) {
  const auto latest_first = [this](auto&& test) -> PendingCall* {
    const auto found = std::find_if(calls_.rbegin(), calls_.rend(), test);
    return found == calls_.rend() ? nullptr : &*found;
  };
  if (!delta.id.empty()) {
    PendingCall* same = latest_first([&](const PendingCall& call) { return call.id == delta.id; });
    if (same != nullptr) return *same;
  }
  if (delta.index) {
    PendingCall* same =
        latest_first([&](const PendingCall& call) { return call.wire_index == delta.index; });
    if (same != nullptr && !starts_another(*same, delta)) return *same;
  } else if (!calls_.empty()) {
    PendingCall& latest = calls_.back();
    if (delta.id.empty()) {
      if (!starts_another(latest, delta)) return latest;
    } else if (delta.name.empty() && !starts_another(latest, delta)) {
      return latest;
    }
  }
  return add(delta);
}

PendingCall& ToolCallTracker::add(const CallDelta& delta) {
  if (calls_.size() >= kCallsMax) {
    throw LimitError("the answer calls more than " + std::to_string(kCallsMax) + " tools");
  }
  PendingCall& call = calls_.emplace_back();
  call.wire_index = delta.index;
  call.id = delta.id;
  return call;
}

bool ToolCallTracker::merge_name(PendingCall& call, std::string_view name) {
  if (name.empty() || name == call.name) return false;
  if (call.name.empty() || name.substr(0, call.name.size()) == call.name) {
    call.name = name;  // the first, or the whole of it so far
  } else if (!call.progress.began()) {
    call.name += name;
  } else {
    return false;
  }
  return true;
}

}  // namespace cochain::detail
