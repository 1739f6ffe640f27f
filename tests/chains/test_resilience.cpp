// Tries that are made again, steps in place of others, limits of time.
#include <algorithm>
#include <random>
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/lambda.hpp"
#include "cochain/chains/runnable/resilience.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using Text = Chain<std::string, std::string>;

RetryPolicy any(int attempts) {
  return RetryPolicy().with_retry_on_any().with_attempts_max(attempts);
}

/// Fails as often as its input says, then gives "<input> ok"; never succeeds for negative inputs.
Chain<int, std::string> fails_first(std::shared_ptr<std::vector<int>> tries) {
  return lambda("flaky", [tries](int n) -> std::string {
    const int tried = (*tries)[static_cast<std::size_t>(std::abs(n))]++;
    if (n < 0 || tried < n) throw std::runtime_error("error of " + std::to_string(n));
    return std::to_string(n) + " ok";
  });
}

ASYNC_TEST(Retry, OfABatchNeverGivesTheAnswerOfAnother) {
  // LangChain's #35475: the item that always fails was given the answer of the one retried.
  std::mt19937 random(7);
  for (int round = 0; round < 30; ++round) {
    const auto tries = std::make_shared<std::vector<int>>(100, 0);
    std::vector<int> inputs;
    for (int i = 1; i < 12; ++i) inputs.push_back(i);
    for (int& n : inputs) n = std::uniform_int_distribution<int>(0, 2)(random) == 0 ? -n : n;
    std::shuffle(inputs.begin(), inputs.end(), random);
    const auto chain = with_retry(fails_first(tries), any(6));
    const std::size_t limit = std::uniform_int_distribution<std::size_t>(0, 4)(random);
    const auto outcomes = co_await chain.batch(inputs, RunConfig().with_max_concurrency(limit));
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const int n = inputs[i];
      if (n >= 0 && n < 6) {
        EXPECT_TRUE(outcomes[i].ok());
        EXPECT_EQ(outcomes[i].value(), std::to_string(n) + " ok");
      } else {
        EXPECT_EQ(describe(outcomes[i].error()), "error of " + std::to_string(n));
      }
      EXPECT_LE((*tries)[static_cast<std::size_t>(std::abs(n))], 6);
    }
  }
}

/// A stream that fails as often as said, before or after its first piece.
Text breaks(std::shared_ptr<int> tries, int times, int pieces) {
  return generator<std::string, std::string>("breaks", [=](Stream<std::string>) {
    return [](std::shared_ptr<int> count, int failures, int before) -> Stream<std::string> {
      const bool fails = ++*count <= failures;
      for (int i = 0; i < before; ++i) co_yield "p" + std::to_string(*count);
      if (fails) throw std::runtime_error("broken " + std::to_string(*count));
      co_yield std::string("end");
    }(tries, times, pieces);
  });
}

ASYNC_TEST(Retry, BeginsAStreamAgainBeforeItsFirstPiece) {
  const auto tries = std::make_shared<int>(0);
  const auto chain = with_retry(breaks(tries, 2, 0), any(5));
  const auto pieces = co_await chain.stream("x").collect();
  EXPECT_THAT(pieces, ElementsAre("end"));
  EXPECT_EQ(*tries, 3);
}

ASYNC_TEST(Retry, NeverBeginsAStreamAgainAfterItsFirstPiece) {
  const auto tries = std::make_shared<int>(0);
  const auto chain = with_retry(breaks(tries, 2, 1), any(5));
  auto stream = chain.stream("x");
  auto first = co_await stream.next();
  EXPECT_EQ(*first, "p1");
  const auto error = co_await error_of(stream.next());
  EXPECT_EQ(describe(error), "broken 1");
  EXPECT_EQ(*tries, 1);
}

RateLimitError slow_down(std::chrono::milliseconds retry_after) {
  ErrorInfo info;
  info.retry_after = retry_after;
  return RateLimitError("slow down", info);
}

ASYNC_TEST(Retry, WaitsAsLongAsTheProviderSays) {
  const auto tries = std::make_shared<int>(0);
  const auto limited = lambda("limited", [tries](int n) -> int {
    if (++*tries == 1) throw slow_down(7s);
    return n;
  });
  const TimePoint start = EventLoop::current().time();
  const int made = co_await with_retry(limited).invoke(3);
  EXPECT_EQ(made, 3);
  EXPECT_EQ(EventLoop::current().time() - start, 7s);
}

ASYNC_TEST(Retry, LeavesErrorsAloneThatNobodySaidToRetry) {
  const auto tries = std::make_shared<std::vector<int>>(9, 0);
  const auto error = co_await error_of(with_retry(fails_first(tries)).invoke(1));
  EXPECT_EQ(describe(error), "error of 1");
  EXPECT_EQ((*tries)[1], 1);
}

ASYNC_TEST(Retry, ThrowsTheLastError) {
  const auto tries = std::make_shared<int>(0);
  const auto chain = with_retry(breaks(tries, 9, 0), any(3));
  const auto error = co_await error_of(chain.stream("x").collect());
  EXPECT_EQ(describe(error), "broken 3");
}

ASYNC_TEST(Retry, IsNoReasonToGoOnForOneThatIsCancelled) {
  const auto tries = std::make_shared<int>(0);
  const auto slow = lambda("slow", [tries](int n) {
    ++*tries;
    return [](int m) -> Coro<int> {
      co_await sleep(1h);
      co_return m;
    }(n);
  });
  const auto error = co_await error_of(with_timeout(with_retry(slow, any(5)), 1s).invoke(1));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(*tries, 1);
}

Text saying(std::string text) {
  return lambda("say", [text](std::string) { return text; });
}
Text failing(std::string text) {
  return lambda("fail", [text](std::string) -> std::string { throw std::runtime_error(text); });
}

ASYNC_TEST(Fallbacks, TakeTheNextStepThatSucceeds) {
  const auto chain = with_fallbacks(failing("one"), failing("two"), saying("three"), saying("no"));
  const std::string made = co_await chain.invoke("x");
  EXPECT_EQ(made, "three");
  const auto pieces = co_await chain.stream("x").collect();
  EXPECT_THAT(pieces, ElementsAre("three"));
}

ASYNC_TEST(Fallbacks, TellTheFirstErrorIfAllFail) {
  const auto chain = with_fallbacks(failing("one"), failing("two"));
  const auto error = co_await error_of(chain.invoke("x"));
  EXPECT_EQ(describe(error), "one");
  const auto streamed = co_await error_of(chain.stream("x").collect());
  EXPECT_EQ(describe(streamed), "one");
}

ASYNC_TEST(Fallbacks, ComeTooLateForAStreamThatHasBegun) {
  const auto tries = std::make_shared<int>(0);
  const auto chain = with_fallbacks(breaks(tries, 9, 1), saying("other"));
  auto stream = chain.stream("x");
  auto first = co_await stream.next();
  EXPECT_EQ(*first, "p1");
  const auto error = co_await error_of(stream.next());
  EXPECT_EQ(describe(error), "broken 1");
}

ASYNC_TEST(Fallbacks, HandleWhatTheyAreToldTo) {
  FallbackOptions options;
  options.handle([](const std::exception_ptr& error) { return describe(error) != "fatal"; });
  const auto chain = with_fallbacks(failing("fatal"), saying("other"), options);
  const auto error = co_await error_of(chain.invoke("x"));
  EXPECT_EQ(describe(error), "fatal");
  const auto handled = with_fallbacks(failing("soft"), saying("other"), options);
  const std::string made = co_await handled.invoke("x");
  EXPECT_EQ(made, "other");
}

ASYNC_TEST(Fallbacks, FindTheErrorInTheirInput) {
  const auto first =
      lambda("first", [](JsonObject) -> std::string { throw std::runtime_error("bad"); });
  const auto second = lambda("second", [](JsonObject o) { return json_text(Json(o)); });
  const auto chain = with_fallbacks(first, second, FallbackOptions().error_key("error"));
  const JsonObject input = json_object("q", 1);
  const std::string made = co_await chain.invoke(input);
  EXPECT_EQ(made, R"({"q":1,"error":"bad"})");
  const auto error = error_of_call(
      [] { (void)with_fallbacks(saying("x"), saying("y"), FallbackOptions().error_key("error")); });
  EXPECT_TRUE(is<InvalidStateError>(error));
}

ASYNC_TEST(Fallbacks, AreForEachItemOfABatch) {
  const auto odd = lambda("odd", [](int n) -> int {
    if (n % 2) throw std::runtime_error("odd");
    return n;
  });
  const auto minus = lambda("minus", [](int n) { return -n; });
  const std::vector<int> inputs = [] { return std::vector<int>{0, 1, 2, 3}; }();
  const auto outcomes = co_await with_fallbacks(odd, minus).batch(inputs);
  EXPECT_EQ(outcomes[1].value(), -1);
  EXPECT_EQ(outcomes[2].value(), 2);
}

/// Pieces after these pauses.
Chain<std::string, std::string> paced(std::vector<Duration> pauses) {
  return generator<std::string, std::string>("paced", [pauses](Stream<std::string>) {
    return [](std::vector<Duration> waits) -> Stream<std::string> {
      for (const Duration wait : waits) {
        co_await sleep(wait);
        co_yield std::string("p");
      }
    }(pauses);
  });
}
std::vector<Duration> pauses(Duration a, Duration b, Duration c) {
  return std::vector<Duration>{a, b, c};
}
/// Takes all pieces, each after `pause`; gives when the stream failed, or how long it took.
Coro<std::pair<int, Duration>> taken(Text chain, Duration pause) {
  const TimePoint start = EventLoop::current().time();
  int count = 0;
  try {
    auto stream = chain.stream("x");
    while (auto piece = co_await stream.next()) {
      ++count;
      co_await sleep(pause);
    }
  } catch (const TimeoutError&) {
    count = -count - 1;
  }
  co_return std::pair<int, Duration>(count, EventLoop::current().time() - start);
}
using Taken = std::pair<int, Duration>;

ASYNC_TEST(Timeouts, HoldForTheFirstPieceAndThoseBetween) {
  const auto slow_first = paced(pauses(6s, 1s, 1s));
  const auto slow_later = paced(pauses(1s, 6s, 1s));
  StepTimeouts first;
  first.first_chunk(5s);
  StepTimeouts between;
  between.between_chunks(5s);
  const Taken a = co_await taken(with_timeout(slow_first, first), 0s);
  EXPECT_EQ(a, Taken(-1, 5s));
  const Taken b = co_await taken(with_timeout(slow_later, first), 0s);
  EXPECT_EQ(b, Taken(3, 8s));
  const Taken c = co_await taken(with_timeout(slow_later, between), 0s);
  EXPECT_EQ(c, Taken(-2, 6s));
  const Taken d = co_await taken(with_timeout(slow_first, between), 0s);
  EXPECT_EQ(d, Taken(3, 8s));
}

ASYNC_TEST(Timeouts, CountTheConsumersTimeForTheTotalAlone) {
  const auto step = paced(pauses(1s, 1s, 1s));
  StepTimeouts between;
  between.first_chunk(2s).between_chunks(2s);
  const Taken slow = co_await taken(with_timeout(step, between), 10s);
  EXPECT_EQ(slow.first, 3);
  const Taken total = co_await taken(with_timeout(step, 5s), 10s);
  EXPECT_EQ(total.first, -2);
}

ASYNC_TEST(Timeouts, HoldForAWholeCall) {
  const auto error = co_await error_of(with_timeout(paced(pauses(3s, 3s, 3s)), 5s).invoke("x"));
  EXPECT_TRUE(is<TimeoutError>(error));
  const std::string made = co_await with_timeout(paced(pauses(3s, 3s, 3s)), 10s).invoke("x");
  EXPECT_EQ(made, "ppp");
}

ASYNC_TEST(Timeouts, DoNotCountTheTimeOfTheStepsBefore) {
  const auto slow = lambda("slow", [](std::string s) -> Coro<std::string> {
    co_await sleep(10s);
    co_return s;
  });
  const auto whole = slow | with_timeout(saying("quick"), 5s);
  const std::string made = co_await whole.invoke("x");
  EXPECT_EQ(made, "quick");
  const auto pieces = co_await whole.stream("x").collect();
  EXPECT_THAT(pieces, ElementsAre("quick"));
  const auto streaming = slow | with_timeout(paced(pauses(1s, 1s, 1s)), 5s);
  const auto streamed = co_await streaming.stream("x").collect();
  EXPECT_EQ(streamed.size(), 3U);
}

TEST(Resilience, LeavesNothingWhereverItIsCancelled) {
  const auto scenario = []() -> Coro<> {
    const auto tries = std::make_shared<int>(0);
    const auto flaky = with_retry(breaks(tries, 1, 0), any(3));
    const auto chain = with_timeout(with_fallbacks(failing("one"), flaky), 1min);
    (void)co_await chain.invoke("x");
    (void)co_await chain.stream("x").collect();
  };
  EXPECT_GE(cancel_at_every_suspension(scenario), 1);
}

}  // namespace
}  // namespace cochain::testing
