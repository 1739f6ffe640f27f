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

}  // namespace
}  // namespace cochain::testing
