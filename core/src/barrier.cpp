// How a barrier fills, drains and breaks.
//
// Who is inside stays counted until it has left wait(), because only then the next round may fill.
// So the state that a woken task finds is the one that concerns its own round.

#include "cochain/core/barrier.hpp"

#include <stdexcept>
#include <utility>

namespace cochain {

Barrier::Barrier(std::size_t parties) : parties_(parties) {
  if (parties == 0) throw std::invalid_argument("a Barrier needs at least one party");
}

/// True if `last` need not suspend: the barrier is broken, or the round is complete with it.
bool Barrier::arrive(Wait& last) noexcept {
  if (state_ == State::kBroken) {
    last.refused_ = true;
    return true;
  }
  if (state_ != State::kFilling || inside_ + 1 < parties_) return false;
  last.index_ = inside_;
  open();
  return true;
}

void Barrier::enter(Wait& waiter) noexcept {
  if (state_ != State::kFilling) {
    waiter.link_before(outside_);
    return;
  }
  waiter.inside_ = true;
  waiter.unlink();
  waiter.link_before(waiters_);
  if (++inside_ < parties_) return;
  // Complete, with one that waited outside: it goes first, as the last one always does.
  waiter.index_ = inside_ - 1;
  waiter.wake();
  open();
}

void Barrier::open() noexcept {
  if (inside_ > 0) state_ = State::kDraining;
  // Numbered now and not on arrival, so that the numbers have no gap if somebody gave up.
  for (std::size_t index = 0; waiters_.linked(); ++index) {
    auto& first = static_cast<Wait&>(*waiters_.next());
    first.index_ = index;
    first.wake();
  }
}

void Barrier::leave() noexcept {
  if (--inside_ > 0 || state_ == State::kFilling || state_ == State::kBroken) return;
  state_ = State::kFilling;
  while (state_ == State::kFilling && outside_.linked()) {
    enter(static_cast<Wait&>(*outside_.next()));
  }
}

void Barrier::reset() noexcept {
  state_ = inside_ > 0 ? State::kResetting : State::kFilling;
  while (waiters_.linked()) static_cast<Wait&>(*waiters_.next()).wake();
}

void Barrier::abort() noexcept {
  state_ = State::kBroken;
  while (waiters_.linked()) static_cast<Wait&>(*waiters_.next()).wake();
  while (outside_.linked()) {
    auto& first = static_cast<Wait&>(*outside_.next());
    first.refused_ = true;
    first.wake();
  }
}

std::size_t Barrier::Wait::await_resume() {
  const bool cancelled = finish();
  const State state = barrier_.state_;
  const bool was_inside = inside_;
  leave();
  if (cancelled) throw_cancelled();
  if (std::exchange(refused_, false)) throw BrokenBarrierError("the barrier is aborted");
  if (was_inside && state != State::kDraining) {
    throw BrokenBarrierError("the barrier was reset or aborted while a task waited");
  }
  return index_;
}

bool Barrier::Wait::request_cancel(const std::string& message) noexcept {
  leave();  // now, not when the task runs: the round must not be completed by who has given up
  return Waiter::request_cancel(message);
}

void Barrier::Wait::leave() noexcept {
  unlink();
  if (std::exchange(inside_, false)) barrier_.leave();
}

}  // namespace cochain
