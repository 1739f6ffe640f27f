// Barrier: a number of tasks wait for each other, then all go on.
#pragma once

#include <cstddef>

#include "cochain/core/task.hpp"

namespace cochain {

/// A point that `parties` tasks pass together, again and again.
/// Shape:    `const std::size_t index = co_await barrier.wait();`
/// Suspends: wait() until all parties are there; the last one goes through at once. Until everyone
///           of a round has left wait(), tasks of the next round queue outside, FIFO. A waiter that
///           is cancelled or destroyed is counted no longer, from that moment on, and the barrier
///           stays whole.
/// Lives:    longer than everyone who waits for it.
/// Errors:   std::invalid_argument for no parties. BrokenBarrierError from wait(): see reset() and
///           abort().
class Barrier {
 public:
  explicit Barrier(std::size_t parties);
  Barrier(const Barrier&) = delete;
  Barrier& operator=(const Barrier&) = delete;

  class Wait;
  /// Gives each task of a round another index from 0 to parties() - 1, in the order of arrival.
  [[nodiscard]] Wait wait() noexcept;

  /// Begins anew: who is inside gets BrokenBarrierError, also if it was let through but has not
  /// run yet; who comes later starts a new round. Takes effect at once, nothing is to be awaited.
  void reset() noexcept;
  /// Breaks the barrier: who waits, and whoever comes before the next reset(), gets
  /// BrokenBarrierError.
  void abort() noexcept;

  /// How many tasks make a round.
  [[nodiscard]] std::size_t parties() const noexcept { return parties_; }
  /// How many wait for the round to be complete.
  [[nodiscard]] std::size_t n_waiting() const noexcept {
    return state_ == State::kFilling ? inside_ : 0;
  }
  /// True from abort() to reset().
  [[nodiscard]] bool broken() const noexcept { return state_ == State::kBroken; }

 private:
  // kDraining, kResetting: the tasks inside were woken and have to leave before others come in.
  enum class State { kFilling, kDraining, kResetting, kBroken };

  bool arrive(Wait& last) noexcept;
  void enter(Wait& waiter) noexcept;
  void leave() noexcept;
  void open() noexcept;

  std::size_t parties_;
  std::size_t inside_ = 0;  // tasks that wait, or were woken and have not left
  State state_ = State::kFilling;
  detail::ListNode waiters_;  // inside, not woken
  detail::ListNode outside_;  // came while others were leaving
};

class Barrier::Wait final : public Waiter {
 public:
  explicit Wait(Barrier& barrier) noexcept : barrier_(barrier) {}
  Wait(Wait&&) noexcept = default;
  ~Wait() override { leave(); }
  bool await_ready() noexcept { return barrier_.arrive(*this); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    barrier_.enter(*this);
    suspend(frame);
  }
  std::size_t await_resume();
  bool request_cancel(const std::string& message) noexcept override;

 private:
  friend class Barrier;
  void leave() noexcept;

  Barrier& barrier_;
  std::size_t index_ = 0;
  bool inside_ = false;
  bool refused_ = false;  // by abort(), before it came in
};

inline Barrier::Wait Barrier::wait() noexcept { return Wait(*this); }

}  // namespace cochain
