// One step for each item of a list.
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/runnable/each.hpp"
#include "cochain/chains/runnable/lambda.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using Numbers = std::vector<int>;

Numbers numbers(int a, int b, int c) { return Numbers{a, b, c}; }

Coro<int> waits(int n, std::shared_ptr<int> finished) {
  co_await sleep(std::chrono::seconds(std::abs(n)));
  if (n < 0) throw std::runtime_error("item " + std::to_string(n));
  ++*finished;
  co_return 10 * n;
}
Chain<int, int> wait_step(std::shared_ptr<int> finished = std::make_shared<int>(0)) {
  return lambda("wait", [finished](int n) { return waits(n, finished); });
}

ASYNC_TEST(Each, GivesOutputsInTheOrderOfItsInputs) {
  const TimePoint start = EventLoop::current().time();
  const Numbers made = co_await each(wait_step()).invoke(numbers(3, 1, 2));
  EXPECT_THAT(made, ElementsAre(30, 10, 20));
  EXPECT_EQ(EventLoop::current().time() - start, 3s);
  const Numbers none = co_await each(wait_step()).invoke(Numbers());
  EXPECT_TRUE(none.empty());
}

ASYNC_TEST(Each, StopsTheOthersAtTheFirstErrorAndThrowsIt) {
  auto finished = std::make_shared<int>(0);
  const auto error = co_await error_of(each(wait_step(finished)).invoke(numbers(1, -2, 3)));
  EXPECT_EQ(describe(error), "item -2");
  co_await sleep(1min);
  EXPECT_EQ(*finished, 1);
}

ASYNC_TEST(Each, KeepsToTheLimitOfItsRun) {
  const TimePoint start = EventLoop::current().time();
  const RunConfig one = RunConfig().with_max_concurrency(1);
  (void)co_await each(wait_step()).invoke(numbers(1, 1, 1), one);
  EXPECT_EQ(EventLoop::current().time() - start, 3s);
}

ASYNC_TEST(Each, IsAStepOfAChain) {
  const auto split = lambda("split", [](int n) { return Numbers(static_cast<std::size_t>(n), n); });
  const auto sum = lambda("sum", [](Numbers all) {
    int total = 0;
    for (const int n : all) total += n;
    return total;
  });
  const auto chain = split | each(wait_step()) | sum;
  const int made = co_await chain.invoke(3);
  EXPECT_EQ(made, 90);
  EXPECT_EQ(each(wait_step()).name(), "RunnableEach<wait>");
}

TEST(Each, LeavesNothingWhereverItIsCancelled) {
  const auto scenario = []() -> Coro<> {
    (void)co_await each(wait_step()).invoke(numbers(2, 1, 3), RunConfig().with_max_concurrency(2));
  };
  EXPECT_GE(cancel_at_every_suspension(scenario), 1);
}

}  // namespace
}  // namespace cochain::testing
