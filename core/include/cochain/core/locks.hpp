// Lock, Event and Semaphore: first come, first served, and no wake-up lost to a cancellation.
//
// All three hand over: who releases gives the lock or permit to the first waiter at once, so
// nobody who comes later can take it, and a waiter that is cancelled or destroyed after that
// passes it on.
#pragma once

#include <cstddef>
#include <utility>

#include "cochain/core/task.hpp"

namespace cochain {

/// A counter of permits.
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
  std::size_t free_;  // is 0 whenever somebody waits
  detail::ListNode waiters_;
};

class Semaphore::Acquire final : public Waiter {
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

/// Mutual exclusion between tasks across suspensions.
/// Shape:  `auto held = co_await lock.scoped();`, or acquire() and release().
/// Errors: release() of a free lock throws InvalidStateError.
class Lock {
 public:
  Lock() noexcept : semaphore_(1) {}
  [[nodiscard]] Semaphore::Acquire acquire() noexcept { return semaphore_.acquire(); }
  [[nodiscard]] Semaphore::AcquirePermit scoped() noexcept { return semaphore_.scoped(); }
  void release();
  [[nodiscard]] bool locked() const noexcept { return semaphore_.locked(); }

 private:
  Semaphore semaphore_;
};

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
