// Task<T>: a Coro given to the loop, with asyncio's cancellation; and Waiter, the one way in which
// a task suspends.
//
// Cancellation in one paragraph. cancel() counts a request and asks the Waiter at which the task
// is suspended to give up; the task then resumes with CancelledError thrown at that co_await. A
// task that is not suspended (it is ready, or running) keeps the request and meets it at its next
// suspension or resumption. The count lets scopes such as timeout() and TaskGroup tell their own
// request from somebody else's: each takes back its own with uncancel().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cochain/core/context.hpp"
#include "cochain/core/coro.hpp"

namespace cochain {

class EventLoop;

namespace detail {

class TaskBase;

/// A member of a circular list that leaves it when destroyed, without knowing the list.
class ListNode {
 public:
  ListNode() noexcept : previous_(this), next_(this) {}
  ListNode(const ListNode&) = delete;
  ListNode& operator=(const ListNode&) = delete;
  ~ListNode() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return next_ != this; }
  [[nodiscard]] ListNode* next() const noexcept { return next_; }
  void link_before(ListNode& place) noexcept {
    previous_ = place.previous_;
    next_ = &place;
    previous_->next_ = this;
    place.previous_ = this;
  }
  void unlink() noexcept {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

 private:
  ListNode* previous_;
  ListNode* next_;
};

/// Something that the loop runs once, on its next pass. It leaves the ring when destroyed.
class ReadyItem {
 public:
  virtual void run() noexcept = 0;
  [[nodiscard]] bool queued() const noexcept { return position >= 0; }
  std::int64_t position = -1;  // in the ready ring; -1 outside

 protected:
  ~ReadyItem() = default;
};

/// Told once when a task is done, from inside the loop: it must only store and wake.
class Joiner : public ListNode {
 public:
  virtual void on_done(TaskBase& task) noexcept = 0;

 protected:
  ~Joiner() = default;
};

}  // namespace detail

/// A suspended task at the place where it waits: the base of every operation that suspends.
/// A derived operation is an awaiter whose await_suspend() calls suspend(), whose waker calls
/// wake(), and whose await_resume() asks finish() whether it was cancelled.
/// Lives: inside the frame of the awaiting coroutine. Destroying it takes it out of its list.
class Waiter : public detail::ListNode {
 public:
  Waiter() noexcept = default;
  /// Operations may be moved until they are awaited.
  Waiter(Waiter&& other) noexcept;
  Waiter& operator=(Waiter&&) = delete;

  /// Resumes the task on the next pass, in the order of such calls.
  void wake() noexcept;

  /// A cancellation: true if this wait ends now, or will end because of it. The default leaves
  /// the list and wakes the task.
  virtual bool request_cancel(const std::string& message) noexcept;

 protected:
  virtual ~Waiter();

  template <class Promise>
  void suspend(std::coroutine_handle<Promise> frame) {
    suspend_in(*frame.promise().execution);
  }
  void suspend_in(detail::Execution& execution);
  /// True if the task was cancelled here: clean up, then throw_cancelled().
  [[nodiscard]] bool finish() noexcept;
  [[noreturn]] void throw_cancelled() const;
  void throw_if_cancelled() {
    if (finish()) throw_cancelled();
  }
  [[nodiscard]] detail::TaskBase* task() const noexcept { return task_; }

 private:
  friend class detail::TaskBase;

  detail::TaskBase* task_ = nullptr;  // whose waiting_ is this one, from suspend() to finish()
  bool woken_ = false;
  bool cancelled_ = false;
};

namespace detail {

/// A task's place in its loop's list of tasks that are not done.
class RegistryLink : public ListNode {
 public:
  explicit RegistryLink(TaskBase& owner) noexcept : task(owner) {}
  TaskBase& task;
};

/// The part of a task that does not depend on its result. Owned by reference counts on its loop's
/// thread: one of the loop while it is not done, one of each handle.
class TaskBase : public Execution, public ReadyItem {
 public:
  TaskBase(const TaskBase&) = delete;
  TaskBase& operator=(const TaskBase&) = delete;

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    free_frame(memory, bytes);
  }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }

  void run() noexcept override;  // one step: from this resumption to the next suspension
  bool cancel(std::string message);
  int uncancel() noexcept;
  /// Destroys the frame where it stands, without CancelledError, for owners that cannot wait.
  void kill() noexcept;
  void join(Joiner& joiner) noexcept { joiner.link_before(joiners_); }
  [[nodiscard]] bool shared() const noexcept { return references_ > 1; }

  [[nodiscard]] bool done() const noexcept { return state_ != State::kPending; }
  [[nodiscard]] bool cancelled() const noexcept { return state_ == State::kCancelled; }
  [[nodiscard]] bool failed() const noexcept { return state_ == State::kFailed; }
  [[nodiscard]] int cancelling() const noexcept { return cancel_requests_; }
  [[nodiscard]] const std::string& cancel_message() const noexcept { return cancel_message_; }
  [[nodiscard]] EventLoop& loop() const noexcept { return *loop_; }
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  [[nodiscard]] std::string name() const;
  void set_name(std::string name) { name_ = std::move(name); }
  [[nodiscard]] Context& context() noexcept { return context_; }
  /// How often it was resumed; 0 before its first step.
  [[nodiscard]] std::uint32_t steps() const noexcept { return steps_; }
  /// Function and line of the co_await at which its innermost coroutine is suspended.
  [[nodiscard]] std::string where() const;

  /// The exception of a failed task, marked as seen; CancelledError of a cancelled one.
  [[nodiscard]] std::exception_ptr take_error();
  void mark_retrieved() noexcept { retrieved_ = true; }
  void require_done() const;
  /// True inside cancel(), while it asks the operation at which this task waits.
  [[nodiscard]] bool is_passing_on_cancel() const noexcept { return passing_on_cancel_; }

  RegistryLink registry_link{*this};

 protected:
  TaskBase(EventLoop& loop, PromiseBase& root, std::string name);
  virtual ~TaskBase();
  /// Takes the result out of the ended frame; returns its exception.
  virtual std::exception_ptr settle() noexcept = 0;
  virtual void destroy_frame() noexcept = 0;

 private:
  friend class cochain::Waiter;
  friend class cochain::EventLoop;
  enum class State : std::uint8_t { kPending, kDone, kFailed, kCancelled };

  void finish(std::exception_ptr error) noexcept;

  std::uint32_t references_ = 1;
  State state_ = State::kPending;
  bool running_ = false;
  bool must_cancel_ = false;  // a request not delivered: meets the next suspension or resumption
  bool passing_on_cancel_ = false;
  bool retrieved_ = false;  // somebody saw the error
  int cancel_requests_ = 0;
  std::uint32_t steps_ = 0;
  Waiter* waiting_ = nullptr;  // where it is suspended, woken or not; null while it runs, or done
  EventLoop* loop_;
  PromiseBase* root_;
  std::uint64_t id_;
  Context context_;
  std::exception_ptr error_;
  ListNode joiners_;
  std::string name_;  // empty until asked for: "Task-<id>"
  std::string cancel_message_;
};

template <class T>
class TaskState final : public TaskBase {
 public:
  TaskState(EventLoop& loop, Coro<T> coro, std::string name)
      : TaskBase(loop, coro.handle().promise(), std::move(name)), coro_(std::move(coro)) {}

  [[nodiscard]] T result() {
    begin_result();
    if constexpr (!std::is_void_v<T>) {
      if constexpr (std::is_copy_constructible_v<T>) {
        return *value_;
      } else {
        return take_value();
      }
    }
  }
  [[nodiscard]] T take_result() {
    begin_result();
    if constexpr (!std::is_void_v<T>) return take_value();
  }

 private:
  void begin_result() {
    require_done();
    if (std::exception_ptr error = take_error()) std::rethrow_exception(std::move(error));
    if (!value_) throw InvalidStateError("the result of this task was already moved out");
  }
  auto take_value() {
    auto value = std::move(*value_);
    value_.reset();
    return value;
  }

  std::exception_ptr settle() noexcept override {
    std::exception_ptr error = std::move(coro_.handle().promise().error);
    try {
      if (!error) {
        if constexpr (std::is_void_v<T>) {
          value_.emplace();
        } else {
          value_.emplace(coro_.handle().promise().take());
        }
      }
    } catch (...) {
      error = std::current_exception();
    }
    coro_ = Coro<T>();
    return error;
  }
  void destroy_frame() noexcept override { coro_ = Coro<T>(); }

  Coro<T> coro_;
  std::optional<void_to_unit_t<T>> value_;
};

/// Waits for a task to be done; cancelling the waiter cancels the task that it waits for.
class JoinWaiter : public Waiter, public Joiner {
 public:
  explicit JoinWaiter(TaskBase& target) noexcept : target_(&target) {}
  // Only the base is moved, which has no target.  NOLINTNEXTLINE(bugprone-use-after-move)
  JoinWaiter(JoinWaiter&& other) noexcept : Waiter(std::move(other)), target_(other.target_) {}
  bool request_cancel(const std::string& message) noexcept override;
  void on_done(TaskBase&) noexcept override { wake(); }

 protected:
  void suspend_until_done(Execution& execution);
  TaskBase* target_;
};

template <class Promise>
Execution& execution_of(std::coroutine_handle<Promise> frame) noexcept {
  return *frame.promise().execution;
}

}  // namespace detail

/// A handle to a task of any result type. Copies name the same task.
/// Lives: the task goes on without handles; the loop holds it until it is done.
class AnyTask {
 public:
  AnyTask() noexcept = default;
  explicit AnyTask(detail::TaskBase& task) noexcept : task_(&task) { task.retain(); }
  AnyTask(const AnyTask& other) noexcept : task_(other.task_) {
    if (task_) task_->retain();
  }
  AnyTask(AnyTask&& other) noexcept : task_(std::exchange(other.task_, nullptr)) {}
  AnyTask& operator=(AnyTask other) noexcept {
    std::swap(task_, other.task_);
    return *this;
  }
  ~AnyTask() {
    if (task_) task_->release();
  }

  explicit operator bool() const noexcept { return task_ != nullptr; }
  friend bool operator==(const AnyTask& a, const AnyTask& b) noexcept = default;

  /// Requests cancellation: CancelledError is thrown at the task's current or next suspension.
  /// False if the task is done. Before the first step the body never runs.
  bool cancel(std::string message = {}) const { return task_->cancel(std::move(message)); }
  /// How many cancellations were requested and not taken back.
  [[nodiscard]] int cancelling() const noexcept { return task_->cancelling(); }
  /// Takes one request back and returns how many are left; at zero an undelivered one is dropped.
  int uncancel() const noexcept { return task_->uncancel(); }
  [[nodiscard]] bool done() const noexcept { return task_->done(); }
  [[nodiscard]] bool cancelled() const noexcept { return task_->cancelled(); }
  /// The exception of a task that is done; null if it succeeded.
  /// Errors: InvalidStateError while it runs.
  [[nodiscard]] std::exception_ptr exception() const {
    task_->require_done();
    return task_->take_error();
  }
  [[nodiscard]] std::string name() const { return task_->name(); }
  void set_name(std::string name) const { task_->set_name(std::move(name)); }
  [[nodiscard]] detail::TaskBase* get() const noexcept { return task_; }

 protected:
  detail::TaskBase* task_ = nullptr;
};

/// A Coro that runs on the loop beside its creator.
/// Suspends: `co_await task` until it is done; cancelling the awaiter cancels the task.
///           It may be awaited many times and by many; each gets a copy of the result, or, where
///           the type cannot be copied, the first one gets it.
/// Errors:   awaiting throws the task's exception; result() throws InvalidStateError before done.
template <class T = void>
class Task : public AnyTask {
 public:
  Task() noexcept = default;
  explicit Task(detail::TaskState<T>& state) noexcept : AnyTask(state) {}

  [[nodiscard]] T result() const { return state().result(); }

  class Awaiter : public detail::JoinWaiter {
   public:
    explicit Awaiter(Task task) noexcept : JoinWaiter(*task.get()), task_(std::move(task)) {}
    Awaiter(Awaiter&&) noexcept = default;
    bool await_ready() const noexcept { return task_.done(); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> frame) {
      suspend_until_done(detail::execution_of(frame));
    }
    T await_resume() {
      throw_if_cancelled();
      return task_.get()->shared() ? task_.result() : task_.state().take_result();
    }

   private:
    Task task_;
  };
  Awaiter operator co_await() const {
    if (!*this) throw InvalidStateError("this Task is empty: it names no task");
    return Awaiter(*this);
  }

 private:
  [[nodiscard]] detail::TaskState<T>& state() const noexcept {
    return static_cast<detail::TaskState<T>&>(*task_);
  }
};

/// The task that runs now; empty outside of one, as in a callback of call_soon().
[[nodiscard]] AnyTask current_task();

}  // namespace cochain
