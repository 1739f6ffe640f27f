// The event loop: one thread, a ring of what is ready, a heap of timers, a reactor for descriptors.
//
// One pass: look at descriptors (while busy, only in the first pass after 61 steps or a few
// milliseconds; while idle, until the next deadline), move what is due from the heap to the ring,
// then run exactly what was ready at that moment, so that tasks that wake each other cannot starve
// I/O.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/core/clock.hpp"
#include "cochain/core/debug.hpp"
#include "cochain/core/task.hpp"

namespace cochain {

class ThreadPoolExecutor;

/// What the exception handler of a loop is told.
class ExceptionContext {
 public:
  ExceptionContext() = default;
  std::string message;
  std::exception_ptr exception;  // may be null
  std::string source_traceback;  // lines that say where it was made; empty outside of debug mode
};

/// Writes `context` to stderr: what a loop does without a handler of its own.
void default_exception_handler(const ExceptionContext& context) noexcept;

namespace detail {

class LoopDebug;
class Reactor;
class TimerHeap;
class ReadyRing;

}  // namespace detail

/// Something with a deadline, for operations and for what waits outside of tasks: derive, write
/// fire(), and give it to EventLoop::arm(). Costs no allocation; setting it again moves it.
/// Lives: not longer than the loop. It leaves the loop when destroyed.
class Timer {
 public:
  Timer() noexcept = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  /// Called by the loop once the deadline passed; the timer has left the heap. Only stores, wakes.
  virtual void fire() noexcept = 0;
  [[nodiscard]] bool armed() const noexcept { return loop_ != nullptr; }
  void disarm() noexcept;

 protected:
  ~Timer() { disarm(); }

 private:
  friend class EventLoop;
  friend class detail::TimerHeap;
  EventLoop* loop_ = nullptr;
  std::size_t heap_index_ = 0;
};

/// Runs tasks and callbacks on the thread that calls run_until_done().
/// Threads: everything here belongs to that one thread, except call_soon_threadsafe().
/// Lives:   destroying a loop destroys the tasks that are left on it, without running them.
class EventLoop {
  class Posted;
  class PatienceReport;

 public:
  explicit EventLoop(std::shared_ptr<Clock> clock = std::make_shared<SteadyClock>());
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// The loop that runs on this thread.
  /// Errors: InvalidStateError where none runs.
  [[nodiscard]] static EventLoop& current();
  [[nodiscard]] static EventLoop* current_or_null() noexcept;

  /// Starts `coro` as a task: its first step runs on the next pass, in order of creation.
  template <class T>
  Task<T> create_task(Coro<T> coro, std::string_view name = {}) {
    require_startable(coro.valid());
    return adopt<T>(*new detail::TaskState<T>(*this, std::move(coro), name), task_start_);
  }
  /// The same with a context to share, or a first step that runs at once.
  template <class T>
  Task<T> create_task(Coro<T> coro, TaskOptions options) {
    require_startable(coro.valid());
    const TaskStart start = options.has_start_ ? options.start_ : task_start_;
    if (!options.context_) {
      return adopt<T>(*new detail::TaskState<T>(*this, std::move(coro), options.name_), start);
    }
    return adopt<T>(*new detail::SharedContextTaskState<T>(*this, std::move(coro), options.name_,
                                                           std::move(options.context_)),
                    start);
  }
  /// How tasks start whose options do not say (asyncio's eager_task_factory).
  void set_task_start(TaskStart start) noexcept { task_start_ = start; }

  /// Runs `callback` on the next pass, in order of such calls.
  /// Errors: what the callback throws goes to the exception handler; the loop goes on.
  Handle call_soon(std::function<void()> callback);
  /// Runs `callback` once `delay` has passed; equal deadlines run in order of such calls.
  Handle call_later(Duration delay, std::function<void()> callback);
  Handle call_at(TimePoint when, std::function<void()> callback);
  /// As call_soon(), from any thread; wakes the loop if it sleeps.
  void call_soon_threadsafe(std::function<void()> callback);
  class Remote;

  /// The loop's clock, in nanoseconds since a start of its own.
  [[nodiscard]] TimePoint time() const noexcept { return clock_->now(); }
  [[nodiscard]] const Clock& clock() const noexcept { return *clock_; }

  /// Runs `callback` as a callback of this loop, in the present context, whenever the process gets
  /// `signal` (signals that come faster than the loop turns count as one). Replaces an earlier one;
  /// that of SIGINT goes before the Ctrl-C of run().
  /// Lives:  until remove_signal_handler() or the end of the loop, which restore the action before.
  /// Errors: InvalidStateError if another loop of the process has signals (the first that asks has
  ///         them), or the signal cannot be caught, as SIGKILL, or tells of a fault, as SIGSEGV.
  void add_signal_handler(int signal, std::function<void()> callback);
  /// False if this loop has no callback for it.
  bool remove_signal_handler(int signal);

  void set_exception_handler(std::function<void(const ExceptionContext&)> handler);
  void call_exception_handler(const ExceptionContext& context) noexcept;

  /// Tasks that are not done.
  [[nodiscard]] std::size_t task_count() const noexcept { return task_count_; }
  /// Calls `visit(TaskBase&)` for each task that is not done, oldest first.
  template <class F>
  void for_each_task(F&& visit) const {
    for (detail::ListNode* node = tasks_.next(); node != &tasks_;) {
      auto& task = static_cast<detail::TaskBase&>(static_cast<detail::RegistryLink&>(*node));
      node = node->next();
      visit(task);
    }
  }

  /// Runs `coro` as a task until it is done, and gives its result.
  /// Errors: as run_until_done(), and what `coro` throws.
  template <class T>
  T run_until_complete(Coro<T> coro) {
    const Task<T> task = create_task(std::move(coro));
    run_until_done(*task.get());
    return task.take_result();
  }
  /// Passes of the loop until stop() is called, from a callback or task.
  void run_forever();
  void stop() noexcept { stopping_ = true; }
  /// True if it runs on this thread.
  [[nodiscard]] bool is_running() const noexcept { return current_or_null() == this; }
  /// True if it runs on some thread.
  [[nodiscard]] bool is_running_somewhere() const noexcept { return thread_id_ != 0; }

  /// Passes of the loop until `task` is done; `after_pass` sees the loop between passes.
  /// Errors: InvalidStateError if a loop runs on this thread already; DeadlockError under a
  ///         virtual clock when nothing can ever run again.
  void run_until_done(detail::TaskBase& task, const std::function<void()>& after_pass = nullptr);
  /// Cancels all tasks, runs until they are done, asks the work of the default executor to stop and
  /// joins its threads. What the tasks throw, and which threads are busy beyond the limit, goes to
  /// the exception handler.
  void shutdown();
  /// The pool behind to_thread(), made when first asked for.
  [[nodiscard]] ThreadPoolExecutor& default_executor();
  /// Replaces it. shutdown() ends only the one that is set then.
  void set_default_executor(std::shared_ptr<ThreadPoolExecutor> executor) noexcept;
  /// How long shutdown() waits for its threads, in real time; asyncio's limit unless told
  /// otherwise.
  void set_executor_join_timeout(Duration limit) noexcept { executor_join_timeout_ = limit; }

  /// Debug mode: see debug.hpp. Off unless COCHAIN_DEBUG=1 is in the environment. May be switched
  /// by a running task; what is told of steps then begins, or ends, with the next one.
  void set_debug(const DebugOptions& options);
  [[nodiscard]] bool get_debug() const noexcept {
#ifdef COCHAIN_NO_DEBUG
    return false;
#else
    return debug_ != nullptr;
#endif
  }

  /// Runs what is ready at one time in an order drawn from `seed`, to find what depends on it.
  void shuffle_ready(std::uint64_t seed);
  /// The Waiters that want to know when a virtual clock is about to jump, or a manual one has
  /// nothing left to run. Only the first is woken then: the next one waits for what it sets off.
  [[nodiscard]] detail::ListNode& idle_waiters() noexcept { return idle_waiters_; }
  /// The deadline of the first timer; nothing if none is set.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const noexcept;
  /// The clock as this loop sees it, to be moved by tests.
  [[nodiscard]] Clock& clock() noexcept { return *clock_; }

  /// What others keep on a loop, such as a pool of connections: destroyed before the loop's own
  /// parts, after its tasks. A key is asked for once, by whoever uses it.
  class Service {
   public:
    virtual ~Service() = default;
  };
  [[nodiscard]] static std::uint64_t new_service_key() noexcept;
  [[nodiscard]] Service* find_service(std::uint64_t key) const noexcept;
  void add_service(std::uint64_t key, std::unique_ptr<Service> service);
  void remove_service(std::uint64_t key) noexcept;

  /// Fires `timer` once the clock shows `deadline`; equal deadlines fire in order of such calls.
  void arm(Timer& timer, TimePoint deadline);
  void disarm(Timer& timer) noexcept;

  // For the operations of this floor.
  void make_ready(detail::ReadyItem& item) noexcept;
  void forget_ready(detail::ReadyItem& item) noexcept;
  [[nodiscard]] detail::TaskBase* running_task() const noexcept { return running_task_; }
  /// The time of the last look at the clock: a few milliseconds old at most, unless a step blocks.
  [[nodiscard]] TimePoint pass_time() const noexcept { return last_poll_; }
  [[nodiscard]] std::uint64_t next_task_id() noexcept { return ++last_task_id_; }
  void forget_task() noexcept { --task_count_; }
  [[nodiscard]] detail::Reactor& reactor() noexcept { return *reactor_; }

  /// Marks a task as the running one for the length of a step.
  class Running {
   public:
    Running(EventLoop& loop, detail::TaskBase& task) noexcept
        : loop_(loop), previous_(std::exchange(loop.running_task_, &task)) {}
    ~Running() { loop_.running_task_ = previous_; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

   private:
    EventLoop& loop_;
    detail::TaskBase* previous_;
  };

  /// Work that runs outside the loop and will wake it: a virtual clock waits for it.
  /// Lives: as long as it likes, also longer than the loop.
  class ExternalWork {
   public:
    explicit ExternalWork(EventLoop& loop) noexcept;
    ExternalWork(ExternalWork&&) noexcept = default;
    ExternalWork& operator=(ExternalWork&&) = delete;
    ~ExternalWork();

   private:
    std::shared_ptr<Posted> counted_by_;
  };

 private:
  Handle schedule(std::function<void()> callback, Context context);
  friend class detail::LoopDebug;
  friend class detail::TaskLayout;
  void require_startable(bool valid) const;
  template <class T>
  Task<T> adopt(detail::TaskState<T>& state, TaskStart start) {
    Task<T> task(state);
    adopt_task(state, start);
    return task;
  }
  void adopt_task(detail::TaskBase& task, TaskStart start);
  void require_own_thread(const char* what) const;
  void run_pass();
  void run_ready(std::size_t count);
  void run_until(const std::function<bool()>& ended, const std::function<void()>& after_pass);
  [[nodiscard]] bool busy_for_long() noexcept;
  void poll();
  void wait_while_idle();
  void run_posted() noexcept;
  void cancel_all_tasks();
  [[noreturn]] void report_deadlock() const;

  std::shared_ptr<Clock> clock_;
  std::unique_ptr<detail::ReadyRing> ready_;
  std::unique_ptr<detail::TimerHeap> timers_;
  std::shared_ptr<Posted> posted_;
  std::unique_ptr<detail::Reactor> reactor_;
  detail::ListNode registry_;  // among the loops of the process
  detail::RegistryLink tasks_;
  detail::ListNode idle_waiters_;
  detail::TaskBase* running_task_ = nullptr;
  std::atomic<std::int32_t> thread_id_ = 0;  // of the thread that runs it, as the kernel knows it
  bool virtual_time_ = false;
  bool stopping_ = false;
  TaskStart task_start_ = TaskStart::kNextPass;
  std::size_t task_count_ = 0;
  std::uint64_t last_task_id_ = 0;
  std::size_t steps_since_poll_ = 0;
  TimePoint last_poll_{};
  std::int64_t coarse_tick_ = 0;
  std::function<void(const ExceptionContext&)> exception_handler_;
  std::shared_ptr<detail::LoopDebug> debug_;  // null while debug mode is off
  std::shared_ptr<ThreadPoolExecutor> default_executor_;
  Duration executor_join_timeout_ = std::chrono::minutes(5);
  std::vector<std::pair<std::uint64_t, std::unique_ptr<Service>>> services_;
};

/// A loop as another thread knows it: the thread may go on when the loop is gone.
class EventLoop::Remote {
 public:
  explicit Remote(EventLoop& loop) noexcept : posted_(loop.posted_) {}
  /// As call_soon_threadsafe(); once the loop is gone it drops the callback.
  void call_soon(std::function<void()> callback) const;

 private:
  std::shared_ptr<Posted> posted_;
};

/// Starts `coro` as a task on the running loop.
/// Errors: InvalidStateError where no loop runs; then nothing was started.
template <class T>
Task<T> create_task(Coro<T> coro, std::string_view name = {}) {
  return EventLoop::current().create_task(std::move(coro), name);
}
template <class T>
Task<T> create_task(Coro<T> coro, TaskOptions options) {
  return EventLoop::current().create_task(std::move(coro), std::move(options));
}
/// The same for an operation, such as `queue.get()` or `sleep(1s)`.
template <Awaitable A>
Task<await_result_t<A>> create_task(A operation, std::string_view name = {}) {
  return EventLoop::current().create_task(ensure_coro(std::move(operation)), name);
}

}  // namespace cochain
