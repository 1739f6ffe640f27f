// map(): so many items at once, in order or as they are done, and nothing left when it ends.
#include <gmock/gmock.h>

#include <span>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

/// How many run at once, and how many were started.
class Meter {
 public:
  int running = 0;
  int most = 0;
  int started = 0;
};

class Running {
 public:
  explicit Running(Meter& meter) : meter_(meter) {
    ++meter_.started;
    meter_.most = std::max(meter_.most, ++meter_.running);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { --meter_.running; }

 private:
  Meter& meter_;
};

Coro<int> work(Meter* meter, int item) {
  const Running running(*meter);
  co_await sleep(std::chrono::seconds(10 - item));
  co_return item * 10;
}

Numbers up_to(int count) {
  Numbers numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(i);
  return numbers;
}

ASYNC_TEST(Map, GivesResultsInTheOrderOfTheItemsAndNeverRunsMoreThanAskedFor) {
  Meter meter;
  auto fn = [&meter](int item) { return work(&meter, item); };
  Stream<int> results = map(up_to(7), fn, MapOptions(3));
  const Numbers all = co_await std::move(results).collect();
  EXPECT_EQ(all, (Numbers{0, 10, 20, 30, 40, 50, 60}));
  EXPECT_EQ(meter.most, 3);
  EXPECT_EQ(meter.running, 0);
}

ASYNC_TEST(Map, AsCompletedGivesTheFastestFirst) {
  Meter meter;
  auto fn = [&meter](int item) { return work(&meter, item); };
  MapOptions options(3);
  options.order(MapOrder::kAsCompleted);
  Stream<int> results = map(up_to(3), fn, options);
  const Numbers all = co_await std::move(results).collect();
  EXPECT_EQ(all, (Numbers{20, 10, 0}));
}

ASYNC_TEST(Map, StopsLaunchingWhileTheConsumerIsAway) {
  Meter meter;
  auto fn = [&meter](int item) { return work(&meter, item); };
  Stream<int> results = map(up_to(9), fn, MapOptions(2));
  const std::optional<int> first = co_await results.next();
  EXPECT_EQ(first, 0);
  co_await sleep(1h);
  EXPECT_EQ(meter.started, 3);  // one was taken, two wait to be taken
  EXPECT_EQ(meter.running, 0);
}

ASYNC_TEST(Map, LeavingTheStreamEndsWhatRuns) {
  Meter meter;
  auto fn = [&meter](int item) { return work(&meter, item); };
  {
    Stream<int> results = map(up_to(9), fn, MapOptions(3));
    const std::optional<int> first = co_await results.next();
    EXPECT_EQ(first, 0);
  }
  co_await sleep(1h);
  EXPECT_EQ(meter.running, 0);
  EXPECT_LE(meter.started, 4);
}

Coro<int> fail_at(Meter* meter, int bad, int item) {
  const Running running(*meter);
  co_await sleep(1s);
  if (item == bad) throw std::runtime_error("item " + std::to_string(item));
  co_return item;
}

ASYNC_TEST(Map, ErrorComesInItsTurnAndEndsTheOthers) {
  Meter meter;
  auto fn = [&meter](int item) { return fail_at(&meter, 1, item); };
  Stream<int> results = map(up_to(9), fn, MapOptions(3));
  const std::optional<int> first = co_await results.next();
  EXPECT_EQ(first, 0);
  const std::exception_ptr error = co_await error_of(results.next());
  EXPECT_EQ(describe(error), "item 1");
  EXPECT_EQ(meter.running, 0);
}

Coro<int> cancelled_by_itself(int item) {
  const Task<> inner = create_task(passes(5));
  inner.cancel();
  co_await inner;
  co_return item;
}

ASYNC_TEST(Map, ItemThatEndsCancelledByItselfIsAnError) {
  Stream<int> results = map(up_to(2), cancelled_by_itself, MapOptions(2));
  const std::exception_ptr error = co_await error_of(results.next());
  EXPECT_TRUE(is<CancelledError>(error)) << describe(error);
}

Stream<int> input_that_ends_cancelled() {
  co_yield 1;
  const Task<> inner = create_task(passes(5));
  inner.cancel();
  co_await inner;
}

ASYNC_TEST(Map, InputThatEndsCancelledByItselfIsAnError) {
  Stream<int> results = map(input_that_ends_cancelled(), at_once, MapOptions(2));
  const std::optional<int> first = co_await results.next();
  EXPECT_EQ(first, 1);
  const std::exception_ptr error = co_await error_of(results.next());
  EXPECT_TRUE(is<CancelledError>(error)) << describe(error);
}

Coro<std::size_t> length(std::string text) { co_return text.size(); }

ASYNC_TEST(Map, LeavesTheItemsBehindAViewAsTheyAre) {
  std::vector<std::string> words;
  words.emplace_back("a word that is too long to be stored in place");
  Stream<std::size_t> results = map(std::span<std::string>(words), length, MapOptions(1));
  const std::optional<std::size_t> size = co_await results.next();
  EXPECT_EQ(size, 45U);
  EXPECT_EQ(words[0].size(), 45U);
}

Stream<int> slow_input() {
  for (int i = 0; i < 3; ++i) {
    co_await sleep(1h);
    co_yield i;
  }
}

ASYNC_TEST(Map, GivesEachResultBeforeASlowInputHasTheNext) {
  const TimePoint begun = EventLoop::current().time();
  Stream<int> results = map(slow_input(), at_once, MapOptions(2));
  for (int i = 0; i < 3; ++i) {
    const std::optional<int> value = co_await results.next();
    EXPECT_EQ(value, i);
    EXPECT_EQ(EventLoop::current().time() - begun, (i + 1) * 1h);
  }
  const std::optional<int> end = co_await results.next();
  EXPECT_FALSE(end.has_value());
}

ASYNC_TEST(Map, FunctionWithoutAResultGivesUnits) {
  Numbers numbers;
  auto fn = [&numbers](int item) { return append(numbers, item); };
  Stream<Unit> results = map(up_to(3), fn, MapOptions(1));
  const std::vector<Unit> all = co_await std::move(results).collect();
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(numbers, (Numbers{0, 1, 2}));
}

ASYNC_TEST(Map, NothingGivesNothing) {
  Stream<int> results = map(Numbers(), at_once, MapOptions(2));
  const std::optional<int> end = co_await results.next();
  EXPECT_FALSE(end.has_value());
}

TEST(Map, ConcurrencyOfNothingIsRefused) { EXPECT_THROW(MapOptions(0), InvalidStateError); }

TEST(Map, LeavesNothingWhereverItIsCancelled) {
  Meter meter;
  const int suspensions = cancel_at_every_suspension([&meter]() -> Coro<> {
    const auto scenario = [](Meter* shared) -> Coro<> {
      auto fn = [shared](int item) { return work(shared, item); };
      Stream<int> results = map(up_to(4), fn, MapOptions(2));
      const Numbers all = co_await std::move(results).collect();
      EXPECT_EQ(all.size(), 4U);
    };
    return scenario(&meter);
  });
  EXPECT_GT(suspensions, 2);
  EXPECT_EQ(meter.running, 0);
}

ASYNC_TEST(Map, StartsNothingBeforeTheFirstNext) {
  Meter meter;
  {
    auto fn = [&meter](int item) { return work(&meter, item); };
    const Stream<int> never_asked = map(up_to(3), fn, MapOptions(3));
    co_await sleep(5s);
  }
  EXPECT_EQ(meter.started, 0);
}

ASYNC_TEST(Map, SlowFirstItemDoesNotLetTheOthersRunAhead) {
  Meter meter;
  const auto slow_first = [&meter](int item) -> Coro<int> {
    const Running running(meter);
    const Duration delay = item == 0 ? Duration(1h) : Duration(1s);
    co_await sleep(delay);
    co_return item;
  };
  Stream<int> results = map(up_to(6), std::cref(slow_first), MapOptions(2));
  const std::optional<int> first = co_await results.next();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(meter.started, 2);
  const Numbers rest = co_await std::move(results).collect();
  EXPECT_EQ(rest, (Numbers{1, 2, 3, 4, 5}));
}

ASYNC_TEST(Map, CancelledConsumerEndsWhatRuns) {
  Meter meter;
  const auto consume = [](Meter* shared) -> Coro<> {
    auto fn = [shared](int item) { return work(shared, item); };
    Stream<int> results = map(up_to(5), fn, MapOptions(2));
    (void)co_await std::move(results).collect();
  };
  const Task<> consumer = create_task(consume(&meter));
  co_await sleep(1s);
  EXPECT_EQ(meter.running, 2);
  consumer.cancel();
  const std::exception_ptr error = co_await error_of(consumer);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(meter.running, 0);
  EXPECT_EQ(meter.started, 2);
}

ASYNC_TEST(Map, ErrorComesAtOnceWhereTheOrderIsThatOfCompletion) {
  const TimePoint before = EventLoop::current().time();
  Meter meter;
  const auto fail_second = [&meter](int item) -> Coro<int> {
    const Running running(meter);
    const Duration delay = item == 1 ? Duration(1s) : Duration(1h);
    co_await sleep(delay);
    if (item == 1) throw std::runtime_error("item 1");
    co_return item;
  };
  MapOptions options(2);
  options.order(MapOrder::kAsCompleted);
  Stream<int> results = map(up_to(3), std::cref(fail_second), options);
  const std::exception_ptr error = co_await error_of(results.next());
  EXPECT_EQ(describe(error), "item 1");
  EXPECT_EQ(EventLoop::current().time() - before, 1s);
  EXPECT_EQ(meter.running, 0);
  const std::optional<int> nothing = co_await results.next();
  EXPECT_FALSE(nothing.has_value());
}

ASYNC_TEST(Map, FunctionThatThrowsBeforeItsCoroutineIsAnErrorOfTheCall) {
  const auto refuse = [](int item) -> Coro<int> {
    if (item == 1) throw std::runtime_error("refused");
    return at_once(item);
  };
  Stream<int> results = map(up_to(3), refuse, MapOptions(1));
  const std::optional<int> first = co_await results.next();
  EXPECT_EQ(first, 0);
  const std::exception_ptr error = co_await error_of(results.next());
  EXPECT_EQ(describe(error), "refused");
}

ASYNC_TEST(Map, TakesAndGivesMoveOnlyValues) {
  const auto twice = [](std::unique_ptr<int> item) -> Coro<std::unique_ptr<int>> {
    co_return std::make_unique<int>(2 * *item);
  };
  std::vector<std::unique_ptr<int>> items;
  items.push_back(std::make_unique<int>(1));
  items.push_back(std::make_unique<int>(2));
  Stream<std::unique_ptr<int>> results = map(std::move(items), twice, MapOptions(2));
  Numbers numbers;
  while (const auto item = co_await results.next()) numbers.push_back(**item);
  EXPECT_EQ(numbers, (Numbers{2, 4}));
}

TEST(Map, GivesTheSameInEveryOrderOfWhatIsReady) {
  const auto scenario = []() -> Coro<> {
    Meter meter;
    auto fn = [&meter](int item) { return work(&meter, item % 3); };
    Stream<int> in_order = map(up_to(6), fn, MapOptions(3));
    const Numbers all = co_await std::move(in_order).collect();
    EXPECT_EQ(all, (Numbers{0, 10, 20, 0, 10, 20}));
    MapOptions options(3);
    options.order(MapOrder::kAsCompleted);
    Stream<int> completed = map(up_to(6), fn, options);
    Numbers some = co_await std::move(completed).collect();
    EXPECT_THAT(some, ::testing::UnorderedElementsAre(0, 0, 10, 10, 20, 20));
    EXPECT_EQ(meter.most, 3);
  };
  run_in_shuffled_orders(scenario, 50);
}

}  // namespace
}  // namespace cochain::testing
