// cochain tasks: looks into another program that uses cochain, also one that is stuck.

#include <unistd.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <boost/json.hpp>

#include "cochain/core/call_graph.hpp"
#include "commands.hpp"
#include "fd_io.hpp"
#include "terminal.hpp"
#include "utf8.hpp"

namespace cochain::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kColumnsOfNoTerminal = 120;

// All texts come out of the memory of another program: they may be anything.
json::string json_of(std::string_view text) { return json::string(with_valid_utf8(text)); }

json::object json_of(const StackFrame& frame) {
  json::object object;
  object["function"] = json_of(frame.function);
  object["file"] = json_of(frame.file);
  object["line"] = frame.line;
  return object;
}

json::array json_of(const std::vector<std::uint64_t>& ids) {
  return json::array(ids.begin(), ids.end());
}

json::object json_of(const LoopInfo& loop, const TaskInfo& task) {
  json::object object;
  object["thread"] = loop.thread_id;
  object["id"] = task.id;
  object["name"] = json_of(task.name);
  if (task.age) {
    object["age_seconds"] = std::chrono::duration<double>(*task.age).count();
  } else {
    object["age_seconds"] = nullptr;
  }
  object["running"] = task.running;
  object["cancelling"] = task.cancelling;
  json::array& stack = object["stack"].emplace_array();
  for (const StackFrame& frame : task.stack) stack.push_back(json_of(frame));
  object["awaited_by"] = json_of(task.awaited_by);
  return object;
}

/// Boost.JSON leaves these as they are: DEL, and what begins an escape sequence in one character.
std::string without_raw_controls(std::string_view line) {
  std::string text;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\x7F') {
      text += "\\u007f";
    } else if (line[at] == '\xC2' && static_cast<unsigned char>(line[at + 1]) < 0xA0) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      const auto low = static_cast<unsigned char>(line[++at]);
      text += "\\u00";
      text += kDigits[low >> 4U];
      text += kDigits[low & 0xFU];
    } else {
      text += line[at];
    }
  }
  return text;
}

std::string json_lines(const std::vector<LoopInfo>& loops) {
  std::string text;
  for (const LoopInfo& loop : loops) {
    std::unordered_map<std::uint64_t, std::uint64_t> cycles;  // to the first task of the circle
    for (const auto& cycle : find_await_cycle_ids(loop)) {
      for (const std::uint64_t id : cycle) cycles[id] = cycle.front();
    }
    for (const TaskInfo& task : loop.tasks) {
      json::object object = json_of(loop, task);
      const auto cycle = cycles.find(task.id);
      if (cycle == cycles.end()) {
        object["await_cycle"] = nullptr;
      } else {
        object["await_cycle"] = cycle->second;
      }
      text += without_raw_controls(json::serialize(object)) + '\n';
    }
  }
  return text;
}

std::string short_table(const std::vector<LoopInfo>& loops) {
  const std::size_t columns = terminal_width_of(STDOUT_FILENO).value_or(kColumnsOfNoTerminal);
  return format_task_table(loops, TaskTableOptions().columns_max(columns));
}

std::string view_of(const std::vector<LoopInfo>& loops, TasksView view) {
  switch (view) {
    case TasksView::kTable: return short_table(loops);
    case TasksView::kWideTable:
      return format_task_table(loops, TaskTableOptions().paths(FilePaths::kWhole));
    case TasksView::kTree: return format_task_tree(loops, FilePaths::kWhole);
    case TasksView::kJson: break;
  }
  return json_lines(loops);
}

}  // namespace

ExitCode run_tasks(const TasksArguments& arguments) {
  const std::vector<LoopInfo> loops = read_process_tasks(arguments.pid);
  if (loops.empty()) {
    warn("process " + std::to_string(arguments.pid) + " uses cochain, but has no event loop now");
  }
  FdWriter out(UniqueFd(STDOUT_FILENO), "stdout");
  out.add(view_of(loops, arguments.view));
  while (!out.flush_now()) {  // a reader that takes its time, such as a pager
  }
  std::string cycles;
  for (const LoopInfo& loop : loops) cycles += format_await_cycles(loop);
  if (cycles.empty()) return ExitCode::kOk;
  // The other views end with it.
  if (arguments.view == TasksView::kJson) write_stderr(cycles);
  return ExitCode::kFailed;
}

}  // namespace cochain::cli
