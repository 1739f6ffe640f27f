// run(): where an asynchronous program begins and ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "cochain/core/event_loop.hpp"

namespace cochain {

/// How run() runs.
class RunOptions {
 public:
  RunOptions() = default;
  /// A VirtualClock makes time jump when nothing can run: for tests and simulations.
  RunOptions& with_clock(std::shared_ptr<Clock> value) {
    clock = std::move(value);
    return *this;
  }
  RunOptions& with_exception_handler(std::function<void(const ExceptionContext&)> value) {
    exception_handler = std::move(value);
    return *this;
  }
  /// How long run() waits at its end for threads of the default executor that are busy. The
  /// exception handler is told which still are; they are left to themselves.
  RunOptions& with_executor_join_timeout(Duration value) {
    executor_join_timeout = value;
    return *this;
  }

  /// Debug mode, whatever COCHAIN_DEBUG says: `RunOptions().with_debug(DebugOptions())`.
  RunOptions& with_debug(DebugOptions value) {
    debug = value;
    return *this;
  }
  /// How tasks start whose options do not say.
  RunOptions& with_task_start(TaskStart value) {
    task_start = value;
    return *this;
  }

  std::shared_ptr<Clock> clock = std::make_shared<SteadyClock>();
  std::function<void(const ExceptionContext&)> exception_handler;
  std::optional<DebugOptions> debug;
  TaskStart task_start = TaskStart::kNextPass;
  Duration executor_join_timeout = std::chrono::minutes(5);
};

/// Runs several main coroutines one after the other on one loop and in one context: what the first
/// sets in a ContextVar, and the tasks that it leaves running, are there for the second.
/// Shape:    `Runner runner; runner.run(prepare()); runner.run(serve());`
/// Lives:    the loop is made by the first run() or get_loop(). close(), or the destructor, cancels
///           all tasks and waits for them, then joins the threads of the default executor.
/// Errors:   InvalidStateError after close(), and where a loop runs on this thread already.
class Runner {
 public:
  explicit Runner(RunOptions options = RunOptions());
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// As the free run(), but tasks that `main` leaves stay. A context of the caller's own replaces
  /// the runner's for this call.
  template <class T>
  T run(Coro<T> main, std::shared_ptr<Context> context = nullptr) {
    EventLoop& loop = get_loop();
    if (EventLoop::current_or_null()) {  // before there is a task that a later run() would run
      throw InvalidStateError("Runner::run(): an event loop runs on this thread already");
    }
    const Task<T> task = loop.create_task(std::move(main), main_options(std::move(context)));
    run_main(*task.get());
    return task.take_result();
  }
  [[nodiscard]] EventLoop& get_loop();
  void close();

 private:
  [[nodiscard]] TaskOptions main_options(std::shared_ptr<Context> context) const;
  void run_main(detail::TaskBase& main);

  RunOptions options_;
  std::unique_ptr<EventLoop> loop_;
  std::shared_ptr<Context> context_;
  bool closed_ = false;
};

/// Runs `main` on a new event loop until it is done, and gives its result.
/// At the end all tasks that are left are cancelled and waited for, then the work of the default
/// executor is asked to stop and its threads are joined, for executor_join_timeout at most.
/// Ctrl-C:  the first cancels `main`, which may clean up; if its CancelledError comes out, run()
///          throws KeyboardInterrupt. The second ends the process by the signal itself. One loop
///          of the process has signals at a time; a run() that begins while another has them, or
///          while SIGINT has another action than the default, hears of no Ctrl-C to its end.
/// Errors:  what `main` throws; KeyboardInterrupt; InvalidStateError if a loop runs on this thread;
///          DeadlockError under a virtual clock when nothing can ever run again.
template <class T>
T run(Coro<T> main, RunOptions options = RunOptions()) {
  Runner runner(std::move(options));
  if constexpr (std::is_void_v<T>) {
    runner.run(std::move(main));
    runner.close();
  } else {
    T result = runner.run(std::move(main));
    runner.close();
    return result;
  }
}

}  // namespace cochain
