// Blocking work beside the loop: thread pools, to_thread() and run_in_executor().
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cochain/core/event_loop.hpp"

namespace cochain {

/// Threads that run functions.
/// Threads: submit() from any thread. Destroying it runs what was submitted, then joins.
class ThreadPoolExecutor {
 public:
  /// Threads are started when work needs them, at most `threads_max`; 0 means as many as there are
  /// processors plus four, but no more than 32.
  explicit ThreadPoolExecutor(std::size_t threads_max = 0);
  ~ThreadPoolExecutor();
  ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
  ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;

  /// Runs `work` on some thread. It must not throw.
  /// Errors: InvalidStateError after shutdown(); std::system_error if no thread can be started.
  void submit(std::function<void()> work);
  /// Takes nothing new; waits for what was submitted.
  void shutdown();

 private:
  class State;
  std::unique_ptr<State> state_;
};

namespace detail {

/// A call on another thread and the task that waits for it, whichever of them lives longer.
class ThreadCall {
 public:
  virtual ~ThreadCall() = default;
  virtual void run() noexcept = 0;  // on the other thread

  Waiter* waiter = nullptr;  // loop's thread only; null once nobody waits any more
  bool finished = false;     // loop's thread only
};

template <class R>
class ThreadCallResult : public ThreadCall {
 public:
  R take() {
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<R>) return std::move(*value);
  }
  std::optional<void_to_unit_t<R>> value;
  std::exception_ptr error;
};

template <class F, class... A>
class BoundThreadCall final
    : public ThreadCallResult<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>> {
 public:
  using Result = std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>;
  BoundThreadCall(F fn, A... args)
      : fn_(std::move(fn)), args_(std::move(args)...), context_(copy_context()) {}

  void run() noexcept override {
    const Context::Entered entered(context_);
    try {
      if constexpr (std::is_void_v<Result>) {
        std::apply(std::move(fn_), std::move(args_));
        this->value.emplace();
      } else {
        this->value.emplace(std::apply(std::move(fn_), std::move(args_)));
      }
    } catch (...) {
      this->error = std::current_exception();
    }
  }

 private:
  F fn_;
  std::tuple<A...> args_;
  Context context_;
};

/// Suspends until a ThreadCall is finished. Cancelling it leaves the call running, unheard.
class ThreadCallWaiter final : public Waiter {
 public:
  ThreadCallWaiter(ThreadPoolExecutor& executor, std::shared_ptr<ThreadCall> call) noexcept
      : executor_(executor), call_(std::move(call)) {}
  ThreadCallWaiter(ThreadCallWaiter&&) = delete;
  ~ThreadCallWaiter() override { call_->waiter = nullptr; }
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    start();
    call_->waiter = this;
    suspend(frame);
  }
  void await_resume() {
    call_->waiter = nullptr;
    throw_if_cancelled();
  }

 private:
  void start();
  ThreadPoolExecutor& executor_;
  std::shared_ptr<ThreadCall> call_;
};

}  // namespace detail

/// The pool of the running loop, made when first asked for.
[[nodiscard]] ThreadPoolExecutor& default_executor();

/// Calls `fn(args...)` on a thread of `executor` and gives its result.
/// Suspends: until the function returns. Cancelling the await does not stop the thread; the result
///           is dropped.
/// Lives:    function and arguments are moved to the thread; pass values, not references.
/// Errors:   what the function throws.
template <class F, class... A>
Coro<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>> run_in_executor(
    ThreadPoolExecutor& executor, F fn, A... args) {
  auto call = std::make_shared<detail::BoundThreadCall<F, A...>>(std::move(fn), std::move(args)...);
  detail::ThreadCallWaiter waiter(executor, call);
  co_await waiter;
  co_return call->take();
}

/// Calls `fn(args...)` on a thread of the loop's default pool, with a copy of the context.
/// Suspends: as run_in_executor().
template <class F, class... A>
Coro<std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>> to_thread(F fn, A... args) {
  return run_in_executor(default_executor(), std::move(fn), std::move(args)...);
}

}  // namespace cochain
