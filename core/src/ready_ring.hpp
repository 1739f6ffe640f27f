// The queue of what runs next: a ring that grows, in which an item knows its place, so that one
// which dies before its turn leaves a hole instead of a dangling pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cochain/core/task.hpp"

namespace cochain::detail {

class ReadyRing {
 public:
  ReadyRing() : slots_(64) {}
  ReadyRing(const ReadyRing&) = delete;
  ReadyRing& operator=(const ReadyRing&) = delete;

  [[nodiscard]] bool empty() const noexcept { return head_ == tail_; }
  [[nodiscard]] std::size_t size() const noexcept {
    return static_cast<std::size_t>(tail_ - head_);
  }

  void push(ReadyItem& item) {
    COCHAIN_ASSERT(!item.queued());
    if (size() == slots_.size()) grow();
    item.position = tail_;
    slot(tail_++) = &item;
  }

  /// The next item, or null where one was removed. The ring must not be empty.
  ReadyItem* pop() noexcept {
    ReadyItem* item = slot(head_++);
    if (item) item->position = -1;
    return item;
  }

  void remove(ReadyItem& item) noexcept {
    if (!item.queued()) return;
    slot(item.position) = nullptr;
    item.position = -1;
  }

 private:
  // Positions count up for ever; the slot is the position modulo the power-of-two capacity.
  ReadyItem*& slot(std::int64_t position) noexcept {
    return slots_[static_cast<std::size_t>(position) & (slots_.size() - 1)];
  }

  void grow() {
    std::vector<ReadyItem*> larger(slots_.size() * 2);
    for (std::int64_t position = head_; position != tail_; ++position) {
      larger[static_cast<std::size_t>(position) & (larger.size() - 1)] = slot(position);
    }
    slots_.swap(larger);
  }

  std::vector<ReadyItem*> slots_;
  std::int64_t head_ = 0;
  std::int64_t tail_ = 0;
};

}  // namespace cochain::detail
