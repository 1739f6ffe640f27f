// run_coroutine_threadsafe(): from an ordinary thread into the loop of another one, and back.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "cochain/core/event_loop.hpp"
#include "cochain/core/outcome.hpp"

namespace cochain {

namespace detail {

/// The part of a ConcurrentFuture that does not depend on its result; shared by both threads.
class ConcurrentState : public std::enable_shared_from_this<ConcurrentState> {
 public:
  explicit ConcurrentState(EventLoop& loop);
  virtual ~ConcurrentState();
  ConcurrentState(const ConcurrentState&) = delete;
  ConcurrentState& operator=(const ConcurrentState&) = delete;

  // The loop's thread.
  void started(const AnyTask& task);
  void settle(std::exception_ptr error) noexcept;

  // Any thread.
  bool cancel();
  [[nodiscard]] bool done() const;
  [[nodiscard]] bool cancelled() const;
  /// Blocks until it is done; false if that takes longer than `limit`.
  bool wait(std::optional<Duration> limit) const;
  [[nodiscard]] std::exception_ptr error() const;

 private:
  class Shared;
  std::unique_ptr<Shared> shared_;
};

template <class T>
class ConcurrentResult final : public ConcurrentState {
 public:
  using ConcurrentState::ConcurrentState;
  std::optional<void_to_unit_t<T>> value;  // set before settle()
};

/// Settles a future whose task never gets to its end: it is cancelled before its first step, or
/// destroyed with its loop. A parameter of the coroutine, because those exist before the body runs.
class SettleAtEnd {
 public:
  explicit SettleAtEnd(std::shared_ptr<ConcurrentState> state) noexcept
      : state_(std::move(state)) {}
  SettleAtEnd(SettleAtEnd&&) noexcept = default;
  SettleAtEnd& operator=(SettleAtEnd&&) = delete;
  ~SettleAtEnd() {
    if (state_ && !state_->done()) state_->settle(std::make_exception_ptr(CancelledError()));
  }

 private:
  std::shared_ptr<ConcurrentState> state_;
};

template <class T>
Coro<> run_for_thread(Coro<T> coro, std::shared_ptr<ConcurrentResult<T>> result, SettleAtEnd) {
  std::exception_ptr error;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(coro);
      result->value.emplace();
    } else {
      result->value.emplace(co_await std::move(coro));
    }
  } catch (...) {
    error = std::current_exception();
  }
  result->settle(error);
  if (is_cancelled_error(error)) std::rethrow_exception(error);
}

/// A call that will start the coroutine; settles the future if it is dropped instead.
template <class T>
class ThreadsafeStart {
 public:
  ThreadsafeStart(Coro<T> coro, std::shared_ptr<ConcurrentResult<T>> result)
      : coro_(std::move(coro)), result_(std::move(result)) {}
  ThreadsafeStart(const ThreadsafeStart&) = delete;
  ThreadsafeStart& operator=(const ThreadsafeStart&) = delete;
  ~ThreadsafeStart() {
    if (!coro_.valid()) return;
    coro_.close();
    result_->settle(std::make_exception_ptr(
        InvalidStateError("the event loop ended before it ran this coroutine")));
  }
  void start() {
    Coro<> body = run_for_thread<T>(std::move(coro_), result_, SettleAtEnd(result_));
    const Task<> task = EventLoop::current().create_task(std::move(body));
    result_->started(task);
  }

 private:
  Coro<T> coro_;
  std::shared_ptr<ConcurrentResult<T>> result_;
};

}  // namespace detail

/// The result of a coroutine that runs on another thread's loop. Copies name the same one.
/// Threads: any but the loop's own, whose thread would wait for itself.
template <class T = void>
class ConcurrentFuture {
 public:
  explicit ConcurrentFuture(std::shared_ptr<detail::ConcurrentResult<T>> state) noexcept
      : state_(std::move(state)) {}

  /// Blocks the thread until the coroutine is done, and moves its result out.
  /// Errors: what it throws; TimeoutError after `limit`, which cancels nothing; InvalidStateError
  ///         on the loop's own thread, and where the loop ended without running it.
  T result(std::optional<Duration> limit = std::nullopt) const {
    if (!state_->wait(limit)) throw TimeoutError();
    if (std::exception_ptr error = state_->error()) std::rethrow_exception(std::move(error));
    if constexpr (!std::is_void_v<T>) return std::move(*state_->value);
  }
  /// Cancels the task on its loop, soon; false if it is done already.
  bool cancel() const { return state_->cancel(); }
  [[nodiscard]] bool done() const { return state_->done(); }
  [[nodiscard]] bool cancelled() const { return state_->cancelled(); }

 private:
  std::shared_ptr<detail::ConcurrentResult<T>> state_;
};

/// Gives `coro` to `loop`, which runs on another thread.
/// Threads: any. The loop must not end during the call; afterwards it may.
/// Errors:  InvalidStateError for an empty Coro. A loop that has no time for it any more settles
///          the future with an InvalidStateError.
template <class T>
ConcurrentFuture<T> run_coroutine_threadsafe(Coro<T> coro, EventLoop& loop) {
  if (!coro.valid()) throw InvalidStateError("run_coroutine_threadsafe() got an empty Coro");
  auto result = std::make_shared<detail::ConcurrentResult<T>>(loop);
  auto start = std::make_shared<detail::ThreadsafeStart<T>>(std::move(coro), result);
  loop.call_soon_threadsafe([start = std::move(start)] { start->start(); });
  return ConcurrentFuture<T>(std::move(result));
}

}  // namespace cochain
