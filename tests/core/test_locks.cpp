// Lock, Semaphore, BoundedSemaphore and Event: first come, first served, and no wake-up is lost.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

Coro<> take_turn(Semaphore& semaphore, Numbers& order, int number) {
  co_await semaphore.acquire();
  order.push_back(number);
}

ASYNC_TEST(Semaphore, GivesAFreePermitWithoutSuspending) {
  Semaphore semaphore(2);
  const std::uint32_t steps = current_task().get()->steps();
  co_await semaphore.acquire();
  co_await semaphore.acquire();
  EXPECT_EQ(current_task().get()->steps(), steps);
  EXPECT_TRUE(semaphore.locked());
}

ASYNC_TEST(Semaphore, ServesWaitersInTheOrderOfTheirComing) {
  Semaphore semaphore(0);
  Numbers order;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(create_task(take_turn(semaphore, order, i)));
  co_await sleep(0s);
  for (int i = 0; i < 5; ++i) semaphore.release();
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(order, (Numbers{0, 1, 2, 3, 4}));
}

ASYNC_TEST(Semaphore, NobodyBargesPastAWokenWaiter) {
  Semaphore semaphore(1);
  co_await semaphore.acquire();
  Numbers order;
  const Task<> waiter = create_task(take_turn(semaphore, order, 1));
  co_await sleep(0s);
  semaphore.release();  // given to the waiter, which has not run yet
  EXPECT_TRUE(semaphore.locked());
  EXPECT_FALSE(semaphore.try_acquire());
  const Task<> late = create_task(take_turn(semaphore, order, 2));
  co_await waiter;
  semaphore.release();
  co_await late;
  EXPECT_EQ(order, (Numbers{1, 2}));
}

ASYNC_TEST(Semaphore, CancelledWaiterLeavesTheQueue) {
  Semaphore semaphore(0);
  Numbers order;
  const Task<> first = create_task(take_turn(semaphore, order, 1));
  const Task<> second = create_task(take_turn(semaphore, order, 2));
  co_await sleep(0s);
  first.cancel();
  semaphore.release();
  co_await second;
  (void)co_await error_of(first);
  EXPECT_EQ(order, (Numbers{2}));
}

ASYNC_TEST(Semaphore, WaiterCancelledAfterItWasServedPassesThePermitOn) {
  Semaphore semaphore(0);
  Numbers order;
  const Task<> first = create_task(take_turn(semaphore, order, 1));
  const Task<> second = create_task(take_turn(semaphore, order, 2));
  co_await sleep(0s);
  semaphore.release();
  first.cancel();
  co_await second;
  (void)co_await error_of(first);
  EXPECT_EQ(order, (Numbers{2}));
  EXPECT_TRUE(semaphore.locked());
}

ASYNC_TEST(Semaphore, WaiterDestroyedAfterItWasServedPassesThePermitOn) {
  Semaphore semaphore(0);
  Numbers order;
  {
    TaskGroup group;
    (void)group.create_task(take_turn(semaphore, order, 1));
    co_await sleep(0s);
    semaphore.release();
  }
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_TRUE(order.empty());
}

ASYNC_TEST(Semaphore, WaiterDestroyedBeforeItWasServedLeavesTheQueue) {
  Semaphore semaphore(0);
  Numbers order;
  {
    TaskGroup group;
    (void)group.create_task(take_turn(semaphore, order, 1));
    co_await sleep(0s);
  }
  semaphore.release();
  EXPECT_TRUE(semaphore.try_acquire());
}

ASYNC_TEST(Semaphore, ScopedPermitIsGivenBackAtTheEndOfTheScope) {
  Semaphore semaphore(1);
  {
    const Semaphore::Permit permit = co_await semaphore.scoped();
    EXPECT_TRUE(semaphore.locked());
  }
  EXPECT_FALSE(semaphore.locked());
}

ASYNC_TEST(Semaphore, ScopedPermitMovesWithItsHolder) {
  Semaphore semaphore(1);
  {
    Semaphore::Permit outer = co_await semaphore.scoped();
    {
      const Semaphore::Permit inner = std::move(outer);
    }
    EXPECT_FALSE(semaphore.locked());
  }
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire()) << "given back once, not twice";
}

ASYNC_TEST(Semaphore, PermitAssignedOverGivesBackTheOldOneInTheEnd) {
  Semaphore a(1);
  Semaphore b(1);
  {
    Semaphore::Permit permit = co_await a.scoped();
    permit = co_await b.scoped();
    EXPECT_FALSE(a.locked());
    EXPECT_TRUE(b.locked());
  }
  EXPECT_FALSE(b.locked());
}

ASYNC_TEST(Semaphore, ScopedWaitCanBeMovedBeforeItIsAwaited) {
  Semaphore semaphore(0);
  const std::exception_ptr error = co_await error_of(wait_for(semaphore.scoped(), 1s));
  EXPECT_TRUE(is<TimeoutError>(error));
  semaphore.release();
  EXPECT_TRUE(semaphore.try_acquire());
}

TEST(Semaphore, CancelledAtEverySuspensionKeepsItsPermits) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    Semaphore semaphore(1);
    std::exception_ptr error;
    const auto use = [&]() -> Coro<> {
      const Semaphore::Permit permit = co_await semaphore.scoped();
      co_await sleep(1s);
    };
    const Task<> other = create_task(use());
    try {
      co_await sleep(0s);
      co_await use();
    } catch (...) {
      error = std::current_exception();
    }
    (void)co_await error_of(other);
    EXPECT_TRUE(semaphore.try_acquire());
    EXPECT_FALSE(semaphore.try_acquire());
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 3);
}

ASYNC_TEST(Semaphore, DoesNotWakeTwoForOnePermit) {
  Semaphore semaphore(0);
  Numbers order;
  const Task<> first = create_task(take_turn(semaphore, order, 1));
  const Task<> second = create_task(take_turn(semaphore, order, 2));
  co_await sleep(0s);
  semaphore.release();
  co_await passes(3);
  EXPECT_EQ(order, (Numbers{1}));
  semaphore.release();
  co_await first;
  co_await second;
}

ASYNC_TEST(Semaphore, CancelledWaitThatNobodyTookUpLeavesThePermitFree) {
  Semaphore semaphore(0);
  Numbers order;
  const Task<> only = create_task(take_turn(semaphore, order, 1));
  co_await sleep(0s);
  semaphore.release();
  only.cancel();
  (void)co_await error_of(only);
  EXPECT_FALSE(semaphore.locked());
  EXPECT_TRUE(semaphore.try_acquire());
}

ASYNC_TEST(Semaphore, CancellingASecondWokenWaiterPassesItsPermitOnToo) {
  Semaphore semaphore(0);
  Numbers order;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(create_task(take_turn(semaphore, order, i)));
  co_await sleep(0s);
  semaphore.release();
  semaphore.release();
  tasks[0].cancel();
  tasks[1].cancel();
  co_await tasks[2];
  co_await tasks[3];
  EXPECT_EQ(order, (Numbers{2, 3}));
  (void)co_await error_of(tasks[0]);
  (void)co_await error_of(tasks[1]);
}

ASYNC_TEST(BoundedSemaphore, ReleasedMoreOftenThanAcquiredIsRefused) {
  BoundedSemaphore semaphore(2);
  EXPECT_THROW(semaphore.release(), InvalidStateError);
  co_await semaphore.acquire();
  semaphore.release();
  EXPECT_THROW(semaphore.release(), InvalidStateError);
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire()) << "the refused release() changed nothing";
  EXPECT_TRUE(semaphore.locked());
}

ASYNC_TEST(BoundedSemaphore, ServesWaitersInOrderAndHandsOver) {
  BoundedSemaphore semaphore(1);
  Numbers order;
  const auto use = [&](int number) -> Coro<> {
    const Semaphore::Permit permit = co_await semaphore.scoped();
    order.push_back(number);
    co_await sleep(1s);
  };
  const Task<> first = create_task(use(1));
  const Task<> second = create_task(use(2));
  const Task<> third = create_task(use(3));
  co_await sleep(500ms);
  second.cancel();
  co_await first;
  EXPECT_TRUE(semaphore.locked()) << "given to the third, which has not run yet";
  co_await third;
  (void)co_await error_of(second);
  EXPECT_EQ(order, (Numbers{1, 3}));
  EXPECT_FALSE(semaphore.locked());
  EXPECT_THROW(semaphore.release(), InvalidStateError);
}

TEST(BoundedSemaphore, PermitReleasedByHandUnderItsGuardFailsAnAssertion) {
  const auto release_twice = []() -> Coro<> {
    BoundedSemaphore semaphore(1);
    const Semaphore::Permit permit = co_await semaphore.scoped();
    semaphore.release();
  };
  EXPECT_DEATH(run(release_twice()), "guard still holds");
}

ASYNC_TEST(Lock, LetsOneInAtATimeInOrder) {
  Lock lock;
  Log log;
  const auto work = [&](std::string name) -> Coro<> {
    const Lock::Held held = co_await lock.scoped();
    log.push_back(name + " in");
    co_await sleep(1s);
    log.push_back(name + " out");
  };
  const Task<> a = create_task(work("a"));
  const Task<> b = create_task(work("b"));
  co_await a;
  co_await b;
  EXPECT_EQ(log, (Log{"a in", "a out", "b in", "b out"}));
  EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, ReleaseOfAFreeLockIsRefused) {
  Lock lock;
  EXPECT_THROW(lock.release(), InvalidStateError);
  co_await lock.acquire();
  lock.release();
  EXPECT_THROW(lock.release(), InvalidStateError);
}

ASYNC_TEST(Lock, StaysLockedWhileItIsHandedOver) {
  Lock lock;
  Log log;
  co_await lock.acquire();
  const auto work = [&](std::string name) -> Coro<> {
    co_await lock.acquire();
    log.push_back(name);
    lock.release();
  };
  const Task<> first = create_task(work("first"));
  co_await sleep(0s);
  lock.release();
  EXPECT_TRUE(lock.locked());
  co_await work("late");
  co_await first;
  EXPECT_EQ(log, (Log{"first", "late"}));
}

ASYNC_TEST(Lock, HolderThatThrowsGivesItBack) {
  Lock lock;
  const auto work = [&]() -> Coro<> {
    const Lock::Held held = co_await lock.scoped();
    throw TimeoutError("inside");
  };
  (void)co_await error_of(work());
  EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, CancelledWaiterLeavesTheQueue) {
  Lock lock;
  Numbers order;
  const auto work = [&](int number) -> Coro<> {
    const Lock::Held held = co_await lock.scoped();
    order.push_back(number);
  };
  co_await lock.acquire();
  const Task<> first = create_task(work(1));
  const Task<> second = create_task(work(2));
  co_await sleep(0s);
  first.cancel();
  lock.release();
  co_await second;
  (void)co_await error_of(first);
  EXPECT_EQ(order, (Numbers{2}));
  EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, WaiterCancelledAfterItWasServedPassesTheLockOn) {
  Lock lock;
  Numbers order;
  const auto work = [&](int number) -> Coro<> {
    const Lock::Held held = co_await lock.scoped();
    order.push_back(number);
  };
  co_await lock.acquire();
  const Task<> first = create_task(work(1));
  const Task<> second = create_task(work(2));
  co_await sleep(0s);
  lock.release();
  first.cancel();
  co_await second;
  (void)co_await error_of(first);
  EXPECT_EQ(order, (Numbers{2}));
  EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, WaitersAndHoldersDestroyedWhereTheyStandGiveItBack) {
  Lock lock;
  const auto work = [&]() -> Coro<> {
    const Lock::Held held = co_await lock.scoped();
    co_await sleep(1h);
  };
  co_await lock.acquire();
  {
    TaskGroup group;
    (void)group.create_task(work());
    (void)group.create_task(work());
    co_await sleep(0s);
    lock.release();  // given to the first, which has not run yet
  }
  EXPECT_FALSE(lock.locked());
  {
    TaskGroup group;
    (void)group.create_task(work());
    (void)group.create_task(work());
    co_await passes(3);
    EXPECT_TRUE(lock.locked());
  }
  EXPECT_FALSE(lock.locked());
}

ASYNC_TEST(Lock, GuardMovesWithItsHolder) {
  Lock lock;
  {
    Lock::Held outer = co_await lock.scoped();
    {
      const Lock::Held inner = std::move(outer);
      EXPECT_TRUE(lock.locked());
    }
    EXPECT_FALSE(lock.locked());
    co_await lock.acquire();
  }
  EXPECT_TRUE(lock.locked()) << "the empty guard must not release what another took";
  lock.release();
}

ASYNC_TEST(Lock, GuardAssignedOverGivesBackTheOldOneInTheEnd) {
  Lock a;
  Lock b;
  {
    Lock::Held held = co_await a.scoped();
    held = co_await b.scoped();
    EXPECT_TRUE(b.locked());
  }
  EXPECT_FALSE(a.locked());
  EXPECT_FALSE(b.locked());
}

ASYNC_TEST(Lock, ReleasedByHandIsNotReleasedAgainByItsGuard) {
  Lock lock;
  {
    const Lock::Held held = co_await lock.scoped();
    lock.release();
    EXPECT_FALSE(lock.locked());
    co_await lock.acquire();  // somebody else's by now
  }
  EXPECT_TRUE(lock.locked());
  lock.release();
  EXPECT_FALSE(lock.locked());
}

TEST(Lock, CancelledAtEverySuspensionIsGivenBack) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    Lock lock;
    std::exception_ptr error;
    const auto use = [&]() -> Coro<> {
      const Lock::Held held = co_await lock.scoped();
      co_await sleep(1s);
    };
    const Task<> other = create_task(use());
    try {
      co_await sleep(0s);
      co_await use();
    } catch (...) {
      error = std::current_exception();
    }
    (void)co_await error_of(other);
    EXPECT_FALSE(lock.locked());
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 3);
}

Coro<> wait_and_note(Event& event, Numbers& order, int number) {
  co_await event.wait();
  order.push_back(number);
}

ASYNC_TEST(Event, WakesAllWhoWaitInOrder) {
  Event event;
  Numbers order;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(create_task(wait_and_note(event, order, i)));
  co_await sleep(0s);
  EXPECT_TRUE(order.empty());
  event.set();
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(order, (Numbers{0, 1, 2, 3}));
}

ASYNC_TEST(Event, SetAndClearedAtOnceStillWakesThem) {
  Event event;
  Numbers order;
  const Task<> task = create_task(wait_and_note(event, order, 1));
  co_await sleep(0s);
  event.set();
  event.clear();
  co_await task;
  EXPECT_FALSE(event.is_set());
}

ASYNC_TEST(Event, ThatIsSetLetsThroughWithoutSuspending) {
  Event event;
  event.set();
  const std::uint32_t steps = current_task().get()->steps();
  co_await event.wait();
  EXPECT_EQ(current_task().get()->steps(), steps);
}

ASYNC_TEST(Event, CancelledWaiterLeavesTheOthersAlone) {
  Event event;
  Numbers order;
  const Task<> first = create_task(wait_and_note(event, order, 1));
  const Task<> second = create_task(wait_and_note(event, order, 2));
  co_await sleep(0s);
  first.cancel();
  (void)co_await error_of(first);
  event.set();
  co_await second;
  EXPECT_EQ(order, (Numbers{2}));
}

ASYNC_TEST(Event, ClearedAgainMakesTheNextOneWait) {
  Event event;
  Numbers order;
  event.set();
  event.set();
  event.clear();
  const Task<> task = create_task(wait_and_note(event, order, 1));
  co_await passes(3);
  EXPECT_FALSE(task.done());
  event.set();
  co_await task;
  EXPECT_TRUE(event.is_set());
}

ASYNC_TEST(Event, WaiterCancelledAfterTheEventWasSetIsCancelled) {
  Event event;
  Numbers order;
  const Task<> first = create_task(wait_and_note(event, order, 1));
  const Task<> second = create_task(wait_and_note(event, order, 2));
  co_await sleep(0s);
  event.set();
  first.cancel();
  const std::exception_ptr error = co_await error_of(first);
  EXPECT_TRUE(is<CancelledError>(error));
  co_await second;
  EXPECT_EQ(order, (Numbers{2}));
}

TEST(Event, CancelledAtEverySuspensionLeavesNobodyWaiting) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    Event event;
    const auto later = [&]() -> Coro<> {
      co_await sleep(1s);
      event.set();
    };
    const Task<> setter = create_task(later());
    std::exception_ptr error;
    try {
      co_await event.wait();
    } catch (...) {
      error = std::current_exception();
    }
    (void)co_await error_of(setter);
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 1);
}

ASYNC_TEST(Event, WaiterDestroyedWhereItStandsIsForgotten) {
  Event event;
  Numbers order;
  {
    TaskGroup group;
    (void)group.create_task(wait_and_note(event, order, 1));
    co_await sleep(0s);
  }
  event.set();
  co_await passes(2);
  EXPECT_TRUE(order.empty());
}

}  // namespace
}  // namespace cochain::testing
