// Stream<T>: an asynchronous sequence, written as a coroutine with co_yield.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "cochain/core/coro.hpp"

namespace cochain {

template <class T>
class Stream;

namespace detail {

template <class T>
class StreamPromise final : public AwaitingPromise {
 public:
  Stream<T> get_return_object(std::source_location body = std::source_location::current()) noexcept;
  FinalAwaiter final_suspend() noexcept {
    yielded = nullptr;
    return FinalAwaiter();
  }
  void unhandled_exception() noexcept { error = std::current_exception(); }
  void return_void() noexcept {}

  /// Gives the task back to the consumer; the stream goes on at its next next().
  class Yield {
   public:
    explicit Yield(StreamPromise& promise) noexcept : promise_(promise) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<StreamPromise>) const noexcept {
      promise_.transfer_to(*promise_.awaited_by);
    }
    void await_resume() const noexcept {}

   private:
    StreamPromise& promise_;
  };
  class YieldCopy final : public Yield {
   public:
    YieldCopy(StreamPromise& promise, const T& value) : Yield(promise), value_(value) {}
    // Only here the copy is where it stays: a small awaiter is returned in registers.
    void await_suspend(std::coroutine_handle<StreamPromise> stream) noexcept {
      stream.promise().yielded = &value_;
      Yield::await_suspend(stream);
    }

   private:
    T value_;
  };
  Yield yield_value(T&& value) noexcept {
    yielded = &value;  // lives in the frame of the stream until it goes on
    return Yield(*this);
  }
  YieldCopy yield_value(const T& value) { return YieldCopy(*this, value); }

  Stream<T>* owner = nullptr;
  T* yielded = nullptr;  // the item to take; null when the stream is over
  std::exception_ptr error;
};

}  // namespace detail

/// A sequence whose items are awaited one by one. Lazy: nothing runs before the first next().
/// Shape:    `while (auto item = co_await stream.next()) use(*item);`
/// Suspends: next() runs the body, in the awaiting task, up to its next co_yield.
/// Lives:    one consumer at a time. Destroying a stream destroys its body where it stands: what it
///           holds (connections, child tasks) ends there and then. So does destroying a consumer
///           that waits for next(); the stream itself must not be destroyed under one.
/// Errors:   an exception of the body is thrown by next(), once; after that the stream is over. A
///           second next() while one is awaited throws InvalidStateError.
template <class T>
class [[nodiscard("a Stream does nothing until its next() is awaited")]] Stream {
 public:
  using value_type = T;
  using promise_type = detail::StreamPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Stream() noexcept = default;
  explicit Stream(Handle handle) noexcept : handle_(handle) { own(); }
  Stream(Stream&& other) noexcept : handle_(std::exchange(other.handle_, {})) { own(); }
  Stream& operator=(Stream&& other) noexcept {
    if (this != &other) {
      destroy();
      handle_ = std::exchange(other.handle_, {});
      own();
    }
    return *this;
  }
  ~Stream() { destroy(); }

  class Next {
   public:
    explicit Next(Handle handle) noexcept : handle_(handle) {}
    Next(Next&& other) noexcept : handle_(other.handle_) {}
    Next& operator=(Next&&) = delete;
    ~Next() {
      if (!pulling_) return;  // else the consumer is destroyed where it waits: so is the body
      handle_.promise().awaited_by = nullptr;
      handle_.promise().owner->destroy();
    }
    bool await_ready() const noexcept { return !handle_ || handle_.done(); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> consumer) {
      promise_type& promise = handle_.promise();
      if (promise.awaited_by) throw InvalidStateError("next() of this Stream is awaited already");
      pulling_ = true;
      consumer.promise().start_child(promise);
    }
    std::optional<T> await_resume() {
      if (!handle_) return std::nullopt;
      pulling_ = false;
      promise_type& promise = handle_.promise();
      promise.awaited_by = nullptr;
      if (promise.error) std::rethrow_exception(std::exchange(promise.error, nullptr));
      T* item = std::exchange(promise.yielded, nullptr);
      return item ? std::optional<T>(std::move(*item)) : std::nullopt;
    }

   private:
    Handle handle_;
    bool pulling_ = false;
  };
  /// The next item, or nothing at the end and ever after.
  [[nodiscard]] Next next() noexcept { return Next(handle_); }

  /// All items that are left.
  Coro<std::vector<T>> collect() && { return collect_all(std::move(*this)); }

 private:
  static Coro<std::vector<T>> collect_all(Stream stream) {
    std::vector<T> items;
    while (std::optional<T> item = co_await stream.next()) items.push_back(std::move(*item));
    co_return items;
  }
  void own() noexcept {
    if (handle_) handle_.promise().owner = this;
  }
  void destroy() noexcept {
    if (!handle_) return;
    COCHAIN_ASSERT(!handle_.promise().awaited_by && "a Stream is destroyed while it is awaited");
    std::exchange(handle_, {}).destroy();
  }

  Handle handle_;
};

template <class T>
Stream<T> detail::StreamPromise<T>::get_return_object(std::source_location body) noexcept {
  const auto handle = std::coroutine_handle<StreamPromise>::from_promise(*this);
  self = handle;
  await_site = body;
  return Stream<T>(handle);
}

}  // namespace cochain
