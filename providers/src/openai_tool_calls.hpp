// Which tool call a delta belongs to. The protocol says: the index tells. Servers disagree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cochain::detail {

/// Sees whether a JSON value, given in pieces, is complete. Only brackets and strings are looked
/// at: enough to tell a call that goes on from one that has ended.
class JsonProgress {
 public:
  void feed(std::string_view piece) noexcept;
  [[nodiscard]] bool complete() const noexcept { return began_ && depth_ == 0 && !in_string_; }
  [[nodiscard]] bool began() const noexcept { return began_; }

 private:
  std::uint32_t depth_ = 0;
  bool began_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
};

/// One call that is being put together.
class PendingCall {
 public:
  PendingCall() = default;

  std::optional<std::int64_t> wire_index;
  std::string id;
  std::string name;
  /// Arguments that came before the name.
  std::string held_arguments;
  std::string provider_data;
  std::uint32_t block = 0;
  bool announced = false;
  JsonProgress progress;
};

/// What one delta says; an empty member was not said.
class CallDelta {
 public:
  CallDelta() = default;

  std::optional<std::int64_t> index;
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
};

/// The calls of one message, and the rule that gives a delta its call.
/// Shape:    in this order: a known id is that call; a known index is that call, unless the delta
///           plainly starts another (a new id with another name, or after complete arguments);
///           neither id nor index is the latest call, unless the delta names another tool or
///           repeats the name after complete arguments; anything else is a new call.
///           So survive: ids that change or repeat with every delta, indexes that are missing, all
///           zero, or start at one, names that repeat.
/// Errors:   LimitError on more than `kCallsMax` calls.
class ToolCallTracker {
 public:
  static constexpr std::size_t kCallsMax = 1024;

  /// The call that the delta belongs to; made if there is none.
  PendingCall& match(const CallDelta& delta);
  /// A new call, whatever the delta says.
  PendingCall& add(const CallDelta& delta);
  /// Takes over a name that comes in pieces, in full each time, or again and again.
  /// True if the call's name changed.
  static bool merge_name(PendingCall& call, std::string_view name);

  [[nodiscard]] std::vector<PendingCall>& calls() noexcept { return calls_; }

 private:
  static bool starts_another(const PendingCall& call, const CallDelta& delta);
  std::vector<PendingCall> calls_;
};

}  // namespace cochain::detail
