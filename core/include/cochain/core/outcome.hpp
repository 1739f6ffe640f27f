// A result or the exception that came instead, for places where failing in part is data:
// gather_outcomes(), batch(), as_completed().
#pragma once

#include <exception>
#include <type_traits>
#include <utility>
#include <variant>

#include "cochain/core/error.hpp"

namespace cochain {

/// What stands for `void` where a value is needed, such as in gather()'s tuple.
using Unit = std::monostate;

/// Unit for void, T itself for all others.
template <class T>
using void_to_unit_t = std::conditional_t<std::is_void_v<T>, Unit, T>;

/// A value of type T, or the exception that prevented it.
/// Shape:  `if (outcome) use(outcome.value()); else log(describe(outcome.error()));`
/// Errors: value() rethrows the exception held; error() of a success is a null pointer.
template <class T>
class Outcome {
 public:
  using Value = void_to_unit_t<T>;

  Outcome()
    requires std::is_void_v<T>
  = default;
  Outcome(Value value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(std::exception_ptr error) : state_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] const Value& value() const& {
    throw_if_error();
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] Value value() && {
    throw_if_error();
    return std::move(*std::get_if<0>(&state_));
  }
  [[nodiscard]] std::exception_ptr error() const noexcept {
    return ok() ? nullptr : *std::get_if<1>(&state_);
  }

 private:
  void throw_if_error() const {
    if (const std::exception_ptr* error = std::get_if<1>(&state_)) std::rethrow_exception(*error);
  }

  std::variant<Value, std::exception_ptr> state_;
};

}  // namespace cochain
