// Blocking work on other threads, and the way back to the loop.
#include <atomic>
#include <thread>

#include "core_test.hpp"
#include "gate.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST(ToThread, GivesTheResultOfTheFunction) {
  const int value = co_await to_thread([] { return 42; });
  EXPECT_EQ(value, 42);
}

ASYNC_TEST(ToThread, RunsOnAnotherThreadAndComesBackToTheLoops) {
  const std::thread::id here = std::this_thread::get_id();
  const std::thread::id there = co_await to_thread([] { return std::this_thread::get_id(); });
  EXPECT_NE(there, here);
  EXPECT_EQ(std::this_thread::get_id(), here);
}

ASYNC_TEST(ToThread, PassesArgumentsByMove) {
  const auto read = [](std::unique_ptr<int> number, std::string text) {
    return text + std::to_string(*number);
  };
  Coro<std::string> call = to_thread(read, std::make_unique<int>(7), std::string("n"));
  const std::string text = co_await std::move(call);
  EXPECT_EQ(text, "n7");
}

ASYNC_TEST(ToThread, GivesAMoveOnlyResult) {
  const std::unique_ptr<int> made = co_await to_thread([] { return std::make_unique<int>(9); });
  EXPECT_EQ(*made, 9);
}

ASYNC_TEST(ToThread, OfAFunctionWithoutResultJustWaits) {
  std::atomic<bool> ran{false};
  const auto set = [&] { ran = true; };
  co_await to_thread(set);
  EXPECT_TRUE(ran);
}

ASYNC_TEST(ToThread, ThrowsWhatTheFunctionThrows) {
  const auto fail = []() -> int { throw std::runtime_error("on the thread"); };
  const std::exception_ptr error = co_await error_of(to_thread(fail));
  EXPECT_EQ(describe(error), "on the thread");
}

ASYNC_TEST(ToThread, SeesACopyOfTheContext) {
  static ContextVar<std::string> user("user", "nobody");
  user.set("ada");
  const auto read_and_change = [] {
    std::string seen = user.get();
    user.set("changed on the thread");
    return seen;
  };
  const std::string seen = co_await to_thread(read_and_change);
  EXPECT_EQ(seen, "ada");
  EXPECT_EQ(user.get(), "ada");
}

ASYNC_TEST(ToThread, LetsOtherTasksRunMeanwhile) {
  Gate gate;
  const auto wait = [&] { gate.wait(); };
  const Task<> blocked = create_task(to_thread(wait));
  co_await passes(10);
  EXPECT_FALSE(blocked.done());
  gate.open();
  co_await blocked;
}

ASYNC_TEST(ToThread, VirtualClockWaitsForItInsteadOfJumping) {
  EventLoop& loop = EventLoop::current();
  const TimePoint before = loop.time();
  Gate gate;
  const auto wait = [&] { gate.wait(); };
  const Task<> blocked = create_task(to_thread(wait));
  std::thread opener([&] { gate.open(); });
  const Task<> sleeper = create_task(sleep(1h));
  co_await blocked;
  EXPECT_EQ(loop.time(), before);
  EXPECT_FALSE(sleeper.done());
  opener.join();
  co_await sleeper;
  EXPECT_EQ(loop.time() - before, 1h);
}

ASYNC_TEST(ToThread, CancelledLeavesTheThreadRunning) {
  Gate started;
  Gate gate;
  std::atomic<bool> finished{false};
  const auto wait = [&] {
    started.open();
    gate.wait();
    finished = true;
  };
  const Task<> task = create_task(to_thread(wait));
  co_await to_thread([&] { started.wait(); });
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_FALSE(finished);
  gate.open();
  EventLoop::current().default_executor().shutdown();
  EXPECT_TRUE(finished);
}

ASYNC_TEST(ToThread, ResultThatNobodyHearsIsReleased) {
  {
    Gate started;
    Gate gate;
    const auto make = [&] {
      started.open();
      gate.wait();
      return std::make_shared<Probe>(1);
    };
    const Task<std::shared_ptr<Probe>> task = create_task(to_thread(make));
    co_await to_thread([&] { started.wait(); });
    task.cancel();
    (void)co_await error_of(task);
    gate.open();
    co_await sleep(1s);  // the clock does not move before the thread's answer is here
  }
  EXPECT_EQ(Probe::alive, 0);
}

ASYNC_TEST(ToThread, ManyAtOnceAllComeBack) {
  std::atomic<int> calls{0};
  const auto count = [&](int number) {
    ++calls;
    return number;
  };
  std::vector<Coro<int>> coros;
  for (int i = 0; i < 500; ++i) coros.push_back(to_thread(count, i));
  const std::vector<int> results = co_await gather(std::move(coros));
  EXPECT_EQ(calls, 500);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)], i);
}

ASYNC_TEST(Executor, OfOneThreadRunsInOrder) {
  ThreadPoolExecutor one(1);
  Numbers order;  // touched by that one thread only, read after the last
  const auto note = [&](int number) { order.push_back(number); };
  std::vector<Coro<>> coros;
  for (int i = 0; i < 20; ++i) coros.push_back(run_in_executor(one, note, i));
  (void)co_await gather(std::move(coros));
  Numbers expected(20);
  for (int i = 0; i < 20; ++i) expected[static_cast<std::size_t>(i)] = i;
  EXPECT_EQ(order, expected);
}

ASYNC_TEST(Executor, StartsEnoughThreadsForWorkThatWaitsForOtherWork) {
  ThreadPoolExecutor three(3);
  Gate first;
  Gate second;
  const auto wait_for_second = [&] { second.wait(); };
  const auto wait_for_first = [&] {
    first.wait();
    second.open();
  };
  const auto open_first = [&] { first.open(); };
  (void)co_await gather(run_in_executor(three, wait_for_second),
                        run_in_executor(three, wait_for_first), run_in_executor(three, open_first));
}

ASYNC_TEST(Executor, AfterShutdownRefusesWork) {
  ThreadPoolExecutor executor(1);
  executor.shutdown();
  const std::exception_ptr error = co_await error_of(run_in_executor(executor, [] { return 1; }));
  EXPECT_TRUE(is<InvalidStateError>(error));
  co_await sleep(1h);  // and the clock does not wait for work that never began
}

TEST(Executor, ShutdownRunsWhatWasSubmitted) {
  std::atomic<int> ran{0};
  ThreadPoolExecutor executor(2);
  for (int i = 0; i < 100; ++i) executor.submit([&] { ++ran; });
  executor.shutdown();
  EXPECT_EQ(ran, 100);
}

TEST(Executor, DestructionRunsWhatWasSubmitted) {
  std::atomic<int> ran{0};
  {
    ThreadPoolExecutor executor(2);
    for (int i = 0; i < 100; ++i) executor.submit([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

TEST(Executor, ShutdownTwiceIsHarmless) {
  ThreadPoolExecutor executor(1);
  executor.submit([] {});
  executor.shutdown();
  executor.shutdown();
  EXPECT_THROW(executor.submit([] {}), InvalidStateError);
}

TEST(Executor, TakesWorkFromManyThreads) {
  std::atomic<int> ran{0};
  {
    ThreadPoolExecutor executor(2);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i) executor.submit([&] { ++ran; });
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(ran, 400);
}

TEST(Executor, ReleasesWhatWorkHeldOnceItRan) {
  const auto held = std::make_shared<int>(1);
  ThreadPoolExecutor executor(1);
  executor.submit([held] {});
  executor.shutdown();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Executor, OfTheLoopIsJoinedBeforeRunReturns) {
  std::atomic<bool> finished{false};
  const auto main = [](std::atomic<bool>& out) -> Coro<> {
    Gate started;
    Gate gate;
    const auto work = [&] {
      started.open();
      gate.wait();
      out = true;
    };
    const Task<> task = create_task(to_thread(work));
    co_await to_thread([&] { started.wait(); });
    gate.open();
    task.cancel();
    EventLoop::current().default_executor().shutdown();  // before the gate goes
  };
  run(main(finished));
  EXPECT_TRUE(finished);
}

// The thread belongs to an executor that lives longer than the loop, and its answer comes when the
// loop is gone.
TEST(Executor, AnswerAfterTheEndOfTheLoopIsDropped) {
  ThreadPoolExecutor executor(1);
  Gate started;
  Gate gate;
  const auto main = [](ThreadPoolExecutor& threads, Gate& has_begun, Gate& wait_for) -> Coro<> {
    const auto work = [&has_begun, &wait_for] {
      has_begun.open();
      wait_for.wait();
    };
    const Task<> task = create_task(run_in_executor(threads, work));
    co_await to_thread([&] { has_begun.wait(); });
    task.cancel();
    (void)co_await error_of(task);
  };
  run(main(executor, started, gate));
  gate.open();
  executor.shutdown();
}

TEST(ToThread, CancelledAtEverySuspensionComesToAnEnd) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const int one = co_await to_thread([] { return 1; });
    EXPECT_EQ(one, 1);
    const int two = co_await wait_for(to_thread([] { return 2; }), 1s);
    EXPECT_EQ(two, 2);
  });
  EXPECT_EQ(suspensions, 2);
}

}  // namespace
}  // namespace cochain::testing
