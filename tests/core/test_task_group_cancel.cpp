// TaskGroup under cancellation: its own requests, foreign ones, and both at the same time.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

Coro<> group_around(Log& log, std::string name) {
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(wait_for_ever(log, name));
    co_return;
  });
}

ASYNC_TEST(TaskGroupCancel, FromOutsideCancelsTheChildrenAndIsCancelled) {
  Log log;
  const Task<> task = create_task(group_around(log, "child"));
  co_await passes(3);
  task.cancel("outside");
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "cancelled: outside");
  EXPECT_EQ(log, (Log{"child cancelled", "child gone"}));
  EXPECT_EQ(task.cancelling(), 1);
}

ASYNC_TEST(TaskGroupCancel, FromOutsideInTheBodyCancelsTheChildren) {
  Log log;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(wait_for_ever(log, "child"));
    co_await sleep(1h);
  };
  const Task<> task = create_task(task_group(body));
  co_await passes(3);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(log, (Log{"child cancelled", "child gone"}));
}

ASYNC_TEST(TaskGroupCancel, FromOutsideWhileChildrenFailIsAGroup) {
  const auto fail_when_cancelled = []() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      throw std::runtime_error("while stopping");
    }
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_when_cancelled());
    co_return;
  };
  const Task<> task = create_task(task_group(body));
  co_await passes(3);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<ExceptionGroup>(error));
}

// The errors take the place of the CancelledError, so the request is made again: the task meets it
// at its next suspension.
ASYNC_TEST(TaskGroupCancel, ForeignRequestIsNotLostBehindAnExceptionGroup) {
  bool met = false;
  const auto fail_when_cancelled = []() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      throw std::runtime_error("while stopping");
    }
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_when_cancelled());
    co_return;
  };
  const auto outer = [&]() -> Coro<> {
    const std::exception_ptr error = co_await error_of(task_group(body));
    EXPECT_TRUE(is<ExceptionGroup>(error));
    EXPECT_EQ(current_task().cancelling(), 1);
    const std::exception_ptr next = co_await error_of(sleep(1s));
    met = describe(next) == "cancelled: foreign";
  };
  const Task<> task = create_task(outer());
  co_await passes(3);
  task.cancel("foreign");
  co_await task;
  EXPECT_TRUE(met);
}

// A child of the outer group fails, so the outer cancels its body, which is the inner group; at the
// same time a child of the inner fails. The inner's error must not eat the outer's request.
ASYNC_TEST(TaskGroupCancel, NestedGroupsThatFailTogetherBothEnd) {
  bool after_inner = false;
  Event go;
  const auto fail_on_go = [&](std::string text) -> Coro<> {
    co_await go.wait();
    throw std::runtime_error(text);
  };
  const auto inner = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_on_go("inner"));
    co_await sleep(1h);
  };
  const auto outer = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_on_go("outer"));
    const std::exception_ptr error = co_await error_of(task_group(inner));
    EXPECT_TRUE(is<ExceptionGroup>(error));
    co_await sleep(1h);  // the outer's request is met here
    after_inner = true;
  };
  const Task<> task = create_task(task_group(outer));
  co_await passes(3);
  go.set();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_FALSE(after_inner);
  EXPECT_EQ(task.cancelling(), 0);
}

ASYNC_TEST(TaskGroupCancel, ForeignRequestTogetherWithAFailingChildKeepsItsCount) {
  Event go;
  const auto fail_on_go = [&]() -> Coro<> {
    co_await go.wait();
    throw std::runtime_error("child");
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_on_go());
    co_await sleep(1h);
  };
  std::exception_ptr group_error;
  std::exception_ptr next_error;
  int count = -1;
  const auto outer = [&]() -> Coro<> {
    group_error = co_await error_of(task_group(body));
    count = current_task().cancelling();
    next_error = co_await error_of(sleep(1s));
  };
  const Task<> task = create_task(outer());
  co_await passes(3);
  go.set();
  task.cancel("foreign");
  co_await task;
  EXPECT_TRUE(is<ExceptionGroup>(group_error));
  EXPECT_EQ(count, 1);
  EXPECT_TRUE(is<CancelledError>(next_error));
}

ASYNC_TEST(TaskGroupCancel, InATimeoutIsATimeoutError) {
  Log log;
  const auto body = [&](Timeout&) -> Coro<> { co_await group_around(log, "child"); };
  const std::exception_ptr error = co_await error_of(timeout(5s, body));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(log, (Log{"child cancelled", "child gone"}));
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(TaskGroupCancel, TimeoutInsideItsBodyDoesNotEndTheGroup) {
  int value = 0;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    const Task<int> child = group.create_task(after(10s, 3));
    const std::exception_ptr error = co_await error_of(wait_for(after(1h, 1), 1s));
    EXPECT_TRUE(is<TimeoutError>(error));
    value = co_await child;
  });
  EXPECT_EQ(value, 3);
}

ASYNC_TEST(TaskGroupCancel, AfterAFailedGroupTheTaskGoesOnUndisturbed) {
  const auto body = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(1s, "broken"));
    co_await sleep(1h);
  };
  for (int round = 0; round < 3; ++round) {
    const std::exception_ptr error = co_await error_of(task_group(body));
    EXPECT_TRUE(is<ExceptionGroup>(error));
    EXPECT_EQ(current_task().cancelling(), 0);
    co_await sleep(1s);
  }
}

ASYNC_TEST(TaskGroupCancel, BodyThatReturnsDespiteTheRequestStillGivesTheErrors) {
  const auto body = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(1s, "broken"));
    (void)co_await error_of(sleep(1h));  // swallows the group's request
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(TaskGroupCancel, ChildAwaitedByTheBodyAndCancelledIsACancelledErrorInTheBody) {
  const auto body = [](TaskGroup& group) -> Coro<> {
    const Task<int> child = group.create_task(after(1h, 1));
    EventLoop::current().call_later(1s, [child] { child.cancel("alone"); });
    (void)co_await child;
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_EQ(describe(error), "cancelled: alone");
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(TaskGroupCancel, ASecondRequestWhileJoiningStillWaitsForTheChildren) {
  const TimePoint before = EventLoop::current().time();
  const auto slow_to_stop = []() -> Coro<> {
    (void)co_await error_of(sleep(1h));
    co_await sleep(5s);
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(slow_to_stop());
    co_return;
  };
  const Task<> task = create_task(task_group(body));
  co_await passes(3);
  task.cancel();
  co_await sleep(1s);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(EventLoop::current().time() - before, 5s);
}

TEST(TaskGroupCancel, AtEverySuspensionLeavesNothingRunning) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    int running = 0;
    std::exception_ptr error;
    const auto child = [&](Duration delay) -> Coro<> {
      ++running;
      try {
        co_await sleep(delay);
      } catch (const CancelledError&) {
        --running;
        throw;
      }
      --running;
    };
    try {
      co_await task_group([&](TaskGroup& group) -> Coro<> {
        (void)group.create_task(child(1s));
        (void)group.create_task(child(3s));
        co_await sleep(2s);
        (void)group.create_task(child(2s));
      });
    } catch (...) {
      error = std::current_exception();
    }
    EXPECT_EQ(running, 0);
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 2);
}

}  // namespace
}  // namespace cochain::testing
