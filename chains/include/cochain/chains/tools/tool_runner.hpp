// Runs the tools that one answer of a model calls: checked, allowed, together, results in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/chains/tools/approval.hpp"
#include "cochain/chains/tools/tool.hpp"
#include "cochain/core/stream.hpp"

namespace cochain {

/// What happened to a call of a tool.
enum class ToolEventKind : std::uint8_t {
  kStart,     ///< it was found right and allowed, and is about to run
  kProgress,  ///< the tool told how far it is
  kResult,    ///< it is over; a call that never ran has this event alone
};

/// One event of one call.
class ToolEvent {
 public:
  ToolEvent();
  ToolEvent(const ToolEvent& other);
  ToolEvent(ToolEvent&& other) noexcept;
  ToolEvent& operator=(const ToolEvent& other);
  ToolEvent& operator=(ToolEvent&& other) noexcept;
  ~ToolEvent();
  ToolEvent(ToolEventKind the_kind, std::size_t the_index, ToolCall the_call)
      : kind(the_kind), index(the_index), call(std::move(the_call)) {}

  ToolEventKind kind = ToolEventKind::kStart;
  std::size_t index = 0;  ///< the place of the call among those of its message
  ToolCall call;          ///< with the arguments with which it runs
  Json progress;          ///< kProgress
  ToolMessage result;     ///< kResult
};

/// What the tools of one message gave.
class ToolTurn {
 public:
  ToolTurn() = default;
  std::vector<ToolMessage> results;  ///< in the order of the calls
  /// All calls were of tools that return directly, and succeeded.
  bool direct = false;
};

/// How a ToolRunner works.
class ToolRunnerOptions {
 public:
  ToolRunnerOptions() = default;
  ToolRunnerOptions& approval(ApprovalPolicy value) {
    approval_ = std::move(value);
    return *this;
  }
  /// At most this many calls of one message at once; 0 means all.
  ToolRunnerOptions& concurrency_max(std::size_t value) {
    concurrency_max_ = value;
    return *this;
  }
  [[nodiscard]] const ApprovalPolicy& approval() const noexcept { return approval_; }
  [[nodiscard]] std::size_t concurrency_max() const noexcept { return concurrency_max_; }

 private:
  ApprovalPolicy approval_;
  std::size_t concurrency_max_ = 0;
};

/// A set of tools, and how calls of them are run. A copy shares them.
/// Shape:    a call runs only if its tool is known, its arguments are the text of a JSON object
///           that passes the tool's check (no text at all stands for `{}`), and the policy allows
///           it; after an edit they are checked again. No call of a message that was cut off
///           (finish reason length, content filter or error) runs. Else its result is an error
///           that tells the model what was wrong. A failing call changes nothing for the others.
/// Units:    at most the run's `max_concurrency` calls at once, as with all that a run starts.
/// Suspends: until all calls are over. Cancelling cancels them all and waits for them.
/// Errors:   see Tool::call(): with ToolErrors::kThrow the first error leaves the run, once the
///           others are cancelled and over.
/// Threads:  any number of runs at once, on any loops.
class ToolRunner {
 public:
  ToolRunner() : ToolRunner(std::vector<ToolPtr>()) {}
  /// Errors: InvalidStateError if a pointer is empty or two tools have one name.
  explicit ToolRunner(std::vector<ToolPtr> tools, ToolRunnerOptions options = ToolRunnerOptions());

  /// Runs the calls of `message` in the given context; its call id and progress are set for each.
  [[nodiscard]] Coro<ToolTurn> run(AIMessage message, ToolContext context = ToolContext()) const;
  /// The same, telling what happens as it does. The results come as they are there.
  /// Units:    tells of progress are dropped while 1000 events wait for the reader.
  [[nodiscard]] Stream<ToolEvent> run_events(AIMessage message,
                                             ToolContext context = ToolContext()) const;
  /// What the events of one message add up to.
  class Collector;

  /// What a model is told of the tools.
  [[nodiscard]] const std::vector<ToolSpec>& specs() const noexcept;
  /// The tool of this name; empty if there is none.
  [[nodiscard]] ToolPtr find(std::string_view name) const;

 private:
  class Set;
  friend class ToolCallRun;
  std::shared_ptr<const Set> set_;
};

/// Adds the events of one message up to its turn.
class ToolRunner::Collector {
 public:
  Collector(const ToolRunner& runner, const AIMessage& message);
  /// Takes the result out of an event; other events change nothing.
  void add(const ToolEvent& event);
  [[nodiscard]] ToolTurn finish() &&;

 private:
  ToolRunner runner_;
  ToolTurn turn_;
};

}  // namespace cochain
