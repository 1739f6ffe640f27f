// Coro<T>, what calling an asynchronous function gives, and the pump that runs chains of them.
//
// A task is a chain of coroutines in which each awaits the next. Only the innermost runs. When it
// awaits a child, or ends, it names the coroutine to run next in its Execution and suspends; the
// task's step() resumes that one. So the native stack never grows with the chain, at any
// optimization level: symmetric transfer is no tail call on g++ 12 without -O2, nor under ASan.
#pragma once

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "cochain/core/error.hpp"
#include "cochain/core/outcome.hpp"

namespace cochain {

template <class T = void>
class Coro;

namespace detail {

// Recycles coroutine frames by size class on each thread; plain malloc under sanitizers.
void* allocate_frame(std::size_t bytes);
void free_frame(void* frame, std::size_t bytes) noexcept;

class PromiseBase;

// Debug mode remembers where each coroutine was made, and hears of those that were never awaited.
#ifdef COCHAIN_NO_DEBUG
constexpr bool tracks_coroutines() noexcept { return false; }
#else
extern std::atomic<bool> coroutine_tracking;
inline bool tracks_coroutines() noexcept {
  return coroutine_tracking.load(std::memory_order_relaxed);
}
#endif
void note_coroutine_made(const PromiseBase& promise) noexcept;
void note_coroutine_destroyed(const PromiseBase& promise) noexcept;

/// Where one chain of coroutines stands. The base of a task.
struct Execution {
  PromiseBase* innermost = nullptr;  // runs now, or is resumed next
  bool pump_again = false;           // set by a coroutine that named another one to go on with
};

/// What every coroutine of cochain has in its frame, whatever it returns.
class PromiseBase {
 public:
  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* frame, std::size_t bytes) noexcept { free_frame(frame, bytes); }

  std::suspend_always initial_suspend() const noexcept { return {}; }

  /// Hands the task to `next`, from inside an await_suspend of this coroutine.
  void transfer_to(PromiseBase& next) noexcept {
    execution->innermost = &next;
    execution->pump_again = true;
  }
  void start_child(PromiseBase& child) noexcept {
    child.awaited_by = this;
    child.execution = execution;
    transfer_to(child);
  }

  class FinalAwaiter {
   public:
    FinalAwaiter() noexcept {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      PromiseBase& promise = ended.promise();
      if (promise.awaited_by) promise.transfer_to(*promise.awaited_by);
    }
    void await_resume() const noexcept {}
  };

  std::coroutine_handle<> self;
  PromiseBase* awaited_by = nullptr;  // the coroutine that goes on when this one ends or yields
  Execution* execution = nullptr;     // null until it runs
  // Where the Coro object that owns this keeps its handle, once that is awaited.
  std::coroutine_handle<>* held_by = nullptr;
  std::source_location await_site;  // the co_await at which it last suspended; before, itself
};

/// Destroys what `outermost` awaits, from the innermost outwards, in a loop: the destructor of a
/// frame that owns the next inner one would need as much native stack as the chain is deep.
void destroy_awaited(PromiseBase& innermost, const PromiseBase& outermost) noexcept;

template <class A>
concept Awaiter = requires(A awaiter) {
  { awaiter.await_ready() } -> std::convertible_to<bool>;
  awaiter.await_resume();
};

template <class A>
concept HasMemberCoAwait = requires(A&& object) { std::forward<A>(object).operator co_await(); };

/// Awaits an operation where it lies. Given a reference, g++ 12 would copy the operation into the
/// frame; a temporary lives until its co_await is over, so pointing at it is safe.
template <class A>
class AwaiterRef {
 public:
  explicit AwaiterRef(A& awaiter) noexcept : awaiter_(&awaiter) {}
  bool await_ready() const { return awaiter_->await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> frame) const {
    return awaiter_->await_suspend(frame);
  }
  decltype(auto) await_resume() const { return awaiter_->await_resume(); }

 private:
  A* awaiter_;
};

template <class A>
auto awaiter_of(A&& object) {
  if constexpr (HasMemberCoAwait<A>) {
    return std::forward<A>(object).operator co_await();
  } else {
    return AwaiterRef<std::remove_reference_t<A>>(object);
  }
}

/// Notes the line of each co_await, for whoever asks later where a task stands.
class AwaitingPromise : public PromiseBase {
 public:
  template <class A>
  auto await_transform(A&& object,
                       const std::source_location where = std::source_location::current()) {
    static_assert(Awaiter<A> || HasMemberCoAwait<A>,
                  "co_await needs a Coro, a Task, or an operation of cochain such as queue.get(). "
                  "A Coro held in a variable is awaited once: co_await std::move(coro).");
    await_site = where;
    return awaiter_of(std::forward<A>(object));
  }
};

template <class T>
class ResultSlot {
 public:
  static_assert(!std::is_reference_v<T>, "a Coro returns values; return a pointer to share");
  template <class U = T>
  void return_value(U&& value) {
    value_.emplace(std::forward<U>(value));
  }
  T take() { return std::move(*value_); }

 private:
  std::optional<T> value_;
};

template <>
class ResultSlot<void> {
 public:
  void return_void() noexcept {}
  void take() noexcept {}
};

template <class T>
class CoroPromise final : public AwaitingPromise, public ResultSlot<T> {
 public:
  Coro<T> get_return_object(std::source_location body = std::source_location::current()) noexcept;
  FinalAwaiter final_suspend() const noexcept { return FinalAwaiter(); }
  void unhandled_exception() noexcept { error = std::current_exception(); }

  T result() {
    if (error) std::rethrow_exception(std::move(error));
    return this->take();
  }

  std::exception_ptr error;
};

}  // namespace detail

/// What calling an asynchronous function gives: lazy, awaited once, destroyed with its owner.
/// Shape:    `Coro<int> f() { co_await sleep(1s); co_return 42; }` then `int n = co_await f();`
/// Suspends: awaiting it runs it in the awaiting task, like a call; it suspends only where its
///           body does. To run it beside the caller, give it to create_task() or a TaskGroup.
/// Lives:    parameters are copied into it, so take them by value: a reference parameter must
///           outlive it. Destroying it while suspended destroys its locals, innermost first.
/// Errors:   an exception that leaves the body is thrown at the co_await.
template <class T>
class [[nodiscard("a Coro does nothing until it is awaited or made a task")]] Coro {
 public:
  using promise_type = detail::CoroPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Coro() noexcept = default;
  explicit Coro(Handle handle) noexcept : handle_(handle) {}
  Coro(Coro&& other) noexcept : handle_(std::exchange(other.handle_, {})) { hold(); }
  Coro& operator=(Coro&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, {});
      hold();
    }
    return *this;
  }
  ~Coro() { destroy(); }

  [[nodiscard]] bool valid() const noexcept { return bool(handle_); }

  class Awaiter {
   public:
    explicit Awaiter(Handle child) noexcept : child_(child) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) const noexcept {
      parent.promise().start_child(child_.promise());
    }
    T await_resume() const { return child_.promise().result(); }

   private:
    Handle child_;
  };
  Awaiter operator co_await() && {
    if (!handle_) throw InvalidStateError("this Coro is empty: it was moved from");
    promise_type& promise = handle().promise();
    if (promise.execution) throw InvalidStateError("this Coro was already awaited");
    promise.held_by = &handle_;
    return Awaiter(handle());
  }

  /// Gives it up on purpose, awaited or not: debug mode does not report it as forgotten.
  void close() noexcept {
    if (handle_ && !handle().promise().execution) handle().promise().execution = &kClosed;
    destroy();
  }

  /// Gives the frame to the caller.
  [[nodiscard]] Handle release() noexcept {
    return Handle::from_address(std::exchange(handle_, {}).address());
  }
  /// The frame, still owned by this object. For the loop.
  [[nodiscard]] Handle handle() const noexcept { return Handle::from_address(handle_.address()); }

 private:
  static inline detail::Execution kClosed;

  void hold() noexcept {
    if (handle_ && handle().promise().held_by) handle().promise().held_by = &handle_;
  }
  void destroy() noexcept {
    if (!handle_) return;
    if (detail::tracks_coroutines()) [[unlikely]] {
      detail::note_coroutine_destroyed(handle().promise());
    }
    std::exchange(handle_, {}).destroy();
  }

  std::coroutine_handle<> handle_;  // destroy_awaited() sets it to null
};

template <class T>
Coro<T> detail::CoroPromise<T>::get_return_object(std::source_location body) noexcept {
  const auto handle = std::coroutine_handle<CoroPromise>::from_promise(*this);
  self = handle;
  await_site = body;
  if (tracks_coroutines()) [[unlikely]]
    note_coroutine_made(*this);
  return Coro<T>(handle);
}

/// Whatever `co_await` accepts inside a coroutine of cochain.
template <class A>
concept Awaitable =
    detail::Awaiter<std::remove_cvref_t<A>> || detail::HasMemberCoAwait<std::remove_cvref_t<A>&&>;

namespace detail {

// No member for what cannot be awaited, so that an overload drops out instead of failing to build.
template <class A>
struct AwaitResult {};
template <HasMemberCoAwait A>
struct AwaitResult<A> {
  using type = decltype(std::declval<A>().operator co_await().await_resume());
};
template <Awaiter A>
  requires(!HasMemberCoAwait<A>)
struct AwaitResult<A> {
  using type = decltype(std::declval<A&>().await_resume());
};

}  // namespace detail

/// The type that awaiting an rvalue A gives.
template <class A>
using await_result_t = typename detail::AwaitResult<std::remove_cvref_t<A>>::type;

/// A Coro that awaits `awaitable`: turns any operation into something a task can run.
template <class T>
Coro<T> ensure_coro(Coro<T> coro) {
  return coro;
}
template <Awaitable A>
Coro<await_result_t<A>> ensure_coro(A awaitable) {
  co_return co_await std::move(awaitable);
}

}  // namespace cochain
