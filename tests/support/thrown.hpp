// What was thrown, as a value: a coroutine can look at it where it cannot await in a handler.
// Every coroutine here takes its parameters by value.
#pragma once

#include <exception>
#include <utility>

#include "cochain/core/coro.hpp"

namespace cochain::testing {

/// Awaits `awaitable` and gives what it threw; null if it did not throw.
template <Awaitable A>
Coro<std::exception_ptr> error_of(A awaitable) {
  std::exception_ptr error;
  try {
    (void)co_await std::move(awaitable);
  } catch (...) {
    error = std::current_exception();
  }
  co_return error;
}

/// What calling `fn` throws; null if it does not throw.
template <class F>
std::exception_ptr error_of_call(F&& fn) {
  try {
    std::forward<F>(fn)();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

/// True if `error` is an `E`; null is nothing.
template <class E>
bool is(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const E&) {
    return true;
  } catch (...) {
  }
  return false;
}

}  // namespace cochain::testing
