// Sleeping, and the bookkeeping of deadlines.

#include "cochain/core/timeouts.hpp"

namespace cochain {
namespace {

Coro<> sleep_in_a_coro(Sleep sleep) { co_await sleep; }

}  // namespace

Sleep::operator Coro<>() && { return sleep_in_a_coro(std::move(*this)); }

void Sleep::begin() {
  EventLoop& loop = task()->loop();
  if (until_ ? *until_ <= loop.time() : delay_ <= Duration::zero()) {
    wake();
  } else {
    loop.arm(*this, until_ ? *until_ : deadline_after(loop.time(), delay_));
  }
}

Timeout::Timeout(std::optional<TimePoint> when) : Timeout() {
  if (when) set(when, loop_.time());
}

Timeout::Timeout(Duration delay) : Timeout() {
  const TimePoint now = loop_.time();
  set(deadline_after(now, delay), now);
}

Timeout::Timeout() : task_(current_task()), loop_(EventLoop::current()), requests_at_entry_(0) {
  if (!task_) throw InvalidStateError("a timeout needs a task; it was entered in a callback");
  requests_at_entry_ = task_.cancelling();
}

Timeout::~Timeout() { (void)leave(); }

void Timeout::reschedule(std::optional<TimePoint> when) {
  if (state_ != State::kActive) {
    throw InvalidStateError(state_ == State::kLeft ? "this timeout was left"
                                                   : "this timeout has fired");
  }
  disarm();
  loop_.forget_ready(*this);
  set(when, loop_.time());
}

void Timeout::set(std::optional<TimePoint> when, TimePoint now) {
  when_ = when;
  if (!when) return;
  if (*when <= now) {
    fire();  // ahead of the body's next suspension, even if that is only for one pass
  } else {
    loop_.arm(*this, *when);
  }
}

void Timeout::fire() noexcept { loop_.make_ready(*this); }

void Timeout::run() noexcept {
  state_ = State::kExpiring;
  task_.cancel();
}

bool Timeout::leave() noexcept {
  disarm();
  loop_.forget_ready(*this);
  if (state_ == State::kExpiring) {
    state_ = State::kExpired;
    return task_.uncancel() <= requests_at_entry_;
  }
  if (state_ == State::kActive) state_ = State::kLeft;
  return false;
}

}  // namespace cochain
