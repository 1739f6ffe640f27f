// Who awaits whom, both ways.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cochain/core/call_graph.hpp"

namespace cochain::detail {

/// The tasks of one loop, and the edges between them both ways.
class AwaitGraph {
 public:
  explicit AwaitGraph(const LoopInfo& loop) : loop_(loop) {
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

  /// Circles of tasks, each in the order in which they await each other. No task stands in two of
  /// them, so that there is not more to tell than there are tasks.
  [[nodiscard]] std::vector<std::vector<std::uint64_t>> cycles() const {
    std::vector<std::vector<std::uint64_t>> found;
    std::unordered_map<std::uint64_t, std::size_t> place;  // on the path, from 1; kSeen behind it
    constexpr std::size_t kSeen = static_cast<std::size_t>(-1);
    for (const TaskInfo& start : loop_.tasks) {
      if (place[start.id] != 0) continue;
      // A path kept by hand: a chain of tasks may be longer than a stack is deep.
      std::vector<Step> path{{start.id, 0, 0}};
      place[start.id] = 1;
      while (!path.empty()) {
        const std::uint64_t id = path.back().id;
        const auto& next = awaits(id);
        if (path.back().next == next.size()) {
          place[id] = kSeen;
          path.pop_back();
          continue;
        }
        const std::uint64_t child = next[path.back().next++];
        const std::size_t at = place[child];
        if (at == 0) {
          path.push_back({child, 0, path.back().told});
          place[child] = path.size();
        } else if (at != kSeen && at > path.back().told) {
          std::vector<std::uint64_t>& circle = found.emplace_back();
          for (std::size_t i = at; i <= path.size(); ++i) {
            circle.push_back(path[i - 1].id);
            path[i - 1].told = i;
          }
        }
      }
    }
    return found;
  }

 private:
  struct Step {
    std::uint64_t id;
    std::size_t next;  // of those that it awaits
    std::size_t told;  // the last place up to this one whose task stands in a circle; 0: none
  };
  const LoopInfo& loop_;
  std::unordered_map<std::uint64_t, const TaskInfo*> by_id_;
  std::unordered_map<std::uint64_t, std::vector<std::uint64_t>> awaits_;
};

/// "cook (kitchen.cpp:12)", fit for a terminal.
[[nodiscard]] std::string told(const StackFrame& frame, FilePaths paths);
/// "4.2s", or "-".
[[nodiscard]] std::string told(const std::optional<Duration>& age);

}  // namespace cochain::detail
