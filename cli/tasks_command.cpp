// cochain tasks: looks into another program that uses cochain, also one that is stuck.

#include <unistd.h>
#include <string>
#include <vector>

#include <boost/json.hpp>

#include "cochain/core/call_graph.hpp"
#include "commands.hpp"
#include "fd_io.hpp"

namespace cochain::cli {
namespace {

namespace json = boost::json;

json::object json_of(const StackFrame& frame) {
  json::object object;
  object["function"] = frame.function;
  object["file"] = frame.file;
  object["line"] = frame.line;
  return object;
}

json::object json_of(const LoopInfo& loop, const TaskInfo& task) {
  json::object object;
  object["thread"] = loop.thread_id;
  object["id"] = task.id;
  object["name"] = task.name;
  if (task.age) {
    object["age_seconds"] = std::chrono::duration<double>(*task.age).count();
  } else {
    object["age_seconds"] = nullptr;
  }
  object["running"] = task.running;
  object["cancelling"] = task.cancelling;
  json::array& stack = object["stack"].emplace_array();
  for (const StackFrame& frame : task.stack) stack.push_back(json_of(frame));
  json::array& awaited_by = object["awaited_by"].emplace_array();
  for (const std::uint64_t id : task.awaited_by) awaited_by.push_back(id);
  return object;
}

std::string json_lines(const std::vector<LoopInfo>& loops) {
  std::string text;
  for (const LoopInfo& loop : loops) {
    for (const TaskInfo& task : loop.tasks) {
      text += json::serialize(json_of(loop, task)) + '\n';
    }
  }
  return text;
}

std::string view_of(const std::vector<LoopInfo>& loops, TasksView view) {
  switch (view) {
    case TasksView::kTree: return format_task_tree(loops);
    case TasksView::kJson: return json_lines(loops);
    case TasksView::kTable: break;
  }
  return format_task_table(loops);
}

}  // namespace

ExitCode run_tasks(const TasksArguments& arguments) {
  const std::vector<LoopInfo> loops = read_process_tasks(arguments.pid);
  FdWriter out(UniqueFd(STDOUT_FILENO), "stdout");
  out.add(view_of(loops, arguments.view));
  (void)out.flush_now();
  for (const LoopInfo& loop : loops) {
    if (!find_await_cycles(loop).empty()) return ExitCode::kFailed;
  }
  return ExitCode::kOk;
}

}  // namespace cochain::cli
