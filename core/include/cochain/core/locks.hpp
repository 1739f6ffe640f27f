// Lock, Event, Semaphore, BoundedSemaphore: first come, first served, and no wake-up lost to a
// cancellation.
//
// Locks and semaphores hand over: who releases gives the lock or permit to the first waiter at
// once, so nobody who comes later can take it, and a waiter that is cancelled or destroyed after
// that passes it on.
#pragma once

#include <cstddef>
#include <limits>
#include <utility>

#include "cochain/core/task.hpp"

namespace cochain {

/// A counter of permits.
/// Units:    `permits` that are free at the start; a negative number cannot be expressed.
/// Suspends: acquire() until a permit is free; cancellable; FIFO.
/// Lives:    longer than everyone who waits for it.
/// Threads:  the loop's; it orders tasks, not threads.
class Semaphore {
 public:
  explicit Semaphore(std::size_t permits) noexcept : free_(permits) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  class Acquire;
  /// `co_await semaphore.acquire();` and later exactly one release().
  [[nodiscard]] Acquire acquire() noexcept;
  /// Takes a permit if one is free and nobody waits for it.
  [[nodiscard]] bool try_acquire() noexcept;
  /// Gives a permit to the first waiter, or back.
  void release() noexcept;
  /// True if acquire() would suspend.
  [[nodiscard]] bool locked() const noexcept { return free_ == 0; }

  class Permit;
  class AcquirePermit;
  /// `auto permit = co_await semaphore.scoped();` releases at the end of the scope.
  [[nodiscard]] AcquirePermit scoped() noexcept;

 private:
  friend class BoundedSemaphore;
  friend class Lock;
  Semaphore(std::size_t permits, std::size_t permits_max) noexcept
      : free_(permits), permits_max_(permits_max) {}

  std::size_t free_;  // is 0 whenever somebody waits
  std::size_t permits_max_ = std::numeric_limits<std::size_t>::max();
  detail::ListNode waiters_;
};

class Semaphore::Acquire : public Waiter {
 public:
  explicit Acquire(Semaphore& semaphore) noexcept : semaphore_(semaphore) {}
  Acquire(Acquire&&) noexcept = default;
  ~Acquire() override {
    if (granted_) semaphore_.release();  // given, but its task never came to take it
  }
  bool await_ready() const noexcept { return semaphore_.try_acquire(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(semaphore_.waiters_);
    suspend(frame);
  }
  void await_resume() {
    const bool cancelled = finish();
    const bool granted = std::exchange(granted_, false);
    if (!cancelled) return;
    if (granted) semaphore_.release();
    throw_cancelled();
  }

 protected:
  /// Ends the wait with the permit taken; true if the task was cancelled meanwhile.
  bool take() noexcept {
    granted_ = false;
    return finish();
  }

 private:
  friend class Semaphore;
  Semaphore& semaphore_;
  bool granted_ = false;
};

/// Holds one permit and gives it back at the end of its life.
class [[nodiscard]] Semaphore::Permit {
 public:
  explicit Permit(Semaphore& semaphore) noexcept : semaphore_(&semaphore) {}
  Permit(Permit&& other) noexcept : semaphore_(std::exchange(other.semaphore_, nullptr)) {}
  Permit& operator=(Permit&& other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    return *this;
  }
  ~Permit() {
    if (semaphore_) semaphore_->release();
  }

 private:
  Semaphore* semaphore_;
};

class Semaphore::AcquirePermit {
 public:
  explicit AcquirePermit(Semaphore& semaphore) noexcept
      : semaphore_(semaphore), acquire_(semaphore) {}
  bool await_ready() const noexcept { return acquire_.await_ready(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    acquire_.await_suspend(frame);
  }
  Permit await_resume() {
    acquire_.await_resume();
    return Permit(semaphore_);
  }

 private:
  Semaphore& semaphore_;
  Acquire acquire_;
};

inline Semaphore::Acquire Semaphore::acquire() noexcept { return Acquire(*this); }
inline Semaphore::AcquirePermit Semaphore::scoped() noexcept { return AcquirePermit(*this); }
inline bool Semaphore::try_acquire() noexcept {
  if (free_ == 0) return false;
  --free_;
  return true;
}

/// A semaphore that never has more free permits than it began with: for permits that are acquired
/// and released one by one, where one release() too many is a bug that would let too many in.
/// Suspends: as Semaphore.
/// Errors:   a release() too many throws InvalidStateError and changes nothing.
class BoundedSemaphore {
 public:
  explicit BoundedSemaphore(std::size_t permits) noexcept : semaphore_(permits, permits) {}
  [[nodiscard]] Semaphore::Acquire acquire() noexcept { return semaphore_.acquire(); }
  [[nodiscard]] bool try_acquire() noexcept { return semaphore_.try_acquire(); }
  void release();
  [[nodiscard]] bool locked() const noexcept { return semaphore_.locked(); }
  [[nodiscard]] Semaphore::AcquirePermit scoped() noexcept { return semaphore_.scoped(); }

 private:
  Semaphore semaphore_;
};

/// Mutual exclusion between tasks across suspensions.
/// Shape:    `auto held = co_await lock.scoped();`, or acquire() and release().
/// Suspends: acquire() and scoped() until the lock is free; cancellable; FIFO.
/// Lives:    longer than everyone who waits for it.
/// Errors:   release() of a free lock throws InvalidStateError.
class Lock {
 public:
  Lock() noexcept : semaphore_(1, 1) {}
  [[nodiscard]] Semaphore::Acquire acquire() noexcept { return semaphore_.acquire(); }
  void release();
  [[nodiscard]] bool locked() const noexcept { return semaphore_.locked(); }

  class Held;
  class AcquireHeld;
  /// `auto held = co_await lock.scoped();` releases at the end of the scope.
  [[nodiscard]] AcquireHeld scoped() noexcept;

  // For Condition.
  class Lent;
  class Reacquire;

 private:
  Semaphore semaphore_;
  Held* holder_ = nullptr;  // the guard of who holds the lock; null if acquire() took it
};

/// Holds a lock and releases it at the end of its life, if it still has it: Condition::wait()
/// borrows the lock from here, and a task that is destroyed in there does not give it back.
class [[nodiscard]] Lock::Held {
 public:
  explicit Held(Lock& lock) noexcept : lock_(&lock) { lock.holder_ = this; }
  Held(Held&& other) noexcept { swap(other); }
  Held& operator=(Held&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Held();

 private:
  friend class Lock;
  void swap(Held& other) noexcept;
  void tell_others() noexcept;

  Lock* lock_ = nullptr;     // null while it does not have the lock
  Lent* lent_to_ = nullptr;  // the wait that gives the lock back to this guard
};

class Lock::AcquireHeld {
 public:
  explicit AcquireHeld(Lock& lock) noexcept : lock_(lock), acquire_(lock.acquire()) {}
  bool await_ready() const noexcept { return acquire_.await_ready(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    acquire_.await_suspend(frame);
  }
  Held await_resume() {
    acquire_.await_resume();
    return Held(lock_);
  }

 private:
  Lock& lock_;
  Semaphore::Acquire acquire_;
};

/// A lock that its holder gave up for as long as it waits for something else.
class Lock::Lent {
 public:
  explicit Lent(Lock& lock) noexcept;
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  /// Without take_back(), the guard stays empty-handed.
  ~Lent();
  /// The lock was acquired again: the guard that had it has it.
  void take_back() noexcept;

 private:
  friend class Held;
  Lock& lock_;
  Held* guard_;  // null if there was none, or if it is gone
};

/// Acquires a lock whatever happens: a cancellation does not end the wait and does not lose its
/// place in the queue. `const bool cancelled = co_await reacquire;`
class Lock::Reacquire final : public Semaphore::Acquire {
 public:
  explicit Reacquire(Lock& lock) noexcept : Acquire(lock.semaphore_) {}
  bool request_cancel(const std::string&) noexcept override { return false; }  // finish() tells
  bool await_resume() noexcept { return take(); }
};

inline Lock::AcquireHeld Lock::scoped() noexcept { return AcquireHeld(*this); }
inline Lock::Held::~Held() {
  if (lent_to_) lent_to_->guard_ = nullptr;
  if (!lock_) return;
  lock_->holder_ = nullptr;
  lock_->semaphore_.release();
}

/// A flag that tasks can wait for.
/// Suspends: wait() until the flag is set; cancellable. set() wakes all who wait at that moment,
///           in the order in which they came, even if clear() follows before they run.
class Event {
 public:
  Event() noexcept = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  class Wait;
  [[nodiscard]] Wait wait() noexcept;
  void set() noexcept;
  void clear() noexcept { set_ = false; }
  [[nodiscard]] bool is_set() const noexcept { return set_; }

 private:
  bool set_ = false;
  detail::ListNode waiters_;
};

class Event::Wait final : public Waiter {
 public:
  explicit Wait(Event& event) noexcept : event_(event) {}
  Wait(Wait&&) noexcept = default;
  bool await_ready() const noexcept { return event_.set_; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(event_.waiters_);
    suspend(frame);
  }
  void await_resume() { throw_if_cancelled(); }

 private:
  Event& event_;
};

inline Event::Wait Event::wait() noexcept { return Wait(*this); }

}  // namespace cochain
