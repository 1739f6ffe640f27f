// The event loop: one thread, a ring of what is ready, a heap of timers, a reactor for descriptors.
//
// One pass: look at descriptors (at least every 61 steps or every millisecond while busy, and
// until the next deadline while idle), move what is due from the heap to the ring, then run
// exactly what was ready at that moment, so that tasks that wake each other cannot starve I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/core/clock.hpp"
#include "cochain/core/task.hpp"

namespace cochain {

class ThreadPoolExecutor;

/// What the exception handler of a loop is told.
class ExceptionContext {
 public:
  ExceptionContext() = default;
  std::string message;
  std::exception_ptr exception;  // may be null
};

/// Writes `context` to stderr: what a loop does without a handler of its own.
void default_exception_handler(const ExceptionContext& context) noexcept;

namespace detail {

class Reactor;
class TimerHeap;
class ReadyRing;
class CallbackState;

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

/// A callback given to the loop. Copies name the same callback; dropping them does not cancel it.
class Handle {
 public:
  Handle() noexcept = default;
  explicit Handle(std::shared_ptr<detail::CallbackState> state) noexcept;
  /// The callback will not run, and what it holds is released now. Harmless when it has run.
  void cancel() noexcept;
  [[nodiscard]] bool cancelled() const noexcept;

 private:
  std::shared_ptr<detail::CallbackState> state_;
};

/// Runs tasks and callbacks on the thread that calls run_until_done().
/// Threads: everything here belongs to that one thread, except call_soon_threadsafe().
/// Lives:   destroying a loop destroys the tasks that are left on it, without running them.
class EventLoop {
  class Posted;

 public:
  explicit EventLoop(std::unique_ptr<Clock> clock = std::make_unique<SteadyClock>());
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// The loop that runs on this thread.
  /// Errors: InvalidStateError where none runs.
  [[nodiscard]] static EventLoop& current();
  [[nodiscard]] static EventLoop* current_or_null() noexcept;

  /// Starts `coro` as a task: its first step runs on the next pass, in order of creation.
  template <class T>
  Task<T> create_task(Coro<T> coro, std::string name = {}) {
    if (!coro.valid()) throw InvalidStateError("create_task() was given an empty Coro");
    auto* state = new detail::TaskState<T>(*this, std::move(coro), std::move(name));
    Task<T> task(*state);
    adopt(*state);
    return task;
  }

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

  void set_exception_handler(std::function<void(const ExceptionContext&)> handler);
  void call_exception_handler(const ExceptionContext& context) noexcept;

  /// Tasks that are not done.
  [[nodiscard]] std::size_t task_count() const noexcept { return task_count_; }
  /// Calls `visit(TaskBase&)` for each task that is not done, oldest first.
  template <class F>
  void for_each_task(F&& visit) const {
    for (detail::ListNode* node = tasks_.next(); node != &tasks_;) {
      detail::TaskBase& task = task_of(*node);
      node = node->next();
      visit(task);
    }
  }

  /// Passes of the loop until `task` is done; `after_pass` sees the loop between passes.
  /// Errors: InvalidStateError if a loop runs on this thread already; DeadlockError under a
  ///         virtual clock when nothing can ever run again.
  void run_until_done(detail::TaskBase& task, const std::function<void()>& after_pass = nullptr);
  /// Cancels all tasks, runs until they are done, and joins the threads of the default executor.
  /// What the tasks throw goes to the exception handler.
  void shutdown();
  /// The pool behind to_thread(), made when first asked for.
  [[nodiscard]] ThreadPoolExecutor& default_executor();

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
  void adopt(detail::TaskBase& task) noexcept;
  static detail::TaskBase& task_of(detail::ListNode& registry_link) noexcept;
  void run_pass();
  void poll();
  void wait_while_idle();
  void run_posted() noexcept;
  void cancel_all_tasks();
  [[noreturn]] void report_deadlock() const;

  std::unique_ptr<Clock> clock_;
  std::unique_ptr<detail::ReadyRing> ready_;
  std::unique_ptr<detail::TimerHeap> timers_;
  std::shared_ptr<Posted> posted_;
  std::unique_ptr<detail::Reactor> reactor_;
  detail::ListNode tasks_;
  detail::TaskBase* running_task_ = nullptr;
  std::size_t task_count_ = 0;
  std::uint64_t last_task_id_ = 0;
  std::size_t steps_since_poll_ = 0;
  TimePoint last_poll_{};
  std::function<void(const ExceptionContext&)> exception_handler_;
  std::unique_ptr<ThreadPoolExecutor> default_executor_;
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
Task<T> create_task(Coro<T> coro, std::string name = {}) {
  return EventLoop::current().create_task(std::move(coro), std::move(name));
}

}  // namespace cochain
