// wait(), as_completed(), shield(), and gather() over tasks: who waits leaves the tasks alone.
#include <gmock/gmock.h>

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

}  // namespace
}  // namespace cochain::testing
