// Waiter, the one way in which a task suspends, and the lists and queues in which waiters stand.
#pragma once

#include <coroutine>
#include <cstdint>
#include <string>

#include "cochain/core/coro.hpp"

namespace cochain {

namespace detail {

class TaskBase;
class TaskLayout;

/// A member of a circular list that leaves it when destroyed, without knowing the list.
class ListNode {
 public:
  constexpr ListNode() noexcept : previous_(this), next_(this) {}
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return next_ != this; }
  [[nodiscard]] ListNode* next() const noexcept { return next_; }
  void link_before(ListNode& place) noexcept {
    previous_ = place.previous_;
    next_ = &place;
    previous_->next_ = this;
    place.previous_ = this;
  }
  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  friend class TaskLayout;
  ListNode* previous_;
  ListNode* next_;
};

/// Something that the loop runs once, on its next pass. It leaves the ring when destroyed.
class ReadyItem {
 public:
  virtual void run() noexcept = 0;
  /// What it is, for a report about an item that ran for too long.
  [[nodiscard]] virtual std::string what() const = 0;
  [[nodiscard]] bool queued() const noexcept { return position >= 0; }
  std::int64_t position = -1;  // in the ready ring; -1 outside

 protected:
  ~ReadyItem() = default;
};

}  // namespace detail

/// A suspended task at the place where it waits: the base of every operation that suspends.
/// A derived operation is an awaiter whose await_suspend() calls suspend(), whose waker calls
/// wake(), and whose await_resume() asks finish() whether it was cancelled.
/// Lives: inside the frame of the awaiting coroutine. Destroying it takes it out of its list.
class Waiter : public detail::ListNode {
 public:
  Waiter() noexcept = default;
  /// Operations may be moved until they are awaited.
  Waiter(Waiter&& other) noexcept;
  Waiter& operator=(Waiter&&) = delete;

  /// Resumes the task on the next pass, in the order of such calls.
  void wake() noexcept;

  /// A cancellation: true if this wait ends now, or will end because of it. The default leaves
  /// the list and wakes the task.
  virtual bool request_cancel(const std::string& message) noexcept;

 protected:
  virtual ~Waiter();

  template <class Promise>
  void suspend(std::coroutine_handle<Promise> frame) {
    suspend_in(*frame.promise().execution);
  }
  void suspend_in(detail::Execution& execution);
  /// True if the task was cancelled here: clean up, then throw_cancelled().
  [[nodiscard]] bool finish() noexcept;
  [[noreturn]] void throw_cancelled() const;
  void throw_if_cancelled() {
    if (finish()) throw_cancelled();
  }
  [[nodiscard]] detail::TaskBase* task() const noexcept { return task_; }
  /// Where the task stands while it waits here; null is there before and afterwards.
  [[nodiscard]] detail::TaskBase* const* task_place() const noexcept { return &task_; }

 private:
  friend class detail::TaskBase;

  detail::TaskBase* task_ = nullptr;  // whose waiting_ is this one, from suspend() to finish()
  bool woken_ = false;
  bool cancelled_ = false;
};

namespace detail {

template <class Promise>
Execution& execution_of(std::coroutine_handle<Promise> frame) noexcept {
  return *frame.promise().execution;
}

}  // namespace detail

}  // namespace cochain
