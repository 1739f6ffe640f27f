// Requests and tokens in a time, in virtual time; and models that keep to them.

#include "cochain/chains/runnable/rate_limiter.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cochain/chains/model/rate_limited_model.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

using Seconds = std::vector<int>;

class SecondsLog {
 public:
  SecondsLog() : start_(EventLoop::current().time()) {}
  void note() {
    const auto passed = EventLoop::current().time() - start_;
    seconds.push_back(static_cast<int>(std::chrono::round<std::chrono::seconds>(passed).count()));
  }
  Seconds seconds;

 private:
  TimePoint start_;
};

Coro<> go_out(RateLimiter limiter, std::int64_t tokens, SecondsLog* log) {
  co_await limiter.acquire(tokens);
  log->note();
}

ASYNC_TEST(RateLimiter, LetsOneGoEverySecondInTheOrderInWhichTheyCame) {
  SecondsLog log;
  const RateLimiter limiter(RateLimits().requests(60, 1min));
  std::vector<Coro<>> all;
  for (int n = 0; n < 4; ++n) all.push_back(go_out(limiter, 0, &log));
  co_await gather(std::move(all));
  EXPECT_THAT(log.seconds, ElementsAre(0, 1, 2, 3));
}

ASYNC_TEST(RateLimiter, LetsABurstGoAfterAPause) {
  const RateLimiter limiter(RateLimits().requests(1, 1s).burst(3s));
  SecondsLog log;
  for (int n = 0; n < 5; ++n) co_await go_out(limiter, 0, &log);
  co_await sleep(100s);
  for (int n = 0; n < 4; ++n) co_await go_out(limiter, 0, &log);
  EXPECT_THAT(log.seconds, ElementsAre(0, 0, 0, 1, 2, 102, 102, 102, 103));
}

ASYNC_TEST(RateLimiter, HoldsTokensBackToo) {
  const RateLimiter limiter(RateLimits().requests(1000, 1s).tokens(600, 1min).burst(10s));
  SecondsLog log;
  for (const int tokens : {60, 60, 10, 0}) co_await go_out(limiter, tokens, &log);
  EXPECT_THAT(log.seconds, ElementsAre(0, 2, 3, 3));
}

ASYNC_TEST(RateLimiter, LetsWhatIsLargerThanTheBucketGoWhenItIsFull) {
  const RateLimiter limiter(RateLimits().tokens(10, 1s));
  SecondsLog log;
  for (const int tokens : {100, 5}) co_await go_out(limiter, tokens, &log);
  EXPECT_THAT(log.seconds, ElementsAre(0, 10));
}

ASYNC_TEST(RateLimiter, GivesBackWhatACancelledOneHadSetAside) {
  const RateLimiter limiter(RateLimits().requests(1, 1s));
  SecondsLog log;
  co_await go_out(limiter, 0, &log);
  for (int n = 0; n < 20; ++n) {
    Task<> task = create_task(go_out(limiter, 0, &log));
    co_await sleep(0s);
    task.cancel();
    bool cancelled = false;
    try {
      co_await task;
    } catch (const CancelledError&) {
      cancelled = true;
    }
    EXPECT_TRUE(cancelled);
  }
  co_await go_out(limiter, 0, &log);
  EXPECT_THAT(log.seconds, ElementsAre(0, 1));
}

ASYNC_TEST(RateLimiter, MakesGoodWhatWasThoughtWrongly) {
  const RateLimiter limiter(RateLimits().tokens(10, 1s));
  SecondsLog log;
  co_await go_out(limiter, 10, &log);
  limiter.correct(20);
  co_await go_out(limiter, 10, &log);
  limiter.correct(-10);
  co_await go_out(limiter, 10, &log);
  EXPECT_THAT(log.seconds, ElementsAre(0, 3, 3));
}

TEST(RateLimiterLimits, HaveToBePositive) {
  EXPECT_THROW(RateLimiter(RateLimits().requests(0, 1s)), InvalidStateError);
  EXPECT_THROW(RateLimiter(RateLimits().tokens(-1, 1s)), InvalidStateError);
  EXPECT_THROW(RateLimiter(RateLimits().requests(1, 0s)), InvalidStateError);
  EXPECT_NO_THROW(RateLimiter{RateLimits()});
}

ASYNC_TEST(RateLimitedModel, WaitsBeforeEachRequestWholeOrInPieces) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}));
  const auto limited = make_rate_limited_model(model, RateLimiter(RateLimits().requests(1, 1s)));
  SecondsLog log;
  for (int n = 0; n < 2; ++n) {
    const AIMessage answer = co_await limited->invoke(messages("Hello"));
    EXPECT_EQ(answer.text(), "ab");
    log.note();
    auto chunks = limited->stream(messages("Hello"));
    std::string text;
    while (auto chunk = co_await chunks.next()) text += chunk->take_content();
    EXPECT_EQ(text, "ab");
    log.note();
  }
  EXPECT_THAT(log.seconds, ElementsAre(0, 1, 2, 3));
}

ASYNC_TEST(RateLimitedModel, CountsWhatTheAnswerTook) {
  AIMessage answer("short");
  answer.usage = Usage(30, 20);
  answer.finish_reason = FinishReason::kStop;
  const auto limited = make_rate_limited_model(
      make_fake(FakeScript::answer(answer)), RateLimiter(RateLimits().tokens(10, 1s)),
      RateLimitedModelOptions().token_counter([](std::span<const Message>) { return 10; }));
  SecondsLog log;
  for (int n = 0; n < 3; ++n) {
    co_await limited->invoke(messages("Hello"));
    log.note();
  }
  EXPECT_THAT(log.seconds, ElementsAre(0, 5, 10));
}

}  // namespace
}  // namespace cochain::testing
