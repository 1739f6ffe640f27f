// wait(), as_completed() and shield(): tasks that go on whatever becomes of who waits for them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cochain/core/gather.hpp"
#include "cochain/core/many_waiter.hpp"
#include "cochain/core/stream.hpp"

namespace cochain {

/// When wait() returns.
enum class ReturnWhen : std::uint8_t {
  kFirstCompleted,  ///< one is done, in whatever way
  kFirstException,  ///< one failed, or all are done; one that was cancelled does not count
  kAllCompleted
};

/// How long wait() waits.
class WaitOptions {
 public:
  WaitOptions() = default;
  WaitOptions& return_when(ReturnWhen value) {
    return_when_ = value;
    return *this;
  }
  /// Returns after so long with what is done by then; that is no error.
  WaitOptions& timeout(Duration value) {
    timeout_ = value;
    return *this;
  }
  [[nodiscard]] ReturnWhen return_when() const noexcept { return return_when_; }
  [[nodiscard]] std::optional<TimePoint> deadline() const {
    if (!timeout_) return std::nullopt;
    return deadline_after(EventLoop::current().time(), *timeout_);
  }

 private:
  ReturnWhen return_when_ = ReturnWhen::kAllCompleted;
  std::optional<Duration> timeout_;
};

/// What wait() found: `auto [done, pending] = co_await wait(tasks);`, each in the order given.
template <class F>
class WaitResult {
 public:
  WaitResult() = default;
  std::vector<F> done;
  std::vector<F> pending;
};

/// Waits for tasks or futures, and leaves them as they are.
/// Shape:    `wait(std::vector<Task<int>>)`, or of Future<T>, AnyTask, AnyFuture; one that is given
///           twice counts once. Coroutines are no tasks: create_task() them first.
/// Suspends: until enough are done or the time is over; not at all if they are done already.
///           Neither that nor a cancellation of the waiter cancels any of them.
/// Errors:   InvalidStateError for no tasks, empty handles and those of another loop. What the
///           tasks threw stays in them.
template <class F>
  requires std::derived_from<F, AnyFuture>
Coro<WaitResult<F>> wait(std::vector<F> futures, WaitOptions options = WaitOptions()) {
  if (futures.empty()) throw InvalidStateError("wait() was given nothing to wait for");
  std::vector<F> unique = detail::each_once(std::move(futures));
  detail::ManyWaiter::Until until = detail::ManyWaiter::Until::kAllDone;
  if (options.return_when() == ReturnWhen::kFirstCompleted) {
    until = detail::ManyWaiter::Until::kNextDone;
  } else if (options.return_when() == ReturnWhen::kFirstException) {
    until = detail::ManyWaiter::Until::kFirstException;
  }
  detail::ManyWaiter waiter(std::vector<AnyFuture>(unique.begin(), unique.end()), until,
                            detail::ManyWaiter::OnCancel::kLeaveThem, options.deadline());
  co_await waiter;
  WaitResult<F> result;
  for (F& future : unique) {
    (future.done() ? result.done : result.pending).push_back(std::move(future));
  }
  co_return result;
}

/// A Coro would be lost if the wait ended before it: make it a task.
template <class T>
void wait(std::vector<Coro<T>> coros, WaitOptions options = WaitOptions()) = delete;

namespace detail {

template <class F>
Stream<F> stream_as_completed(std::vector<F> futures, std::unique_ptr<ManyWaiter> waiter) {
  while (waiter->handed_out() < futures.size()) {
    co_await *waiter;
    const std::optional<std::size_t> next = waiter->next_done();
    if (!next) throw TimeoutError();
    co_yield F(futures[*next]);
  }
}

/// Waits for a future without ever cancelling it.
template <class T, class Owner>
class ShieldWaiter final : public JoinWaiter {
 public:
  explicit ShieldWaiter(Owner owner) noexcept
      : JoinWaiter(*owner.state()), owner_(std::move(owner)) {}
  ShieldWaiter(ShieldWaiter&&) = delete;
  bool await_ready() const noexcept { return owner_.done(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend_until_done(execution_of(frame));
  }
  T await_resume() {
    throw_if_cancelled();
    return owner_.state()->shared() ? owner_.result() : owner_.take_result();
  }
  bool request_cancel(const std::string& message) noexcept override {
    return Waiter::request_cancel(message);
  }

 private:
  Owner owner_;
};

template <class F>
Coro<typename F::value_type> await_shielded(F inner) {
  ShieldWaiter<typename F::value_type, F> waiter(std::move(inner));
  co_return co_await waiter;
}

}  // namespace detail

/// Tasks or futures in the order in which they get done; the very ones that were given.
/// Shape:    `while (auto task = co_await done.next()) use(task->result());`
/// Suspends: next() until one more is done. The order is noted from this call on, also while
///           nobody asks. Leaving the stream cancels none of them.
/// Errors:   TimeoutError from next() once `timeout` has passed since this call, if some are left.
template <FutureLike F>
Stream<F> as_completed(std::vector<F> futures, std::optional<Duration> timeout = std::nullopt) {
  std::vector<F> unique = detail::each_once(std::move(futures));
  std::optional<TimePoint> deadline;
  if (timeout) deadline = deadline_after(EventLoop::current().time(), *timeout);
  auto waiter = std::make_unique<detail::ManyWaiter>(
      std::vector<AnyFuture>(unique.begin(), unique.end()), detail::ManyWaiter::Until::kNextDone,
      detail::ManyWaiter::OnCancel::kLeaveThem, deadline);
  return detail::stream_as_completed(std::move(unique), std::move(waiter));
}
/// The same for coroutines, which become tasks now.
template <class T>
Stream<Task<T>> as_completed(std::vector<Coro<T>> coros,
                             std::optional<Duration> timeout = std::nullopt) {
  return as_completed(detail::start_all(coros), timeout);
}

/// Awaits `inner` so that cancelling the awaiting task does not cancel it.
/// Suspends: until `inner` is done. A cancellation ends the wait at once and leaves `inner`
///           running; its result, or an error that nobody else asks for, is then as that of any
///           task.
/// Errors:   what `inner` throws, its own CancelledError too.
template <FutureLike F>
Coro<typename F::value_type> shield(F inner) {
  if (!inner) throw InvalidStateError("shield() was given an empty handle");
  return detail::await_shielded(std::move(inner));
}
/// The same for a coroutine, which becomes a task now, not when it is awaited.
template <class T>
Coro<T> shield(Coro<T> inner) {
  return detail::await_shielded(create_task(std::move(inner)));
}

}  // namespace cochain
