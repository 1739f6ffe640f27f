// The matching rule. Linear in the number of calls per delta; the latest is tried first.

#include "cochain/chains/model/tool_call_merger.hpp"

#include <algorithm>

#include "cochain/chains/model/error.hpp"

namespace cochain {

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
bool ToolCallMerger::starts_another(const PendingToolCall& call, const ToolCallDelta& delta) {
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

ToolCallMerger::Change ToolCallMerger::merge(ToolCallDelta delta, DeltaPlace place) {
  if (delta.id == "null") delta.id = {};
  // A list holds each call once: without an index, a name that is not the first in it is another's.
  const bool another =
      place == DeltaPlace::kWhole ||
      (place == DeltaPlace::kLater && !delta.index && delta.id.empty() && !delta.name.empty());
  Change change(another ? add(delta) : match(delta));
  PendingToolCall& call = *change.call;
  change.new_id = call.id.empty() && !delta.id.empty();  // add() has taken a new call's
  if (change.new_id) call.id = delta.id;
  change.new_name = merge_name(call, delta.name);
  call.progress.feed(delta.arguments);
  call.arguments += delta.arguments;
  return change;
}

std::vector<ToolCall> ToolCallMerger::tool_calls() const {
  std::vector<ToolCall> made;
  made.reserve(calls_.size());
  for (const PendingToolCall& call : calls_) {
    made.emplace_back(call.id, call.name, call.arguments).provider_data = call.provider_data;
  }
  return made;
}

PendingToolCall& ToolCallMerger::match(const ToolCallDelta& delta) {
  const auto latest_first = [this](auto&& test) -> PendingToolCall* {
    const auto found = std::find_if(calls_.rbegin(), calls_.rend(), test);
    return found == calls_.rend() ? nullptr : &*found;
  };
  if (!delta.id.empty()) {
    PendingToolCall* same =
        latest_first([&](const PendingToolCall& call) { return call.id == delta.id; });
    if (same != nullptr) return *same;
  }
  if (delta.index) {
    PendingToolCall* same =
        latest_first([&](const PendingToolCall& call) { return call.wire_index == delta.index; });
    if (same != nullptr && !starts_another(*same, delta)) return *same;
  } else if (!calls_.empty()) {
    PendingToolCall& latest = calls_.back();
    if (delta.id.empty()) {
      if (!starts_another(latest, delta)) return latest;
    } else if (delta.name.empty() && !starts_another(latest, delta)) {
      return latest;
    }
  }
  return add(delta);
}

PendingToolCall& ToolCallMerger::add(const ToolCallDelta& delta) {
  if (calls_.size() >= kCallsMax) {
    throw LimitError("the answer calls more than " + std::to_string(kCallsMax) + " tools");
  }
  PendingToolCall& call = calls_.emplace_back();
  call.wire_index = delta.index;
  call.id = delta.id;
  return call;
}

bool ToolCallMerger::merge_name(PendingToolCall& call, std::string_view name) {
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

}  // namespace cochain
