// Who awaits whom, drawn.

#include "cochain/core/call_graph.hpp"

#include <unistd.h>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <set>

#include "await_graph.hpp"
#include "cochain/core/event_loop.hpp"
#include "printable_text.hpp"
#include "task_layout.hpp"

namespace cochain {
namespace {

using detail::AwaitGraph;
using detail::printable;
using detail::told;

// Deeper levels stay where this one is: else a chain of tasks takes the square of its length.
constexpr std::size_t kIndentedLevels = 64;

std::string headline(const TaskInfo& task) {
  std::string text = printable(task.name);
  if (task.running) text += "  [running]";
  if (task.cancelling > 0) text += "  [being cancelled]";
  if (task.age) text += "  " + told(task.age);
  return text;
}

std::string level_mark(std::size_t level) {
  return level < kIndentedLevels ? "" : "(level " + std::to_string(level + 1) + ") ";
}

/// Tasks as a tree. Kept by hand, as the search for circles is: the tree may be deep.
class Tree {
 public:
  Tree(const AwaitGraph& graph, FilePaths paths, std::string& text)
      : graph_(graph), paths_(paths), text_(text) {}

  void draw(const TaskInfo& top) {
    pending_.push_back(Branch{&top, "", 0, true});
    while (!pending_.empty()) {
      const Branch branch = std::move(pending_.back());
      pending_.pop_back();
      draw_one(branch);
    }
  }
  [[nodiscard]] bool drew(const TaskInfo& task) const { return drawn_.count(task.id) != 0; }

 private:
  struct Branch {
    const TaskInfo* task;
    std::string indent;
    std::size_t level;
    bool last;
  };

  void draw_one(const Branch& branch) {
    const TaskInfo& task = *branch.task;
    text_ += branch.indent + (branch.last ? "└── " : "├── ") + level_mark(branch.level);
    text_ += headline(task);
    if (!drawn_.insert(task.id).second) {  // awaited twice, or in a circle
      text_ += "  (see above)\n";
      return;
    }
    text_ += '\n';
    const auto& children = graph_.awaits(task.id);
    const std::string next = branch.last ? "    " : "│   ";
    for (const StackFrame& frame : task.stack) {
      text_ += branch.indent + next + (children.empty() ? "    " : "│   ");
      text_ += told(frame, paths_) + '\n';
    }
    const bool deeper = branch.level + 1 < kIndentedLevels;
    const std::string below = deeper ? branch.indent + next : branch.indent;
    for (std::size_t i = children.size(); i-- > 0;) {
      const TaskInfo* child = graph_.find(children[i]);
      if (child) pending_.push_back({child, below, branch.level + 1, i + 1 == children.size()});
    }
  }

  const AwaitGraph& graph_;
  FilePaths paths_;
  std::string& text_;
  std::set<std::uint64_t> drawn_;
  std::vector<Branch> pending_;
};

/// A task and those that await it, upwards.
std::string drawn_upwards(const AwaitGraph& graph, const TaskInfo& task) {
  std::string text;
  std::set<std::uint64_t> seen;
  std::vector<std::pair<const TaskInfo*, std::size_t>> pending{{&task, 0}};  // with its level
  while (!pending.empty()) {
    const auto [info, level] = pending.back();
    pending.pop_back();
    const std::string indent(std::min(level, kIndentedLevels) * 2, ' ');
    text += indent + "* " + level_mark(level) + headline(*info);
    if (!seen.insert(info->id).second) {
      text += "  (see above)\n";
      continue;
    }
    text += '\n';
    for (const StackFrame& frame : info->stack) {
      text += indent + "    " + printable(frame.function) + " at " + printable(frame.file) + ":" +
              std::to_string(frame.line) + '\n';
    }
    if (graph.has_awaiter(*info)) text += indent + "  awaited by\n";
    for (auto id = info->awaited_by.rbegin(); id != info->awaited_by.rend(); ++id) {
      if (const TaskInfo* awaiter = graph.find(*id)) pending.emplace_back(awaiter, level + 1);
    }
  }
  return text;
}

}  // namespace

std::string detail::told(const StackFrame& frame, FilePaths paths) {
  if (frame.line == 0) return printable(frame.function);  // where is not known
  const std::size_t slash = paths == FilePaths::kWhole ? std::string::npos : frame.file.rfind('/');
  const std::string file = slash == std::string::npos ? frame.file : frame.file.substr(slash + 1);
  return printable(frame.function) + " (" + printable(file) + ":" + std::to_string(frame.line) +
         ")";
}

std::string detail::told(const std::optional<Duration>& age) {
  if (!age) return "-";
  const double seconds = std::chrono::duration<double>(*age).count();
  char text[32];
  if (seconds < 60) {
    std::snprintf(text, sizeof text, "%.1fs", seconds);
  } else if (seconds < 3600) {
    std::snprintf(text, sizeof text, "%.1fm", seconds / 60);
  } else {
    std::snprintf(text, sizeof text, "%.1fh", seconds / 3600);
  }
  return text;
}

LoopInfo capture_call_graph() {
  auto info = detail::read_own_loop(EventLoop::current(), detail::Standing::kStill);
  COCHAIN_ASSERT(info && "the loop's own thread always sees it whole");
  return std::move(*info);
}

std::string format_task_tree(const std::vector<LoopInfo>& loops, FilePaths paths) {
  std::string text;
  for (const LoopInfo& loop : loops) {
    text += loop.thread_id == 0 ? "loop that does not run"
                                : "loop on thread " + std::to_string(loop.thread_id);
    text += ", " + std::to_string(loop.tasks.size()) +
            (loop.tasks.size() == 1 ? " task\n" : " tasks\n");
    const AwaitGraph graph(loop);
    Tree tree(graph, paths, text);
    for (const TaskInfo& task : loop.tasks) {
      if (!graph.has_awaiter(task)) tree.draw(task);
    }
    for (const TaskInfo& task : loop.tasks) {  // what hangs below no top stands in a circle
      if (!tree.drew(task)) tree.draw(task);
    }
    text += format_await_cycles(loop);
  }
  return text;
}

std::vector<std::vector<std::uint64_t>> find_await_cycle_ids(const LoopInfo& loop) {
  return AwaitGraph(loop).cycles();
}

std::vector<std::vector<std::string>> find_await_cycles(const LoopInfo& loop) {
  const AwaitGraph graph(loop);
  std::vector<std::vector<std::string>> cycles;
  for (const auto& circle : graph.cycles()) {
    std::vector<std::string> names;
    for (const std::uint64_t id : circle) names.push_back(graph.find(id)->name);
    cycles.push_back(std::move(names));
  }
  return cycles;
}

std::string format_await_cycles(const LoopInfo& loop) {
  std::string text;
  for (const auto& cycle : find_await_cycles(loop)) {
    text += "these tasks await each other and can never go on:";
    for (const std::string& name : cycle) text += " " + printable(name) + " ->";
    text += " " + printable(cycle.front()) + '\n';
  }
  return text;
}

std::string format_call_graph(const AnyTask& task) {
  if (!task) throw InvalidStateError("no task to draw the call graph of: none runs here");
  const LoopInfo loop = capture_call_graph();
  const AwaitGraph graph(loop);
  const TaskInfo* info = graph.find(task.get()->id());
  if (!info) return "* " + printable(task.name()) + " is done\n";
  return drawn_upwards(graph, *info);
}

void print_call_graph(const AnyTask& task) { print_call_graph(std::cerr, task); }

void print_call_graph(std::ostream& out, const AnyTask& task) { out << format_call_graph(task); }

}  // namespace cochain
