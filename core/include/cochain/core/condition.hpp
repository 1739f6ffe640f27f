// Condition: tasks that share a lock wait until another says that something has changed.
//
// A wake-up is never lost: a notified task that is cancelled or destroyed before it could use the
// notification passes it on. A task that is destroyed inside wait() does not hold the lock, and
// its guard knows that: take the lock with scoped().
#pragma once

#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include "cochain/core/locks.hpp"

namespace cochain {

/// A lock, and a place where its holder waits for a change.
/// Shape:    `auto held = co_await condition.scoped();` then `co_await condition.wait_for(ready);`
///           and, where the change is made and also under the lock, `condition.notify();`
/// Suspends: wait() gives the lock up until notify() chooses this task, FIFO, and takes it again
///           before it returns. A cancellation ends the wait, but not the taking of the lock,
///           however often it is repeated: CancelledError is thrown, once, under the lock.
/// Lives:    the Condition, and a lock that it was given, longer than everyone who waits.
/// Errors:   InvalidStateError from wait() and notify() if nobody holds the lock.
class Condition {
 public:
  /// With a lock of its own.
  Condition() noexcept : lock_(&own_) {}
  /// With a lock that others use, too, such as another Condition.
  explicit Condition(Lock& lock) noexcept : lock_(&lock) {}
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  [[nodiscard]] Semaphore::Acquire acquire() noexcept { return lock_->acquire(); }
  [[nodiscard]] Lock::AcquireHeld scoped() noexcept { return lock_->scoped(); }
  void release() { lock_->release(); }
  [[nodiscard]] bool locked() const noexcept { return lock_->locked(); }

  /// Waits for a notification. What it announced may be gone again: prefer wait_for().
  Coro<> wait();
  /// Waits until `predicate()` is true, and gives what it returned; asks it under the lock, and
  /// does not wait if it is true already.
  template <class Predicate>
  Coro<std::decay_t<std::invoke_result_t<Predicate&>>> wait_for(Predicate predicate) {
    auto result = predicate();
    while (!result) {
      co_await wait();
      result = predicate();
    }
    co_return result;
  }

  /// Wakes up to `count` tasks, those first that wait longest. They go on, in this order, once the
  /// notifier has released the lock.
  void notify(std::size_t count = 1);
  void notify_all() { notify(std::numeric_limits<std::size_t>::max()); }

 private:
  class Notified;
  void require_lock(const char* operation) const;
  void wake(std::size_t count) noexcept;

  Lock own_;
  Lock* lock_;
  detail::ListNode waiters_;
};

}  // namespace cochain
