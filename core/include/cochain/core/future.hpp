// Future<T>: a result that somebody sets later; and what a Future and a Task have in common.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "cochain/core/coro.hpp"
#include "cochain/core/outcome.hpp"
#include "cochain/core/waiter.hpp"

namespace cochain {

class EventLoop;

namespace detail {

class CallbackState;
class FutureBase;

/// A text that is rarely there: one pointer while it is not.
class RareText {
 public:
  RareText() noexcept = default;
  RareText(const RareText&) = delete;
  RareText& operator=(const RareText&) = delete;
  [[nodiscard]] bool empty() const noexcept { return text_ == nullptr; }
  [[nodiscard]] std::string str() const { return text_ ? text_.get() : ""; }
  void assign(std::string_view text);

 private:
  friend class TaskLayout;
  std::unique_ptr<char[]> text_;  // ends with a zero, for who reads it from outside the process
};

/// Told once when a future is done, from inside the loop: it must only store and wake.
class Joiner : public ListNode {
 public:
  virtual void on_done(FutureBase& future) noexcept = 0;
  /// The future is gone and never was done.
  virtual void on_abandoned() noexcept {}
  // Where it stands whose task is told, for those who ask who awaits whom: null, or null in there,
  // for none. One that waits for many futures says so in one place for all of them.
  TaskBase* const* awaiter = nullptr;

 protected:
  ~Joiner() = default;
};

/// The part of a future or task that does not depend on its result. Owned by reference counts on
/// its loop's thread.
class FutureBase {
 public:
  FutureBase(const FutureBase&) = delete;
  FutureBase& operator=(const FutureBase&) = delete;

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    free_frame(memory, bytes);
  }

  void retain() noexcept { ++references_; }
  void release() noexcept {
    if (--references_ == 0) delete this;
  }
  [[nodiscard]] bool shared() const noexcept { return references_ > 1; }

  virtual bool cancel(std::string message) = 0;
  /// "task 'name'", fit for a terminal, or "a future".
  [[nodiscard]] virtual std::string label() const;

  [[nodiscard]] bool done() const noexcept { return state_ != State::kPending; }
  [[nodiscard]] bool cancelled() const noexcept { return state_ == State::kCancelled; }
  [[nodiscard]] bool failed() const noexcept { return state_ == State::kFailed; }
  [[nodiscard]] EventLoop& loop() const noexcept { return *loop_; }
  [[nodiscard]] std::string cancel_message() const { return cancel_message_.str(); }
  /// The exception of one that failed, marked as seen; CancelledError of a cancelled one.
  [[nodiscard]] std::exception_ptr take_error();
  void mark_retrieved() noexcept { retrieved_ = true; }
  void require_done() const;
  void join(Joiner& joiner) noexcept { joiner.link_before(joiners_); }
  /// Calls `callback` by way of call_soon() once this is done, in the context of this moment.
  std::shared_ptr<CallbackState> add_done_callback(std::function<void(FutureBase&)> callback);
  /// True inside cancel(), while it asks the operation at which a task waits.
  [[nodiscard]] bool is_passing_on_cancel() const noexcept { return passing_on_cancel_; }

 protected:
  enum class State : std::uint8_t { kPending, kDone, kFailed, kCancelled };

  explicit FutureBase(EventLoop& loop) noexcept;
  virtual ~FutureBase();
  /// For destructors: an error that nobody saw must not vanish. Tells it once.
  void report_if_never_retrieved() noexcept {
    if (state_ == State::kFailed && !std::exchange(retrieved_, true)) report_never_retrieved();
  }
  void settle(State state, std::exception_ptr error) noexcept;
  void note_cancel_message(std::string_view message) { cancel_message_.assign(message); }

  bool passing_on_cancel_ = false;

 private:
  friend class TaskLayout;
  void report_never_retrieved() noexcept;

  State state_ = State::kPending;
  bool retrieved_ = false;  // somebody saw the error
  std::uint32_t references_ = 1;
  EventLoop* loop_;
  std::exception_ptr error_;
  ListNode joiners_;
  RareText cancel_message_;
};

/// A place for the result, on top of what does not depend on it.
template <class T, class Base>
class Settled : public Base {
 public:
  using Base::Base;

  /// A copy of the result, or the result itself where its type cannot be copied.
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

 protected:
  std::optional<void_to_unit_t<T>> value_;

 private:
  void begin_result() {
    this->require_done();
    if (std::exception_ptr error = this->take_error()) std::rethrow_exception(std::move(error));
    if (!value_)
      throw InvalidStateError("the result of " + this->label() + " was already moved out");
  }
  auto take_value() {
    auto value = std::move(*value_);
    value_.reset();
    return value;
  }
};

template <class T>
class FutureState final : public Settled<T, FutureBase> {
 public:
  explicit FutureState(EventLoop& loop) noexcept : Settled<T, FutureBase>(loop) {}

  bool cancel(std::string message) override {
    if (this->done()) return false;
    this->note_cancel_message(message);
    this->settle(FutureBase::State::kCancelled, nullptr);
    return true;
  }
  void set_result(void_to_unit_t<T> value) {
    require_pending();
    this->value_.emplace(std::move(value));
    this->settle(FutureBase::State::kDone, nullptr);
  }
  void set_exception(std::exception_ptr error) {
    require_pending();
    if (!error) throw InvalidStateError("a future cannot fail with no exception at all");
    this->settle(FutureBase::State::kFailed, std::move(error));
  }

 private:
  void require_pending() const {
    if (this->done()) throw InvalidStateError("this future is done already");
  }
};

/// Waits for a future or task to be done; cancelling the waiter cancels what it waits for.
class JoinWaiter : public Waiter, public Joiner {
 public:
  explicit JoinWaiter(FutureBase& target) noexcept : target_(&target) { awaiter = task_place(); }
  // Only the base is moved, which has no target.  NOLINTNEXTLINE(bugprone-use-after-move)
  JoinWaiter(JoinWaiter&& other) noexcept : Waiter(std::move(other)), target_(other.target_) {
    awaiter = task_place();
  }
  bool request_cancel(const std::string& message) noexcept override;
  void on_done(FutureBase&) noexcept override { wake(); }

 protected:
  void suspend_until_done(Execution& execution);
  FutureBase* target_;
};

/// The loop of this thread. Errors: InvalidStateError where none runs.
[[nodiscard]] EventLoop& running_event_loop();

}  // namespace detail

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

/// A handle to a future or task of any result type. Copies name the same one.
class AnyFuture {
 public:
  AnyFuture() noexcept = default;
  explicit AnyFuture(detail::FutureBase& state) noexcept : state_(&state) { state.retain(); }
  AnyFuture(const AnyFuture& other) noexcept : state_(other.state_) {
    if (state_) state_->retain();
  }
  AnyFuture(AnyFuture&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  AnyFuture& operator=(AnyFuture other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~AnyFuture() {
    if (state_) state_->release();
  }

  explicit operator bool() const noexcept { return state_ != nullptr; }
  friend bool operator==(const AnyFuture& a, const AnyFuture& b) noexcept = default;

  /// Requests cancellation; false if it is done already.
  bool cancel(std::string message = {}) const { return state_->cancel(std::move(message)); }
  [[nodiscard]] bool done() const noexcept { return state_->done(); }
  [[nodiscard]] bool cancelled() const noexcept { return state_->cancelled(); }
  /// The exception of one that is done; null if it succeeded.
  /// Errors: InvalidStateError before it is done.
  [[nodiscard]] std::exception_ptr exception() const {
    state_->require_done();
    return state_->take_error();
  }
  [[nodiscard]] detail::FutureBase* state() const noexcept { return state_; }

 protected:
  /// Gives up a reference that was already counted.
  static void adopt(AnyFuture& handle, detail::FutureBase& state) noexcept {
    handle.state_ = &state;
  }
  detail::FutureBase* state_ = nullptr;
};

namespace detail {

/// What `co_await` of a future or task does. `Owner` is the handle: it keeps the result alive.
template <class T, class Owner>
class JoinAwaiter final : public JoinWaiter {
 public:
  explicit JoinAwaiter(Owner owner) noexcept
      : JoinWaiter(*owner.state()), owner_(std::move(owner)) {}
  JoinAwaiter(JoinAwaiter&&) noexcept = default;
  bool await_ready() const noexcept { return owner_.done(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend_until_done(execution_of(frame));
  }
  T await_resume() {
    throw_if_cancelled();
    return owner_.state()->shared() ? owner_.result() : owner_.take_result();
  }

 private:
  Owner owner_;
};

}  // namespace detail

/// A result that is not there yet, and that somebody will set: the bridge from callbacks to tasks.
/// Shape:    `Future<int> answer; keep(answer); int n = co_await answer;` and, where the news
///           arrives on the loop's thread, `answer.set_result(42);`. Copies name the same future.
/// Suspends: `co_await` until it is done; by many, each gets a copy of the result (or, where the
///           type cannot be copied, the first one gets it). Cancelling the awaiting task cancels
///           the future.
/// Lives:    as long as it is named, also longer than its loop. Callbacks that are left end with
///           the loop; setting or cancelling the future after that is as before, but tells nobody.
/// Threads:  the loop's. From another thread: `loop.call_soon_threadsafe([=] { set_result... })`.
/// Errors:   what was set by set_exception(), CancelledError if it was cancelled; setting twice is
///           an InvalidStateError, and so is add_done_callback() when the loop is gone. An
///           exception that nobody ever asked for is reported.
template <class T = void>
class Future : public AnyFuture {
 public:
  using value_type = T;

  /// A new future of the running loop.
  Future() : Future(detail::running_event_loop()) {}
  explicit Future(EventLoop& loop) { adopt(*this, *new detail::FutureState<T>(loop)); }
  explicit Future(detail::FutureState<T>& existing) noexcept : AnyFuture(existing) {}

  void set_result(void_to_unit_t<T> value) const
    requires(!std::is_void_v<T>)
  {
    typed().set_result(std::move(value));
  }
  void set_result() const
    requires std::is_void_v<T>
  {
    typed().set_result(Unit());
  }
  void set_exception(std::exception_ptr error) const { typed().set_exception(std::move(error)); }
  template <class E>
    requires(!std::is_convertible_v<E, std::exception_ptr>)
  void set_exception(E error) const {
    typed().set_exception(std::make_exception_ptr(std::move(error)));
  }

  [[nodiscard]] T result() const { return typed().result(); }
  /// Moves the result out; nobody else gets it afterwards.
  [[nodiscard]] T take_result() const { return typed().take_result(); }

  /// Calls `callback(future)` on a pass of the loop after this is done, in order of such calls,
  /// also if it is done already. Cancelling the handle removes the callback.
  template <class F>
  Handle add_done_callback(F callback) const {
    return Handle(state_->add_done_callback(
        [callback = std::move(callback)](detail::FutureBase& done) mutable {
          callback(Future(static_cast<detail::FutureState<T>&>(done)));
        }));
  }

  using Awaiter = detail::JoinAwaiter<T, Future>;
  Awaiter operator co_await() const {
    if (!*this) throw InvalidStateError("this Future is empty: it was moved from");
    return Awaiter(*this);
  }

 private:
  [[nodiscard]] detail::FutureState<T>& typed() const noexcept {
    return static_cast<detail::FutureState<T>&>(*state_);
  }
};

}  // namespace cochain
