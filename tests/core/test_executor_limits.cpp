// The edges of thread pools: a full queue, a wish to stop, and an end that some thread misses.
#include <pthread.h>
#include <array>
#include <atomic>
#include <semaphore>
#include <stop_token>
#include <thread>

#include "core_test.hpp"
#include "gate.hpp"

namespace cochain::testing {
namespace {

using Pending = ThreadPoolExecutor::Pending;

ExecutorOptions one_thread_and_queue(std::size_t queue_max) {
  return ExecutorOptions().with_threads_max(1).with_queue_max(queue_max);
}

TEST(Executor, WithAFullQueueRefusesSubmittedWork) {
  Gate gate;
  ThreadPoolExecutor executor(one_thread_and_queue(2));
  for (int i = 0; i < 3; ++i) executor.submit([&] { gate.wait(); });  // one runs, two wait
  EXPECT_EQ(executor.queue_size(), 2U);
  EXPECT_THROW(executor.submit([] {}), QueueFull);
  gate.open();
}

TEST(Executor, WithoutAQueueTakesOnlyWhatAThreadIsFreeFor) {
  Gate gate;
  ThreadPoolExecutor executor(ExecutorOptions().with_threads_max(2).with_queue_max(0));
  executor.submit([&] { gate.wait(); });
  executor.submit([&] { gate.wait(); });
  EXPECT_THROW(executor.submit([] {}), QueueFull);
  EXPECT_EQ(executor.queue_size(), 0U);
  gate.open();
}

ASYNC_TEST(Executor, WithAFullQueueLetsTasksWaitInOrder) {
  Gate gate;
  ThreadPoolExecutor executor(one_thread_and_queue(1));
  Numbers order;  // touched by that one thread only, read after the last
  const auto work = [&](int number) {
    gate.wait();
    order.push_back(number);
  };
  std::vector<Task<>> tasks;
  for (int i = 0; i < 10; ++i) tasks.push_back(create_task(run_in_executor(executor, work, i)));
  co_await passes(3);
  EXPECT_EQ(executor.queue_size(), 1U);
  EXPECT_THROW(executor.submit([] {}), QueueFull) << "nobody overtakes those who wait";
  gate.open();
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(order, (Numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

ASYNC_TEST(Executor, CancelledBeforeItsTurnNeverRunsAndLetsTheNextIn) {
  Gate gate;
  ThreadPoolExecutor executor(one_thread_and_queue(1));
  Numbers order;
  const auto work = [&](int number) {
    gate.wait();
    order.push_back(number);
  };
  std::vector<Task<>> tasks;
  for (int i = 0; i < 6; ++i) tasks.push_back(create_task(run_in_executor(executor, work, i)));
  co_await passes(3);
  tasks[1].cancel();  // in the queue, unless the thread was slow to take the first
  tasks[3].cancel();  // outside it
  co_await passes(3);
  EXPECT_TRUE(tasks[1].cancelled());
  EXPECT_TRUE(tasks[3].cancelled());
  EXPECT_EQ(executor.queue_size(), 1U);
  gate.open();
  for (const int left : {0, 2, 4, 5}) co_await tasks[static_cast<std::size_t>(left)];
  EXPECT_EQ(order, (Numbers{0, 2, 4, 5}));
}

ASYNC_TEST(Executor, CancelledCallReleasesItsArgumentsAtOnce) {
  Gate gate;
  ThreadPoolExecutor executor(1);
  executor.submit([&] { gate.wait(); });
  const auto held = std::make_shared<int>(1);
  const auto ignore = [](const std::shared_ptr<int>&) {};
  const Task<> waits = create_task(run_in_executor(executor, ignore, held));
  co_await passes(2);
  EXPECT_EQ(held.use_count(), 2);
  waits.cancel();
  co_await passes(2);
  EXPECT_EQ(held.use_count(), 1);
  gate.open();
}

TEST(Executor, CancelledAtEverySuspensionWithAFullQueueComesToAnEnd) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    ThreadPoolExecutor executor(one_thread_and_queue(0));
    std::vector<Coro<int>> calls;
    for (int i = 0; i < 5; ++i) {
      calls.push_back(run_in_executor(executor, [](int number) { return number; }, i));
    }
    const Numbers numbers = co_await gather(std::move(calls));
    EXPECT_EQ(numbers, (Numbers{0, 1, 2, 3, 4}));
  });
  EXPECT_GE(suspensions, 1);
}

ASYNC_TEST(Executor, GivesAStopTokenToAFunctionThatTakesOne) {
  const auto work = [](std::stop_token stop, int number) {
    return stop.stop_possible() && !stop.stop_requested() ? number : -1;
  };
  const int number = co_await to_thread(work, 5);
  EXPECT_EQ(number, 5);
}

ASYNC_TEST(Executor, CancelledAwaitAsksTheFunctionToStop) {
  Gate started;
  std::binary_semaphore ended(0);
  const auto work = [&](std::stop_token stop) {
    started.open();
    while (!stop.stop_requested()) std::this_thread::yield();
    ended.release();
  };
  const Task<> task = create_task(to_thread(work));
  co_await to_thread([&] { started.wait(); });
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  ended.acquire();  // hangs if nobody asked
}

ASYNC_TEST(Executor, DestroyedAwaitAsksTheFunctionToStop) {
  Gate started;
  std::binary_semaphore ended(0);
  const auto work = [&](std::stop_token stop) {
    started.open();
    while (!stop.stop_requested()) std::this_thread::yield();
    ended.release();
  };
  const Task<> task = create_task(to_thread(work));
  co_await to_thread([&] { started.wait(); });
  task.get()->kill();
  ended.acquire();
}

TEST(Executor, EndOfRunAsksWorkToStop) {
  const auto main = []() -> Coro<> {
    const auto started = std::make_shared<Gate>();
    const auto work = [started](std::stop_token stop) {
      started->open();
      while (!stop.stop_requested()) std::this_thread::yield();
    };
    (void)create_task(to_thread(work));
    const auto wait_for_start = [started] { started->wait(); };
    co_await to_thread(wait_for_start);
  };
  run(main());
}

TEST(Executor, EndOfRunServesWorkThatStillNeedsTheLoop) {
  std::atomic<bool> served{false};
  const auto main = [](std::atomic<bool>& out) -> Coro<> {
    auto started = std::make_shared<Gate>();
    const auto work = [started, &out, &loop = EventLoop::current()](std::stop_token stop) {
      started->open();
      while (!stop.stop_requested()) std::this_thread::yield();
      Gate answered;
      loop.call_soon_threadsafe([&] { answered.open(); });
      answered.wait();
      out = true;
    };
    (void)create_task(to_thread(work));
    const auto wait_for_start = [started] { started->wait(); };
    co_await to_thread(wait_for_start);
  };
  run(main(served));
  EXPECT_TRUE(served);
}

TEST(Executor, BusyBeyondTheLimitIsReportedAndLeftToItself) {
  auto gate = std::make_shared<Gate>();
  auto ended = std::make_shared<Gate>();
  Log reports;
  const auto main = [](std::shared_ptr<Gate> wait_for, std::shared_ptr<Gate> at_end) -> Coro<> {
    auto started = std::make_shared<Gate>();
    const auto work = [wait_for, at_end, started] {
      started->open();
      wait_for->wait();
      at_end->open();
    };
    (void)create_task(to_thread(work));
    const auto wait_for_start = [started] { started->wait(); };
    co_await to_thread(wait_for_start);
  };
  RunOptions options;
  options.with_executor_join_timeout(20ms).with_exception_handler(
      [&](const ExceptionContext& context) { reports.push_back(context.message); });
  run(main(gate, ended), std::move(options));
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_NE(reports[0].find("cochain-"), std::string::npos) << reports[0];
  EXPECT_NE(reports[0].find("busy for"), std::string::npos) << reports[0];
  gate->open();  // the thread goes on when its loop and its executor are gone
  ended->wait();
}

TEST(Executor, BusyBeyondTheLimitUnderAVirtualClockIsLeftToItself) {
  auto gate = std::make_shared<Gate>();
  auto ended = std::make_shared<Gate>();
  int reports = 0;
  const auto main = [](std::shared_ptr<Gate> wait_for, std::shared_ptr<Gate> at_end) -> Coro<> {
    auto started = std::make_shared<Gate>();
    const auto work = [wait_for, at_end, started] {
      started->open();
      wait_for->wait();
      at_end->open();
    };
    (void)create_task(to_thread(work));
    const auto wait_for_start = [started] { started->wait(); };
    co_await to_thread(wait_for_start);
  };
  RunOptions options;
  options.with_clock(std::make_unique<VirtualClock>())
      .with_executor_join_timeout(0s)
      .with_exception_handler([&](const ExceptionContext&) { ++reports; });
  run(main(gate, ended), std::move(options));
  EXPECT_EQ(reports, 1);
  gate->open();
  ended->wait();
}

ASYNC_TEST(Executor, ShutDownCancellingDropsWhatHasNotBegun) {
  Gate started;
  Gate gate;
  ThreadPoolExecutor executor(one_thread_and_queue(1));
  const auto work = [&](int number) {
    started.open();
    gate.wait();
    return number;
  };
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(create_task(run_in_executor(executor, work, i)));
  co_await to_thread([&] { started.wait(); });
  executor.shutdown_nowait(Pending::kCancel);
  for (std::size_t i = 1; i < 4; ++i) {
    const std::exception_ptr error = co_await error_of(tasks[i]);
    EXPECT_EQ(describe(error), "cancelled: the executor was shut down");
  }
  gate.open();
  const int first = co_await tasks[0];
  EXPECT_EQ(first, 0);
}

ASYNC_TEST(Executor, ShutDownRunsAlsoWhatWaitedForAPlace) {
  ThreadPoolExecutor executor(one_thread_and_queue(0));
  std::atomic<int> ran{0};
  const auto work = [&] { ++ran; };
  std::vector<Task<>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(create_task(run_in_executor(executor, work)));
  co_await passes(2);
  executor.shutdown();
  EXPECT_EQ(ran, 5);
  for (const Task<>& task : tasks) co_await task;
}

TEST(Executor, JoinForSaysWhetherTheThreadsHaveEnded) {
  Gate gate;
  ThreadPoolExecutor executor(1);
  executor.submit([&] { gate.wait(); });
  executor.shutdown_nowait();
  EXPECT_FALSE(executor.join_for(0s));
  gate.open();
  EXPECT_TRUE(executor.join_for(1h));
  EXPECT_TRUE(executor.busy_threads().empty());
}

TEST(Executor, ShutDownByItsOwnThreadIsRefused) {
  ThreadPoolExecutor executor(1);
  std::atomic<bool> refused{false};
  Gate over;
  executor.submit([&] {
    try {
      executor.shutdown();
    } catch (const InvalidStateError&) {
      refused = true;
    }
    over.open();
  });
  over.wait();
  EXPECT_TRUE(refused);
}

TEST(Executor, DestroyedByItsOwnThreadComesToAnEnd) {
  auto executor = std::make_shared<ThreadPoolExecutor>(1);
  auto destroyed = std::make_shared<Gate>();
  Gate released;
  executor->submit([executor, destroyed, &released]() mutable {
    released.wait();
    executor.reset();
    destroyed->open();
  });
  executor.reset();
  released.open();
  destroyed->wait();
}

ASYNC_TEST(Executor, NamesItsThreads) {
  const auto name_of_thread = [] {
    std::array<char, 16> name{};
    ::pthread_getname_np(::pthread_self(), name.data(), name.size());
    return std::string(name.data());
  };
  ThreadPoolExecutor named(ExecutorOptions().with_threads_max(1).with_thread_name("disk"));
  const std::string own = co_await run_in_executor(named, name_of_thread);
  EXPECT_EQ(own, "disk-0");
  const std::string standard = co_await to_thread(name_of_thread);
  EXPECT_EQ(standard, "cochain-0");
}

TEST(Executor, SetAsDefaultServesToThreadAndIsShutDownWithTheLoop) {
  const auto executor =
      std::make_shared<ThreadPoolExecutor>(ExecutorOptions().with_thread_name("mine"));
  const auto main = [](std::shared_ptr<ThreadPoolExecutor> own) -> Coro<bool> {
    EventLoop::current().set_default_executor(own);
    co_await to_thread([] {});
    co_return &default_executor() == own.get();
  };
  EXPECT_TRUE(run(main(executor)));
  EXPECT_THROW(executor->submit([] {}), InvalidStateError);
}

ASYNC_TEST(Executor, DestroyedBeforeItsAnswerIsHeardIsHarmless) {
  Task<> task;
  {
    ThreadPoolExecutor executor(1);
    task = create_task(run_in_executor(executor, [] {}));
    co_await passes(1);
  }
  task.cancel();  // the answer is posted, and not yet heard
  (void)co_await error_of(task);
}

}  // namespace
}  // namespace cochain::testing
