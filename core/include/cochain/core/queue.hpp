// Queue<T>: what producers and consumers share, with back-pressure.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "cochain/core/task.hpp"

namespace cochain {

/// A first-in, first-out queue between tasks.
/// Units:    `items_max` items; 0 means without bound.
/// Suspends: put() while it is full, get() while it is empty; FIFO on both sides; nobody who comes
///           later can take what a waiter was woken for, not even through get_nowait(). A
///           cancelled put() has put nothing, a cancelled get() has taken nothing.
/// Lives:    longer than everyone who waits for it.
/// Errors:   QueueFull, QueueEmpty from the `_nowait` forms; QueueShutDown after shutdown().
template <class T>
class Queue {
 public:
  explicit Queue(std::size_t items_max = 0) noexcept : items_max_(items_max) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

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
      if (shut_down_ && items_.empty()) throw QueueShutDown();
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
  /// Ends the queue and drops what is left, as if it had been worked off.
  void shutdown_now() noexcept {
    shutdown();
    unfinished_ -= items_.size();
    items_.clear();
    wake_all(getters_);
    if (unfinished_ == 0) wake_all(joiners_);
  }

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] bool full() const noexcept {
    return items_max_ != 0 && items_.size() >= items_max_;
  }

 private:
  // A waiter that was woken is promised an item or a place until its task comes to take it.
  [[nodiscard]] bool has_item() const noexcept { return items_.size() > promised_items_; }
  [[nodiscard]] bool has_room() const noexcept {
    return items_max_ == 0 || items_.size() + promised_places_ < items_max_;
  }

  void push(T item) {
    items_.push_back(std::move(item));
    ++unfinished_;
    promise_item();
  }
  T pop() {
    T item = std::move(items_.front());
    items_.pop_front();
    promise_place();
    if (shut_down_ && items_.size() <= promised_items_) wake_all(getters_);
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
  std::deque<T> items_;
  std::size_t promised_items_ = 0;
  std::size_t promised_places_ = 0;
  std::size_t unfinished_ = 0;
  bool shut_down_ = false;
  detail::ListNode getters_;
  detail::ListNode putters_;
  detail::ListNode joiners_;
};

template <class T>
class Queue<T>::Put final : public Waiter {
 public:
  Put(Queue& queue, T item) : queue_(queue), item_(std::move(item)) {}
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
    if (std::exchange(promised_, false)) --queue_.promised_places_;
    if (queue_.shut_down_) throw QueueShutDown();
    queue_.push(std::move(item_));
  }

 private:
  friend class Queue;
  void give_up() noexcept {
    if (!std::exchange(promised_, false)) return;
    --queue_.promised_places_;
    queue_.promise_place();
  }
  Queue& queue_;
  T item_;
  bool promised_ = false;
};

template <class T>
class Queue<T>::Get final : public Waiter {
 public:
  explicit Get(Queue& queue) noexcept : queue_(queue) {}
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
    return queue_.pop();
  }

 private:
  friend class Queue;
  void give_up() noexcept {
    if (!std::exchange(promised_, false)) return;
    --queue_.promised_items_;
    queue_.promise_item();
  }
  Queue& queue_;
  bool promised_ = false;
};

template <class T>
class Queue<T>::Join final : public Waiter {
 public:
  explicit Join(Queue& queue) noexcept : queue_(queue) {}
  Join(Join&&) = default;
  bool await_ready() const noexcept { return queue_.unfinished_ == 0; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(queue_.joiners_);
    suspend(frame);
  }
  void await_resume() { throw_if_cancelled(); }

 private:
  Queue& queue_;
};

}  // namespace cochain
