// Batches: order, limits, errors in their place, and nothing left when a batch is left.
#include <algorithm>
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/parsers/output_parser.hpp"
#include "cochain/chains/prompts/chat_prompt.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using Numbers = std::vector<int>;

/// A braced list does not build in a co_await statement of g++ 12.
template <class... N>
Numbers numbers(N... n) {
  return Numbers{n...};
}

/// What became of the runs of a Work step.
class WorkLog {
 public:
  WorkLog() = default;
  Numbers started;  // inputs
  int live = 0;
  int live_max = 0;
  int finished = 0;
};

/// Gives `10 * n` after `n` seconds; throws for a negative `n` after `-n` seconds.
class Work final : public Runnable<int, int> {
 public:
  [[nodiscard]] Coro<int> do_invoke(int n, RunConfig) const override { return run(log_, n); }
  [[nodiscard]] const WorkLog& log() const noexcept { return *log_; }

 private:
  class Live {
   public:
    explicit Live(std::shared_ptr<WorkLog> log) : log_(std::move(log)) {
      log_->live_max = std::max(log_->live_max, ++log_->live);
    }
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;
    ~Live() { --log_->live; }

   private:
    std::shared_ptr<WorkLog> log_;
  };
  static Coro<int> run(std::shared_ptr<WorkLog> log, int n) {
    log->started.push_back(n);
    const Live live(log);
    co_await sleep(std::chrono::seconds(std::abs(n)));
    if (n < 0) throw std::runtime_error("item " + std::to_string(n));
    ++log->finished;
    co_return 10 * n;
  }

  std::shared_ptr<WorkLog> log_ = std::make_shared<WorkLog>();
};

RunConfig at_once(std::size_t items) { return RunConfig().with_max_concurrency(items); }

template <class T>
std::string told(const Outcome<T>& outcome) {
  if (!outcome) return describe(outcome.error());
  return ::testing::PrintToString(outcome.value());
}
template <class T>
std::vector<std::string> told(const std::vector<Outcome<T>>& outcomes) {
  std::vector<std::string> texts;
  for (const Outcome<T>& outcome : outcomes) texts.push_back(told(outcome));
  return texts;
}

/// The indexes of a batch in the order in which they come.
template <class T>
Coro<std::vector<std::size_t>> indexes(Stream<BatchItem<T>> items) {
  std::vector<std::size_t> order;
  while (auto item = co_await items.next()) order.push_back(item->index);
  co_return order;
}

ASYNC_TEST(Batch, KeepsTheOrderOfItsInputs) {
  const Work work;
  const TimePoint start = EventLoop::current().time();
  const auto outcomes = co_await work.batch(numbers(3, 1, 2));
  EXPECT_THAT(told(outcomes), ElementsAre("30", "10", "20"));
  EXPECT_EQ(EventLoop::current().time() - start, 3s);
}

ASYNC_TEST(Batch, OfNothingIsNothing) {
  const Work work;
  const auto outcomes = co_await work.batch(Numbers(), at_once(3));
  EXPECT_TRUE(outcomes.empty());
  const auto order = co_await indexes(work.batch_as_completed(Numbers()));
  EXPECT_TRUE(order.empty());
}

ASYNC_TEST(Batch, RunsAsManyAsAllowedAndNeverMore) {
  for (const int limit : {1, 2, 3, 7, 20, 100}) {
    const Work work;
    const TimePoint start = EventLoop::current().time();
    const RunConfig config = at_once(static_cast<std::size_t>(limit));
    const auto outcomes = co_await work.batch(Numbers(20, 1), config);
    EXPECT_EQ(outcomes.size(), 20U);
    EXPECT_EQ(work.log().live_max, std::min(limit, 20)) << limit;
    EXPECT_EQ(EventLoop::current().time() - start, 1s * ((20 + limit - 1) / limit)) << limit;
  }
}

ASYNC_TEST(Batch, StartsTheNextItemAsSoonAsOneEnds) {
  const Work work;
  const TimePoint start = EventLoop::current().time();
  const auto outcomes = co_await work.batch(numbers(10, 1, 2, 3, 4), at_once(2));
  EXPECT_THAT(told(outcomes), ElementsAre("100", "10", "20", "30", "40"));
  EXPECT_EQ(EventLoop::current().time() - start, 10s);
}

ASYNC_TEST(Batch, KeepsEachErrorInItsPlace) {
  const Work work;
  const auto outcomes = co_await work.batch(numbers(1, -3, 2, -1), at_once(2));
  EXPECT_THAT(told(outcomes), ElementsAre("10", "item -3", "20", "item -1"));
}

ASYNC_TEST(Batch, TakesACancelledErrorOfAStepForItsError) {
  const Step<int, int> step([](int n) -> Coro<int> {
    if (n == 2) throw CancelledError("by itself");
    co_return n;
  });
  const auto outcomes = co_await step.batch(numbers(1, 2, 3));
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_TRUE(is<CancelledError>(outcomes[1].error()));
  EXPECT_TRUE(outcomes[2].ok());
}

ASYNC_TEST(Batch, EndsEvenIfAStepCancelsItsOwnTask) {
  const Step<int, int> step([](int n) -> Coro<int> {
    if (n == 2) current_task().cancel("odd");
    co_await sleep(1s);
    co_return n;
  });
  const auto outcomes = co_await step.batch(numbers(1, 2, 3));
  EXPECT_TRUE(outcomes[0].ok());
  EXPECT_TRUE(is<CancelledError>(outcomes[1].error()));
  EXPECT_TRUE(outcomes[2].ok());
}

ASYNC_TEST(Batch, LetsAnItemTimeOutByItself) {
  const Step<int, int> step([](int n) -> Coro<int> {
    co_await wait_for(sleep(std::chrono::seconds(n)), 2s);
    co_return n;
  });
  const auto outcomes = co_await step.batch(numbers(1, 3));
  EXPECT_EQ(outcomes[0].value(), 1);
  EXPECT_TRUE(is<TimeoutError>(outcomes[1].error()));
}

ASYNC_TEST(Batch, CancelledFromOutsideStopsAllItems) {
  const Work work;
  const Task<std::vector<Outcome<int>>> task =
      create_task(work.batch(numbers(5, 6, 7, 8), at_once(3)));
  co_await sleep(1s);
  EXPECT_EQ(work.log().live, 3);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(work.log().live, 0);
  EXPECT_EQ(work.log().started, numbers(5, 6, 7));
  EXPECT_EQ(EventLoop::current().task_count(), 1U);  // this test
}

TEST(Batch, CanBeCancelledAtEverySuspension) {
  const Work work;
  const int suspensions = cancel_at_every_suspension([&]() -> Coro<> {
    const auto outcomes = co_await work.batch(numbers(1, -2, 3, 1, 2), at_once(2));
    EXPECT_EQ(outcomes.size(), 5U);
  });
  EXPECT_GE(suspensions, 5);
  EXPECT_EQ(work.log().live, 0);
}

ASYNC_TEST(BatchAsCompleted, GivesItemsInTheOrderInWhichTheyEnd) {
  const Work work;
  const auto order = co_await indexes(work.batch_as_completed(numbers(3, -1, 2)));
  EXPECT_THAT(order, ElementsAre(1U, 2U, 0U));
}

ASYNC_TEST(BatchAsCompleted, GivesEachOutcomeWhenItIsThere) {
  const Work work;
  const TimePoint start = EventLoop::current().time();
  Stream<BatchItem<int>> items = work.batch_as_completed(numbers(2, 1));
  const std::optional<BatchItem<int>> first = co_await items.next();
  EXPECT_EQ(first->index, 1U);
  EXPECT_EQ(first->outcome.value(), 10);
  EXPECT_EQ(EventLoop::current().time() - start, 1s);
}

ASYNC_TEST(BatchAsCompleted, StopsWhatRunsAndForgetsWhatWaitsWhenItIsLeft) {
  const Work work;
  {
    Stream<BatchItem<int>> items = work.batch_as_completed(numbers(1, 5, 5, 5, 5), at_once(3));
    while (auto item = co_await items.next()) break;
    EXPECT_EQ(work.log().live, 2);
  }
  EXPECT_EQ(work.log().live, 0);
  EXPECT_EQ(EventLoop::current().task_count(), 1U);  // this test
  co_await sleep(1h);
  EXPECT_EQ(work.log().started, numbers(1, 5, 5));
  EXPECT_EQ(work.log().finished, 1);
}

ASYNC_TEST(BatchAsCompleted, StartsNothingWhileItsConsumerIsAway) {
  const Work work;
  Stream<BatchItem<int>> items = work.batch_as_completed(Numbers(10, 1), at_once(2));
  const std::optional<BatchItem<int>> first = co_await items.next();
  EXPECT_EQ(first->index, 0U);
  co_await sleep(1h);
  EXPECT_EQ(work.log().started.size(), 2U);
  EXPECT_EQ(work.log().live, 0);
  const std::optional<BatchItem<int>> second = co_await items.next();
  EXPECT_EQ(second->index, 1U);
  co_await sleep(0s);
  EXPECT_EQ(work.log().started.size(), 3U);
}

ASYNC_TEST(BatchAsCompleted, DoesNothingBeforeItIsAsked) {
  const Work work;
  const Stream<BatchItem<int>> items = work.batch_as_completed(numbers(1, 2));
  co_await sleep(1h);
  EXPECT_TRUE(work.log().started.empty());
}

ASYNC_TEST(Batch, OfTenThousandItems) {
  const Work work;
  Numbers inputs;
  for (int i = 0; i < 10'000; ++i) inputs.push_back(i % 100 == 99 ? -1 : i % 7);
  const auto outcomes = co_await work.batch(inputs, at_once(64));
  EXPECT_EQ(outcomes.size(), 10'000U);
  EXPECT_EQ(work.log().live_max, 64);
  std::size_t errors = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].ok()) {
      EXPECT_EQ(outcomes[i].value(), 10 * inputs[i]);
    } else {
      ++errors;
    }
  }
  EXPECT_EQ(errors, 100U);
}

ASYNC_TEST(Batch, OfTenThousandItemsAllAtOnce) {
  const Work work;
  const auto outcomes = co_await work.batch(Numbers(10'000, 1));
  EXPECT_EQ(outcomes.size(), 10'000U);
  EXPECT_EQ(work.log().live_max, 10'000);
}

ASYNC_TEST(Batch, InsideABatchIsStoppedWithIt) {
  const Work work;
  const Step<int, int> step([&](int n) -> Coro<int> {
    const auto inner = co_await work.batch(numbers(n, n + 1, n + 2), RunConfig());
    int sum = 0;
    for (const Outcome<int>& outcome : inner) sum += outcome.value();
    co_return sum;
  });
  const auto outcomes = co_await step.batch(numbers(1, 2));
  EXPECT_THAT(told(outcomes), ElementsAre("60", "90"));

  Stream<BatchItem<int>> items = step.batch_as_completed(numbers(1, 50, 60));
  const std::optional<BatchItem<int>> first = co_await items.next();
  EXPECT_EQ(first->outcome.value(), 60);
  EXPECT_EQ(work.log().live, 6);
  items = Stream<BatchItem<int>>();
  EXPECT_EQ(work.log().live, 0);
}

ASYNC_TEST(Batch, CarriesValuesThatCannotBeCopied) {
  using Box = std::unique_ptr<int>;
  const Step<Box, Box> step([](Box box) -> Coro<Box> {
    *box += 1;
    co_return std::move(box);
  });
  std::vector<Box> inputs;
  for (int i = 0; i < 3; ++i) inputs.push_back(std::make_unique<int>(i));
  std::vector<Outcome<Box>> outcomes = co_await step.batch(std::move(inputs), at_once(2));
  const Box last = std::move(outcomes[2]).value();
  EXPECT_EQ(*last, 3);
}

ASYNC_TEST(Batch, OfAChainMayOutliveTheChain) {
  const auto model = make_fake(FakeScript::saying({"Hel", "lo"}, 200ms, 20ms));
  const std::shared_ptr<const FakeCalls> calls = model->shared_calls();
  std::vector<Variables> inputs(3, variables("text", "Hi"));
  const Task<std::vector<Outcome<std::string>>> task =
      create_task((PromptTemplate("{text}") | model | StrOutputParser()).batch(inputs, at_once(1)));
  Stream<BatchItem<std::string>> items =
      (PromptTemplate("{text}") | model | StrOutputParser()).batch_as_completed(inputs);
  const auto outcomes = co_await task;
  EXPECT_THAT(told(outcomes), ElementsAre("\"Hello\"", "\"Hello\"", "\"Hello\""));
  const auto order = co_await indexes(std::move(items));
  EXPECT_EQ(order.size(), 3U);
  EXPECT_EQ(calls->finished, 6U);
}

}  // namespace
}  // namespace cochain::testing
