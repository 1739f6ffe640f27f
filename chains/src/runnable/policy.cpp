// The arithmetic of trying again. No clock and no loop here: tests give it numbers.

#include "cochain/chains/runnable/policy.hpp"

#include <algorithm>
#include <cmath>
#include <random>
#include <stdexcept>
#include <string>

namespace cochain {
namespace {

double uniform_of_thread() {
  thread_local std::minstd_rand generator{std::random_device{}()};
  return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

Duration at_least_zero(Duration value, const char* name) {
  if (value < Duration::zero()) throw std::invalid_argument(std::string(name) + " is negative");
  return value;
}

}  // namespace

RetryPolicy& RetryPolicy::with_attempts_max(int value) {
  if (value < 1) throw std::invalid_argument("attempts_max is less than 1: there is a first try");
  attempts_max_ = value;
  return *this;
}

RetryPolicy& RetryPolicy::with_delay_first(Duration value) {
  delay_first_ = at_least_zero(value, "delay_first");
  return *this;
}

RetryPolicy& RetryPolicy::with_delay_max(Duration value) {
  delay_max_ = at_least_zero(value, "delay_max");
  return *this;
}

RetryPolicy& RetryPolicy::with_retry_after_max(Duration value) {
  retry_after_max_ = at_least_zero(value, "retry_after_max");
  return *this;
}

RetryPolicy& RetryPolicy::with_retry_on(std::function<bool(const std::exception_ptr&)> retryable) {
  retry_on_ = std::move(retryable);
  return *this;
}

RetryPolicy& RetryPolicy::with_retry_on_any() {
  return with_retry_on([](const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception&) {
      return true;
    } catch (...) {
      return false;
    }
  });
}

Duration RetryPolicy::backoff(int attempt, double random) const noexcept {
  // In floating point: 2^n leaves any integer long before anybody has tried that often.
  const double widest =
      std::min(std::ldexp(double(delay_first_.count()), attempt - 1), double(delay_max_.count()));
  return Duration(static_cast<Duration::rep>(std::clamp(random, 0.0, 1.0) * widest));
}

std::optional<Duration> RetryPolicy::delay(int attempt, const ModelError& error,
                                           double random) const noexcept {
  if (attempt >= attempts_max_ || !error.retryable()) return std::nullopt;
  if (const auto asked = error.retry_after()) {
    // Coming back earlier is answered with the same error, and may be held against us.
    if (*asked > retry_after_max_) return std::nullopt;
    return std::max(Duration(*asked), Duration::zero());
  }
  return backoff(attempt, random);
}

std::optional<Duration> RetryPolicy::delay(int attempt, const std::exception_ptr& error,
                                           double random) const {
  if (attempt >= attempts_max_ || detail::is_cancelled_error(error)) return std::nullopt;
  try {
    std::rethrow_exception(error);
  } catch (const ModelError& failed) {
    if (failed.retryable()) return delay(attempt, failed, random);
  } catch (...) {  // only what the caller said can tell
  }
  if (!retry_on_ || !retry_on_(error)) return std::nullopt;
  return backoff(attempt, random);
}

std::optional<Duration> detail::next_try(const RetryPolicy& policy, const RetryHooks& hooks,
                                         int attempt, const std::exception_ptr& error) {
  const double random = hooks.random ? hooks.random() : uniform_of_thread();
  const std::optional<Duration> delay = policy.delay(attempt, error, random);
  if (delay && hooks.on_retry) hooks.on_retry(RetryNotice(attempt, *delay, error));
  return delay;
}

}  // namespace cochain
