// Functions as steps: what they are given, what they may give, and what they keep alive.
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/lambda.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using Text = Chain<std::string, std::string>;

Text letters() {
  return generator<std::string, std::string>("letters",
                                             [](Stream<std::string> in) -> Stream<std::string> {
                                               while (auto text = co_await in.next()) {
                                                 for (const char c : *text) {
                                                   co_await sleep(1s);
                                                   co_yield std::string(1, c);
                                                 }
                                               }
                                             });
}

ASYNC_TEST(Lambda, MayBePlainOrACoroutine) {
  const auto plain = lambda([](int n) { return n + 1; });
  const auto awaiting = lambda([](int n) -> Coro<int> {
    co_await sleep(1s);
    co_return n * 2;
  });
  const int made = co_await (plain | awaiting).invoke(3);
  EXPECT_EQ(made, 8);
  EXPECT_EQ(plain.name(), "RunnableLambda");
}

ASYNC_TEST(Lambda, MayBeGenericIfItIsSaidWhatItTakes) {
  const auto size = lambda<std::string>("size", [](const auto& text) { return text.size(); });
  const std::size_t made = co_await size.invoke("four");
  EXPECT_EQ(made, 4U);
}

ASYNC_TEST(Lambda, IsGivenTheConfigurationIfItTakesOne) {
  const auto step = lambda([](int n, RunConfig config) { return n + int(config.tags().size()); });
  const int made = co_await step.invoke(1, RunConfig().with_tag("a").with_tag("b"));
  EXPECT_EQ(made, 3);
  const auto coroutine = lambda([](int n, RunConfig config) -> Coro<int> {
    co_await sleep(1s);
    co_return n + int(config.tags().size());
  });
  const int later = co_await coroutine.invoke(1, RunConfig().with_tag("a"));
  EXPECT_EQ(later, 2);
}

ASYNC_TEST(Lambda, WaitsForAllOfItsInput) {
  const auto chain = letters() | lambda([](std::string s) { return s + "."; });
  const auto pieces = co_await timed(chain.stream("abc"));
  EXPECT_THAT(pieces, ElementsAre(Timed<std::string>("abc.", 3s)));
}

ASYNC_TEST(Lambda, MayGiveAStepThatIsRunOnTheSameInput) {
  const Text one = lambda("one", [](std::string s) { return "one " + s; });
  const Text two = lambda("two", [](std::string s) { return "two " + s; });
  const auto route =
      lambda("route", [one, two](std::string s) { return s.size() > 3 ? two : one; });
  const std::string first = co_await route.invoke("ab");
  EXPECT_EQ(first, "one ab");
  const std::string second = co_await route.invoke("abcd");
  EXPECT_EQ(second, "two abcd");
}

ASYNC_TEST(Lambda, StreamsTheStepThatItGives) {
  const Text inner = letters();
  const auto route = lambda("route", [inner](std::string) { return inner; });
  const auto pieces = co_await timed(route.stream("ab"));
  EXPECT_THAT(pieces, ElementsAre(Timed<std::string>("a", 1s), Timed<std::string>("b", 2s)));
}

/// A step that gives itself `times` times.
Text again(std::shared_ptr<int> times) {
  return lambda("again", [times](std::string s) -> Text {
    if (--*times < 0) return lambda("end", [](std::string t) { return t; });
    (void)s;
    return again(times);
  });
}

ASYNC_TEST(Lambda, MayGiveStepsThatGiveStepsUntilTheLimit) {
  const auto few = again(std::make_shared<int>(20));
  const std::string made = co_await few.invoke("x");
  EXPECT_EQ(made, "x");
  const auto many = again(std::make_shared<int>(1000));
  const auto error = co_await error_of(many.invoke("x"));
  EXPECT_TRUE(is<RecursionError>(error));
  auto left = std::make_shared<int>(1000);
  const auto other =
      co_await error_of(again(left).invoke("x", RunConfig().with_recursion_limit(5)));
  EXPECT_TRUE(is<RecursionError>(other));
  EXPECT_EQ(*left, 995);
  auto streamed = std::make_shared<int>(1000);
  const auto in_pieces = co_await error_of(again(streamed).stream("x").collect());
  EXPECT_TRUE(is<RecursionError>(in_pieces));
}

ASYNC_TEST(Lambda, KeepsWhatItCapturedUntilItsCoroutineIsDone) {
  Coro<std::string> running;
  {
    const std::string captured(100, 'c');
    const auto step = lambda("step", [captured](std::string s) -> Coro<std::string> {
      co_await sleep(1s);
      co_return s + captured;
    });
    running = step.invoke("x");
  }
  const std::string made = co_await std::move(running);
  EXPECT_EQ(made.size(), 101U);
}

ASYNC_TEST(Lambda, ThrowsWhatItsFunctionThrows) {
  const auto step = lambda([](int) -> int { throw std::runtime_error("no"); });
  const auto error = co_await error_of(step.invoke(1));
  EXPECT_EQ(describe(error), "no");
}

ASYNC_TEST(Generator, WorksOnPiecesAndKeepsWhatItCaptured) {
  Stream<std::string> pieces;
  {
    const std::string mark(50, '!');
    const auto upper = generator<std::string, std::string>(
        "mark", [mark](Stream<std::string> in) -> Stream<std::string> {
          while (auto text = co_await in.next()) co_yield *text + mark;
        });
    pieces = (letters() | upper).stream("ab");
  }
  const auto found = co_await timed(std::move(pieces));
  EXPECT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].time, 1s);
  EXPECT_EQ(found[1].item.size(), 51U);
}

ASYNC_TEST(Generator, IsTheSumOfItsPiecesWhereItIsInvoked) {
  const std::string made = co_await letters().invoke("abc");
  EXPECT_EQ(made, "abc");
  const std::string none = co_await letters().invoke("");
  EXPECT_EQ(none, "");
}

TEST(Lambda, LeavesNothingWhereverItIsCancelled) {
  const auto scenario = []() -> Coro<> {
    const Text inner = letters();
    const auto chain = lambda("route", [inner](std::string) { return inner; }) |
                       lambda("slow", [](std::string s) -> Coro<std::string> {
                         co_await sleep(1s);
                         co_return s;
                       });
    (void)co_await chain.invoke("ab");
    (void)co_await chain.stream("ab").collect();
  };
  EXPECT_GE(cancel_at_every_suspension(scenario), 1);
}

}  // namespace
}  // namespace cochain::testing
