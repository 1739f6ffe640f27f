// Task<T>: a Coro given to the loop, with asyncio's cancellation.
//
// Cancellation in one paragraph. cancel() counts a request and asks the Waiter at which the task
// is suspended to give up; the task then resumes with CancelledError thrown at that co_await. A
// task that is not suspended (it is ready, or running) keeps the request and meets it at its next
// suspension or resumption. The count lets scopes such as timeout() and TaskGroup tell their own
// request from somebody else's: each takes back its own with uncancel().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/core/clock.hpp"
#include "cochain/core/context.hpp"
#include "cochain/core/future.hpp"

namespace cochain {

/// When a new task takes its first step.
enum class TaskStart : std::uint8_t {
  kNextPass,  ///< on the next pass of the loop, in order of creation
  kEager      ///< inside create_task(), up to its first suspension; often that is its whole life
};

/// How create_task() starts a task.
class TaskOptions {
 public:
  TaskOptions() = default;
  /// A name for reports; "Task-<number>" without one.
  TaskOptions& name(std::string value) {
    name_ = std::move(value);
    return *this;
  }
  /// Runs the task in `value` itself instead of a copy of the current context: what the task sets
  /// is seen by all who share it.
  TaskOptions& context(std::shared_ptr<Context> value) {
    context_ = std::move(value);
    return *this;
  }
  TaskOptions& start(TaskStart value) {
    start_ = value;
    has_start_ = true;
    return *this;
  }

 private:
  friend class EventLoop;
  std::string name_;
  std::shared_ptr<Context> context_;
  TaskStart start_ = TaskStart::kNextPass;
  bool has_start_ = false;  // else the loop's own default holds
};

/// One coroutine on a stack: which function, and the line of the co_await at which it stands (of
/// the function itself, before its first co_await).
class StackFrame {
 public:
  StackFrame() = default;
  StackFrame(std::string in_function, std::string in_file, std::uint32_t at_line)
      : function(std::move(in_function)), file(std::move(in_file)), line(at_line) {}
  friend bool operator==(const StackFrame&, const StackFrame&) = default;
  std::string function;
  std::string file;
  std::uint32_t line = 0;
};

namespace detail {

/// A task's place in its loop's list of tasks that are not done.
class RegistryLink : public ListNode {};

/// The part of a task that does not depend on its result. The loop holds one reference while it is
/// not done, each handle another.
class TaskBase : public FutureBase, public Execution, public ReadyItem, public RegistryLink {
 public:
  void run() noexcept override;  // one step: from this resumption to the next suspension
  bool cancel(std::string message) override;
  int uncancel() noexcept;
  /// Destroys the frame where it stands, without CancelledError, for owners that cannot wait.
  void kill() noexcept;

  [[nodiscard]] int cancelling() const noexcept { return cancel_requests_; }
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::string label() const override;
  void set_name(std::string_view name) { name_.assign(name); }
  [[nodiscard]] Context& context() noexcept { return *context_; }
  /// How often it was resumed; 0 before its first step.
  [[nodiscard]] std::uint32_t steps() const noexcept { return steps_; }
  /// By the loop's clock.
  [[nodiscard]] TimePoint created_at() const noexcept { return created_at_; }
  /// Its coroutines, the innermost last. Empty once it is done.
  [[nodiscard]] std::vector<StackFrame> stack() const;
  /// Function and line of the co_await at which its innermost coroutine is suspended.
  [[nodiscard]] std::string where() const;
  [[nodiscard]] std::string what() const override { return label(); }

 protected:
  TaskBase(EventLoop& loop, PromiseBase& root, std::string_view name);
  ~TaskBase() override;
  /// Takes the result out of the ended frame; returns its exception.
  virtual std::exception_ptr collect() noexcept = 0;
  virtual void destroy_frame() noexcept = 0;
  void enter_context(Context& shared) noexcept { context_ = &shared; }

  PromiseBase* root_;  // the outermost coroutine, which it owns; null once that is gone

 private:
  friend class TaskLayout;
  friend class cochain::Waiter;
  friend class cochain::EventLoop;

  void step() noexcept;
  void finish(std::exception_ptr error) noexcept;

  bool running_ = false;
  bool must_cancel_ = false;  // a request not delivered: meets the next suspension or resumption
  int cancel_requests_ = 0;
  std::uint32_t steps_ = 0;
  Waiter* waiting_ = nullptr;  // where it is suspended, woken or not; null while it runs, or done
  std::uint64_t id_;
  TimePoint created_at_;
  RareText name_;  // empty until asked for: "Task-<id>"
  Context own_context_;
  Context* context_ = &own_context_;
};

template <class T>
class TaskState : public Settled<T, TaskBase> {
 public:
  TaskState(EventLoop& loop, Coro<T> coro, std::string_view name)
      : Settled<T, TaskBase>(loop, coro.handle().promise(), name) {
    (void)coro.release();  // it is found by its promise from now on
  }
  ~TaskState() override { destroy_frame(); }

 private:
  std::exception_ptr collect() noexcept override {
    const Coro<T> ended = take_coro();
    CoroPromise<T>& promise = ended.handle().promise();
    if (promise.error) return std::move(promise.error);
    try {
      if constexpr (std::is_void_v<T>) {
        this->value_.emplace();
      } else {
        this->value_.emplace(promise.take());
      }
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }
  void destroy_frame() noexcept override {
    if (this->root_) (void)take_coro();
  }
  Coro<T> take_coro() noexcept {
    auto& promise = static_cast<CoroPromise<T>&>(*std::exchange(this->root_, nullptr));
    return Coro<T>(Coro<T>::Handle::from_promise(promise));
  }
};

/// A task in a context that it shares.
template <class T>
class SharedContextTaskState final : public TaskState<T> {
 public:
  SharedContextTaskState(EventLoop& loop, Coro<T> coro, std::string_view name,
                         std::shared_ptr<Context> context)
      : TaskState<T>(loop, std::move(coro), name), shared_context_(std::move(context)) {
    this->enter_context(*shared_context_);
  }

 private:
  std::shared_ptr<Context> shared_context_;
};

}  // namespace detail

/// A handle to a task of any result type. Copies name the same task.
/// Lives: the task goes on without handles; the loop holds it until it is done.
class AnyTask : public AnyFuture {
 public:
  AnyTask() noexcept = default;
  explicit AnyTask(detail::TaskBase& task) noexcept : AnyFuture(task) {}

  // cancel() of a task: CancelledError is thrown at its current or next suspension. Before the
  // first step the body never runs.

  /// How many cancellations were requested and not taken back.
  [[nodiscard]] int cancelling() const noexcept { return get()->cancelling(); }
  /// Takes one request back and returns how many are left; at zero an undelivered one is dropped.
  int uncancel() const noexcept { return get()->uncancel(); }
  [[nodiscard]] std::string name() const { return get()->name(); }
  void set_name(std::string_view name) const { get()->set_name(name); }
  /// The coroutines in which the task stands, outermost first; empty once it is done.
  /// Suspends: never. Costs nothing until it is called.
  [[nodiscard]] std::vector<StackFrame> get_stack() const { return get()->stack(); }
  [[nodiscard]] detail::TaskBase* get() const noexcept {
    return static_cast<detail::TaskBase*>(state_);
  }
};

/// A Coro that runs on the loop beside its creator.
/// Suspends: `co_await task` until it is done; cancelling the awaiter cancels the task.
///           It may be awaited many times and by many; each gets a copy of the result, or, where
///           the type cannot be copied, the first one gets it.
/// Errors:   awaiting throws the task's exception; result() throws InvalidStateError before done.
template <class T = void>
class Task : public AnyTask {
 public:
  using value_type = T;

  Task() noexcept = default;
  explicit Task(detail::TaskState<T>& state) noexcept : AnyTask(state) {}

  [[nodiscard]] T result() const { return typed().result(); }
  /// Moves the result out; nobody else gets it afterwards.
  [[nodiscard]] T take_result() const { return typed().take_result(); }

  /// Calls `callback(task)` on a pass of the loop after the task is done, in order of such calls,
  /// also if it is done already. Cancelling the handle removes the callback.
  template <class F>
  Handle add_done_callback(F callback) const {
    return Handle(state_->add_done_callback(
        [callback = std::move(callback)](detail::FutureBase& done) mutable {
          callback(Task(static_cast<detail::TaskState<T>&>(done)));
        }));
  }

  using Awaiter = detail::JoinAwaiter<T, Task>;
  Awaiter operator co_await() const {
    if (!*this) throw InvalidStateError("this Task is empty: it names no task");
    return Awaiter(*this);
  }

 private:
  [[nodiscard]] detail::TaskState<T>& typed() const noexcept {
    return static_cast<detail::TaskState<T>&>(*state_);
  }
};

/// The task that runs now; empty outside of one, as in a callback of call_soon().
[[nodiscard]] AnyTask current_task();

/// All tasks of the running loop that are not done, oldest first.
/// Errors: InvalidStateError where no loop runs.
[[nodiscard]] std::vector<AnyTask> all_tasks();

}  // namespace cochain
