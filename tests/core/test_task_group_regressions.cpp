// What went wrong in asyncio's TaskGroup, by the number of its issue at github.com/python/cpython.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

Coro<> fail_on(Event& go, std::string text) {
  co_await go.wait();
  throw std::runtime_error(text);
}

// gh-116720: children of two nested groups fail in the same pass. The inner group collides with the
// request of the outer one; its error must not eat that request.
ASYNC_TEST(TaskGroupRegression, Gh116720InnerGroupDoesNotSwallowTheRequestOfTheOuterOne) {
  Event go;
  bool reached = false;
  const auto inner = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_on(go, "inner"));
    co_await sleep(1h);
  };
  const auto outer = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_on(go, "outer"));
    const std::exception_ptr error = co_await error_of(task_group(inner));
    EXPECT_TRUE(is<ExceptionGroup>(error));
    co_await sleep(1h);
    reached = true;
  };
  EventLoop::current().call_later(1s, [&go] { go.set(); });
  const TimePoint before = EventLoop::current().time();
  const std::exception_ptr error = co_await error_of(task_group(outer));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("outer"));
  EXPECT_FALSE(reached);
  EXPECT_EQ(EventLoop::current().time() - before, 1s);
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1s);  // no request is left behind
}

// gh-116720, its other case: a request from outside while the children fail as they are cancelled.
// The group raises their errors, and the task meets the request at its next suspension.
ASYNC_TEST(TaskGroupRegression, Gh116720ForeignRequestOutlivesTheGroupWhateverTheOrder) {
  for (const bool cancelled_first : {true, false}) {
    Event go;
    std::exception_ptr group_error;
    std::exception_ptr next_error;
    int requests = -1;
    const auto body = [&](TaskGroup& group) -> Coro<> {
      (void)group.create_task(fail_on(go, "child"));
      const std::exception_ptr mine = co_await error_of(sleep(1h));
      throw std::runtime_error("body");  // takes the place of the CancelledError
    };
    const auto owner = [&]() -> Coro<> {
      group_error = co_await error_of(task_group(body));
      requests = current_task().cancelling();
      next_error = co_await error_of(sleep(1s));
    };
    const Task<> task = create_task(owner());
    co_await passes(3);
    if (cancelled_first) task.cancel("foreign");
    go.set();
    if (!cancelled_first) task.cancel("foreign");
    co_await task;
    EXPECT_TRUE(is<ExceptionGroup>(group_error)) << cancelled_first;
    EXPECT_EQ(requests, 1) << cancelled_first;
    EXPECT_TRUE(is<CancelledError>(next_error)) << cancelled_first;
  }
}

// gh-133747: an error of a group is handled by an await, in a task that has a deadline. Python 3.12
// left the group's own request behind, so that the deadline was taken for a foreign cancellation.
ASYNC_TEST(TaskGroupRegression, Gh133747DeadlineBehindAFailedGroupIsATimeoutError) {
  const auto fail_in_a_group = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(0s, "broken"));
    co_return;
  };
  const auto handle_slowly = [&]() -> Coro<> {
    const std::exception_ptr error = co_await error_of(task_group(fail_in_a_group));
    EXPECT_TRUE(is<ExceptionGroup>(error));
    co_await sleep(1h);
  };
  const std::exception_ptr error = co_await error_of(wait_for(handle_slowly(), 1s));
  EXPECT_TRUE(is<TimeoutError>(error)) << describe(error);
  EXPECT_EQ(current_task().cancelling(), 0);
}

// gh-95289: the body swallows the CancelledError by which the group interrupts it, or replaces it.
// The group must take its request back all the same.
ASYNC_TEST(TaskGroupRegression, Gh95289BodyThatSwallowsTheRequestLeavesNoCount) {
  const auto body = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(0s, "child"));
    const std::exception_ptr mine = co_await error_of(sleep(1s));
    EXPECT_TRUE(is<CancelledError>(mine));
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(TaskGroupRegression, Gh95289BodyThatReplacesTheRequestLeavesNoCount) {
  const auto body = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(0s, "child"));
    (void)co_await error_of(sleep(1s));
    throw std::runtime_error("closing the connection failed, too");
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("child"));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("closing the connection failed"));
  EXPECT_EQ(current_task().cancelling(), 0);
}

Coro<> slow_to_stop(Duration how_long) {
  const std::exception_ptr error = co_await error_of(sleep(1h));
  co_await sleep(how_long);
  std::rethrow_exception(error);
}

// gh-155433: after cancel() of the group, a cancellation from outside was swallowed.
ASYNC_TEST(TaskGroupRegression, Gh155433DeadlineAfterCancelIsATimeoutError) {
  const TimePoint before = EventLoop::current().time();
  const auto cancel_it = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(slow_to_stop(10s));
    co_await sleep(1s);
    group.cancel();
  };
  const auto in_time = [&](Timeout&) -> Coro<> { co_await task_group(cancel_it); };
  const std::exception_ptr error = co_await error_of(timeout(5s, in_time));
  EXPECT_TRUE(is<TimeoutError>(error)) << describe(error);
  EXPECT_EQ(EventLoop::current().time() - before, 11s) << "the child was waited for";
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(TaskGroupRegression, Gh155433ForeignCancellationAfterCancelKeepsItsMessage) {
  const auto cancel_it = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(slow_to_stop(10s));
    co_await sleep(0s);
    group.cancel();
  };
  const Task<> task = create_task(task_group(cancel_it));
  co_await sleep(1s);
  task.cancel("foreign");
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "cancelled: foreign");
  EXPECT_EQ(task.cancelling(), 1);
}

ASYNC_TEST(TaskGroupRegression, Gh155433ForeignCancellationInJoinAfterCancelIsThrown) {
  const auto body = []() -> Coro<> {
    TaskGroup group;
    (void)group.create_task(slow_to_stop(10s));
    co_await sleep(0s);
    group.cancel();
    co_await group.join();
  };
  const Task<> task = create_task(body());
  co_await sleep(1s);
  task.cancel("foreign");
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "cancelled: foreign");
}

// gh-115957: a coroutine that a group refuses is closed; see also test_debug.cpp.
ASYNC_TEST(TaskGroupRegression, Gh115957RefusedCoroutineIsClosed) {
  const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
  TaskGroup group;
  co_await group.join();
  const std::exception_ptr error = error_of_call([&] { (void)group.create_task(keep(Probe(1))); });
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_EQ(Probe::alive, 0);
}

Coro<Numbers> map_all(Numbers items, Log* log) {
  auto fn = [log](int item) -> Coro<int> {
    const Farewell farewell(*log, std::to_string(item) + " gone");
    co_await sleep(std::chrono::seconds(item));
    co_return item;
  };
  Stream<int> results = map(std::move(items), fn, MapOptions(2));
  Numbers all = co_await std::move(results).collect();
  co_return all;
}

ASYNC_TEST(TaskGroupMap, ChildThatMapsGivesAllItsResults) {
  Log log;
  Numbers first;
  Numbers second;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    const Task<Numbers> one = group.create_task(map_all(Numbers({3, 1, 2}), &log));
    const Task<Numbers> two = group.create_task(map_all(Numbers({1, 1}), &log));
    first = co_await one;
    second = co_await two;
  });
  EXPECT_EQ(first, (Numbers{3, 1, 2}));
  EXPECT_EQ(second, (Numbers{1, 1}));
}

ASYNC_TEST(TaskGroupMap, FailureOfASiblingEndsWhatTheMapRuns) {
  Log log;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(map_all(Numbers({100, 200, 300}), &log));
    (void)group.create_task(fail_after(1s, "sibling"));
    co_return;
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_THAT(log, ::testing::UnorderedElementsAre("100 gone", "200 gone"));
}

ASYNC_TEST(TaskGroupMap, ErrorOfAnItemCancelsTheSiblingsOfTheMap) {
  Log log;
  const auto fail_at_two = [](int item) -> Coro<int> {
    co_await sleep(1s);
    if (item == 2) throw std::runtime_error("item 2");
    co_return item;
  };
  const auto map_it = [&]() -> Coro<> {
    Stream<int> results = map(Numbers({1, 2, 3}), fail_at_two, MapOptions(1));
    while (const auto result = co_await results.next()) log.push_back(std::to_string(*result));
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(wait_for_ever(log, "sibling"));
    (void)group.create_task(map_it());
    co_return;
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("item 2"));
  EXPECT_EQ(log, (Log{"1", "sibling cancelled", "sibling gone"}));
}

ASYNC_TEST(TaskGroupMap, WhoseItemsAreGroupsGivesTheErrorsOfAGroupInItsTurn) {
  const auto in_a_group = [](int item) -> Coro<int> {
    co_await task_group([&](TaskGroup& group) -> Coro<> {
      (void)group.create_task(after(1s, item));
      if (item == 2) (void)group.create_task(fail_after(1s, "in a group"));
      co_return;
    });
    co_return item;
  };
  Stream<int> results = map(Numbers({1, 2, 3}), in_a_group, MapOptions(3));
  const std::optional<int> first = co_await results.next();
  EXPECT_EQ(first, 1);
  const std::exception_ptr error = co_await error_of(results.next());
  EXPECT_TRUE(is<ExceptionGroup>(error));
}

TEST(TaskGroupMap, CancelledAtEverySuspensionLeavesNothingRunning) {
  int alive = 0;
  const int suspensions = cancel_at_every_suspension([&alive]() -> Coro<> {
    const auto scenario = [](int* running) -> Coro<> {
      Log log;
      co_await task_group([&](TaskGroup& group) -> Coro<> {
        const Task<Numbers> task = group.create_task(map_all(Numbers({1, 2, 1}), &log));
        ++*running;
        const std::exception_ptr error = co_await error_of(task);
        --*running;
        if (error) std::rethrow_exception(error);
      });
    };
    return scenario(&alive);
  });
  EXPECT_GE(suspensions, 1);
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace cochain::testing
