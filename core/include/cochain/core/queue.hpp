// Queue<T>, PriorityQueue<T> and LifoQueue<T>: what producers and consumers share, with
// back-pressure. One implementation of the waiting, detail::QueueOf, over three ways of storing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "cochain/core/task.hpp"

namespace cochain {

namespace detail {

// A way of storing: push(item), pop() of the item that is due next, size(), clear().

template <class T>
class FifoItems {
 public:
  void push(T&& item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.front());
    items_.pop_front();
    return item;
  }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void clear() noexcept { items_.clear(); }

 private:
  std::deque<T> items_;
};

template <class T>
class LifoItems {
 public:
  void push(T&& item) { items_.push_back(std::move(item)); }
  T pop() {
    T item = std::move(items_.back());
    items_.pop_back();
    return item;
  }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void clear() noexcept { items_.clear(); }

 private:
  std::vector<T> items_;
};

template <class T, class Compare>
class PriorityItems {
 public:
  explicit PriorityItems(Compare compare) : later_(std::move(compare)) {}
  void push(T&& item) {
    items_.emplace_back(std::move(item), next_number_++);
    std::push_heap(items_.begin(), items_.end(), later_);
  }
  T pop() {
    std::pop_heap(items_.begin(), items_.end(), later_);
    T item = std::move(items_.back().item);
    items_.pop_back();
    return item;
  }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  void clear() noexcept { items_.clear(); }

 private:
  class Entry {
   public:
    Entry(T new_item, std::uint64_t new_number) : item(std::move(new_item)), number(new_number) {}
    T item;
    std::uint64_t number;  // of its coming: decides among equals
  };
  class Later {
   public:
    explicit Later(Compare compare) : before_(std::move(compare)) {}
    bool operator()(const Entry& a, const Entry& b) const {
      if (before_(b.item, a.item)) return true;
      return a.number > b.number && !before_(a.item, b.item);
    }

   private:
    Compare before_;
  };

  Later later_;
  std::vector<Entry> items_;  // a heap whose front is due next
  std::uint64_t next_number_ = 0;
};

/// What all queues have: who waits for items or room, shutting down, and counting what is in work.
/// Units:    `items_max` items; 0 means without bound; less cannot be expressed.
/// Suspends: put() while it is full, get() while it is empty; FIFO on both sides; nobody who comes
///           later can take what a waiter was woken for, not even through get_nowait(). A
///           cancelled put() has put nothing, a cancelled get() has taken nothing.
/// Lives:    longer than everyone who waits for it.
/// Errors:   QueueFull, QueueEmpty from the `_nowait` forms; QueueShutDown after shutdown().
template <class T, class Items>
class QueueOf {
 public:
  QueueOf(const QueueOf&) = delete;
  QueueOf& operator=(const QueueOf&) = delete;

  class Put;
  class Get;
  class Join;
  [[nodiscard]] Put put(T item) { return Put(*this, std::move(item)); }
  [[nodiscard]] Get get() noexcept { return Get(*this); }

  void put_nowait(T item) {
    if (shut_down_) throw QueueShutDown();
    if (!has_room()) throw QueueFull();
    push(std::move(item));
  }
  [[nodiscard]] T get_nowait() {
    if (!has_item()) {
      if (shut_down_ && empty()) throw QueueShutDown();
      throw QueueEmpty();
    }
    return pop();
  }

  /// Says that an item taken with get() is worked off; join() waits for all of them.
  /// Errors: InvalidStateError if called more often than items were put.
  void task_done() {
    if (unfinished_ == 0) throw InvalidStateError("task_done() called more often than put()");
    if (--unfinished_ == 0) wake_all(joiners_);
  }
  /// Suspends until task_done() was called for every item put so far.
  [[nodiscard]] Join join() noexcept { return Join(*this); }

  /// Ends the queue: put() throws from now on; get() gives what is left, then throws.
  void shutdown() noexcept {
    shut_down_ = true;
    wake_all(putters_);
    if (items_.size() <= promised_items_) wake_all(getters_);
  }
  /// Ends the queue and drops what is left, as if it had been worked off; join() still waits for
  /// the items that were taken and not done.
  void shutdown_now() noexcept {
    shutdown();
    unfinished_ -= std::min(unfinished_, items_.size());  // task_done() may have run ahead of get()
    items_.clear();
    wake_all(getters_);
    if (unfinished_ == 0) wake_all(joiners_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.size() == 0; }
  [[nodiscard]] bool full() const noexcept {
    return items_max_ != 0 && items_.size() >= items_max_;
  }
  /// The bound it was made with; 0 if there is none.
  [[nodiscard]] std::size_t maxsize() const noexcept { return items_max_; }

 protected:
  explicit QueueOf(std::size_t items_max, Items items = Items())
      : items_max_(items_max), items_(std::move(items)) {}
  ~QueueOf() = default;

 private:
  // A waiter that was woken is promised an item or a place until its task comes to take it.
  [[nodiscard]] bool has_item() const noexcept { return items_.size() > promised_items_; }
  [[nodiscard]] bool has_room() const noexcept {
    return items_max_ == 0 || items_.size() + promised_places_ < items_max_;
  }

  void push(T item) {
    items_.push(std::move(item));
    ++unfinished_;
    promise_item();
  }
  T pop() {
    T item = items_.pop();
    promise_place();
    return item;
  }
  void promise_item() noexcept {
    if (!getters_.linked() || !has_item()) return;
    auto& first = static_cast<Get&>(*getters_.next());
    first.promised_ = true;
    ++promised_items_;
    first.wake();
  }
  void promise_place() noexcept {
    if (!putters_.linked() || !has_room()) return;
    auto& first = static_cast<Put&>(*putters_.next());
    first.promised_ = true;
    ++promised_places_;
    first.wake();
  }
  static void wake_all(detail::ListNode& waiters) noexcept {
    while (waiters.linked()) static_cast<Waiter&>(*waiters.next()).wake();
  }

  std::size_t items_max_;
  Items items_;
  std::size_t promised_items_ = 0;
  std::size_t promised_places_ = 0;
  std::size_t unfinished_ = 0;
  bool shut_down_ = false;
  detail::ListNode getters_;
  detail::ListNode putters_;
  detail::ListNode joiners_;
};

template <class T, class Items>
class QueueOf<T, Items>::Put final : public Waiter {
 public:
  Put(QueueOf& queue, T item) : queue_(queue), item_(std::move(item)) {}
  Put(Put&&) = default;
  ~Put() override { give_up(); }
  bool await_ready() const noexcept { return queue_.shut_down_ || queue_.has_room(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(queue_.putters_);
    suspend(frame);
  }
  void await_resume() {
    if (finish()) {
      give_up();
      throw_cancelled();
    }
    if (queue_.shut_down_) throw QueueShutDown();
    queue_.push(std::move(item_));
    if (std::exchange(promised_, false)) --queue_.promised_places_;  // if push() threw: give_up()
  }

 private:
  friend class QueueOf;
  void give_up() noexcept {
    if (!std::exchange(promised_, false)) return;
    --queue_.promised_places_;
    queue_.promise_place();
  }
  QueueOf& queue_;
  T item_;
  bool promised_ = false;
};

template <class T, class Items>
class QueueOf<T, Items>::Get final : public Waiter {
 public:
  explicit Get(QueueOf& queue) noexcept : queue_(queue) {}
  Get(Get&&) = default;
  ~Get() override { give_up(); }
  bool await_ready() const noexcept { return queue_.shut_down_ || queue_.has_item(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(queue_.getters_);
    suspend(frame);
  }
  T await_resume() {
    if (finish()) {
      give_up();
      throw_cancelled();
    }
    if (std::exchange(promised_, false)) --queue_.promised_items_;
    if (!queue_.has_item()) throw QueueShutDown();
    return queue_.pop();  // what is due now: it was promised an item, not a certain one
  }

 private:
  friend class QueueOf;
  void give_up() noexcept {
    if (!std::exchange(promised_, false)) return;
    --queue_.promised_items_;
    queue_.promise_item();
  }
  QueueOf& queue_;
  bool promised_ = false;
};

template <class T, class Items>
class QueueOf<T, Items>::Join final : public Waiter {
 public:
  explicit Join(QueueOf& queue) noexcept : queue_(queue) {}
  Join(Join&&) = default;
  bool await_ready() const noexcept { return queue_.unfinished_ == 0; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(queue_.joiners_);
    suspend(frame);
  }
  void await_resume() { throw_if_cancelled(); }

 private:
  QueueOf& queue_;
};

}  // namespace detail

/// A first-in, first-out queue between tasks.
/// Units:    `items_max` items; 0 means without bound.
/// Suspends: put() while it is full, get() while it is empty; FIFO on both sides; nobody who comes
///           later can take what a waiter was woken for, not even through get_nowait(). A
///           cancelled put() has put nothing, a cancelled get() has taken nothing.
/// Lives:    longer than everyone who waits for it.
/// Errors:   QueueFull, QueueEmpty from the `_nowait` forms; QueueShutDown after shutdown().
template <class T>
class Queue : public detail::QueueOf<T, detail::FifoItems<T>> {
 public:
  explicit Queue(std::size_t items_max = 0) : Queue::QueueOf(items_max) {}
};

/// As Queue, but gives the item that came last.
template <class T>
class LifoQueue : public detail::QueueOf<T, detail::LifoItems<T>> {
 public:
  explicit LifoQueue(std::size_t items_max = 0) : LifoQueue::QueueOf(items_max) {}
};

/// As Queue, but gives the lowest item; among equals the one that came first.
/// Shape: `Compare(a, b)` is true if `a` is given before `b`; it must not throw. A woken get()
///        takes the item that is lowest when it runs, not the one that woke it.
template <class T, class Compare = std::less<T>>
class PriorityQueue : public detail::QueueOf<T, detail::PriorityItems<T, Compare>> {
 public:
  explicit PriorityQueue(std::size_t items_max = 0, Compare compare = Compare())
      : PriorityQueue::QueueOf(items_max, detail::PriorityItems<T, Compare>(std::move(compare))) {}
};

}  // namespace cochain
