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

std::optional<Duration> RetryPolicy::delay(int attempt, const ModelError& error,
                                           double random) const noexcept {
  if (attempt >= attempts_max_ || !error.retryable()) return std::nullopt;
  if (const auto asked = error.retry_after()) {
    // Coming back earlier is answered with the same error, and may be held against us.
    if (*asked > retry_after_max_) return std::nullopt;
    return std::max(Duration(*asked), Duration::zero());
  }
  // In floating point: 2^n leaves any integer long before anybody has tried that often.
  const double widest =
      std::min(std::ldexp(double(delay_first_.count()), attempt - 1), double(delay_max_.count()));
  return Duration(static_cast<Duration::rep>(std::clamp(random, 0.0, 1.0) * widest));
}

std::optional<Duration> detail::next_try(const RetryPolicy& policy, const RetryHooks& hooks,
                                         int attempt, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ModelError& failed) {
    const double random = hooks.random ? hooks.random() : uniform_of_thread();
    const std::optional<Duration> delay = policy.delay(attempt, failed, random);
    if (delay && hooks.on_retry) hooks.on_retry(RetryNotice(attempt, *delay, failed));
    return delay;
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace cochain
