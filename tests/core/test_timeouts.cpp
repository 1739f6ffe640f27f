// Deadlines: sleep() and timeout(), and how they tell their own request from a foreign one.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

TimePoint now() { return EventLoop::current().time(); }

ASYNC_TEST(Sleep, OfZeroGivesWayForExactlyOnePass) {
  Log log;
  const auto other = [&]() -> Coro<> {
    log.push_back("other 1");
    co_await sleep(0s);
    log.push_back("other 2");
  };
  const Task<> task = create_task(other());
  co_await sleep(0s);
  log.push_back("me 1");
  co_await sleep(-5s);
  log.push_back("me 2");
  co_await task;
  EXPECT_EQ(log, (Log{"other 1", "me 1", "other 2", "me 2"}));
}

ASYNC_TEST(Sleep, OfZeroCanBeCancelled) {
  const Task<> task = create_task(passes(5));
  co_await sleep(0s);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
}

ASYNC_TEST(Sleep, WakesInTheOrderOfDeadlines) {
  Numbers order;
  const auto wake_after = [&](Duration delay, int number) -> Coro<> {
    co_await sleep(delay);
    order.push_back(number);
  };
  const Task<> third = create_task(wake_after(3s, 3));
  const Task<> first = create_task(wake_after(1s, 1));
  const Task<> second = create_task(wake_after(2s, 2));
  co_await third;
  EXPECT_EQ(order, (Numbers{1, 2, 3}));
}

ASYNC_TEST(Sleep, UntilAMomentWakesAtThatMoment) {
  const TimePoint wanted = EventLoop::current().time() + 90s;
  co_await sleep_until(wanted);
  EXPECT_EQ(EventLoop::current().time(), wanted);
}

ASYNC_TEST(Sleep, UntilAPastMomentGivesWayForOnePass) {
  const TimePoint before = EventLoop::current().time();
  bool other_ran = false;
  EventLoop::current().call_soon([&other_ran] { other_ran = true; });
  co_await sleep_until(before - 1s);
  EXPECT_TRUE(other_ran);
  EXPECT_EQ(EventLoop::current().time(), before);
}

ASYNC_TEST(Sleep, ForTheLongestTimeDoesNotOverflow) {
  co_await sleep(1s);
  const Task<> task = create_task(sleep(Duration::max()));
  co_await sleep(1h);
  EXPECT_FALSE(task.done());
  task.cancel();
  (void)co_await error_of(task);
}

ASYNC_TEST(Timeout, OfAQuickBodyIsNoError) {
  const TimePoint before = now();
  co_await timeout(5s, [&](Timeout& scope) -> Coro<> {
    EXPECT_EQ(scope.when(), now() + 5s);
    co_await sleep(1s);
    EXPECT_FALSE(scope.expired());
  });
  EXPECT_EQ(now() - before, 1s);
}

ASYNC_TEST(Timeout, GivesTheResultOfItsBody) {
  const auto body = [](Timeout&) -> Coro<std::unique_ptr<int>> {
    co_await sleep(1s);
    co_return std::make_unique<int>(3);
  };
  const std::unique_ptr<int> value = co_await timeout(5s, body);
  EXPECT_EQ(*value, 3);
}

ASYNC_TEST(Timeout, ThrowsTimeoutErrorWhenItsDeadlinePasses) {
  const TimePoint before = now();
  const auto body = [](Timeout&) -> Coro<> { co_await sleep(1h); };
  const std::exception_ptr error = co_await error_of(timeout(5s, body));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(now() - before, 5s);
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(Timeout, BodySeesACancelledErrorAndAnExpiredScope) {
  bool seen = false;
  const auto body = [&](Timeout& scope) -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      seen = scope.expired();
      throw;
    }
  };
  const std::exception_ptr error = co_await error_of(timeout(5s, body));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_TRUE(seen);
}

ASYNC_TEST(Timeout, OfABodyThatNeverSuspendsIsNoErrorEvenWhenLate) {
  bool expired = true;
  const auto body = [&](Timeout& scope) -> Coro<int> {
    expired = scope.expired();
    co_return 1;
  };
  const int value = co_await timeout(-1s, body);
  EXPECT_EQ(value, 1);
  EXPECT_FALSE(expired);
  co_await passes(2);  // and its request does not come later
}

ASYNC_TEST(Timeout, InThePastFiresAtTheFirstSuspensionEvenAtAYield) {
  const auto body = [](Timeout&) -> Coro<> { co_await sleep(0s); };
  const std::exception_ptr zero = co_await error_of(timeout(0s, body));
  EXPECT_TRUE(is<TimeoutError>(zero));
  const std::exception_ptr past = co_await error_of(timeout(-1h, body));
  EXPECT_TRUE(is<TimeoutError>(past));
}

ASYNC_TEST(Timeout, OfNothingNeverFires) {
  const auto body = [](Timeout& scope) -> Coro<> {
    EXPECT_EQ(scope.when(), std::nullopt);
    co_await sleep(1000h);
  };
  co_await timeout_at(std::nullopt, body);
}

ASYNC_TEST(Timeout, OfTheLongestTimeDoesNotOverflow) {
  co_await sleep(1s);
  const auto body = [](Timeout&) -> Coro<int> {
    co_await sleep(1s);
    co_return 1;
  };
  const int value = co_await timeout(Duration::max(), body);
  EXPECT_EQ(value, 1);
}

ASYNC_TEST(Timeout, PassesAForeignExceptionThrough) {
  const auto body = [](Timeout&) -> Coro<int> { return fail_after(1s, "foreign"); };
  const std::exception_ptr error = co_await error_of(timeout(5s, body));
  EXPECT_EQ(describe(error), "foreign");
  co_await sleep(1h);  // its timer is gone
}

ASYNC_TEST(Timeout, PassesAForeignCancellationThrough) {
  const auto body = [](Timeout&) -> Coro<> { co_await sleep(1h); };
  const Task<> task = create_task(timeout(5s, body));
  co_await sleep(1s);
  task.cancel("foreign");
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "cancelled: foreign");
}

ASYNC_TEST(Timeout, AtTheSameMomentAsAForeignCancellationIsACancellation) {
  const auto body = [](Timeout&) -> Coro<> { co_await sleep(1h); };
  const Task<> task = create_task(timeout(5s, body));
  co_await sleep(0s);
  EventLoop::current().call_later(5s, [&] { task.cancel("foreign"); });
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(task.cancelling(), 1) << "the timeout takes back its own request only";
}

ASYNC_TEST(Timeout, AroundATaskThatWasCancelledBeforeStillKnowsItsOwn) {
  const auto outer = []() -> Coro<bool> {
    const std::exception_ptr cancelled = co_await error_of(sleep(1h));
    EXPECT_TRUE(is<CancelledError>(cancelled));
    const auto body = [](Timeout&) -> Coro<> { co_await sleep(1h); };
    const std::exception_ptr error = co_await error_of(timeout(5s, body));
    co_return is<TimeoutError>(error);
  };
  const Task<bool> task = create_task(outer());
  co_await sleep(0s);
  task.cancel();
  const bool timed_out = co_await task;
  EXPECT_TRUE(timed_out);
  EXPECT_EQ(task.cancelling(), 1);
}

ASYNC_TEST(Timeout, NestedInnerFirstIsTheInnersError) {
  bool inner_threw = false;
  const auto sleep_long = [](Timeout&) -> Coro<> { co_await sleep(1h); };
  const auto outer = [&](Timeout& scope) -> Coro<> {
    const std::exception_ptr error = co_await error_of(timeout(1s, sleep_long));
    inner_threw = is<TimeoutError>(error);
    EXPECT_FALSE(scope.expired());
  };
  co_await timeout(5s, outer);
  EXPECT_TRUE(inner_threw);
}

ASYNC_TEST(Timeout, NestedOuterFirstIsTheOutersError) {
  std::exception_ptr inner_error;
  const auto sleep_long = [](Timeout&) -> Coro<> { co_await sleep(1h); };
  const auto outer = [&](Timeout&) -> Coro<> {
    inner_error = co_await error_of(timeout(5s, sleep_long));
    std::rethrow_exception(inner_error);
  };
  const std::exception_ptr error = co_await error_of(timeout(1s, outer));
  EXPECT_TRUE(is<CancelledError>(inner_error));
  EXPECT_TRUE(is<TimeoutError>(error));
}

ASYNC_TEST(Timeout, NestedDueTogetherIsTheOutersError) {
  std::exception_ptr inner_error;
  const auto sleep_long = [](Timeout&) -> Coro<> { co_await sleep(1h); };
  const auto outer = [&](Timeout&) -> Coro<> {
    inner_error = co_await error_of(timeout(5s, sleep_long));
    std::rethrow_exception(inner_error);
  };
  const std::exception_ptr error = co_await error_of(timeout(5s, outer));
  EXPECT_TRUE(is<CancelledError>(inner_error));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(Timeout, SuppressedByItsBodyIsNoErrorAndLeavesNoRequest) {
  const auto body = [](Timeout&) -> Coro<int> { return suppress_cancel(4); };
  const int value = co_await timeout(1s, body);
  EXPECT_EQ(value, 4);
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1s);
}

ASYNC_TEST(Timeout, RescheduledLaterGivesMoreTime) {
  const auto body = [](Timeout& scope) -> Coro<> {
    co_await sleep(4s);
    scope.reschedule(now() + 10s);
    co_await sleep(9s);
  };
  co_await timeout(5s, body);
}

ASYNC_TEST(Timeout, RescheduledIntoThePastFiresAtOnce) {
  const TimePoint before = now();
  const auto body = [](Timeout& scope) -> Coro<> {
    co_await sleep(1s);
    scope.reschedule(now() - 1s);
    co_await sleep(1h);
  };
  const std::exception_ptr error = co_await error_of(timeout(5s, body));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(now() - before, 1s);
}

ASYNC_TEST(Timeout, RescheduledFromThePastBeforeItFiredDoesNotFire) {
  const auto body = [](Timeout& scope) -> Coro<> {
    scope.reschedule(now() - 1s);
    scope.reschedule(std::nullopt);
    co_await sleep(1h);
  };
  co_await timeout(5s, body);
}

ASYNC_TEST(Timeout, RescheduledToNothingNeverFires) {
  const auto body = [](Timeout& scope) -> Coro<> {
    scope.reschedule(std::nullopt);
    co_await sleep(1h);
  };
  co_await timeout(5s, body);
}

ASYNC_TEST(Timeout, RescheduleAfterItFiredIsRefused) {
  std::exception_ptr refused;
  const auto body = [&](Timeout& scope) -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      refused = error_of_call([&] { scope.reschedule(std::nullopt); });
      throw;
    }
  };
  (void)co_await error_of(timeout(5s, body));
  EXPECT_EQ(describe(refused), "this timeout has fired");
}

TEST(Timeout, NeedsATask) {
  EventLoop loop(std::make_unique<VirtualClock>());
  std::exception_ptr error;
  loop.call_soon([&] { error = error_of_call([] { const Timeout scope(std::nullopt); }); });
  const Task<> task = loop.create_task(passes(2));
  loop.run_until_done(*task.get());
  EXPECT_TRUE(is<InvalidStateError>(error));
}

TEST(Timeout, CancelledAtEverySuspensionEndsCancelled) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const auto inner = [](Timeout&) -> Coro<> { co_await sleep(1h); };
    const auto outer = [&](Timeout&) -> Coro<> {
      const std::exception_ptr error = co_await error_of(timeout(1s, inner));
      if (!is<TimeoutError>(error)) std::rethrow_exception(error);
      co_await sleep(1s);
    };
    co_await timeout(5s, outer);
  });
  EXPECT_GE(suspensions, 2);
}

/// Virtual time that counts how often it is asked.
class CountingClock final : public Clock {
 public:
  explicit CountingClock(int& reads) noexcept : reads_(reads) {}
  [[nodiscard]] TimePoint now() const noexcept override {
    ++reads_;
    return time_.now();
  }
  [[nodiscard]] bool is_virtual() const noexcept override { return true; }
  void advance_to(TimePoint when) noexcept override { time_.advance_to(when); }

 private:
  int& reads_;
  VirtualClock time_;
};

TEST(Timeout, ReadsTheClockOnceAndNotAtAllWithoutADelay) {
  int reads = 0;
  const auto main = [&]() -> Coro<> {
    const auto body = [](Timeout&) -> Coro<> { co_return; };
    reads = 0;
    co_await timeout(1h, body);
    EXPECT_EQ(reads, 1);
    reads = 0;
    (void)co_await wait_for(at_once(1), 1h);
    EXPECT_EQ(reads, 1);
    reads = 0;
    co_await timeout_at(std::nullopt, body);
    EXPECT_EQ(reads, 0);
  };
  run(main(), RunOptions().with_clock(std::make_shared<CountingClock>(reads)));
}

ASYNC_TEST(Timeout, BeginsWhenItIsAwaited) {
  const auto body = [](Timeout&) -> Coro<> { co_await sleep(4s); };
  Coro<> later = timeout(5s, body);
  co_await sleep(1h);
  const TimePoint before = EventLoop::current().time();
  co_await std::move(later);
  EXPECT_EQ(EventLoop::current().time() - before, 4s);
}

ASYNC_TEST(Timeout, OfZeroOrLessFiresAtTheFirstSuspension) {
  const auto body = [](Timeout&) -> Coro<> { co_await sleep(0s); };
  const std::exception_ptr zero = co_await error_of(timeout(0s, body));
  EXPECT_TRUE(is<TimeoutError>(zero));
  const std::exception_ptr less = co_await error_of(timeout(Duration::min(), body));
  EXPECT_TRUE(is<TimeoutError>(less));
}

}  // namespace
}  // namespace cochain::testing
