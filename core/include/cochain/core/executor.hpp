// Blocking work beside the loop: thread pools, to_thread() and run_in_executor().
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "cochain/core/event_loop.hpp"

namespace cochain {

namespace detail {

class ThreadPool;

/// Work for a pool. It is handed from thread to thread, so that nobody is left holding it.
class PoolWork {
 public:
  virtual ~PoolWork() = default;
  /// On a thread of the pool.
  virtual void run(std::shared_ptr<PoolWork> self) noexcept = 0;
  /// In place of run(), on any thread: the pool was shut down and its queue dropped.
  virtual void drop(std::shared_ptr<PoolWork> self) noexcept = 0;

  std::stop_source stop{std::nostopstate};  // a state only where the work listens to it

 private:
  friend class ThreadPool;
  std::list<std::shared_ptr<PoolWork>>* queue_ = nullptr;  // guarded by the pool's mutex
  std::list<std::shared_ptr<PoolWork>>::iterator place_;
};

}  // namespace detail

/// How a ThreadPoolExecutor works.
class ExecutorOptions {
 public:
  ExecutorOptions() = default;
  /// 0 means as many as there are processors plus four, but no more than 32.
  ExecutorOptions& with_threads_max(std::size_t value) {
    threads_max = value;
    return *this;
  }
  /// How much work may wait for a thread; 0 takes only what a thread is free for.
  ExecutorOptions& with_queue_max(std::size_t value) {
    queue_max = value;
    return *this;
  }
  /// Threads are called "<name>-0", "<name>-1", ..., of which the system keeps 15 characters.
  ExecutorOptions& with_thread_name(std::string value) {
    thread_name = std::move(value);
    return *this;
  }

  std::size_t threads_max = 0;
  std::optional<std::size_t> queue_max;  // nothing: no bound
  std::string thread_name = "cochain";
};

/// Threads that run functions. They are started when work needs them.
/// Threads: every member from any thread, but what waits for the threads not from one of them.
/// Lives:   destroying it runs what was submitted, then joins.
class ThreadPoolExecutor {
 public:
  explicit ThreadPoolExecutor(std::size_t threads_max = 0);
  explicit ThreadPoolExecutor(ExecutorOptions options);
  ~ThreadPoolExecutor();
  ThreadPoolExecutor(const ThreadPoolExecutor&) = delete;
  ThreadPoolExecutor& operator=(const ThreadPoolExecutor&) = delete;

  /// Runs `work` on some thread. It must not throw. Never blocks: it may be called on a loop.
  /// Errors: QueueFull if the queue is full, or somebody waits for a place in it;
  ///         InvalidStateError after shutdown(); std::system_error if no thread can be started.
  void submit(std::function<void()> work);

  /// What becomes of work that no thread has begun when the executor is shut down.
  enum class Pending {
    kRun,     ///< it is run first
    kCancel,  ///< it is dropped; who awaits it gets a CancelledError
  };
  /// Takes nothing new; waits until the threads have ended.
  /// Errors: InvalidStateError on one of the threads.
  void shutdown(Pending pending = Pending::kRun);
  /// The same without waiting.
  void shutdown_nowait(Pending pending = Pending::kRun);
  /// After shutdown_nowait(): waits until the threads have ended; false if some have not in time.
  [[nodiscard]] bool join_for(std::chrono::nanoseconds limit);
  /// Asks all work, running or waiting, to stop: for functions that take a std::stop_token.
  void request_stop() noexcept;
  /// Drops what waits, and leaves threads that are busy to themselves: they end after their work.
  /// Nobody waits for them any more, so what they use has to live as long as they do.
  void abandon();

  /// Work that was taken and waits for a thread; never more than queue_max.
  [[nodiscard]] std::size_t queue_size() const;
  /// One line for each thread that works: its name, and for how long.
  [[nodiscard]] std::vector<std::string> busy_threads() const;

  /// For run_in_executor(): lives as long as somebody waits for an answer.
  [[nodiscard]] const std::shared_ptr<detail::ThreadPool>& pool() const noexcept { return pool_; }

 private:
  std::shared_ptr<detail::ThreadPool> pool_;
};

namespace detail {

/// A call on another thread and the task that waits for it, whichever of them lives longer. Once
/// it was made, it ends on the loop's thread: function, arguments and result are released there.
class ThreadCall : public PoolWork {
 public:
  void run(std::shared_ptr<PoolWork> self) noexcept final;
  void drop(std::shared_ptr<PoolWork> self) noexcept final;

 protected:
  virtual void call() noexcept = 0;  // on the other thread

 private:
  friend class ThreadCallWaiter;
  void answer(std::shared_ptr<PoolWork> self) noexcept;
  void settle() noexcept;

  // Counts as outside work until its result is back on the loop, even if nobody waits for it.
  std::optional<EventLoop::ExternalWork> outside_;
  std::optional<EventLoop::Remote> remote_;
  // On the loop's thread only:
  Waiter* waiter_ = nullptr;  // null once nobody waits any more
  bool answered_ = false;
  bool dropped_ = false;
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

/// Functions that take a std::stop_token in front of their arguments are given one, as by
/// std::jthread.
template <class F, class... A>
inline constexpr bool kTakesStopToken =
    std::is_invocable_v<std::decay_t<F>, std::stop_token, std::decay_t<A>...>;

template <class F, class... A>
struct ThreadCallTraits {
  using Result = std::invoke_result_t<std::decay_t<F>, std::decay_t<A>...>;
};
template <class F, class... A>
  requires kTakesStopToken<F, A...>
struct ThreadCallTraits<F, A...> {
  using Result = std::invoke_result_t<std::decay_t<F>, std::stop_token, std::decay_t<A>...>;
};
template <class F, class... A>
using thread_call_result_t = typename ThreadCallTraits<F, A...>::Result;

template <class F, class... A>
class BoundThreadCall final : public ThreadCallResult<thread_call_result_t<F, A...>> {
 public:
  using Result = thread_call_result_t<F, A...>;
  BoundThreadCall(F fn, A... args)
      : fn_(std::move(fn)), args_(std::move(args)...), context_(copy_context()) {
    if constexpr (kTakesStopToken<F, A...>) this->stop = std::stop_source();
  }

 private:
  void call() noexcept override {
    const Context::Entered entered(context_);
    try {
      if constexpr (std::is_void_v<Result>) {
        apply();
        this->value.emplace();
      } else {
        this->value.emplace(apply());
      }
    } catch (...) {
      this->error = std::current_exception();
    }
  }
  Result apply() {
    if constexpr (kTakesStopToken<F, A...>) {
      return std::apply(std::move(fn_),
                        std::tuple_cat(std::make_tuple(this->stop.get_token()), std::move(args_)));
    } else {
      return std::apply(std::move(fn_), std::move(args_));
    }
  }

  F fn_;
  std::tuple<A...> args_;
  Context context_;
};

/// Suspends until a ThreadCall is finished. Cancelling it takes the call out of the queue; one that
/// runs is asked to stop and goes on, unheard.
class ThreadCallWaiter final : public Waiter {
 public:
  ThreadCallWaiter(std::shared_ptr<ThreadPool> pool, std::shared_ptr<ThreadCall> call) noexcept
      : pool_(std::move(pool)), call_(std::move(call)) {}
  ThreadCallWaiter(ThreadCallWaiter&&) = delete;
  ~ThreadCallWaiter() override { leave(); }
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    start();
    suspend(frame);
  }
  void await_resume();

 private:
  void start();
  void leave() noexcept;

  std::shared_ptr<ThreadPool> pool_;
  std::shared_ptr<ThreadCall> call_;
  bool started_ = false;
};

/// Stops the executor of a loop that ends: asks its work to stop, runs the loop until the threads
/// have ended or `limit` has passed in real time, and tells the exception handler who is busy.
void end_executor(EventLoop& loop, ThreadPoolExecutor& executor, Duration limit);

}  // namespace detail

/// The pool of the running loop, made when first asked for.
[[nodiscard]] ThreadPoolExecutor& default_executor();

/// Calls `fn(args...)` on a thread of `executor` and gives its result. A function that takes a
/// std::stop_token in front of `args` gets one: a stop is requested when the await is cancelled or
/// destroyed, and when the loop ends. (So stop callbacks run on the loop's thread.)
/// Suspends: until a place in the executor's queue is free, FIFO, and then until the function
///           returns. Cancelling the await takes a call that waits out of the queue: it never
///           runs. A call that runs goes on; its result is dropped, on the loop's thread.
/// Lives:    function and arguments are moved to the thread; pass values, not references.
/// Errors:   what the function throws; InvalidStateError if the executor was shut down before;
///           CancelledError if it is shut down with Pending::kCancel and the call has not begun.
template <class F, class... A>
Coro<detail::thread_call_result_t<F, A...>> run_in_executor(ThreadPoolExecutor& executor, F fn,
                                                            A... args) {
  auto call = std::make_shared<detail::BoundThreadCall<F, A...>>(std::move(fn), std::move(args)...);
  detail::ThreadCallWaiter waiter(executor.pool(), call);
  co_await waiter;
  co_return call->take();
}

/// Calls `fn(args...)` on a thread of the loop's default pool, with a copy of the context.
/// Suspends: as run_in_executor().
template <class F, class... A>
Coro<detail::thread_call_result_t<F, A...>> to_thread(F fn, A... args) {
  return run_in_executor(default_executor(), std::move(fn), std::move(args)...);
}

}  // namespace cochain
