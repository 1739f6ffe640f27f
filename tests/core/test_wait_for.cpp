// wait_for(): one operation with a deadline.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

TimePoint now() { return EventLoop::current().time(); }

ASYNC_TEST(WaitFor, GivesTheResultInTime) {
  const int value = co_await wait_for(after(1s, 3), 5s);
  EXPECT_EQ(value, 3);
}

ASYNC_TEST(WaitFor, ThrowsTimeoutErrorWhenLate) {
  const TimePoint before = now();
  const std::exception_ptr error = co_await error_of(wait_for(after(1h, 3), 5s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(now() - before, 5s);
}

ASYNC_TEST(WaitFor, WithoutTimeNeverStartsTheOperation) {
  Numbers numbers;
  const std::exception_ptr zero = co_await error_of(wait_for(append(numbers, 1), 0s));
  const std::exception_ptr less = co_await error_of(wait_for(append(numbers, 2), -1s));
  EXPECT_TRUE(is<TimeoutError>(zero));
  EXPECT_TRUE(is<TimeoutError>(less));
  EXPECT_TRUE(numbers.empty());
}

ASYNC_TEST(WaitFor, OperationThatRefusesToStopGivesItsValue) {
  const int value = co_await wait_for(suppress_cancel(4), 5s);
  EXPECT_EQ(value, 4);
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(WaitFor, ErrorOfTheOperationWhileItStopsWins) {
  const auto stubborn = []() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      throw std::runtime_error("while stopping");
    }
  };
  const std::exception_ptr error = co_await error_of(wait_for(stubborn(), 5s));
  EXPECT_EQ(describe(error), "while stopping");
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(WaitFor, WaitsUntilTheOperationHasStopped) {
  const TimePoint before = now();
  const auto slow_to_stop = []() -> Coro<> {
    std::exception_ptr error = co_await error_of(sleep(1h));
    co_await sleep(2s);
    std::rethrow_exception(error);
  };
  const std::exception_ptr error = co_await error_of(wait_for(slow_to_stop(), 5s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(now() - before, 7s);
}

ASYNC_TEST(WaitFor, CancelledFromOutsideIsCancelled) {
  Log log;
  const Task<> task = create_task(wait_for(wait_for_ever(log, "inner"), 1h));
  co_await sleep(1s);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(log, (Log{"inner cancelled", "inner gone"}));
}

ASYNC_TEST(WaitFor, GivesAMoveOnlyResult) {
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  const std::unique_ptr<int> result = co_await wait_for(make(), 1s);
  EXPECT_EQ(*result, 5);
}

ASYNC_TEST(WaitFor, TakesAnyOperation) {
  Queue<int> queue;
  queue.put_nowait(7);
  const int item = co_await wait_for(queue.get(), 1s);
  EXPECT_EQ(item, 7);
  const std::exception_ptr error = co_await error_of(wait_for(queue.get(), 1s));
  EXPECT_TRUE(is<TimeoutError>(error));
}

ASYNC_TEST(WaitFor, LosesNoItemToADeadlineOfTheSameMoment) {
  Queue<int> queue;
  EventLoop::current().call_later(1s, [&] { queue.put_nowait(7); });
  const std::exception_ptr error = co_await error_of(wait_for(queue.get(), 1s));
  EXPECT_EQ(queue.size(), error ? 1U : 0U);
}

ASYNC_TEST(WaitFor, OfATaskThatIsLateCancelsIt) {
  const Task<int> task = create_task(after(1h, 1));
  const std::exception_ptr error = co_await error_of(wait_for(task, 5s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(WaitFor, OfATaskInTimeGivesItsResult) {
  const Task<int> task = create_task(after(1s, 6));
  const int value = co_await wait_for(task, 5s);
  EXPECT_EQ(value, 6);
}

ASYNC_TEST(WaitFor, OfADoneFutureNeedsNoTime) {
  const Future<int> future;
  future.set_result(7);
  const int value = co_await wait_for(future, 0s);
  EXPECT_EQ(value, 7);
}

ASYNC_TEST(WaitFor, OfAFutureWithoutTimeCancelsIt) {
  const Future<int> future;
  const std::exception_ptr error = co_await error_of(wait_for(future, 0s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_TRUE(future.cancelled());
}

ASYNC_TEST(WaitFor, OfAFutureThatIsLateCancelsIt) {
  const Future<> future;
  const std::exception_ptr error = co_await error_of(wait_for(future, 1s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_TRUE(future.cancelled());
}

ASYNC_TEST(WaitFor, OfADoneTaskNeedsNoTime) {
  const Task<int> task = create_task(at_once(6));
  co_await sleep(0s);
  const int value = co_await wait_for(task, 0s);
  EXPECT_EQ(value, 6);
}

ASYNC_TEST(WaitFor, OfATaskWithoutTimeCancelsItAndWaits) {
  Log log;
  const Task<> task = create_task(wait_for_ever(log, "it"));
  co_await sleep(0s);
  const std::exception_ptr error = co_await error_of(wait_for(task, 0s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(log, (Log{"it cancelled", "it gone"}));
}

ASYNC_TEST(WaitFor, OfATaskWithoutTimeThatSuppressesItGivesItsValue) {
  const Task<int> task = create_task(suppress_cancel(2));
  co_await sleep(0s);
  const int value = co_await wait_for(task, 0s);
  EXPECT_EQ(value, 2);
}

ASYNC_TEST(WaitFor, OfATaskWithoutTimeCancelledFromOutsideIsCancelled) {
  const auto slow_to_stop = []() -> Coro<> {
    std::exception_ptr error = co_await error_of(sleep(1h));
    co_await sleep(2s);
    std::rethrow_exception(error);
  };
  const Task<> inner = create_task(slow_to_stop());
  co_await sleep(0s);
  const Task<> outer = create_task(wait_for(inner, 0s));
  co_await sleep(1s);
  outer.cancel();
  const std::exception_ptr error = co_await error_of(outer);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_TRUE(inner.cancelled());
}

ASYNC_TEST(WaitFor, NestedGivesTheErrorOfTheOneThatIsDue) {
  const TimePoint before = now();
  const std::exception_ptr error = co_await error_of(wait_for(wait_for(after(1h, 1), 9s), 2s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(now() - before, 2s);
}

TEST(WaitFor, CancelledAtEverySuspensionLosesNoItem) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    Queue<int> queue(1);
    int taken = 0;
    bool put = false;
    const auto put_later = [&]() -> Coro<> {
      co_await sleep(1s);
      co_await queue.put(1);
      put = true;
    };
    const Task<> producer = create_task(put_later());
    std::exception_ptr error;
    try {
      taken = co_await wait_for(queue.get(), 2s);
    } catch (...) {
      error = std::current_exception();
    }
    if (error) producer.cancel();
    (void)co_await error_of(producer);
    EXPECT_EQ(static_cast<std::size_t>(taken) + queue.size(), put ? 1U : 0U);
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 1);
}

}  // namespace
}  // namespace cochain::testing
