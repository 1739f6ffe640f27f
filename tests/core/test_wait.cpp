// wait(), as_completed(), shield(), and gather() over tasks: who waits leaves the tasks alone.
#include <gmock/gmock.h>

#include <algorithm>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

std::vector<Task<int>> three() {
  std::vector<Task<int>> tasks;
  for (int i = 3; i > 0; --i) tasks.push_back(create_task(after(std::chrono::seconds(i), i)));
  return tasks;
}

ASYNC_TEST(Wait, ForAllGivesThemInTheOrderGiven) {
  const std::vector<Task<int>> tasks = three();
  const WaitResult<Task<int>> result = co_await wait(tasks);
  EXPECT_EQ(result.done, tasks);
  EXPECT_TRUE(result.pending.empty());
}

ASYNC_TEST(Wait, ForTheFirstLeavesTheOthersRunning) {
  const std::vector<Task<int>> tasks = three();
  WaitOptions options;
  options.return_when(ReturnWhen::kFirstCompleted);
  const WaitResult<Task<int>> result = co_await wait(tasks, options);
  EXPECT_EQ(result.done.size(), 1U);
  EXPECT_EQ(result.done.front(), tasks[2]);
  EXPECT_EQ(result.pending.size(), 2U);
  const int slowest = co_await tasks[0];
  EXPECT_EQ(slowest, 3);
}

ASYNC_TEST(Wait, ForTheFirstExceptionDoesNotCountACancelledOne) {
  std::vector<Task<int>> tasks = three();
  tasks.push_back(create_task(fail_after(2s, "broken")));
  tasks[2].cancel();
  const TimePoint begun = EventLoop::current().time();
  WaitOptions options;
  options.return_when(ReturnWhen::kFirstException);
  const WaitResult<Task<int>> result = co_await wait(tasks, options);
  EXPECT_EQ(EventLoop::current().time() - begun, 2s);
  EXPECT_EQ(result.pending.front(), tasks[0]);
  EXPECT_EQ(describe(tasks[3].exception()), "broken");
  co_await sleep(5s);
}

ASYNC_TEST(Wait, TimeoutNeitherThrowsNorCancels) {
  const std::vector<Task<int>> tasks = three();
  WaitOptions options;
  options.timeout(1500ms);
  const WaitResult<Task<int>> result = co_await wait(tasks, options);
  EXPECT_EQ(result.done.size(), 1U);
  EXPECT_EQ(result.pending.size(), 2U);
  const std::vector<int> values = co_await gather(tasks);
  EXPECT_EQ(values, (Numbers{3, 2, 1}));
}

ASYNC_TEST(Wait, CancelledWaiterLeavesThemRunning) {
  const std::vector<Task<int>> tasks = three();
  const Task<WaitResult<Task<int>>> waiter = create_task(wait(tasks));
  co_await sleep(500ms);
  waiter.cancel();
  const std::exception_ptr error = co_await error_of(waiter);
  EXPECT_TRUE(is<CancelledError>(error));
  const std::vector<int> values = co_await gather(tasks);
  EXPECT_EQ(values, (Numbers{3, 2, 1}));
}

ASYNC_TEST(Wait, OneThatIsGivenTwiceCountsOnce) {
  std::vector<Task<int>> tasks = three();
  tasks.push_back(tasks.front());
  const WaitResult<Task<int>> result = co_await wait(tasks);
  EXPECT_EQ(result.done.size(), 3U);
}

ASYNC_TEST(Wait, NothingToWaitForIsRefused) {
  const std::exception_ptr none = co_await error_of(wait(std::vector<Task<int>>()));
  EXPECT_TRUE(is<InvalidStateError>(none));
  const std::exception_ptr empty = co_await error_of(wait(std::vector<Task<int>>(1)));
  EXPECT_TRUE(is<InvalidStateError>(empty));
}

ASYNC_TEST(AsCompleted, GivesTheVeryTasksInTheOrderOfTheirEnd) {
  std::vector<Task<int>> tasks = three();
  tasks.push_back(tasks.front());
  Stream<Task<int>> done = as_completed(tasks);
  std::vector<Task<int>> order;
  while (auto task = co_await done.next()) order.push_back(*task);
  EXPECT_EQ(order, (std::vector<Task<int>>{tasks[2], tasks[1], tasks[0]}));
}

ASYNC_TEST(AsCompleted, TimeoutComesAfterWhatIsDoneAndCancelsNothing) {
  const std::vector<Task<int>> tasks = three();
  Stream<Task<int>> done = as_completed(tasks, 2500ms);
  co_await sleep(2600ms);
  const std::optional<Task<int>> first = co_await done.next();
  EXPECT_EQ(first, tasks[2]);
  const std::optional<Task<int>> second = co_await done.next();
  EXPECT_EQ(second, tasks[1]);
  const std::exception_ptr error = co_await error_of(done.next());
  EXPECT_TRUE(is<TimeoutError>(error));
  const int slowest = co_await tasks[0];
  EXPECT_EQ(slowest, 3);
}

ASYNC_TEST(AsCompleted, DroppedStreamLeavesThemRunning) {
  const std::vector<Task<int>> tasks = three();
  {
    Stream<Task<int>> done = as_completed(tasks);
    const std::optional<Task<int>> first = co_await done.next();
    EXPECT_EQ(first, tasks[2]);
  }
  const std::vector<int> values = co_await gather(tasks);
  EXPECT_EQ(values, (Numbers{3, 2, 1}));
}

ASYNC_TEST(AsCompleted, OutlivesTheTaskThatMadeIt) {
  const std::vector<Task<int>> tasks = three();
  const auto make = [](std::vector<Task<int>> of) -> Coro<Stream<Task<int>>> {
    co_return as_completed(std::move(of));
  };
  Stream<Task<int>> done = co_await create_task(make(tasks), "maker");
  // A new task may be where the first one was; it is not the one that waits.
  const Task<Stream<Task<int>>> stranger = create_task(make(three()), "stranger");
  const LoopInfo graph = capture_call_graph();
  std::uint64_t stranger_id = 0;
  for (const TaskInfo& task : graph.tasks) {
    if (task.name == "stranger") stranger_id = task.id;
  }
  EXPECT_NE(stranger_id, 0U);
  for (const TaskInfo& task : graph.tasks) {
    EXPECT_THAT(task.awaited_by, ::testing::Not(::testing::Contains(stranger_id))) << task.name;
  }
  const std::optional<Task<int>> first = co_await done.next();
  EXPECT_EQ(first, tasks[2]);
  co_await sleep(5s);
}

ASYNC_TEST(Shield, CancelledAwaiterLeavesTheTaskRunning) {
  const Task<int> inner = create_task(after(2s, 7));
  const Task<int> outer = create_task(shield(inner));
  co_await sleep(1s);
  outer.cancel();
  const std::exception_ptr error = co_await error_of(outer);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_FALSE(inner.done());
  const int value = co_await inner;
  EXPECT_EQ(value, 7);
}

ASYNC_TEST(Shield, GivesResultErrorAndCancellationOfTheInner) {
  const int value = co_await shield(after(1s, 7));
  EXPECT_EQ(value, 7);
  const std::exception_ptr error = co_await error_of(shield(fail_after(1s, "broken")));
  EXPECT_EQ(describe(error), "broken");
  const Task<int> inner = create_task(after(1s, 7));
  inner.cancel("inner");
  const std::exception_ptr cancelled = co_await error_of(shield(inner));
  EXPECT_EQ(describe(cancelled), "cancelled: inner");
  EXPECT_THROW((void)shield(Task<int>()), InvalidStateError);
}

ASYNC_TEST(Gather, OfTasksGivesOneThatIsNamedTwiceTwice) {
  std::vector<Task<int>> tasks = three();
  tasks.push_back(tasks.front());
  const std::vector<int> values = co_await gather(tasks);
  EXPECT_EQ(values, (Numbers{3, 2, 1, 3}));
}

constexpr int kMany = 10'000;

/// Ten thousand tasks, each of them named again at the end.
std::vector<Task<int>> many_twice() {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < kMany; ++i) tasks.push_back(create_task(at_once(i)));
  const std::vector<Task<int>> again(tasks.rbegin(), tasks.rend());
  tasks.insert(tasks.end(), again.begin(), again.end());
  return tasks;
}

ASYNC_TEST(Wait, ForTenThousandKeepsTheirOrderAndCountsEachOnce) {
  std::vector<Task<int>> tasks = many_twice();
  const WaitResult<Task<int>> result = co_await wait(tasks);
  tasks.resize(kMany);
  EXPECT_TRUE(result.pending.empty());
  EXPECT_TRUE(result.done == tasks);
}

ASYNC_TEST(AsCompleted, OfTenThousandGivesEachOnce) {
  std::vector<Task<int>> tasks = many_twice();
  Stream<Task<int>> done = as_completed(tasks);
  int next = 0;
  while (auto task = co_await done.next()) EXPECT_EQ(task->result(), next++);
  EXPECT_EQ(next, kMany);
}

ASYNC_TEST(Wait, RefusesAnEmptyHandleAmongOthers) {
  const std::vector<Task<int>> tasks{create_task(at_once(1)), Task<int>(), Task<int>()};
  const std::exception_ptr error = co_await error_of(wait(tasks));
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THROW((void)as_completed(tasks), InvalidStateError);
  co_await tasks.front();
}

TEST(Wait, LeavesNothingWhereverItIsCancelled) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    TaskGroup group;
    std::vector<Task<int>> tasks;
    for (int i = 1; i < 4; ++i) {
      tasks.push_back(group.create_task(after(std::chrono::seconds(i), i)));
    }
    WaitOptions options;
    options.return_when(ReturnWhen::kFirstCompleted);
    const WaitResult<Task<int>> result = co_await wait(tasks, options);
    EXPECT_EQ(result.done.size(), 1U);
    const int second = co_await shield(tasks[1]);
    EXPECT_EQ(second, 2);
    Stream<Task<int>> done = as_completed(tasks);
    while (auto task = co_await done.next()) EXPECT_TRUE(task->done());
    co_await group.join();
    const std::vector<int> values = co_await gather(tasks);
    EXPECT_EQ(values.size(), 3U);
  });
  EXPECT_GE(suspensions, 3);
}

ASYNC_TEST(Wait, ForTheFirstCountsAFailedAndACancelledOne) {
  std::vector<Task<int>> tasks;
  tasks.push_back(create_task(after(60s, 1)));
  tasks.push_back(create_task(fail_after(1s, "broken")));
  WaitOptions options;
  options.return_when(ReturnWhen::kFirstCompleted);
  const WaitResult<Task<int>> failed = co_await wait(tasks, options);
  EXPECT_THAT(failed.done, ::testing::ElementsAre(tasks[1]));
  EXPECT_EQ(describe(tasks[1].exception()), "broken");
  tasks[1] = create_task(after(60s, 1));
  tasks[0].cancel();
  const WaitResult<Task<int>> cancelled = co_await wait(tasks, options);
  EXPECT_THAT(cancelled.done, ::testing::ElementsAre(tasks[0]));
  (void)co_await tasks[1];
}

ASYNC_TEST(Wait, ForTheFirstExceptionWaitsForAllWhereNoneFails) {
  const std::vector<Task<int>> tasks = three();
  WaitOptions options;
  options.return_when(ReturnWhen::kFirstException);
  const WaitResult<Task<int>> result = co_await wait(tasks, options);
  EXPECT_EQ(result.done, tasks);
}

ASYNC_TEST(Wait, ForWhatIsDoneDoesNotSuspend) {
  std::vector<Task<int>> tasks;
  tasks.push_back(create_task(at_once(1)));
  (void)co_await tasks[0];
  const std::uint32_t steps = current_task().get()->steps();
  const WaitResult<Task<int>> result = co_await wait(tasks);
  EXPECT_EQ(result.done, tasks);
  EXPECT_EQ(current_task().get()->steps(), steps);
}

ASYNC_TEST(Wait, TakesFuturesAndTasksOfAllTypes) {
  const Future<std::string> future;
  const Task<> task = create_task(passes(1));
  std::vector<AnyFuture> all;
  all.emplace_back(future);
  all.emplace_back(task);
  EventLoop::current().call_later(1s, [future] { future.set_result("x"); });
  const WaitResult<AnyFuture> result = co_await wait(all);
  EXPECT_EQ(result.done, all);
}

ASYNC_TEST(Wait, ForAFutureOfAnotherLoopIsRefused) {
  EventLoop elsewhere(std::make_shared<VirtualClock>());
  const std::vector<Future<int>> futures(1, Future<int>(elsewhere));
  const std::exception_ptr error = co_await error_of(wait(futures));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("another event loop"));
}

ASYNC_TEST(AsCompleted, StartsCoroutinesAtOnceAndNotesTheirOrderWhileNobodyAsks) {
  std::vector<Coro<int>> coros;
  coros.push_back(after(2s, 2));
  coros.push_back(after(1s, 1));
  Stream<Task<int>> done = as_completed(std::move(coros));
  co_await sleep(2s);
  const TimePoint before = EventLoop::current().time();
  Numbers values;
  while (auto task = co_await done.next()) values.push_back(task->result());
  EXPECT_EQ(values, (Numbers{1, 2}));
  EXPECT_EQ(EventLoop::current().time(), before);
}

ASYNC_TEST(AsCompleted, GivesDoneFailedAndCancelledTasksAsTheyAre) {
  std::vector<Task<int>> tasks = three();
  tasks.push_back(create_task(fail_after(0s, "broken")));
  tasks[0].cancel();
  co_await passes(3);
  Stream<Task<int>> done = as_completed(tasks);
  const std::optional<Task<int>> first = co_await done.next();
  EXPECT_EQ(first, tasks[0]);
  EXPECT_TRUE(first->cancelled());
  const std::optional<Task<int>> second = co_await done.next();
  EXPECT_EQ(describe(second->exception()), "broken");
  const std::vector<Task<int>> rest = co_await std::move(done).collect();
  EXPECT_EQ(rest.size(), 2U);
}

ASYNC_TEST(AsCompleted, CancelledConsumerLeavesThemRunning) {
  const std::vector<Task<int>> tasks = three();
  const auto consume = [](std::vector<Task<int>> given) -> Coro<> {
    Stream<Task<int>> done = as_completed(std::move(given));
    while (auto task = co_await done.next()) EXPECT_TRUE(task->done());
  };
  const Task<> consumer = create_task(consume(tasks));
  co_await sleep(1500ms);
  consumer.cancel();
  const std::exception_ptr error = co_await error_of(consumer);
  EXPECT_TRUE(is<CancelledError>(error));
  const std::vector<int> values = co_await gather(tasks);
  EXPECT_EQ(values, (Numbers{3, 2, 1}));
}

ASYNC_TEST(Shield, OfOneThatIsCancelledWhileItIsAwaitedIsCancelled) {
  const Task<int> inner = create_task(after(1h, 1));
  const Task<int> outer = create_task(shield(inner));
  co_await passes(2);
  inner.cancel("the inner one");
  const std::exception_ptr error = co_await error_of(outer);
  EXPECT_EQ(describe(error), "cancelled: the inner one");
  EXPECT_TRUE(outer.cancelled());
  EXPECT_EQ(outer.cancelling(), 0) << "nobody asked the outer one";
}

ASYNC_TEST(Shield, ErrorAfterItsAwaiterWasCancelledIsReportedAsNeverRetrieved) {
  EventLoop& loop = EventLoop::current();
  Log told;
  loop.set_exception_handler([&](const ExceptionContext& context) {
    told.push_back(context.message + ": " + describe(context.exception));
  });
  {
    const Task<int> inner = create_task(fail_after(2s, "late"), "inner");
    const Task<int> outer = create_task(shield(inner));
    co_await sleep(1s);
    outer.cancel();
    (void)co_await error_of(outer);
    co_await sleep(2s);
    EXPECT_EQ(told, Log()) << "somebody may still ask for it";
  }
  EXPECT_EQ(told, (Log{"exception in task 'inner' was never retrieved: late"}));
  loop.set_exception_handler(nullptr);
}

ASYNC_TEST(Shield, ErrorThatAnotherAwaiterSeesIsNotReported) {
  EventLoop& loop = EventLoop::current();
  int reports = 0;
  loop.set_exception_handler([&](const ExceptionContext&) { ++reports; });
  {
    const Task<int> inner = create_task(fail_after(2s, "late"));
    const Task<int> outer = create_task(shield(inner));
    co_await sleep(1s);
    outer.cancel();
    const std::exception_ptr error = co_await error_of(inner);
    EXPECT_EQ(describe(error), "late");
    co_await passes(2);
  }
  EXPECT_EQ(reports, 0);
  loop.set_exception_handler(nullptr);
}

ASYNC_TEST(Shield, CancelledInTheStepInWhichTheInnerEndsIsCancelled) {
  const Future<int> inner;
  const Task<int> outer = create_task(shield(inner));
  co_await passes(2);
  inner.set_result(3);
  outer.cancel();
  const std::exception_ptr error = co_await error_of(outer);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(inner.result(), 3);
}

ASYNC_TEST(Shield, KeepsTheOnlyHandleOfWhatItShields) {
  Numbers numbers;
  const auto slow = [&]() -> Coro<> {
    co_await sleep(2s);
    numbers.push_back(1);
  };
  const Task<> outer = create_task(shield(slow()));
  co_await sleep(1s);
  outer.cancel();
  (void)co_await error_of(outer);
  co_await sleep(2s);
  EXPECT_EQ(numbers, (Numbers{1}));
}

ASYNC_TEST(Shield, OfACoroutineStartsItEvenIfNobodyAwaitsIt) {
  Numbers numbers;
  {
    Coro<> never_awaited = shield(append(numbers, 1));
    never_awaited.close();
  }
  co_await passes(2);
  EXPECT_EQ(numbers, (Numbers{1}));
}

ASYNC_TEST(Shield, UnderADeadlineEndsInTimeAndLeavesTheInner) {
  const TimePoint before = EventLoop::current().time();
  const Task<int> inner = create_task(after(3s, 5));
  const std::exception_ptr error = co_await error_of(wait_for(shield(inner), 1s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(EventLoop::current().time() - before, 1s);
  const int value = co_await inner;
  EXPECT_EQ(value, 5);
}

ASYNC_TEST(Gather, OfTasksThatIsCancelledCancelsEachOfThemOnce) {
  std::vector<Task<int>> tasks = three();
  tasks.push_back(tasks.front());
  const auto all = [](std::vector<Task<int>> given) -> Coro<> {
    (void)co_await gather(std::move(given));
  };
  const Task<> gathering = create_task(all(tasks));
  co_await passes(2);
  gathering.cancel();
  const std::exception_ptr error = co_await error_of(gathering);
  EXPECT_TRUE(is<CancelledError>(error));
  for (const Task<int>& task : tasks) EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(AsCompleted, IsTheAwaiterOfAllThatAreLeftOnlyWhileItWaits) {
  std::vector<Task<int>> tasks = three();
  const auto read = [](std::vector<Task<int>> of) -> Coro<> {
    Stream<Task<int>> done = as_completed(std::move(of));
    (void)co_await done.next();
    co_await sleep(500ms);  // waits for none of them now
    while (auto task = co_await done.next()) {
    }
  };
  const Task<> reader = create_task(read(tasks), "reader");
  const std::uint64_t id = reader.get()->id();
  const auto awaited = [&] {
    std::size_t count = 0;
    for (const TaskInfo& task : capture_call_graph().tasks) {
      count +=
          static_cast<std::size_t>(std::count(task.awaited_by.begin(), task.awaited_by.end(), id));
    }
    return count;
  };
  co_await sleep(100ms);
  EXPECT_EQ(awaited(), 3U);
  co_await sleep(1s);
  EXPECT_EQ(awaited(), 0U);
  co_await sleep(500ms);
  EXPECT_EQ(awaited(), 2U);
  co_await reader;
}

ASYNC_TEST(AsCompleted, SuspendsTenThousandTimesForTenThousandThatEndOneByOne) {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < kMany; ++i)
    tasks.push_back(create_task(after(std::chrono::milliseconds(i + 1), i)));
  const std::uint32_t steps = current_task().get()->steps();
  Stream<Task<int>> done = as_completed(std::move(tasks));
  int next = 0;
  while (auto task = co_await done.next()) EXPECT_EQ(task->result(), next++);
  EXPECT_EQ(next, kMany);
  EXPECT_EQ(current_task().get()->steps() - steps, static_cast<std::uint32_t>(kMany));
}

}  // namespace
}  // namespace cochain::testing
