// Tool calls out of the pieces in which they arrive. The protocol says: the index tells which call
// a piece belongs to. Servers disagree, so every decoder gives its pieces to this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/content_part.hpp"

namespace cochain {

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

/// What one piece says of a tool call; an empty member was not said.
/// Lives:    views into what was received.
class ToolCallDelta {
 public:
  ToolCallDelta() = default;

  std::optional<std::int64_t> index;
  std::string_view id;  ///< "null", which some servers write, counts as empty
  std::string_view name;
  std::string_view arguments;
};

/// Where a piece stands in the list of calls that it came in.
/// Shape:    kFirst and kLater in a chunk's list: no list holds one call twice. kWhole in a list
///           of whole calls.
enum class DeltaPlace : std::uint8_t { kFirst, kLater, kWhole };

/// One call that is being put together.
/// Shape:    `arguments` grows until somebody takes from it: a decoder that hands pieces on takes
///           all of it each time. `block` and `announced` are for such a decoder.
class PendingToolCall {
 public:
  PendingToolCall() = default;

  std::optional<std::int64_t> wire_index;
  std::string id;
  std::string name;
  std::string arguments;
  std::string provider_data;
  std::uint32_t block = 0;
  bool announced = false;
  JsonProgress progress;
};

/// The calls of one message, and the rule that gives a piece its call.
/// Shape:    in this order: a known id is that call; a known index is that call, unless the piece
///           plainly starts another (a new id with another name, or after complete arguments);
///           neither id nor index is the latest call, unless the piece names another tool or
///           repeats the name after complete arguments; anything else is a new call.
///           So survive: ids that change or repeat with every piece, come late or only first;
///           indexes that are missing, all zero, or have gaps; names that repeat, or come in
///           pieces. The id that came first holds.
/// Units:    at most `kCallsMax` calls.
/// Lives:    what merge() tells is true until the next merge().
/// Errors:   LimitError on more calls than that.
class ToolCallMerger {
 public:
  static constexpr std::size_t kCallsMax = 1024;

  /// What a piece changed.
  class Change {
   public:
    explicit Change(PendingToolCall& the_call) noexcept : call(&the_call) {}

    PendingToolCall* call;
    bool new_id = false;
    bool new_name = false;
  };

  ToolCallMerger() = default;
  /// Adds the piece to its call, which is made if there is none.
  Change merge(ToolCallDelta delta, DeltaPlace place);

  [[nodiscard]] std::vector<PendingToolCall>& calls() noexcept { return calls_; }
  /// The calls as they are now, in the order in which they began.
  [[nodiscard]] std::vector<ToolCall> tool_calls() const;

 private:
  PendingToolCall& match(const ToolCallDelta& delta);
  PendingToolCall& add(const ToolCallDelta& delta);
  static bool starts_another(const PendingToolCall& call, const ToolCallDelta& delta);
  static bool merge_name(PendingToolCall& call, std::string_view name);
  std::vector<PendingToolCall> calls_;
};

}  // namespace cochain
