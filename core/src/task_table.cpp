// Tasks as a table.

#include <algorithm>

#include "await_graph.hpp"
#include "printable_text.hpp"

namespace cochain {
namespace {

using detail::columns_of;
using detail::cut_to;
using detail::printable;
using detail::told;

using Row = std::vector<std::string>;

constexpr std::size_t kGap = 2;  // between two columns
constexpr std::size_t kColumnWidthMax = 64;
constexpr std::string_view kArrow = " <- ";

/// Innermost first, all of it.
std::string whole_stack(const TaskInfo& task, FilePaths paths) {
  std::string text;
  for (auto frame = task.stack.rbegin(); frame != task.stack.rend(); ++frame) {
    if (!text.empty()) text += kArrow;
    text += told(*frame, paths);
  }
  return text;
}

/// The innermost coroutine with its line, then names, and the outermost one whatever is left out.
std::string short_stack(const TaskInfo& task, FilePaths paths, std::size_t columns) {
  if (task.stack.empty()) return "";
  std::string text = told(task.stack.back(), paths);
  if (task.stack.size() == 1) return text;
  const std::string outermost = std::string(kArrow) + printable(task.stack.front().function);
  // A very deep chain was cut when it was read, too.
  const bool is_cut = task.stack.front().line == 0;
  const std::string cut = is_cut ? outermost : std::string(kArrow) + "…" + outermost;
  std::string between;  // as much as has room beside the cut
  std::size_t used = columns_of(text);
  std::size_t between_bytes = 0;
  for (std::size_t i = task.stack.size() - 1; i-- > 1;) {
    const std::string name = std::string(kArrow) + printable(task.stack[i].function);
    used += columns_of(name);
    between += name;
    if (used + columns_of(cut) <= columns) between_bytes = between.size();
    if (used > columns) break;
  }
  if (used + columns_of(outermost) <= columns) return text + between + outermost;
  return text + between.substr(0, between_bytes) + cut;
}

std::string awaiters_of(const detail::AwaitGraph& graph, const TaskInfo& task,
                        std::size_t columns) {
  std::string text;
  for (const std::uint64_t id : task.awaited_by) {
    const TaskInfo* awaiter = graph.find(id);
    if (!text.empty()) text += ", ";
    text += awaiter ? printable(awaiter->name) : std::to_string(id);
    if (text.size() / 4 > columns) break;  // more than will be shown: a byte is no code point
  }
  return text.empty() ? "-" : cut_to(std::move(text), columns);
}

/// A cell that is longer shifts the rest of its row, not that of all rows.
std::vector<std::size_t> widths_of(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], std::min(columns_of(row[i]), kColumnWidthMax));
  }
  return widths;
}

std::string aligned(const Row& row, const std::vector<std::size_t>& widths) {
  std::string text;
  for (std::size_t i = 0; i < row.size(); ++i) {
    text += row[i];
    const std::size_t used = columns_of(row[i]);
    text.append((widths[i] > used ? widths[i] - used : 0) + kGap, ' ');
  }
  return text;
}

}  // namespace

std::string format_task_table(const std::vector<LoopInfo>& loops, TaskTableOptions options) {
  constexpr std::size_t kAll = std::string::npos;
  const std::size_t columns = options.columns_max().value_or(kAll);
  // What stands before the stack must leave it some room.
  const bool whole = columns == kAll;
  const std::size_t name_columns = whole ? kAll : std::clamp<std::size_t>(columns / 5, 8, 32);
  const std::size_t awaiter_columns = whole ? kAll : std::clamp<std::size_t>(columns / 6, 10, 24);
  std::vector<Row> rows{{"THREAD", "TASK", "NAME", "AGE", "AWAITED BY"}};
  for (const LoopInfo& loop : loops) {
    const detail::AwaitGraph graph(loop);
    for (const TaskInfo& task : loop.tasks) {
      rows.push_back({loop.thread_id == 0 ? "-" : std::to_string(loop.thread_id),
                      std::to_string(task.id), cut_to(printable(task.name), name_columns),
                      told(task.age), awaiters_of(graph, task, awaiter_columns)});
    }
  }
  const std::vector<std::size_t> widths = widths_of(rows);
  std::size_t before_stack = 0;
  for (const std::size_t width : widths) before_stack += width + kGap;
  const std::size_t room = columns > before_stack ? columns - before_stack : 0;

  const auto line = [&](const Row& row, const std::string& stack) {
    return cut_to(aligned(row, widths) + stack, columns) + '\n';
  };
  std::string text = line(rows.front(), "STACK");
  std::size_t at = 1;
  for (const LoopInfo& loop : loops) {
    for (const TaskInfo& task : loop.tasks) {
      const std::string mark = task.running ? "[running] " : "";
      const std::size_t left = room > mark.size() ? room - mark.size() : 0;
      text += line(rows[at++], mark + (whole ? whole_stack(task, options.paths())
                                             : short_stack(task, options.paths(), left)));
    }
  }
  for (const LoopInfo& loop : loops) text += format_await_cycles(loop);
  return text;
}

}  // namespace cochain
