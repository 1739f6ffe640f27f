// A request takes its share at once, even if the bucket then holds less than nothing, and waits for
// as long as the bucket would have taken to hold it. So each waits once, in the order in which they
// came, and nobody has to be woken.

#include "cochain/chains/runnable/rate_limiter.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <utility>

#include "cochain/core/error.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain {
namespace {

class RateBucket {
 public:
  RateBucket(const RateLimits::Limit& limit, Duration burst)
      : per_second_(limit.amount / seconds(limit.per)),
        size_(std::max(per_second_ * seconds(burst), 1.0)),
        level_(size_) {}

  /// Takes the amount away and says how long to wait for it.
  Duration take(double amount, TimePoint now) {
    fill(now);
    const double missing = std::max(std::min(amount, size_) - level_, 0.0);
    level_ -= amount;
    return std::chrono::ceil<Duration>(std::chrono::duration<double>(missing / per_second_));
  }
  void give_back(double amount) noexcept { level_ = std::min(level_ + amount, size_); }

 private:
  static double seconds(Duration time) { return std::chrono::duration<double>(time).count(); }
  void fill(TimePoint now) {
    if (filled_ && now <= *filled_) return;
    if (filled_) level_ = std::min(level_ + per_second_ * seconds(now - *filled_), size_);
    filled_ = now;
  }
  double per_second_;
  double size_;
  double level_;
  std::optional<TimePoint> filled_;
};

std::optional<RateBucket> bucket_of(const std::optional<RateLimits::Limit>& limit, Duration burst) {
  if (!limit) return std::nullopt;
  const bool good = limit->amount > 0 && std::isfinite(limit->amount) && limit->per > Duration();
  if (!good) throw InvalidStateError("a rate limit needs an amount and a time above zero");
  return RateBucket(*limit, burst);
}

}  // namespace

class RateLimiter::Buckets {
 public:
  explicit Buckets(const RateLimits& limits)
      : requests_(bucket_of(limits.requests(), limits.burst())),
        tokens_(bucket_of(limits.tokens(), limits.burst())) {}

  Duration take(double tokens, TimePoint now) {
    const std::lock_guard lock(mutex_);
    Duration wait{};
    if (requests_) wait = requests_->take(1, now);
    if (tokens_) wait = std::max(wait, tokens_->take(tokens, now));
    return wait;
  }
  void give_back(double requests, double tokens) noexcept {
    const std::lock_guard lock(mutex_);
    if (requests_) requests_->give_back(requests);
    if (tokens_) tokens_->give_back(tokens);
  }

  /// Gives back what was taken for a request that does not go out after all.
  class Reservation {
   public:
    Reservation(std::shared_ptr<Buckets> buckets, double tokens)
        : buckets_(std::move(buckets)), tokens_(tokens) {}
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation() {
      if (buckets_) buckets_->give_back(1, tokens_);
    }
    void use() noexcept { buckets_.reset(); }

   private:
    std::shared_ptr<Buckets> buckets_;
    double tokens_;
  };

  static Coro<Duration> wait_in(std::shared_ptr<Buckets> buckets, double tokens) {
    const Duration wait = buckets->take(tokens, EventLoop::current().time());
    Reservation reserved(std::move(buckets), tokens);
    if (wait > Duration::zero()) co_await sleep(wait);
    reserved.use();
    co_return wait;
  }

 private:
  std::mutex mutex_;
  std::optional<RateBucket> requests_;
  std::optional<RateBucket> tokens_;
};

RateLimiter::RateLimiter(const RateLimits& limits) : buckets_(std::make_shared<Buckets>(limits)) {}

Coro<Duration> RateLimiter::acquire(std::int64_t tokens) const {
  return Buckets::wait_in(buckets_, static_cast<double>(std::max<std::int64_t>(tokens, 0)));
}

void RateLimiter::correct(std::int64_t more_tokens) const {
  buckets_->give_back(0, -static_cast<double>(more_tokens));
}

}  // namespace cochain
