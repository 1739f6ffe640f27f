// run(): where an asynchronous program begins and ends.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "cochain/core/event_loop.hpp"

namespace cochain {

/// How run() runs.
class RunOptions {
 public:
  RunOptions() = default;
  /// A VirtualClock makes time jump when nothing can run: for tests and simulations.
  RunOptions& with_clock(std::unique_ptr<Clock> value) {
    clock = std::move(value);
    return *this;
  }
  RunOptions& with_exception_handler(std::function<void(const ExceptionContext&)> value) {
    exception_handler = std::move(value);
    return *this;
  }

  std::unique_ptr<Clock> clock = std::make_unique<SteadyClock>();
  std::function<void(const ExceptionContext&)> exception_handler;
};

namespace detail {
void run_main(EventLoop& loop, TaskBase& main);
std::unique_ptr<EventLoop> make_loop(RunOptions options);
}  // namespace detail

/// Runs `main` on a new event loop until it is done, and gives its result.
/// At the end all tasks that are left are cancelled and waited for, then the threads of the
/// default executor are joined.
/// Ctrl-C:  the first cancels `main`, which may clean up; if its CancelledError comes out, run()
///          throws KeyboardInterrupt. The second ends the process by the signal itself. Only on the
///          first thread that runs a loop, and only if SIGINT had its default action.
/// Errors:  what `main` throws; KeyboardInterrupt; InvalidStateError if a loop runs on this thread;
///          DeadlockError under a virtual clock when nothing can ever run again.
template <class T>
T run(Coro<T> main, RunOptions options = RunOptions()) {
  const std::unique_ptr<EventLoop> loop = detail::make_loop(std::move(options));
  Task<T> task = loop->create_task(std::move(main), "main");
  detail::run_main(*loop, *task.get());
  return static_cast<detail::TaskState<T>&>(*task.get()).take_result();
}

}  // namespace cochain
