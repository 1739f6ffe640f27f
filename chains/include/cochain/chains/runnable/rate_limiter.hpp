// No more than so many requests and tokens in a time, whoever makes them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "cochain/core/clock.hpp"
#include "cochain/core/coro.hpp"

namespace cochain {

/// What may go out: `RateLimits().requests(500, 1min).tokens(200'000, 1min)`.
/// Shape: what is not said is not limited. Each limit is a bucket that fills evenly: after a pause
///        as much may go out at once as `burst` says, by default the amount of one second, or 1 if
///        that is more.
class RateLimits {
 public:
  class Limit {
   public:
    Limit(double the_amount, Duration the_time) : amount(the_amount), per(the_time) {}
    double amount;
    Duration per;
  };

  RateLimits() = default;
  RateLimits& requests(double amount, Duration per) {
    requests_.emplace(amount, per);
    return *this;
  }
  RateLimits& tokens(double amount, Duration per) {
    tokens_.emplace(amount, per);
    return *this;
  }
  /// How much may go out at once, as the amount of so long a time.
  RateLimits& burst(Duration value) {
    burst_ = value;
    return *this;
  }

  [[nodiscard]] const std::optional<Limit>& requests() const noexcept { return requests_; }
  [[nodiscard]] const std::optional<Limit>& tokens() const noexcept { return tokens_; }
  [[nodiscard]] Duration burst() const noexcept { return burst_; }

 private:
  std::optional<Limit> requests_;
  std::optional<Limit> tokens_;
  Duration burst_ = std::chrono::seconds(1);
};

/// Holds requests back until they may go out. A copy shares the buckets.
/// Shape:    who comes first goes first. A request for more tokens than the bucket holds goes when
///           the bucket is full, and those behind it wait for longer.
/// Threads:  any number of loops may share one, if they share a clock.
class RateLimiter {
 public:
  /// Errors: InvalidStateError for a limit whose amount or time is not positive.
  explicit RateLimiter(const RateLimits& limits);

  /// One request that takes so many tokens, as far as is known.
  /// Suspends: until it may go out; cancellable, and what was set aside for it is given back.
  /// Returns how long it waited.
  [[nodiscard]] Coro<Duration> acquire(std::int64_t tokens = 0) const;
  /// Says that a request took more tokens than was thought, or with a negative number fewer.
  void correct(std::int64_t more_tokens) const;

 private:
  class Buckets;
  std::shared_ptr<Buckets> buckets_;
};

}  // namespace cochain
