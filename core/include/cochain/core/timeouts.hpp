// Time in tasks: sleep(), timeout() and wait_for().
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cochain/core/event_loop.hpp"

namespace cochain {

/// What sleep() gives: the time begins when it is awaited. Where a Coro is asked for, it is one.
class [[nodiscard("a sleep takes no time until it is awaited")]] Sleep final : public Waiter,
                                                                               private Timer {
 public:
  explicit Sleep(Duration delay) noexcept : delay_(delay) {}
  explicit Sleep(TimePoint until) noexcept : until_(until) {}
  Sleep(Sleep&& other) noexcept
      : Waiter(std::move(other)), delay_(other.delay_), until_(other.until_) {}
  operator Coro<>() &&;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(frame);
    begin();
  }
  void await_resume() {
    disarm();
    throw_if_cancelled();
  }

 private:
  void begin();
  void fire() noexcept override { wake(); }

  Duration delay_{};
  std::optional<TimePoint> until_;
};

/// Suspends the task for `delay`; others run meanwhile.
/// Units:    any chrono duration. Zero or less gives way for exactly one pass of the loop.
/// Suspends: always; cancellable, and its timer goes with it.
inline Sleep sleep(Duration delay) { return Sleep(delay); }

/// Suspends until the loop's clock shows `when`; a past moment gives way for one pass.
inline Sleep sleep_until(TimePoint when) { return Sleep(when); }

/// The deadline of a timeout() scope, as its body sees it.
/// It cancels the task when the deadline passes, and knows its own request from a foreign one by
/// the task's count of requests.
class Timeout final : private Timer, private detail::ReadyItem {
 public:
  explicit Timeout(std::optional<TimePoint> when);
  /// Fires `delay` after this moment.
  explicit Timeout(Duration delay);
  ~Timeout();
  /// When it fires; nothing means never.
  [[nodiscard]] std::optional<TimePoint> when() const noexcept { return when_; }
  /// Moves the deadline, as long as it has not fired.
  /// Errors: InvalidStateError afterwards.
  void reschedule(std::optional<TimePoint> when);
  /// True once the deadline passed while the body was suspended.
  [[nodiscard]] bool expired() const noexcept {
    return state_ == State::kExpiring || state_ == State::kExpired;
  }

  /// Ends the scope. True if the CancelledError that leaves it is this timeout's own.
  [[nodiscard]] bool leave() noexcept;

 private:
  enum class State { kActive, kExpiring, kExpired, kLeft };
  Timeout();
  void fire() noexcept override;  // queues behind what was ready first: that may end the scope
  void run() noexcept override;
  void set(std::optional<TimePoint> when, TimePoint now);
  [[nodiscard]] std::string what() const override { return "a timeout"; }

  AnyTask task_;
  EventLoop& loop_;
  int requests_at_entry_;
  std::optional<TimePoint> when_;
  State state_ = State::kActive;
};

namespace detail {

template <class Body>
using scope_result_t = await_result_t<std::invoke_result_t<Body&, Timeout&>>;

/// `limit` is a Duration from the first step on, or a moment.
template <class Limit, class Body>
Coro<scope_result_t<Body>> run_in_timeout(Limit limit, Body body) {
  Timeout scope(limit);
  try {
    auto running = body(scope);
    if constexpr (std::is_void_v<scope_result_t<Body>>) {
      co_await std::move(running);
      (void)scope.leave();
    } else {
      auto result = co_await std::move(running);
      (void)scope.leave();
      co_return result;
    }
  } catch (const CancelledError&) {
    if (scope.leave()) throw TimeoutError();
    throw;
  }
}

}  // namespace detail

/// Runs `body(Timeout&)` with a deadline: `co_await timeout(5s, [&](Timeout&) -> Coro<> {...});`
/// Units:    the time begins when it is awaited.
/// Suspends: as the body does. A deadline in the past fires at the body's first suspension; a
///           body that ends without suspending is not timed out.
/// Lives:    the callable lives until the await is over, so a `[&]` lambda is safe here.
/// Errors:   TimeoutError in place of the CancelledError that the deadline caused. Any other
///           exception, and a foreign cancellation, pass through.
template <class Body>
Coro<detail::scope_result_t<Body>> timeout(Duration delay, Body body) {
  return detail::run_in_timeout(delay, std::move(body));
}
/// The same up to a moment; nothing means that it never fires.
template <class Body>
Coro<detail::scope_result_t<Body>> timeout_at(std::optional<TimePoint> when, Body body) {
  return detail::run_in_timeout(when, std::move(body));
}

/// Awaits one operation with a deadline, in the same task: `co_await wait_for(queue.get(), 1s)`.
/// Suspends: until the operation is over. After the deadline it is cancelled and waited for; if it
///           refuses to stop, its result counts. A delay of zero or less never starts it.
/// Errors:   TimeoutError; whatever the operation throws.
template <class T>
Coro<T> wait_for(Coro<T> coro, Duration delay) {
  if (delay <= Duration::zero()) {
    coro.close();
    throw TimeoutError();
  }
  Timeout scope(delay);
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(coro);
      (void)scope.leave();
    } else {
      auto result = co_await std::move(coro);
      (void)scope.leave();
      co_return result;
    }
  } catch (const CancelledError&) {
    if (scope.leave()) throw TimeoutError();
    throw;
  }
}
template <Awaitable A>
Coro<await_result_t<A>> wait_for(A awaitable, Duration delay) {
  return wait_for(ensure_coro(std::move(awaitable)), delay);
}

namespace detail {

template <class F>
Coro<typename F::value_type> wait_for_future(F future, Duration delay) {
  if (delay > Duration::zero()) {
    Coro<typename F::value_type> waiting = wait_for(ensure_coro<F>(future), delay);
    co_return co_await std::move(waiting);
  }
  if (future.done()) co_return future.result();
  const int requests = current_task().cancelling();
  future.cancel();
  try {
    co_return co_await future;
  } catch (const CancelledError&) {
    if (current_task().cancelling() != requests) throw;
    throw TimeoutError();
  }
}

}  // namespace detail

/// A task or future is cancelled when the deadline passes; with a delay of zero or less, at once,
/// if it is not done.
template <class T>
Coro<T> wait_for(Task<T> task, Duration delay) {
  return detail::wait_for_future(std::move(task), delay);
}
template <class T>
Coro<T> wait_for(Future<T> future, Duration delay) {
  return detail::wait_for_future(std::move(future), delay);
}

}  // namespace cochain
