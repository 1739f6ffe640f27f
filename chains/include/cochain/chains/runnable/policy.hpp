// When a failed call is made again, and how long to wait before that: decided once, for every model
// and every program. The decision is pure; retry() carries it out.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include "cochain/chains/model/error.hpp"
#include "cochain/core/clock.hpp"
#include "cochain/core/coro.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain {

/// Decides about the next try of a call that failed.
/// Shape:    `RetryPolicy().with_attempts_max(5)`; `delay(attempt, error, random)` is a function of
///           its arguments alone.
/// Units:    attempts count from 1 and include the first one. The wait before try n + 1 is the
///           provider's own word if it gave one, else anything from nothing to
///           min(delay_first * 2^(n-1), delay_max): spread evenly, so that callers who failed
///           together do not come back together.
/// Errors:   std::invalid_argument from a setter that was given an impossible value.
class RetryPolicy {
 public:
  RetryPolicy() = default;
  RetryPolicy& with_attempts_max(int value);
  RetryPolicy& with_delay_first(Duration value);
  RetryPolicy& with_delay_max(Duration value);
  /// Tries again after any error that `retryable` accepts, beside those of models that say so
  /// themselves. Cancellation is no error.
  RetryPolicy& with_retry_on(std::function<bool(const std::exception_ptr&)> retryable);
  /// The same for every std::exception, as LangChain does unless told otherwise.
  RetryPolicy& with_retry_on_any();
  /// Who is asked to wait longer than this gives up instead.
  RetryPolicy& with_retry_after_max(Duration value);

  [[nodiscard]] int attempts_max() const noexcept { return attempts_max_; }

  /// How long to wait after try number `attempt` failed with `error`; nothing if the error stands.
  /// `random` is a uniform number in [0, 1).
  [[nodiscard]] std::optional<Duration> delay(int attempt, const ModelError& error,
                                              double random) const noexcept;
  /// The same for an error of any kind.
  [[nodiscard]] std::optional<Duration> delay(int attempt, const std::exception_ptr& error,
                                              double random) const;

 private:
  [[nodiscard]] Duration backoff(int attempt, double random) const noexcept;

  int attempts_max_ = 3;
  Duration delay_first_ = std::chrono::milliseconds(500);
  Duration delay_max_ = std::chrono::seconds(8);
  Duration retry_after_max_ = std::chrono::seconds(60);
  std::function<bool(const std::exception_ptr&)> retry_on_;
};

/// What is told about a try that failed and will be followed by another.
class RetryNotice {
 public:
  RetryNotice(int the_attempt, Duration the_delay, std::exception_ptr the_error) noexcept
      : attempt(the_attempt), delay(the_delay), error(std::move(the_error)) {}
  int attempt;
  Duration delay;
  std::exception_ptr error;
};

/// What retry() takes from outside.
/// Shape:    setters chain. Without `random`, a generator of the thread is used.
class RetryHooks {
 public:
  RetryHooks() = default;
  RetryHooks& with_random(std::function<double()> value) {
    random = std::move(value);
    return *this;
  }
  RetryHooks& with_on_retry(std::function<void(const RetryNotice&)> value) {
    on_retry = std::move(value);
    return *this;
  }
  std::function<double()> random;
  std::function<void(const RetryNotice&)> on_retry;
};

namespace detail {
/// The wait that the policy asks for, after telling the hooks of it; nothing if the error stands.
[[nodiscard]] std::optional<Duration> next_try(const RetryPolicy& policy, const RetryHooks& hooks,
                                               int attempt, const std::exception_ptr& error);
}  // namespace detail

/// Awaits `call()` until it succeeds or the policy says that its error stands.
/// Shape:    `call` makes a fresh Coro each time. What it gave to others before it failed is not
///           taken back: call nothing here that has delivered a part of its answer.
/// Suspends: as the call, and for the delays between two tries; cancellable at both.
/// Lives:    `call` lives until the await is over, so a `[&]` lambda is safe here.
/// Errors:   the last error; one that the policy does not retry, at once.
template <class Call>
[[nodiscard]] std::invoke_result_t<Call&> retry(RetryPolicy policy, Call call,
                                                RetryHooks hooks = RetryHooks()) {
  for (int attempt = 1;; ++attempt) {
    std::exception_ptr error;
    try {
      auto running = call();
      co_return co_await std::move(running);
    } catch (const std::exception&) {
      error = std::current_exception();
    }
    const std::optional<Duration> delay = detail::next_try(policy, hooks, attempt, error);
    if (!delay) std::rethrow_exception(std::move(error));
    error = nullptr;
    co_await sleep(*delay);
  }
}

}  // namespace cochain
