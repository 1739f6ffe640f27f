// Sleeping, and the bookkeeping of deadlines.

#include "cochain/core/timeouts.hpp"

namespace cochain {
namespace {

/// A wait that ends at a deadline.
class Sleep final : public Waiter, private Timer {
 public:
  Sleep(EventLoop& loop, TimePoint deadline) noexcept : loop_(loop), deadline_(deadline) {}
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    loop_.arm(*this, deadline_);
    suspend(frame);
  }
  void await_resume() {
    disarm();
    throw_if_cancelled();
  }

 private:
  void fire() noexcept override { wake(); }

  EventLoop& loop_;
  TimePoint deadline_;
};

}  // namespace

Coro<> sleep(Duration delay) {
  if (delay <= Duration::zero()) {
    co_await detail::Yield();
  } else {
    EventLoop& loop = EventLoop::current();
    co_await Sleep(loop, deadline_after(loop.time(), delay));
  }
}

Coro<> sleep_until(TimePoint when) {
  EventLoop& loop = EventLoop::current();
  if (when <= loop.time()) {
    co_await detail::Yield();
  } else {
    co_await Sleep(loop, when);
  }
}

Timeout::Timeout(std::optional<TimePoint> when)
    : task_(current_task()), loop_(EventLoop::current()), requests_at_entry_(0) {
  if (!task_) throw InvalidStateError("a timeout needs a task; it was entered in a callback");
  requests_at_entry_ = task_.cancelling();
  reschedule(when);
}

Timeout::~Timeout() { (void)leave(); }

void Timeout::reschedule(std::optional<TimePoint> when) {
  if (state_ != State::kActive) {
    throw InvalidStateError(state_ == State::kLeft ? "this timeout was left"
                                                   : "this timeout has fired");
  }
  when_ = when;
  disarm();
  loop_.forget_ready(*this);
  if (!when) return;
  if (*when <= loop_.time()) {
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
