// Stream: pulled item by item, in the task of its consumer, and over when it is dropped.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

Stream<int> count_to(int last) {
  for (int i = 1; i <= last; ++i) {
    co_await sleep(1s);
    co_yield i;
  }
}

Stream<int> log_and_yield(Log& log) {
  const Farewell farewell(log, "body gone");
  log.push_back("started");
  co_yield 1;
  log.push_back("went on");
  co_yield 2;
  log.push_back("ended");
}

ASYNC_TEST(Stream, DoesNothingBeforeTheFirstNext) {
  Log log;
  Stream<int> stream = log_and_yield(log);
  co_await sleep(1s);
  EXPECT_TRUE(log.empty());
  const std::optional<int> item = co_await stream.next();
  EXPECT_EQ(item, 1);
  EXPECT_EQ(log, (Log{"started"}));
}

ASYNC_TEST(Stream, RunsOnlyAsFarAsItIsPulled) {
  Log log;
  Stream<int> stream = log_and_yield(log);
  (void)co_await stream.next();
  co_await sleep(1s);
  EXPECT_EQ(log, (Log{"started"}));
  (void)co_await stream.next();
  EXPECT_EQ(log, (Log{"started", "went on"}));
  const std::optional<int> end = co_await stream.next();
  EXPECT_EQ(end, std::nullopt);
  EXPECT_EQ(log, (Log{"started", "went on", "ended", "body gone"}));
}

ASYNC_TEST(Stream, IsALoop) {
  Stream<int> stream = count_to(3);
  Numbers numbers;
  while (auto item = co_await stream.next()) numbers.push_back(*item);
  EXPECT_EQ(numbers, (Numbers{1, 2, 3}));
}

ASYNC_TEST(Stream, AfterItsEndGivesNothingEverAfter) {
  Stream<int> stream = count_to(1);
  (void)co_await stream.next();
  for (int i = 0; i < 3; ++i) {
    const std::optional<int> end = co_await stream.next();
    EXPECT_EQ(end, std::nullopt);
  }
}

ASYNC_TEST(Stream, CollectGivesAllItems) {
  Coro<std::vector<int>> collecting = count_to(4).collect();
  const std::vector<int> items = co_await std::move(collecting);
  EXPECT_EQ(items, (std::vector<int>{1, 2, 3, 4}));
}

ASYNC_TEST(Stream, CollectGivesWhatIsLeft) {
  Stream<int> stream = count_to(3);
  (void)co_await stream.next();
  const std::vector<int> items = co_await std::move(stream).collect();
  EXPECT_EQ(items, (std::vector<int>{2, 3}));
}

ASYNC_TEST(Stream, RunsInTheTaskOfItsConsumer) {
  const auto who = []() -> Stream<AnyTask> {
    AnyTask me = current_task();
    co_yield me;
  };
  Stream<AnyTask> stream = who();
  const std::optional<AnyTask> task = co_await stream.next();
  EXPECT_EQ(*task, current_task());
}

Stream<int> fail_after_one() {
  co_yield 1;
  throw std::runtime_error("torn");
}

ASYNC_TEST(Stream, ThrowsTheErrorOfItsBodyOnceAndIsOver) {
  Stream<int> stream = fail_after_one();
  const std::optional<int> item = co_await stream.next();
  EXPECT_EQ(item, 1);
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_EQ(describe(error), "torn");
  const std::optional<int> end = co_await stream.next();
  EXPECT_EQ(end, std::nullopt);
}

ASYNC_TEST(Stream, LeftEarlyDestroysItsBody) {
  Log log;
  {
    Stream<int> stream = log_and_yield(log);
    (void)co_await stream.next();
  }
  EXPECT_EQ(log, (Log{"started", "body gone"}));
}

Stream<int> with_children(Log& log) {
  TaskGroup group;
  (void)group.create_task(wait_for_ever(log, "child"));
  co_await sleep(0s);
  co_yield 1;
  co_yield 2;
  co_await group.join();
}

ASYNC_TEST(Stream, LeftEarlyDestroysTheTasksOfItsBody) {
  Log log;
  const auto take_one = [&]() -> Coro<> {
    Stream<int> stream = with_children(log);
    while (auto item = co_await stream.next()) break;
  };
  co_await take_one();
  EXPECT_EQ(log, (Log{"child gone"}));
}

ASYNC_TEST(Stream, NeverPulledReleasesItsParameters) {
  const auto keep = [](Probe probe) -> Stream<int> { co_yield probe.value(); };
  {
    const Stream<int> never = keep(Probe(1));
  }
  EXPECT_EQ(Probe::alive, 0);
  co_return;
}

ASYNC_TEST(Stream, EmptyOneIsOver) {
  Stream<int> stream;
  const std::optional<int> end = co_await stream.next();
  EXPECT_EQ(end, std::nullopt);
}

ASYNC_TEST(Stream, MovesWithItsOwner) {
  Stream<int> first = count_to(2);
  (void)co_await first.next();
  Stream<int> second = std::move(first);
  const std::optional<int> item = co_await second.next();
  EXPECT_EQ(item, 2);
}

ASYNC_TEST(Stream, CopiesTheLvaluesThatItYields) {
  const auto grow = []() -> Stream<std::string> {
    std::string text;
    for (const char c : std::string("abc")) {
      text += c;
      co_yield text;
    }
  };
  std::vector<std::string> items = co_await grow().collect();
  EXPECT_EQ(items, (std::vector<std::string>{"a", "ab", "abc"}));
}

ASYNC_TEST(Stream, CarriesItemsThatCannotBeCopied) {
  const auto make = []() -> Stream<std::unique_ptr<int>> {
    for (int i = 0; i < 2; ++i) co_yield std::make_unique<int>(i);
  };
  Stream<std::unique_ptr<int>> stream = make();
  for (int i = 0; i < 2; ++i) {
    const std::optional<std::unique_ptr<int>> item = co_await stream.next();
    EXPECT_EQ(**item, i);
  }
}

ASYNC_TEST(Stream, BalancesTheLivesOfItsItems) {
  const auto make = []() -> Stream<Probe> {
    const Probe named(1);
    co_yield named;
    co_yield Probe(2);
    Probe moved(3);
    co_yield std::move(moved);
  };
  {
    Stream<Probe> stream = make();
    int sum = 0;
    while (auto item = co_await stream.next()) sum += item->value();
    EXPECT_EQ(sum, 6);
  }
  EXPECT_EQ(Probe::alive, 0);
}

ASYNC_TEST(Stream, OfAStreamPullsThrough) {
  const auto doubled = [](Stream<int> source) -> Stream<int> {
    while (auto item = co_await source.next()) co_yield *item * 2;
  };
  Stream<int> stream = doubled(count_to(3));
  const std::vector<int> items = co_await std::move(stream).collect();
  EXPECT_EQ(items, (std::vector<int>{2, 4, 6}));
}

Stream<int> numbers_at_once(int last) {
  for (int i = 0; i < last; ++i) co_yield i;
}

ASYNC_TEST(Stream, OfManyInstantItemsThroughTwoStagesStaysFlat) {
  const auto doubled = [](Stream<int> source) -> Stream<int> {
    while (auto item = co_await source.next()) co_yield *item * 2;
  };
  Stream<int> stream = doubled(numbers_at_once(200'000));
  std::int64_t sum = 0;
  while (auto item = co_await stream.next()) sum += *item;
  EXPECT_EQ(sum, std::int64_t{200'000} * 199'999);
}

ASYNC_TEST(Stream, NextThatTimesOutEndsTheStream) {
  Stream<int> stream = count_to(3);
  const std::exception_ptr error = co_await error_of(wait_for(stream.next(), 500ms));
  EXPECT_TRUE(is<TimeoutError>(error));
  const std::optional<int> end = co_await stream.next();
  EXPECT_EQ(end, std::nullopt);
}

ASYNC_TEST(Stream, NextInTimeIsAnItem) {
  Stream<int> stream = count_to(2);
  const std::optional<int> item = co_await wait_for(stream.next(), 5s);
  EXPECT_EQ(item, 1);
}

ASYNC_TEST(Stream, HandedToAnotherTaskGoesOnThere) {
  Stream<int> stream = count_to(2);
  (void)co_await stream.next();
  const auto rest = [](Stream<int> source) -> Coro<int> {
    const std::optional<int> item = co_await source.next();
    co_return item.value_or(-1);
  };
  const Task<int> task = create_task(rest(std::move(stream)));
  const int value = co_await task;
  EXPECT_EQ(value, 2);
}

ASYNC_TEST(Stream, NextOfASecondConsumerIsRefusedWhileTheFirstWaits) {
  Stream<int> stream = count_to(2);
  const auto pull = [&]() -> Coro<int> {
    const std::optional<int> item = co_await stream.next();
    co_return item.value_or(-1);
  };
  const Task<int> first = create_task(pull());
  const Task<int> second = create_task(pull());
  const std::exception_ptr error = co_await error_of(second);
  EXPECT_TRUE(is<InvalidStateError>(error));
  const int value = co_await first;
  EXPECT_EQ(value, 1);
}

// The consumer is destroyed where it waits; the stream belongs to someone else and is over.
ASYNC_TEST(Stream, WhoseConsumerIsDestroyedWhileItWaitsIsOver) {
  Log log;
  const auto wait_then_yield = [&]() -> Stream<int> {
    co_await wait_for_ever(log, "body");
    co_yield 1;
  };
  Stream<int> stream = wait_then_yield();
  const auto pull = [&]() -> Coro<> { (void)co_await stream.next(); };
  {
    TaskGroup group;
    (void)group.create_task(pull());
    co_await sleep(1s);
  }
  EXPECT_EQ(log, (Log{"body gone"}));
  const std::optional<int> end = co_await stream.next();
  EXPECT_EQ(end, std::nullopt);
}

TEST(Stream, CancelledAtEverySuspensionEndsItsBody) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const auto with_probe = []() -> Stream<int> {
      const Probe probe;
      for (int i = 0; i < 3; ++i) {
        co_await sleep(1s);
        co_yield i;
      }
    };
    std::exception_ptr error;
    Stream<int> stream = with_probe();
    try {
      while (auto item = co_await stream.next()) co_await sleep(1s);
    } catch (...) {
      error = std::current_exception();
    }
    stream = Stream<int>();
    EXPECT_EQ(Probe::alive, 0);
    if (error) std::rethrow_exception(error);
  });
  EXPECT_EQ(suspensions, 6);
}

}  // namespace
}  // namespace cochain::testing
