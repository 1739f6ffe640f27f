// Seeing inside: the tasks of this process or of another one, where each stands and who awaits it.
#pragma once

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
  bool running = false;                   // it is the one that runs, or that holds up its loop
  int cancelling = 0;                     // requests to cancel it that were not taken back
  std::optional<Duration> age;            // real time since its creation; none on a virtual clock
  std::vector<StackFrame> stack;          // outermost first
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
/// part in it and is not stopped: its memory is read from outside.
/// Suspends: never; blocks for some microseconds a task.
/// Errors:   Error if there is no such process, if reading it is not permitted (it takes the same
///           user, and what ptrace may do), if it does not use cochain, or a version of it whose
///           tasks look different.
[[nodiscard]] std::vector<LoopInfo> read_process_tasks(int pid);

/// A table: thread, task, name, age, the coroutines in which it stands, and who awaits it.
[[nodiscard]] std::string format_task_table(const std::vector<LoopInfo>& loops);

/// A tree for each loop: tasks under the task that awaits them, each with its coroutines. Tasks
/// that await each other in a circle are drawn as far as the circle, and named at the end.
[[nodiscard]] std::string format_task_tree(const std::vector<LoopInfo>& loops);

/// Names of the tasks of each circle of awaits: none of them can ever go on.
[[nodiscard]] std::vector<std::vector<std::string>> find_await_cycles(const LoopInfo& loop);

/// Where `task` stands, and who awaits it, and so on upwards; the running task by default.
/// Errors: InvalidStateError where no loop runs, or without a task where no task runs.
[[nodiscard]] std::string format_call_graph(const AnyTask& task = current_task());

/// The same, on stderr or `out`.
void print_call_graph(const AnyTask& task = current_task());
void print_call_graph(std::ostream& out, const AnyTask& task = current_task());

}  // namespace cochain
