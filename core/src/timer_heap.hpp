// Timers by deadline: a 4-ary heap in which equal deadlines keep the order in which they were set,
// and from which a cancelled timer leaves at once, so that a timeout that does not fire costs
// nothing later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cochain/core/event_loop.hpp"

namespace cochain::detail {

class TimerHeap {
 public:
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] TimePoint next_deadline() const noexcept { return entries_.front().deadline; }

  void insert(Timer& timer, TimePoint deadline) {
    entries_.push_back(Entry{deadline, ++last_sequence_, &timer});
    timer.heap_index_ = entries_.size() - 1;
    sift_up(timer.heap_index_);
  }

  void remove(Timer& timer) noexcept {
    const std::size_t hole = timer.heap_index_;
    const Entry last = entries_.back();
    entries_.pop_back();
    if (hole == entries_.size()) return;  // it was the last one
    place(hole, last);
    sift_up(hole);
    sift_down(last.timer->heap_index_);
  }

  Timer& pop() noexcept {
    Timer& first = *entries_.front().timer;
    remove(first);
    return first;
  }

 private:
  static constexpr std::size_t kChildren = 4;

  struct Entry {
    TimePoint deadline;
    std::uint64_t sequence;
    Timer* timer;
    [[nodiscard]] bool before(const Entry& other) const noexcept {
      return deadline != other.deadline ? deadline < other.deadline : sequence < other.sequence;
    }
  };

  void place(std::size_t index, const Entry& entry) noexcept {
    entries_[index] = entry;
    entry.timer->heap_index_ = index;
  }

  void sift_up(std::size_t index) noexcept {
    const Entry entry = entries_[index];
    while (index > 0) {
      const std::size_t parent = (index - 1) / kChildren;
      if (!entry.before(entries_[parent])) break;
      place(index, entries_[parent]);
      index = parent;
    }
    place(index, entry);
  }

  void sift_down(std::size_t index) noexcept {
    const Entry entry = entries_[index];
    for (;;) {
      std::size_t least = index * kChildren + 1;
      if (least >= entries_.size()) break;
      const std::size_t end =
          least + kChildren < entries_.size() ? least + kChildren : entries_.size();
      for (std::size_t child = least + 1; child < end; ++child) {
        if (entries_[child].before(entries_[least])) least = child;
      }
      if (!entries_[least].before(entry)) break;
      place(index, entries_[least]);
      index = least;
    }
    place(index, entry);
  }

  std::vector<Entry> entries_;
  std::uint64_t last_sequence_ = 0;
};

}  // namespace cochain::detail
