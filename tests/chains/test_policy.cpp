// When a failed call is made again: the decision with numbers, and the loop under a virtual clock.

#include "cochain/chains/runnable/policy.hpp"

#include <chrono>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "async_test.hpp"

namespace cochain::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

RateLimitError rate_limit(std::optional<milliseconds> retry_after = std::nullopt) {
  ErrorInfo info;
  info.http_status = 429;
  info.retry_after = retry_after;
  return RateLimitError("slow down", std::move(info));
}

TEST(RetryPolicy, GivesUpOnErrorsThatComeAgain) {
  const RetryPolicy policy;
  EXPECT_FALSE(policy.delay(1, AuthError("wrong key"), 0.5));
  EXPECT_FALSE(policy.delay(1, BadRequestError("no such option"), 0.5));
  EXPECT_FALSE(policy.delay(1, QuotaError("no money"), 0.5));
  EXPECT_TRUE(policy.delay(1, OverloadedError("busy"), 0.5));
  EXPECT_TRUE(policy.delay(1, TransportError("reset"), 0.5));
  EXPECT_TRUE(policy.delay(1, IncompleteStreamError("cut"), 0.5));
}

TEST(RetryPolicy, ObeysTheWordOfTheProviderOverTheKindOfError) {
  const RetryPolicy policy;
  EXPECT_FALSE(policy.delay(1, RateLimitError("no", ErrorInfo().retryable(false)), 0.5));
  EXPECT_TRUE(policy.delay(1, BadRequestError("later", ErrorInfo().retryable(true)), 0.5));
}

TEST(RetryPolicy, CountsTheFirstTryAmongTheTries) {
  const RetryPolicy policy;  // three in all
  EXPECT_TRUE(policy.delay(1, rate_limit(), 0.5));
  EXPECT_TRUE(policy.delay(2, rate_limit(), 0.5));
  EXPECT_FALSE(policy.delay(3, rate_limit(), 0.5));
  EXPECT_FALSE(RetryPolicy().with_attempts_max(1).delay(1, rate_limit(), 0.5));
}

TEST(RetryPolicy, SpreadsTheWaitUnderADoublingBound) {
  const RetryPolicy policy = RetryPolicy().with_attempts_max(100);
  const std::vector<milliseconds> bounds = {milliseconds(500),  milliseconds(1000),
                                            milliseconds(2000), milliseconds(4000),
                                            milliseconds(8000), milliseconds(8000)};
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const int attempt = static_cast<int>(i) + 1;
    EXPECT_EQ(policy.delay(attempt, rate_limit(), 0.0), Duration(0)) << attempt;
    EXPECT_EQ(policy.delay(attempt, rate_limit(), 0.5), Duration(bounds[i]) / 2) << attempt;
    EXPECT_LE(*policy.delay(attempt, rate_limit(), 0.999999), Duration(bounds[i])) << attempt;
  }
  EXPECT_EQ(policy.delay(99, rate_limit(), 1.0), Duration(seconds(8)));
}

TEST(RetryPolicy, WaitsAsLongAsItIsAskedToOrNotAtAll) {
  const RetryPolicy policy;
  EXPECT_EQ(policy.delay(1, rate_limit(milliseconds(1250)), 0.1), Duration(milliseconds(1250)));
  EXPECT_EQ(policy.delay(1, rate_limit(seconds(60)), 0.1), Duration(seconds(60)));
  EXPECT_FALSE(policy.delay(1, rate_limit(milliseconds(60'001)), 0.1));
  const RetryPolicy patient = RetryPolicy().with_retry_after_max(hours(1));
  EXPECT_EQ(patient.delay(1, rate_limit(seconds(3600)), 0.1), Duration(hours(1)));
}

TEST(RetryPolicy, RefusesImpossibleSettings) {
  EXPECT_THROW(RetryPolicy().with_attempts_max(0), std::invalid_argument);
  EXPECT_THROW(RetryPolicy().with_delay_first(seconds(-1)), std::invalid_argument);
  EXPECT_THROW(RetryPolicy().with_delay_max(seconds(-1)), std::invalid_argument);
  EXPECT_THROW(RetryPolicy().with_retry_after_max(seconds(-1)), std::invalid_argument);
}

/// Fails as often as it is told to, then answers.
class Flaky {
 public:
  explicit Flaky(int failures) : failures_(failures) {}
  Coro<int> call() {
    ++calls;
    co_await sleep(seconds(1));
    if (calls <= failures_) throw rate_limit();
    co_return calls;
  }
  int calls = 0;

 private:
  int failures_;
};

RetryHooks always_halfway() {
  RetryHooks hooks;
  hooks.with_random([] { return 0.5; });
  return hooks;
}

ASYNC_TEST(Retry, CallsAgainAfterTheWaitUntilItSucceeds) {
  Flaky flaky(2);
  std::vector<int> told;
  RetryHooks hooks = always_halfway();
  hooks.with_on_retry([&told](const RetryNotice& notice) { told.push_back(notice.attempt); });
  const TimePoint start = EventLoop::current().time();
  auto call = [&]() -> Coro<int> { return flaky.call(); };
  Coro<int> trying = retry(RetryPolicy(), std::move(call), std::move(hooks));
  const int result = co_await std::move(trying);
  EXPECT_EQ(result, 3);
  EXPECT_EQ(told, (std::vector<int>{1, 2}));
  // Three calls of a second, and half of half a second, then half of a second between them.
  EXPECT_EQ(EventLoop::current().time() - start, Duration(milliseconds(3000 + 250 + 500)));
}

ASYNC_TEST(Retry, ThrowsTheLastErrorWhenTheTriesAreUsedUp) {
  Flaky flaky(5);
  auto call = [&]() -> Coro<int> { return flaky.call(); };
  Coro<int> trying = retry(RetryPolicy(), std::move(call), always_halfway());
  bool thrown = false;
  try {
    co_await std::move(trying);
  } catch (const RateLimitError&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(flaky.calls, 3);
}

Coro<> fail_with_other(int* calls) {
  ++*calls;
  throw std::runtime_error("no error of a model");
  co_return;
}

ASYNC_TEST(Retry, DoesNotRepeatWhatIsNoErrorOfAModel) {
  int calls = 0;
  auto call = [&]() -> Coro<> { return fail_with_other(&calls); };
  Coro<> trying = retry(RetryPolicy(), std::move(call));
  bool thrown = false;
  try {
    co_await std::move(trying);
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT_TRUE(thrown);
  EXPECT_EQ(calls, 1);
}

Coro<int> try_flaky(Flaky* flaky) {
  auto call = [=]() -> Coro<int> { return flaky->call(); };
  Coro<int> trying = retry(RetryPolicy().with_attempts_max(10), std::move(call), always_halfway());
  co_return co_await std::move(trying);
}

ASYNC_TEST(Retry, CanBeCancelledWhileItWaits) {
  Flaky flaky(100);
  const Task<int> task = EventLoop::current().create_task(try_flaky(&flaky));
  co_await sleep(milliseconds(1100));  // in the first wait, which takes 250 ms
  EXPECT_EQ(flaky.calls, 1);
  task.cancel();
  bool cancelled = false;
  try {
    co_await task;
  } catch (const CancelledError&) {
    cancelled = true;
  }
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(flaky.calls, 1);
}

}  // namespace
}  // namespace cochain::testing
