// The kit for tests itself: time that is moved by hand, and waiting until all is quiet.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TestOptions by_hand() { return TestOptions().clock(TestClock::kManual); }

Duration since_start() { return EventLoop::current().time() - TimePoint(); }

/// Notes how much time has passed since the loop was made.
Coro<> note_after(std::vector<Duration>& seen, Duration delay) {
  co_await sleep(delay);
  seen.push_back(since_start());
}

Coro<> note_when_blocked(Log& log, std::string name) {
  co_await wait_all_tasks_blocked();
  log.push_back(name);
  co_await passes(3);
  log.push_back(name + " is quiet");
}

// --- wait_all_tasks_blocked() ---

ASYNC_TEST(WaitAllTasksBlocked, LetsEverythingRunThatCan) {
  Log log;
  const auto work = [](Log& to) -> Coro<> {
    co_await passes(10);
    to.push_back("worked");
    co_await sleep(1h);
    to.push_back("slept");
  };
  const Task<> worker = create_task(work(log));
  co_await wait_all_tasks_blocked();
  EXPECT_EQ(log, Log{"worked"});
  EXPECT_EQ(since_start(), 0s);
  co_await worker;
  EXPECT_EQ(since_start(), 1h);
}

ASYNC_TEST(WaitAllTasksBlocked, AloneReturnsAtOnce) {
  co_await wait_all_tasks_blocked();
  co_await wait_all_tasks_blocked();
  EXPECT_EQ(since_start(), 0s);
}

ASYNC_TEST(WaitAllTasksBlocked, WaitsForAChainOfQueues) {
  Queue<int> in(1);
  Queue<int> out(1);
  const auto pass_on = [](Queue<int>& from, Queue<int>& to) -> Coro<> {
    for (;;) {
      const int item = co_await from.get();
      co_await to.put(item + 1);
    }
  };
  TaskGroup group;
  group.create_task(pass_on(in, out));
  co_await in.put(1);
  co_await wait_all_tasks_blocked();
  EXPECT_EQ(out.get_nowait(), 2);
  EXPECT_TRUE(in.empty());
}

ASYNC_TEST(WaitAllTasksBlocked, RunsWhatIsDueNow) {
  Log log;
  EventLoop::current().call_later(0s, [&] { log.push_back("due"); });
  EventLoop::current().call_later(1ns, [&] { log.push_back("later"); });
  co_await wait_all_tasks_blocked();
  EXPECT_EQ(log, Log{"due"});
}

ASYNC_TEST(WaitAllTasksBlocked, TwoAtOnceAreWokenOneAfterTheOther) {
  Log log;
  const Task<> first = create_task(note_when_blocked(log, "first"));
  const Task<> second = create_task(note_when_blocked(log, "second"));
  co_await first;
  co_await second;
  EXPECT_EQ(log, (Log{"first", "first is quiet", "second", "second is quiet"}));
}

ASYNC_TEST(WaitAllTasksBlocked, CancellingOneOfTwoLeavesTheOther) {
  for (const bool cancels_first : {true, false}) {
    Log log;
    const Task<> first = create_task(note_when_blocked(log, "first"));
    const Task<> second = create_task(note_when_blocked(log, "second"));
    co_await sleep(0s);
    const Task<>& cancelled = cancels_first ? first : second;
    const Task<>& left = cancels_first ? second : first;
    cancelled.cancel();
    co_await left;
    EXPECT_TRUE(cancelled.cancelled());
    const std::string name = cancels_first ? "second" : "first";
    EXPECT_EQ(log, (Log{name, name + " is quiet"}));
  }
}

ASYNC_TEST(WaitAllTasksBlocked, DestroyingOneOfTwoLeavesTheOther) {
  Log log;
  const Task<> left = create_task(note_when_blocked(log, "left"));
  {
    TaskGroup doomed;
    doomed.create_task(note_when_blocked(log, "doomed"));
    co_await sleep(0s);
  }
  co_await left;
  EXPECT_EQ(log, (Log{"left", "left is quiet"}));
}

TEST(WaitAllTasksBlocked, ManyAtOnceAreWokenInOrderAlsoIfShuffled) {
  Log expected;
  for (int i = 0; i < 5; ++i) {
    expected.push_back(std::to_string(i));
    expected.push_back(std::to_string(i) + " is quiet");
  }
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Log log;
    const auto body = [](Log& to) -> Coro<> {
      std::vector<Task<>> tasks;
      for (int i = 0; i < 5; ++i) {
        tasks.push_back(create_task(note_when_blocked(to, std::to_string(i)),
                                    TaskOptions().start(TaskStart::kEager)));
      }
      for (const Task<>& task : tasks) co_await task;
    };
    run_test(body(log), TestOptions().shuffled(seed));
    EXPECT_EQ(log, expected) << "seed " << seed;
  }
}

TEST(WaitAllTasksBlocked, WaitsForThreadsToo) {
  const auto body = []() -> Coro<> {
    const Task<int> answer = create_task(to_thread([] { return 42; }));
    co_await sleep(0s);
    co_await wait_all_tasks_blocked();
    EXPECT_TRUE(answer.done());
    co_await answer;
  };
  run_test(body());
}

ASYNC_TEST_REAL_TIME(WaitAllTasksBlocked, IsRefusedInRealTime) {
  const std::exception_ptr error = co_await error_of(wait_all_tasks_blocked());
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THAT(describe(error), HasSubstr("wait_all_tasks_blocked() needs a virtual"));
}

TEST(WaitAllTasksBlocked, CanBeCancelledAnywhere) {
  EXPECT_EQ(cancel_at_every_suspension([] { return wait_all_tasks_blocked(); }), 1);
}

// --- advance() ---

Coro<> stop_at_each_deadline() {
  std::vector<Duration> seen;
  std::vector<Task<>> tasks;
  for (const Duration delay : {Duration(3s), Duration(1s), Duration(2s), Duration(10s)}) {
    tasks.push_back(create_task(note_after(seen, delay)));
  }
  co_await advance(2s);
  EXPECT_EQ(seen, (std::vector<Duration>{1s, 2s}));
  EXPECT_EQ(since_start(), 2s);
  co_await advance(3s);
  EXPECT_EQ(seen, (std::vector<Duration>{1s, 2s, 3s}));
  EXPECT_EQ(since_start(), 5s);
  co_await advance(5s);
  EXPECT_EQ(seen, (std::vector<Duration>{1s, 2s, 3s, 10s}));
  for (const Task<>& task : tasks) EXPECT_TRUE(task.done());
}

TEST(Advance, StopsAtEachDeadlineInOrder) {
  run_test(stop_at_each_deadline());
  run_test(stop_at_each_deadline(), by_hand());
}

Coro<> run_everything_before_going_on() {
  std::vector<Duration> seen;
  Queue<int> queue;
  const auto produce = [](Queue<int>& to) -> Coro<> {
    co_await sleep(1s);
    co_await passes(5);
    co_await to.put(1);
  };
  const auto consume = [](Queue<int>& from, std::vector<Duration>& log) -> Coro<> {
    co_await from.get();
    co_await passes(5);
    log.push_back(since_start());
  };
  const Task<> producer = create_task(produce(queue));
  const Task<> consumer = create_task(consume(queue, seen));
  const Task<> later = create_task(note_after(seen, 1s + 1ns));
  co_await advance(1h);
  EXPECT_EQ(seen, (std::vector<Duration>{1s, 1s + 1ns}));
  EXPECT_TRUE(consumer.done() && producer.done() && later.done());
}

TEST(Advance, RunsEverythingThatCanRunBeforeItGoesOn) {
  run_test(run_everything_before_going_on());
  run_test(run_everything_before_going_on(), by_hand());
}

Coro<> honour_sleeps_begun_on_the_way() {
  std::vector<Duration> seen;
  const auto tick = [](std::vector<Duration>& log) -> Coro<> {
    for (int i = 0; i < 5; ++i) {
      co_await sleep(1s);
      log.push_back(since_start());
      create_task(note_after(log, 500ms));
    }
  };
  const Task<> ticking = create_task(tick(seen));
  co_await advance(2500ms);
  EXPECT_EQ(seen, (std::vector<Duration>{1s, 1500ms, 2s, 2500ms}));
  co_await advance(1h);
  EXPECT_EQ(seen.size(), 10U);
  EXPECT_EQ(seen.back(), 5500ms);
  EXPECT_TRUE(ticking.done());
}

TEST(Advance, HonoursSleepsThatBeginOnTheWay) {
  run_test(honour_sleeps_begun_on_the_way());
  run_test(honour_sleeps_begun_on_the_way(), by_hand());
}

Coro<> advance_by_nothing_or_less() {
  std::vector<Duration> seen;
  const Task<> now = create_task(note_after(seen, 0s));
  const Task<> later = create_task(note_after(seen, 1ns));
  co_await advance(0s);
  EXPECT_TRUE(now.done());
  EXPECT_FALSE(later.done());
  EXPECT_EQ(since_start(), 0s);
  co_await advance(-1h);
  co_await advance(Duration::min());
  EXPECT_FALSE(later.done());
  EXPECT_EQ(since_start(), 0s);
  co_await advance(1ns);
  EXPECT_TRUE(later.done());
  co_await advance(Duration::min());
  EXPECT_EQ(since_start(), 1ns);
}

TEST(Advance, ByNothingOrLessRunsWhatIsDueAndLeavesTheTime) {
  run_test(advance_by_nothing_or_less());
  run_test(advance_by_nothing_or_less(), by_hand());
}

ASYNC_TEST(Advance, ByForeverRunsAllTimers) {
  std::vector<Duration> seen;
  const Task<> sleeper = create_task(note_after(seen, std::chrono::hours(24 * 365)));
  co_await advance(Duration::max());
  EXPECT_TRUE(sleeper.done());
}

Coro<> two_at_once() {
  std::vector<Duration> seen;
  const auto move = [](std::vector<Duration>& log, Duration delay) -> Coro<> {
    co_await advance(delay);
    log.push_back(since_start());
  };
  const Task<> sleeper = create_task(note_after(seen, 30min));
  const Task<> longer = create_task(move(seen, 2h));
  const Task<> shorter = create_task(move(seen, 1h));
  co_await shorter;
  co_await longer;
  EXPECT_TRUE(sleeper.done());
  EXPECT_EQ(seen.front(), 30min);
  EXPECT_EQ(since_start(), 2h);
}

TEST(Advance, TwoAtOnceGoAsFarAsTheLonger) {
  run_test(two_at_once());
  run_test(two_at_once(), by_hand());
}

ASYNC_TEST(Advance, ThatIsCancelledLeavesTheTimeWhereItGot) {
  std::vector<AnyTask> victims;
  const auto cancel_after = [](std::vector<AnyTask>& who, Duration delay) -> Coro<> {
    co_await sleep(delay);
    who.front().cancel();
  };
  const Task<> other = create_task(cancel_after(victims, 1s));
  const Task<> moving = create_task(advance(1h));
  victims.push_back(moving);
  co_await other;
  const std::exception_ptr error = co_await error_of(moving);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(since_start(), 1s);
}

ASYNC_TEST_REAL_TIME(Advance, IsRefusedInRealTime) {
  const std::exception_ptr error = co_await error_of(advance(1s));
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THAT(describe(error), HasSubstr("advance() needs a virtual or manual clock"));
}

// --- the manual clock ---

TEST(ManualClock, StandsStillUntilItIsAdvanced) {
  const auto body = []() -> Coro<> {
    std::vector<Duration> seen;
    const Task<> sleeper = create_task(note_after(seen, 1ns));
    co_await passes(1000);
    co_await wait_all_tasks_blocked();
    EXPECT_FALSE(sleeper.done());
    EXPECT_EQ(since_start(), 0s);
    co_await advance(1ns);
    EXPECT_TRUE(sleeper.done());
  };
  run_test(body(), by_hand());
}

TEST(ManualClock, RunsTimeoutsWhenItIsAdvanced) {
  const auto body = []() -> Coro<> {
    Event never;
    const Task<std::exception_ptr> limited =
        create_task(error_of(wait_for(never.wait(), Duration(10s))));
    co_await advance(9s);
    EXPECT_FALSE(limited.done());
    co_await advance(1s);
    EXPECT_TRUE(limited.done());
    EXPECT_TRUE(is<TimeoutError>(limited.result()));
  };
  run_test(body(), by_hand());
}

TEST(ManualClock, TellsADeadlockIfNobodyCanAdvanceIt) {
  const auto body = []() -> Coro<> { co_await sleep(1s); };
  const std::exception_ptr error = error_of_call([&] { run_test(body(), by_hand()); });
  EXPECT_TRUE(is<DeadlockError>(error));
  EXPECT_THAT(describe(error), StartsWith("deadlock: nothing can run any more"));
  EXPECT_THAT(describe(error), HasSubstr("'test body' awaits in"));
}

}  // namespace
}  // namespace cochain::testing
