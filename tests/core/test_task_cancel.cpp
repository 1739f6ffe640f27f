// Cancellation: a counted request, met at a suspension.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST(TaskCancel, IsThrownAtTheCurrentSuspension) {
  Log log;
  const Task<> task = create_task(wait_for_ever(log, "it"));
  co_await sleep(0s);
  EXPECT_TRUE(task.cancel());
  EXPECT_FALSE(task.done());
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(log, (Log{"it cancelled", "it gone"}));
}

ASYNC_TEST(TaskCancel, BeforeTheFirstStepTheBodyNeverRuns) {
  Numbers numbers;
  const Task<> task = create_task(append(numbers, 1));
  task.cancel();
  co_await passes(2);
  EXPECT_TRUE(task.cancelled());
  EXPECT_TRUE(numbers.empty());
}

ASYNC_TEST(TaskCancel, BeforeTheFirstStepReleasesTheParameters) {
  const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
  const Task<int> task = create_task(keep(Probe(1)));
  task.cancel();
  co_await passes(2);
  EXPECT_EQ(Probe::alive, 0);
}

ASYNC_TEST(TaskCancel, OfADoneTaskIsRefused) {
  const Task<int> task = create_task(at_once(1));
  (void)co_await task;
  EXPECT_FALSE(task.cancel());
  EXPECT_FALSE(task.cancelled());
  EXPECT_EQ(task.cancelling(), 0);
}

ASYNC_TEST(TaskCancel, KeepsTheMessage) {
  const Task<int> task = create_task(after(1h, 1));
  co_await sleep(0s);
  task.cancel("lunch");
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "cancelled: lunch");
}

ASYNC_TEST(TaskCancel, MayBeSuppressedAndThenTheResultCounts) {
  const Task<int> task = create_task(suppress_cancel(5));
  co_await sleep(0s);
  task.cancel();
  const int value = co_await task;
  EXPECT_EQ(value, 5);
  EXPECT_FALSE(task.cancelled());
  EXPECT_EQ(task.cancelling(), 1);
}

ASYNC_TEST(TaskCancel, CountsRequests) {
  const Task<int> task = create_task(after(1h, 1));
  co_await sleep(0s);
  task.cancel();
  task.cancel();
  EXPECT_EQ(task.cancelling(), 2);
  EXPECT_EQ(task.uncancel(), 1);
  EXPECT_EQ(task.uncancel(), 0);
  EXPECT_EQ(task.uncancel(), 0);
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error)) << "a delivered request is not taken back";
}

ASYNC_TEST(TaskCancel, UncancelDropsARequestThatWasNotDelivered) {
  const AnyTask me = current_task();
  me.cancel();
  EXPECT_EQ(me.uncancel(), 0);
  co_await sleep(1s);
  EXPECT_EQ(me.cancelling(), 0);
}

ASYNC_TEST(TaskCancel, UncancelToOneKeepsTheUndeliveredRequest) {
  const AnyTask me = current_task();
  me.cancel();
  me.cancel();
  EXPECT_EQ(me.uncancel(), 1);
  const std::exception_ptr error = co_await error_of(sleep(1s));
  EXPECT_TRUE(is<CancelledError>(error));
  me.uncancel();
}

ASYNC_TEST(TaskCancel, OfItselfIsMetAtTheNextSuspension) {
  const AnyTask me = current_task();
  me.cancel("by myself");
  const int instant = co_await at_once(1);
  EXPECT_EQ(instant, 1);
  const std::exception_ptr error = co_await error_of(sleep(1s));
  EXPECT_EQ(describe(error), "cancelled: by myself");
}

ASYNC_TEST(TaskCancel, AtTheLastStepStillEndsCancelled) {
  const auto body = []() -> Coro<int> {
    current_task().cancel("too late");
    co_return 1;
  };
  const Task<int> task = create_task(body());
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "cancelled: too late");
  EXPECT_TRUE(task.cancelled());
}

ASYNC_TEST(TaskCancel, AnErrorAtTheLastStepWins) {
  const auto body = []() -> Coro<int> {
    current_task().cancel();
    throw TimeoutError("mine");
    co_return 1;
  };
  const Task<int> task = create_task(body());
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "mine");
}

ASYNC_TEST(TaskCancel, AgainIsDeliveredAgain) {
  int caught = 0;
  const auto body = [&]() -> Coro<> {
    for (int i = 0; i < 2; ++i) {
      try {
        co_await sleep(1h);
      } catch (const CancelledError&) {
        ++caught;
      }
    }
  };
  const Task<> task = create_task(body());
  co_await sleep(0s);
  task.cancel();
  co_await sleep(0s);
  task.cancel();
  co_await task;
  EXPECT_EQ(caught, 2);
}

ASYNC_TEST(TaskCancel, TwiceBeforeItRunsIsThrownOnce) {
  int caught = 0;
  const auto body = [&]() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      ++caught;
    }
    co_await sleep(1s);
  };
  const Task<> task = create_task(body());
  co_await sleep(0s);
  task.cancel();
  task.cancel();
  co_await task;
  EXPECT_EQ(caught, 1);
}

ASYNC_TEST(TaskCancel, OfAReadyTaskIsMetWhenItResumes) {
  Event event;
  const Task<> task = create_task(ensure_coro(event.wait()));
  co_await sleep(0s);
  event.set();
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
}

Coro<int> await_task(Task<int> target) {
  const int value = co_await target;
  co_return value;
}

ASYNC_TEST(TaskCancel, OfAJoinerCancelsItsTarget) {
  const Task<int> target = create_task(after(1h, 1));
  const Task<int> joiner = create_task(await_task(target));
  co_await passes(2);
  joiner.cancel("chain");
  const std::exception_ptr error = co_await error_of(joiner);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_TRUE(target.cancelled());
  EXPECT_EQ(describe(target.exception()), "cancelled: chain");
}

ASYNC_TEST(TaskCancel, ReachesTheInnermostOfALongChainOfJoiners) {
  const Task<int> innermost = create_task(after(1h, 1));
  Task<int> last = innermost;
  for (int i = 0; i < 100'000; ++i) last = create_task(await_task(last));
  co_await passes(2);
  last.cancel();
  const std::exception_ptr error = co_await error_of(last);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_TRUE(innermost.cancelled());
}

ASYNC_TEST(TaskCancel, JoinerOfATargetThatSuppressesItGetsTheValue) {
  const Task<int> target = create_task(suppress_cancel(8));
  const Task<int> joiner = create_task(await_task(target));
  co_await passes(2);
  joiner.cancel();
  const int value = co_await joiner;
  EXPECT_EQ(value, 8);
}

ASYNC_TEST(TaskCancel, OfATargetIsSeenByItsJoinerAsCancelledError) {
  const Task<int> target = create_task(after(1h, 1));
  const Task<int> joiner = create_task(await_task(target));
  co_await passes(2);
  target.cancel();
  const std::exception_ptr error = co_await error_of(joiner);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(joiner.cancelling(), 0);
}

ASYNC_TEST(TaskCancel, OfSleepTakesItsTimerAway) {
  const TimePoint before = EventLoop::current().time();
  const Task<int> task = create_task(after(1h, 1));
  co_await sleep(0s);
  task.cancel();
  (void)co_await error_of(task);
  co_await sleep(1s);
  EXPECT_EQ(EventLoop::current().time() - before, 1s);
}

ASYNC_TEST(TaskCancel, ACycleOfJoinersCanBeCancelled) {
  Task<int> a;
  Task<int> b;
  const auto await_other = [](Task<int>& other) -> Coro<int> {
    const Task<int> target = other;
    const int value = co_await target;
    co_return value;
  };
  a = create_task(await_other(b), "a");
  b = create_task(await_other(a), "b");
  co_await passes(2);
  a.cancel("break it");
  const std::exception_ptr error = co_await error_of(a);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_TRUE(b.cancelled());
}

// A task that is destroyed where it stands must not leave anybody with a pointer to it, although
// what it awaits belongs to someone else and lives on.
ASYNC_TEST(TaskCancel, DestroyedTaskLeavesAForeignOperationInPeace) {
  Event event;
  Event::Wait operation = event.wait();
  const auto await_foreign = [&]() -> Coro<> { co_await operation; };
  {
    TaskGroup group;
    (void)group.create_task(await_foreign());
    co_await passes(2);
  }
  event.set();
  co_await passes(2);
}

ASYNC_TEST(TaskCancel, DestroyedReadyTaskLeavesAForeignOperationInPeace) {
  Event event;
  Event::Wait operation = event.wait();
  const auto await_foreign = [&]() -> Coro<> { co_await operation; };
  {
    TaskGroup group;
    (void)group.create_task(await_foreign());
    co_await passes(2);
    event.set();  // woken, and never resumed
  }
  co_await passes(2);
}

}  // namespace
}  // namespace cochain::testing
