// The queue of what runs next: a ring that grows, in which an item knows its place, so that one
// which dies before its turn leaves a hole instead of a dangling pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "cochain/core/waiter.hpp"

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

  /// From now on the order of what is run in one pass is drawn from `seed`.
  void shuffle(std::uint64_t seed) { random_.emplace(seed); }
  void shuffle_first(std::size_t count) noexcept {
    if (!random_ || count < 2) [[likely]]
      return;
    for (std::size_t i = count - 1; i > 0; --i) {
      const std::int64_t a = head_ + static_cast<std::int64_t>(i);
      const std::int64_t b = head_ + static_cast<std::int64_t>((*random_)() % (i + 1));
      std::swap(slot(a), slot(b));
      if (slot(a)) slot(a)->position = a;
      if (slot(b)) slot(b)->position = b;
    }
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
  std::optional<std::mt19937_64> random_;  // set by tests
};

}  // namespace cochain::detail
