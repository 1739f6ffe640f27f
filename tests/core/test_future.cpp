// Futures: set once, callbacks on a later pass, and what becomes of one that nobody sets.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST(Future, GivesWhatIsSetToEveryAwaiterInOrder) {
  const Future<int> future;
  Numbers order;
  const auto wait_for_it = [&](int number) -> Coro<> {
    const int value = co_await future;
    order.push_back(number * 10 + value);
  };
  std::vector<Task<>> waiters;
  for (int i = 1; i < 4; ++i) waiters.push_back(create_task(wait_for_it(i)));
  co_await sleep(1s);
  future.set_result(7);
  EXPECT_TRUE(order.empty());
  for (const Task<>& waiter : waiters) co_await waiter;
  EXPECT_EQ(order, (Numbers{17, 27, 37}));
  EXPECT_EQ(future.result(), 7);
}

ASYNC_TEST(Future, IsSetOnce) {
  const Future<int> future;
  EXPECT_THROW((void)future.result(), InvalidStateError);
  EXPECT_THROW((void)future.exception(), InvalidStateError);
  future.set_result(1);
  EXPECT_THROW(future.set_result(2), InvalidStateError);
  EXPECT_THROW(future.set_exception(std::runtime_error("late")), InvalidStateError);
  EXPECT_FALSE(future.cancel());
  EXPECT_EQ(future.result(), 1);
  EXPECT_EQ(future.exception(), nullptr);
  co_return;
}

ASYNC_TEST(Future, CancelledOneCannotBeSet) {
  const Future<> future;
  EXPECT_TRUE(future.cancel("no need"));
  EXPECT_FALSE(future.cancel());
  EXPECT_TRUE(future.done());
  EXPECT_TRUE(future.cancelled());
  EXPECT_THROW(future.set_result(), InvalidStateError);
  const std::exception_ptr error = co_await error_of(future);
  EXPECT_EQ(describe(error), "cancelled: no need");
}

ASYNC_TEST(Future, NoExceptionAtAllIsRefused) {
  const Future<int> future;
  EXPECT_THROW(future.set_exception(std::exception_ptr()), InvalidStateError);
  EXPECT_FALSE(future.done());
  co_return;
}

ASYNC_TEST(Future, CallbacksRunInOrderOnALaterPass) {
  const Future<int> future;
  Numbers seen;
  const auto note = [&seen](int number) {
    return [&seen, number](const Future<int>& done) { seen.push_back(number + done.result()); };
  };
  future.add_done_callback(note(10));
  Handle removed = future.add_done_callback(note(20));
  future.add_done_callback(note(30));
  removed.cancel();
  future.set_result(1);
  future.add_done_callback(note(40));
  EXPECT_TRUE(seen.empty());
  co_await sleep(0s);
  EXPECT_EQ(seen, (Numbers{11, 31, 41}));
}

ASYNC_TEST(Future, CallbackRemovedAfterTheEndDoesNotRun) {
  const Future<int> future;
  Numbers seen;
  Handle handle = future.add_done_callback([&seen](const Future<int>&) { seen.push_back(1); });
  future.set_result(1);
  handle.cancel();
  co_await passes(2);
  EXPECT_TRUE(seen.empty());
}

ASYNC_TEST(Future, CallbackRunsInTheContextOfItsAddition) {
  static ContextVar<int> number("number", 0);
  const Future<> future;
  int seen = 0;
  number.set(1);
  future.add_done_callback([&seen](const Future<>&) { seen = number.get(); });
  number.set(2);
  future.set_result();
  co_await passes(2);
  EXPECT_EQ(seen, 1);
}

ASYNC_TEST(Future, OfAnotherLoopIsRefused) {
  EventLoop elsewhere(std::make_unique<VirtualClock>());
  const Future<int> stranger(elsewhere);
  const std::exception_ptr error = co_await error_of(stranger);
  EXPECT_EQ(describe(error), "a future belongs to another event loop");
}

ASYNC_TEST(Future, CancelledAwaiterCancelsItAndEveryAwaiter) {
  const Future<int> future;
  const Task<std::exception_ptr> first = create_task(error_of(future));
  const Task<std::exception_ptr> second = create_task(error_of(future));
  co_await sleep(1s);
  first.cancel("enough");
  EXPECT_TRUE(future.cancelled());
  const std::exception_ptr error = co_await second;
  EXPECT_TRUE(is<CancelledError>(error));
  const std::exception_ptr own = co_await first;
  EXPECT_TRUE(is<CancelledError>(own));
}

ASYNC_TEST(Future, ErrorThatNobodyAskedForIsTold) {
  std::vector<std::string> reports;
  EventLoop::current().set_exception_handler([&reports](const ExceptionContext& context) {
    reports.push_back(context.message + ": " + describe(context.exception));
  });
  {
    const Future<int> unseen;
    unseen.set_exception(std::runtime_error("lost"));
    const Future<int> seen;
    seen.set_exception(std::runtime_error("seen"));
    EXPECT_EQ(describe(seen.exception()), "seen");
  }
  EXPECT_EQ(reports.size(), 1U);
  if (!reports.empty()) {
    EXPECT_THAT(reports[0], ::testing::StartsWith("exception in a future was never retrieved"));
    EXPECT_THAT(reports[0], ::testing::EndsWith("lost"));
  }
  EventLoop::current().set_exception_handler(nullptr);
  co_return;
}

ASYNC_TEST(Future, ThatNobodyCanSetAnyMoreDropsItsCallbacks) {
  const int before = Probe::alive;
  {
    const Future<int> future;
    future.add_done_callback([probe = Probe()](const Future<int>&) { ADD_FAILURE(); });
    EXPECT_EQ(Probe::alive, before + 1);
  }
  EXPECT_EQ(Probe::alive, before);
  co_await passes(2);
}

TEST(Future, SetWhenItsLoopIsGoneKeepsTheResultAndTellsNobody) {
  const int before = Probe::alive;
  std::vector<Future<int>> kept;
  std::vector<Handle> handles;
  {
    EventLoop loop;
    for (int i = 0; i < 4; ++i) {
      kept.emplace_back(loop);
      handles.push_back(kept.back().add_done_callback(
          [probe = Probe()](const Future<int>&) { ADD_FAILURE() << probe.value(); }));
    }
  }
  EXPECT_EQ(Probe::alive, before);  // what the callbacks hold is released with the loop
  for (Handle& handle : handles) {
    EXPECT_TRUE(handle.cancelled());
    handle.cancel();
  }
  kept[0].set_result(5);
  EXPECT_EQ(kept[0].result(), 5);
  kept[1].set_exception(TimeoutError());
  EXPECT_TRUE(is<TimeoutError>(kept[1].exception()));
  EXPECT_TRUE(kept[2].cancel());
  EXPECT_TRUE(kept[2].cancelled());
  run(passes(2));
}  // and one that is never set is destroyed

TEST(Future, WhoseLoopIsGoneTakesNoCallback) {
  std::optional<Future<int>> kept;
  Task<int> task;
  {
    EventLoop loop;
    kept.emplace(loop);
    task = loop.create_task(at_once(5));
    EXPECT_NO_THROW(kept->add_done_callback([](const Future<int>&) {}));  // it does not run yet
    loop.run_until_done(*task.get());
  }
  const std::exception_ptr error =
      error_of_call([&] { kept->add_done_callback([](const Future<int>&) {}); });
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THAT(describe(error), ::testing::StartsWith("the event loop of a future is gone"));
  EXPECT_THROW(task.add_done_callback([](const Task<int>&) {}), InvalidStateError);
  EXPECT_EQ(task.result(), 5);
}

TEST(Future, WhoseCallbackHoldsItEndsWithTheLoop) {
  const int before = Probe::alive;
  {
    EventLoop loop;
    const Future<Probe> self(loop);
    self.add_done_callback([self](const Future<Probe>&) {});
    const Future<Probe> done(loop);
    done.add_done_callback([](const Future<Probe>&) {});
    done.set_result(Probe(1));  // its callback is ready when the loop ends
  }
  EXPECT_EQ(Probe::alive, before);
}

ASYNC_TEST(Future, MovedFromIsRefused) {
  Future<int> future;
  const Future<int> taken = std::move(future);
  // NOLINTNEXTLINE(bugprone-use-after-move)
  EXPECT_THROW((void)future.operator co_await(), InvalidStateError);
  EXPECT_FALSE(taken.done());
  co_return;
}

TEST(Future, IsLeftInOrderWhereverItsAwaiterIsCancelled) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const Future<int> future;
    EventLoop::current().call_later(1s, [future] {
      if (!future.done()) future.set_result(5);
    });
    const int value = co_await future;
    EXPECT_EQ(value, 5);
    co_await sleep(1s);
  });
  EXPECT_EQ(suspensions, 2);
}

ASYNC_TEST(Future, SetBeforeAnyoneAskedDoesNotSuspend) {
  const Future<> future;
  future.set_result();
  const std::uint32_t steps = current_task().get()->steps();
  co_await future;
  EXPECT_EQ(current_task().get()->steps(), steps);
}

ASYNC_TEST(Future, GivesItsExceptionToEveryAwaiter) {
  const Future<int> future;
  const Task<std::exception_ptr> first = create_task(error_of(future));
  const Task<std::exception_ptr> second = create_task(error_of(future));
  co_await passes(2);
  future.set_exception(std::runtime_error("broken"));
  const std::exception_ptr error_of_first = co_await first;
  const std::exception_ptr error_of_second = co_await second;
  EXPECT_EQ(describe(error_of_first), "broken");
  EXPECT_EQ(describe(error_of_second), "broken");
}

ASYNC_TEST(Future, MoveOnlyResultGoesToTheFirstWhoAsks) {
  const Future<std::unique_ptr<int>> future;
  future.set_result(std::make_unique<int>(5));
  const std::unique_ptr<int> value = co_await future;
  EXPECT_EQ(*value, 5);
  const std::exception_ptr error = co_await error_of(future);
  EXPECT_TRUE(is<InvalidStateError>(error));
}

ASYNC_TEST(Future, SetInTheStepInWhichItsAwaiterIsCancelledKeepsItsResult) {
  const Future<int> future;
  const auto wait_for_it = [&]() -> Coro<int> {
    const int value = co_await future;
    co_return value;
  };
  const Task<int> waiter = create_task(wait_for_it());
  co_await passes(2);
  future.set_result(1);
  waiter.cancel("too late for the future, not for the task");
  const std::exception_ptr error = co_await error_of(waiter);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(future.result(), 1);
}

ASYNC_TEST(Future, CallbackSeesACancelledOneAndMayAddAnother) {
  Log seen;
  const Future<int> future;
  future.add_done_callback([&seen](const Future<int>& done) {
    seen.emplace_back(done.cancelled() ? "cancelled" : "?");
    done.add_done_callback([&seen](const Future<int>&) { seen.emplace_back("late"); });
    seen.emplace_back("not inline");
  });
  future.cancel();
  co_await passes(3);
  EXPECT_EQ(seen, (Log{"cancelled", "not inline", "late"}));
}

ASYNC_TEST(Future, IsKeptAliveByItsScheduledCallback) {
  int seen = 0;
  {
    const Future<int> future;
    future.add_done_callback([&seen](const Future<int>& done) { seen = done.result(); });
    future.set_result(9);
  }
  co_await sleep(0s);
  EXPECT_EQ(seen, 9);
}

TEST(Future, NeedsARunningLoop) { EXPECT_THROW(Future<int>(), InvalidStateError); }

}  // namespace
}  // namespace cochain::testing
