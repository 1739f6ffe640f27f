// Virtual time: it stands still while anything can run, jumps when nothing can, and tells a
// deadlock instead of hanging.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

TEST(Clock, SteadyIsRealAndDoesNotGoBack) {
  SteadyClock clock;
  const TimePoint before = clock.now();
  clock.advance_to(before + 1h);
  EXPECT_FALSE(clock.is_virtual());
  EXPECT_GE(clock.now(), before);
  EXPECT_LT(clock.now(), before + 1h);
}

TEST(Clock, VirtualNeverMovesBack) {
  VirtualClock clock;
  clock.advance_to(TimePoint(5s));
  clock.advance_to(TimePoint(3s));
  EXPECT_EQ(clock.now(), TimePoint(5s));
}

ASYNC_TEST(VirtualClock, JumpsExactlyToTheNextDeadline) {
  const TimePoint before = EventLoop::current().time();
  co_await sleep(36h);
  EXPECT_EQ(EventLoop::current().time() - before, 36h);
}

ASYNC_TEST(VirtualClock, StandsStillWhileTasksRun) {
  const TimePoint before = EventLoop::current().time();
  co_await passes(1000);
  EXPECT_EQ(EventLoop::current().time(), before);
}

ASYNC_TEST(VirtualClock, VisitsEveryDeadlineOnTheWay) {
  EventLoop& loop = EventLoop::current();
  const TimePoint start = loop.time();
  std::vector<Duration> seen;
  for (const Duration delay : {Duration(3s), Duration(1s), Duration(2s)}) {
    loop.call_later(delay, [&] { seen.push_back(loop.time() - start); });
  }
  co_await sleep(1min);
  EXPECT_EQ(seen, (std::vector<Duration>{1s, 2s, 3s}));
}

constexpr int kHopelessLine = __LINE__ + 3;
Coro<> wait_without_hope() {
  Event never;
  co_await never.wait();
}

TEST(VirtualClock, DeadlockNamesEveryTaskAndItsLine) {
  EventLoop loop(std::make_unique<VirtualClock>());
  const Task<> first = loop.create_task(wait_without_hope(), "the reader");
  const Task<> second = loop.create_task(wait_without_hope(), "the writer");
  std::string report;
  try {
    loop.run_until_done(*first.get());
  } catch (const DeadlockError& error) {
    report = error.what();
  }
  EXPECT_THAT(report, ::testing::HasSubstr("'the reader' awaits in "));
  EXPECT_THAT(report, ::testing::HasSubstr("'the writer' awaits in "));
  EXPECT_THAT(report, ::testing::HasSubstr("wait_without_hope"));
  EXPECT_THAT(report, ::testing::HasSubstr("test_clock.cpp:" + std::to_string(kHopelessLine)));
  loop.shutdown();
}

TEST(VirtualClock, DeadlockLeavesRunAfterTheTasksWereCancelled) {
  Log log;
  const auto main = [](Log& told) -> Coro<> {
    const Task<> task = create_task(wait_for_ever(told, "child"));
    co_await task;
  };
  RunOptions options;
  options.with_clock(std::make_unique<VirtualClock>());
  EXPECT_THROW(run(main(log), std::move(options)), DeadlockError);
  EXPECT_EQ(log, (Log{"child cancelled", "child gone"}));
}

Coro<> await_each_other(Task<>& other) {
  const Task<> target = other;
  co_await target;
}

TEST(VirtualClock, TasksThatAwaitEachOtherAreADeadlockAndNoCrash) {
  const auto main = []() -> Coro<> {
    Task<> a;
    Task<> b;
    a = create_task(await_each_other(b), "a");
    b = create_task(await_each_other(a), "b");
    co_await a;
  };
  RunOptions options;
  options.with_clock(std::make_unique<VirtualClock>());
  EXPECT_THROW(run(main(), std::move(options)), DeadlockError);
}

ASYNC_TEST(VirtualClock, FiresWhatIsDueWhileWorkOutsideIsInFlight) {
  EventLoop& loop = EventLoop::current();
  const EventLoop::ExternalWork outside(loop);  // holds the clock, but not what is due already
  Event fired;
  loop.call_later(Duration::zero(), [&fired] { fired.set(); });
  co_await fired.wait();
  EXPECT_EQ(loop.time(), TimePoint());
}

TEST(VirtualClock, DeadlockTellsNamesAsEscapes) {
  EventLoop loop(std::make_unique<VirtualClock>());
  const Task<> task = loop.create_task(wait_without_hope(), "red \x1b[31m\n");
  const std::exception_ptr error = error_of_call([&] { loop.run_until_done(*task.get()); });
  EXPECT_TRUE(is<DeadlockError>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("\n  'red \\x1b[31m\\n' awaits in "));
  EXPECT_THAT(describe(error), ::testing::Not(::testing::HasSubstr("\x1b")));
  loop.shutdown();
}

}  // namespace
}  // namespace cochain::testing
