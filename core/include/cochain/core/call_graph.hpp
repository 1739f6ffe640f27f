// Seeing inside: the tasks of this process or of another one, where each stands and who awaits it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "cochain/core/task.hpp"

namespace cochain {

/// One task as it was at one moment.
class TaskInfo {
 public:
  TaskInfo() = default;
  std::uint64_t id = 0;  // counts up on its loop
  std::string name;
  bool running = false;         // it is the one that runs, or that holds up its loop
  int cancelling = 0;           // requests to cancel it that were not taken back
  std::optional<Duration> age;  // real time since its creation; none on a virtual clock
  // Outermost first. Of a very deep chain the 256 innermost, below one whose function is "…".
  std::vector<StackFrame> stack;
  std::vector<std::uint64_t> awaited_by;  // ids of tasks of the same loop
};

/// One event loop as it was at one moment.
class LoopInfo {
 public:
  LoopInfo() = default;
  std::int32_t thread_id = 0;   // of the thread that runs it, as the kernel knows it; 0: none
  std::vector<TaskInfo> tasks;  // oldest first
};

/// The running loop, whole. Suspends: never.
/// Errors: InvalidStateError where no loop runs.
[[nodiscard]] LoopInfo capture_call_graph();

/// All loops of a running program that uses cochain, also while it is stuck. The program takes no
/// part in it and is not stopped: its memory is read from outside. Each task is read as it stands
/// between two of its steps, but not all at one moment; names and files are the bytes found there,
/// which need not be text.
/// Units:    texts end after 4096 bytes.
/// Suspends: never; blocks for some microseconds a task, a minute at most.
/// Errors:   Error if there is no such process, if reading it is not permitted (it takes the same
///           user, and what ptrace may do), if it does not use cochain, or a version of it whose
///           tasks look different; if its tasks change faster than they can be read, or are
///           damaged.
[[nodiscard]] std::vector<LoopInfo> read_process_tasks(int pid);

// What is drawn below is fit for a terminal, whatever the names are: control characters are shown
// as escapes, such as \x1b, and what is no UTF-8 as U+FFFD.

/// How much of a file's path is told.
enum class FilePaths : std::uint8_t { kLastPart, kWhole };

/// What format_task_table() draws.
class TaskTableOptions {
 public:
  TaskTableOptions() = default;
  /// Draws a short form, no row of which is longer: the innermost coroutine with its line, of the
  /// others the names; what has no room is cut, and an ellipsis stands for it.
  /// Units: columns; a code point takes one.
  TaskTableOptions& columns_max(std::size_t value) {
    columns_max_ = value;
    return *this;
  }
  TaskTableOptions& paths(FilePaths value) {
    paths_ = value;
    return *this;
  }
  [[nodiscard]] std::optional<std::size_t> columns_max() const noexcept { return columns_max_; }
  [[nodiscard]] FilePaths paths() const noexcept { return paths_; }

 private:
  std::optional<std::size_t> columns_max_;
  FilePaths paths_ = FilePaths::kLastPart;
};

/// A table: thread, task, name, age, who awaits it, and the coroutines in which it stands,
/// innermost first. Circles of awaits are named at the end.
[[nodiscard]] std::string format_task_table(const std::vector<LoopInfo>& loops,
                                            TaskTableOptions options = TaskTableOptions());

/// A tree for each loop: tasks under the task that awaits them, each with its coroutines. Tasks
/// that await each other in a circle are drawn as far as the circle, and named at the end. Tasks
/// below the 64th level are not indented any further; their level stands before them.
[[nodiscard]] std::string format_task_tree(const std::vector<LoopInfo>& loops,
                                           FilePaths paths = FilePaths::kLastPart);

/// Names of the tasks of each circle of awaits: none of them can ever go on.
[[nodiscard]] std::vector<std::vector<std::string>> find_await_cycles(const LoopInfo& loop);
/// The same by their ids: each task awaits the next one, the last the first.
[[nodiscard]] std::vector<std::vector<std::uint64_t>> find_await_cycle_ids(const LoopInfo& loop);
/// A line for each circle; empty if there is none.
[[nodiscard]] std::string format_await_cycles(const LoopInfo& loop);

/// Where `task` stands, and who awaits it, and so on upwards; the running task by default.
/// Errors: InvalidStateError where no loop runs, or without a task where no task runs.
[[nodiscard]] std::string format_call_graph(const AnyTask& task = current_task());

/// The same, on stderr or `out`.
void print_call_graph(const AnyTask& task = current_task());
void print_call_graph(std::ostream& out, const AnyTask& task = current_task());

}  // namespace cochain
