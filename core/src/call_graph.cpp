// Who awaits whom, drawn.

#include "cochain/core/call_graph.hpp"

#include <unistd.h>
#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "cochain/core/event_loop.hpp"
#include "task_layout.hpp"

namespace cochain {
namespace {

// A busy program changes while it is read; a look takes microseconds, so another one helps.
constexpr int kLooks = 100;

std::string base_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

std::string told(const StackFrame& frame) {
  return frame.function + " (" + base_name(frame.file) + ":" + std::to_string(frame.line) + ")";
}

std::string told(const std::optional<Duration>& age) {
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

/// The tasks of one loop, and the edges between them both ways.
class Graph {
 public:
  explicit Graph(const LoopInfo& loop) : loop_(loop) {
    for (const TaskInfo& task : loop.tasks) by_id_.emplace(task.id, &task);
    for (const TaskInfo& task : loop.tasks) {
      for (const std::uint64_t awaiter : task.awaited_by) awaits_[awaiter].push_back(task.id);
    }
  }

  [[nodiscard]] const TaskInfo* find(std::uint64_t id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }
  [[nodiscard]] const std::vector<std::uint64_t>& awaits(std::uint64_t id) const {
    static const std::vector<std::uint64_t> none;
    const auto found = awaits_.find(id);
    return found == awaits_.end() ? none : found->second;
  }
  [[nodiscard]] bool has_awaiter(const TaskInfo& task) const {
    return std::any_of(task.awaited_by.begin(), task.awaited_by.end(),
                       [this](std::uint64_t id) { return find(id) != nullptr; });
  }

  /// Each circle once, in the order in which its tasks await each other.
  [[nodiscard]] std::vector<std::vector<std::uint64_t>> cycles() const {
    std::vector<std::vector<std::uint64_t>> found;
    std::map<std::uint64_t, int> state;  // 1: on the path, 2: seen
    for (const TaskInfo& start : loop_.tasks) {
      if (state[start.id] != 0) continue;
      // A path kept by hand: a chain of tasks may be longer than a stack is deep.
      std::vector<std::pair<std::uint64_t, std::size_t>> path{{start.id, 0}};
      state[start.id] = 1;
      while (!path.empty()) {
        const std::uint64_t id = path.back().first;
        const auto& next = awaits(id);
        if (path.back().second == next.size()) {
          state[id] = 2;
          path.pop_back();
          continue;
        }
        const std::uint64_t child = next[path.back().second++];
        if (state[child] == 0) {
          state[child] = 1;
          path.emplace_back(child, 0);
        } else if (state[child] == 1) {
          std::vector<std::uint64_t> circle;
          auto at = std::find_if(path.begin(), path.end(),
                                 [child](const auto& step) { return step.first == child; });
          for (; at != path.end(); ++at) circle.push_back(at->first);
          found.push_back(std::move(circle));
        }
      }
    }
    return found;
  }

 private:
  const LoopInfo& loop_;
  std::map<std::uint64_t, const TaskInfo*> by_id_;
  std::map<std::uint64_t, std::vector<std::uint64_t>> awaits_;
};

/// Columns as wide as what stands in them; the last one is as long as it likes.
std::string aligned(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string headline(const TaskInfo& task) {
  std::string text = task.name;
  if (task.running) text += "  [running]";
  if (task.cancelling > 0) text += "  [being cancelled]";
  if (task.age) text += "  " + told(task.age);
  return text;
}

/// Tasks as a tree. Kept by hand like the search for circles: the tree may be deep.
class Tree {
 public:
  Tree(const Graph& graph, std::string& text) : graph_(graph), text_(text) {}

  void draw(const TaskInfo& top) {
    pending_.push_back(Branch{&top, "", true});
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
    bool last;
  };

  void draw_one(const Branch& branch) {
    const TaskInfo& task = *branch.task;
    text_ += branch.indent + (branch.last ? "└── " : "├── ") + headline(task);
    const std::string below = branch.indent + (branch.last ? "    " : "│   ");
    if (!drawn_.insert(task.id).second) {  // awaited twice, or in a circle
      text_ += "  (see above)\n";
      return;
    }
    text_ += '\n';
    const auto& children = graph_.awaits(task.id);
    for (const StackFrame& frame : task.stack) {
      text_ += below + (children.empty() ? "    " : "│   ") + told(frame) + '\n';
    }
    for (std::size_t i = children.size(); i-- > 0;) {
      const TaskInfo* child = graph_.find(children[i]);
      if (child) pending_.push_back(Branch{child, below, i + 1 == children.size()});
    }
  }

  const Graph& graph_;
  std::string& text_;
  std::set<std::uint64_t> drawn_;
  std::vector<Branch> pending_;
};

void append_upwards(const Graph& graph, const TaskInfo& task, const std::string& indent,
                    std::set<std::uint64_t>& seen, std::string& text) {
  text += indent + "* " + headline(task) + '\n';
  if (!seen.insert(task.id).second) {
    text.insert(text.size() - 1, "  (see above)");
    return;
  }
  for (const StackFrame& frame : task.stack) {
    text += indent + "    " + frame.function + " at " + frame.file + ":" +
            std::to_string(frame.line) + '\n';
  }
  bool any = false;
  for (const std::uint64_t id : task.awaited_by) {
    const TaskInfo* awaiter = graph.find(id);
    if (!awaiter) continue;
    if (!std::exchange(any, true)) text += indent + "  awaited by\n";
    append_upwards(graph, *awaiter, indent + "  ", seen, text);
  }
}

void append_cycles(const LoopInfo& loop, std::string& text) {
  for (const auto& cycle : find_await_cycles(loop)) {
    text += "these tasks await each other and can never go on:";
    for (const std::string& name : cycle) text += " " + name + " ->";
    text += " " + cycle.front() + '\n';
  }
}

}  // namespace

LoopInfo capture_call_graph() {
  EventLoop& loop = EventLoop::current();
  const detail::OwnMemory memory;
  auto infos =
      detail::read_loops(memory, detail::own_task_root(), reinterpret_cast<detail::Address>(&loop));
  COCHAIN_ASSERT(infos && "the loop's own thread always sees it whole");
  return std::move(infos->front());
}

std::vector<LoopInfo> read_process_tasks(int pid) {
  const auto root = detail::find_section(pid, detail::kTaskRootSection);
  if (!root) throw Error("process " + std::to_string(pid) + " does not use cochain");
  const detail::KernelCopiedMemory memory(pid);
  if (!memory.get<char>(*root)) {
    throw Error("not permitted to read process " + std::to_string(pid) +
                ": it takes the same user and, where kernel.yama.ptrace_scope is 1, root");
  }
  for (int look = 0; look < kLooks; ++look) {
    if (auto infos = detail::read_loops(memory, *root)) return std::move(*infos);
  }
  throw Error("process " + std::to_string(pid) +
              " changes its tasks faster than they can be read; try again");
}

std::string format_task_table(const std::vector<LoopInfo>& loops) {
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"THREAD", "TASK", "NAME", "AGE", "AWAITED BY", "STACK"});
  for (const LoopInfo& loop : loops) {
    const Graph graph(loop);
    for (const TaskInfo& task : loop.tasks) {
      std::string awaiters;
      for (const std::uint64_t id : task.awaited_by) {
        const TaskInfo* awaiter = graph.find(id);
        if (!awaiters.empty()) awaiters += ", ";
        awaiters += awaiter ? awaiter->name : std::to_string(id);
      }
      std::string stack;
      for (auto frame = task.stack.rbegin(); frame != task.stack.rend(); ++frame) {
        if (!stack.empty()) stack += " <- ";
        stack += told(*frame);
      }
      if (task.running) stack = "[running] " + stack;
      rows.push_back({loop.thread_id == 0 ? "-" : std::to_string(loop.thread_id),
                      std::to_string(task.id), task.name, told(task.age),
                      awaiters.empty() ? "-" : awaiters, stack});
    }
  }
  std::string text = aligned(rows);
  for (const LoopInfo& loop : loops) append_cycles(loop, text);
  return text;
}

std::string format_task_tree(const std::vector<LoopInfo>& loops) {
  std::string text;
  for (const LoopInfo& loop : loops) {
    text += loop.thread_id == 0 ? "loop that does not run"
                                : "loop on thread " + std::to_string(loop.thread_id);
    text += ", " + std::to_string(loop.tasks.size()) +
            (loop.tasks.size() == 1 ? " task\n" : " tasks\n");
    const Graph graph(loop);
    Tree tree(graph, text);
    for (const TaskInfo& task : loop.tasks) {
      if (!graph.has_awaiter(task)) tree.draw(task);
    }
    for (const TaskInfo& task : loop.tasks) {  // what hangs below no top stands in a circle
      if (!tree.drew(task)) tree.draw(task);
    }
    append_cycles(loop, text);
  }
  return text;
}

std::vector<std::vector<std::string>> find_await_cycles(const LoopInfo& loop) {
  const Graph graph(loop);
  std::vector<std::vector<std::string>> cycles;
  for (const auto& circle : graph.cycles()) {
    std::vector<std::string> names;
    for (const std::uint64_t id : circle) names.push_back(graph.find(id)->name);
    cycles.push_back(std::move(names));
  }
  return cycles;
}

std::string format_call_graph(const AnyTask& task) {
  if (!task) throw InvalidStateError("no task to draw the call graph of: none runs here");
  const LoopInfo loop = capture_call_graph();
  const Graph graph(loop);
  const TaskInfo* info = graph.find(task.get()->id());
  if (!info) return "* " + task.name() + " is done\n";
  std::string text;
  std::set<std::uint64_t> seen;
  append_upwards(graph, *info, "", seen, text);
  return text;
}

void print_call_graph(const AnyTask& task) { print_call_graph(std::cerr, task); }

void print_call_graph(std::ostream& out, const AnyTask& task) { out << format_call_graph(task); }

}  // namespace cochain
