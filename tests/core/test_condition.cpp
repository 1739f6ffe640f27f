// Condition: the lock is always held again, the order is asyncio's, and no notification is lost.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

/// Waits once; notes how the wait ended, and that the lock is held then.
Coro<> wait_once(Condition& condition, Log& log, std::string name) {
  const Lock::Held held = co_await condition.scoped();
  try {
    co_await condition.wait();
  } catch (const CancelledError& cancelled) {
    log.push_back(name + " cancelled " + cancelled.message());
    EXPECT_TRUE(condition.locked());
    throw;
  }
  log.push_back(name);
  EXPECT_TRUE(condition.locked());
}

Coro<> hold_for(Condition& condition, Log& log, std::string name, Duration length) {
  const Lock::Held held = co_await condition.scoped();
  log.push_back(name + " in");
  co_await sleep(length);
  log.push_back(name + " out");
}

Coro<> notify(Condition& condition, std::size_t count) {
  const Lock::Held held = co_await condition.scoped();
  condition.notify(count);
}

std::vector<Task<>> waiters(Condition& condition, Log& log, std::string names) {
  std::vector<Task<>> tasks;
  for (const char name : names) {
    tasks.push_back(create_task(wait_once(condition, log, std::string(1, name))));
  }
  return tasks;
}

ASYNC_TEST(Condition, WaitAndNotifyNeedTheLock) {
  Condition condition;
  EXPECT_THROW(condition.notify(), InvalidStateError);
  EXPECT_THROW(condition.notify_all(), InvalidStateError);
  EXPECT_THROW(condition.release(), InvalidStateError);
  const std::exception_ptr error = co_await error_of(condition.wait());
  EXPECT_TRUE(is<InvalidStateError>(error));
  const auto never = [] { return false; };
  const std::exception_ptr other = co_await error_of(condition.wait_for(never));
  EXPECT_TRUE(is<InvalidStateError>(other));
  EXPECT_FALSE(condition.locked());
}

ASYNC_TEST(Condition, NotifyWithoutWaitersIsForgotten) {
  Condition condition;
  Log log;
  co_await notify(condition, 5);
  const Task<> late = create_task(wait_once(condition, log, "late"));
  co_await passes(4);
  EXPECT_FALSE(late.done());
  co_await notify(condition, 1);
  co_await late;
}

ASYNC_TEST(Condition, NotifyWakesThoseFirstThatWaitLongest) {
  Condition condition;
  Log log;
  const std::vector<Task<>> tasks = waiters(condition, log, "abcde");
  co_await sleep(1s);
  co_await notify(condition, 1);
  co_await sleep(1s);
  EXPECT_EQ(log, (Log{"a"}));
  co_await notify(condition, 2);
  co_await sleep(1s);
  EXPECT_EQ(log, (Log{"a", "b", "c"}));
  co_await notify(condition, 0);
  co_await sleep(1s);
  EXPECT_EQ(log.size(), 3U);
  co_await condition.acquire();
  condition.notify_all();
  condition.release();
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"a", "b", "c", "d", "e"}));
  EXPECT_FALSE(condition.locked());
}

ASYNC_TEST(Condition, WaitersGoOnOnlyWhenTheNotifierReleases) {
  Condition condition;
  Log log;
  const std::vector<Task<>> tasks = waiters(condition, log, "ab");
  co_await sleep(0s);
  {
    const Lock::Held held = co_await condition.scoped();
    condition.notify_all();
    co_await sleep(1s);
    log.push_back("released");
  }
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"released", "a", "b"}));
}

// The log is that of the same program with Python's asyncio.
ASYNC_TEST(Condition, WakesAllInOnePassAndAfterWhoIsReadyForTheLock) {
  Condition condition;
  Log log;
  const std::vector<Task<>> tasks = waiters(condition, log, "abc");
  co_await sleep(0s);
  const auto late = [&]() -> Coro<> {
    const Lock::Held held = co_await condition.scoped();
    log.push_back("late");
  };
  const auto tick = [&]() -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      log.push_back(std::to_string(i));
      co_await sleep(0s);
    }
  };
  std::vector<Task<>> others;
  {
    const Lock::Held held = co_await condition.scoped();
    others.push_back(create_task(late()));
    others.push_back(create_task(tick()));
    condition.notify_all();
    log.push_back("notified");
  }
  for (const Task<>& task : tasks) co_await task;
  for (const Task<>& task : others) co_await task;
  EXPECT_EQ(log, (Log{"notified", "late", "0", "a", "b", "c", "1", "2"}));
}

// The log is that of the same program with Python's asyncio.
ASYNC_TEST(Condition, NotifierMayTakeTheLockSeveralTimesInARow) {
  Condition condition;
  Log log;
  Numbers items;
  const auto consume = [&](std::string name) -> Coro<> {
    const Lock::Held held = co_await condition.scoped();
    const auto there = [&] { return !items.empty(); };
    co_await condition.wait_for(there);
    log.push_back(name + " got " + std::to_string(items.front()));
    items.erase(items.begin());
  };
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(create_task(consume(name)));
  co_await sleep(0s);
  for (int i = 0; i < 3; ++i) {
    const Lock::Held held = co_await condition.scoped();
    items.push_back(i);
    log.push_back("put " + std::to_string(i));
    condition.notify();
  }
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"put 0", "put 1", "put 2", "a got 0", "b got 1", "c got 2"}));
}

ASYNC_TEST(Condition, WaitForDoesNotWaitIfItIsTrueAlready) {
  Condition condition;
  const std::uint32_t steps = current_task().get()->steps();
  const auto yes = [] { return 7; };
  const int value = co_await condition.wait_for(yes);  // as in asyncio, even without the lock
  EXPECT_EQ(value, 7);
  EXPECT_EQ(current_task().get()->steps(), steps);
}

ASYNC_TEST(Condition, WaitForAsksAgainAfterEveryNotification) {
  Condition condition;
  int asked = 0;
  int value = 0;
  const auto wait = [&]() -> Coro<int> {
    const Lock::Held held = co_await condition.scoped();
    const auto large = [&] {
      ++asked;
      return value > 2 ? value : 0;
    };
    const int result = co_await condition.wait_for(large);
    co_return result;
  };
  const Task<int> waiter = create_task(wait());
  co_await sleep(0s);
  for (value = 1; value <= 2; ++value) {
    co_await notify(condition, 1);
    co_await sleep(1s);
    EXPECT_FALSE(waiter.done());
  }
  co_await notify(condition, 1);
  const int result = co_await waiter;
  EXPECT_EQ(result, 3);
  EXPECT_EQ(asked, 4);
}

ASYNC_TEST(Condition, PredicateThatThrowsLeavesTheLockToItsHolder) {
  Condition condition;
  const auto wait = [&]() -> Coro<> {
    const Lock::Held held = co_await condition.scoped();
    const auto fail = []() -> bool { throw TimeoutError("asked"); };
    co_await condition.wait_for(fail);
  };
  const std::exception_ptr error = co_await error_of(wait());
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_FALSE(condition.locked());
}

ASYNC_TEST(Condition, TwoShareAGivenLock) {
  Lock lock;
  Condition full(lock);
  Condition empty(lock);
  Log log;
  const Task<> a = create_task(wait_once(full, log, "full"));
  const Task<> b = create_task(wait_once(empty, log, "empty"));
  co_await sleep(0s);
  {
    const Lock::Held held = co_await lock.scoped();
    EXPECT_TRUE(full.locked());
    EXPECT_TRUE(empty.locked());
    empty.notify_all();
  }
  co_await b;
  EXPECT_FALSE(a.done());
  EXPECT_FALSE(lock.locked());
  co_await notify(full, 1);
  co_await a;
  EXPECT_EQ(log, (Log{"empty", "full"}));
}

ASYNC_TEST(Condition, CancelledWaitTakesTheLockAgainBeforeItThrows) {
  Condition condition;
  Log log;
  const Task<> waiter = create_task(wait_once(condition, log, "a"));
  co_await sleep(0s);
  const Task<> holder = create_task(hold_for(condition, log, "k", 1s));
  co_await sleep(0s);
  waiter.cancel("stop");
  const std::exception_ptr error = co_await error_of(waiter);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(log, (Log{"k in", "k out", "a cancelled stop"}));
  co_await holder;
  EXPECT_FALSE(condition.locked());
}

ASYNC_TEST(Condition, CancelledAgainAndAgainItStillTakesTheLockAndThrowsTheLastMessage) {
  Condition condition;
  Log log;
  const Task<> waiter = create_task(wait_once(condition, log, "a"));
  co_await sleep(0s);
  const Task<> holder = create_task(hold_for(condition, log, "k", 1s));
  co_await sleep(0s);
  for (const char* message : {"one", "two", "three"}) {
    EXPECT_TRUE(waiter.cancel(message));
    co_await sleep(1ms);
    EXPECT_FALSE(waiter.done());
  }
  EXPECT_EQ(waiter.cancelling(), 3);
  (void)co_await error_of(waiter);
  EXPECT_EQ(log, (Log{"k in", "k out", "a cancelled three"}));
  co_await holder;
  EXPECT_FALSE(condition.locked());
}

// asyncio puts it at the end of the queue for the lock each time that it is cancelled there.
ASYNC_TEST(Condition, CancelledWhileItWaitsForTheLockItKeepsItsPlace) {
  Condition condition;
  Log log;
  const std::vector<Task<>> tasks = waiters(condition, log, "ab");
  co_await sleep(0s);
  {
    const Lock::Held held = co_await condition.scoped();
    condition.notify_all();
    co_await sleep(1s);
    tasks[0].cancel("late");
    co_await sleep(1s);
  }
  co_await tasks[1];
  (void)co_await error_of(tasks[0]);
  EXPECT_EQ(log, (Log{"a cancelled late", "b"}));
}

ASYNC_TEST(Condition, CancellationIsThrownOnce) {
  Condition condition;
  bool went_on = false;
  const auto wait = [&]() -> Coro<> {
    const Lock::Held held = co_await condition.scoped();
    try {
      co_await condition.wait();
    } catch (const CancelledError&) {
    }
    co_await sleep(1s);
    went_on = true;
  };
  const Task<> waiter = create_task(wait());
  co_await sleep(0s);
  Log log;
  const Task<> holder = create_task(hold_for(condition, log, "k", 1s));
  co_await sleep(0s);
  waiter.cancel();
  co_await sleep(1ms);
  waiter.cancel();
  co_await waiter;
  EXPECT_TRUE(went_on);
  co_await holder;
}

ASYNC_TEST(Condition, WaiterCancelledAfterItWasNotifiedPassesItOn) {
  Condition condition;
  Log log;
  const std::vector<Task<>> tasks = waiters(condition, log, "abc");
  co_await sleep(0s);
  co_await notify(condition, 1);
  tasks[0].cancel();
  co_await tasks[1];
  EXPECT_FALSE(tasks[2].done()) << "one notification wakes one";
  (void)co_await error_of(tasks[0]);
  EXPECT_EQ(log, (Log{"a cancelled ", "b"}));
  co_await notify(condition, 1);
  co_await tasks[2];
}

ASYNC_TEST(Condition, NotifiedWaiterCancelledWhileItWaitsForTheLockPassesItOn) {
  Condition condition;
  Log log;
  const std::vector<Task<>> tasks = waiters(condition, log, "ab");
  co_await sleep(0s);
  {
    const Lock::Held held = co_await condition.scoped();
    condition.notify();
    co_await sleep(1s);  // it has run and is in the queue for the lock
    tasks[0].cancel();
  }
  co_await tasks[1];
  (void)co_await error_of(tasks[0]);
  EXPECT_EQ(log, (Log{"a cancelled ", "b"}));
}

ASYNC_TEST(Condition, CancelledWithoutANotificationPassesNothingOn) {
  Condition condition;
  Log log;
  const std::vector<Task<>> tasks = waiters(condition, log, "ab");
  co_await sleep(0s);
  tasks[0].cancel();
  (void)co_await error_of(tasks[0]);
  co_await sleep(1s);
  EXPECT_FALSE(tasks[1].done());
  co_await notify(condition, 1);
  co_await tasks[1];
}

ASYNC_TEST(Condition, TimeoutEndsTheWaitUnderTheLock) {
  Condition condition;
  const auto wait = [&]() -> Coro<> {
    const Lock::Held held = co_await condition.scoped();
    try {
      co_await wait_for(condition.wait(), 1s);
    } catch (const TimeoutError&) {
      EXPECT_TRUE(condition.locked());
      throw;
    }
  };
  const std::exception_ptr error = co_await error_of(wait());
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_FALSE(condition.locked());
}

ASYNC_TEST(Condition, WaiterDestroyedBeforeItWasNotifiedIsForgotten) {
  Condition condition;
  Log log;
  {
    TaskGroup group;
    (void)group.create_task(wait_once(condition, log, "gone"));
    co_await passes(2);
  }
  EXPECT_FALSE(condition.locked()) << "it did not have the lock, so it gave none back";
  const Task<> other = create_task(wait_once(condition, log, "other"));
  co_await sleep(0s);
  co_await notify(condition, 1);
  co_await other;
  EXPECT_EQ(log, (Log{"other"}));
}

ASYNC_TEST(Condition, WaiterDestroyedAfterItWasNotifiedPassesItOn) {
  Condition condition;
  Log log;
  std::vector<Task<>> tasks;
  {
    TaskGroup group;
    (void)group.create_task(wait_once(condition, log, "gone"));
    co_await passes(2);
    tasks = waiters(condition, log, "b");
    co_await sleep(0s);
    co_await notify(condition, 1);
  }
  co_await tasks[0];
  EXPECT_EQ(log, (Log{"b"}));
}

ASYNC_TEST(Condition, WaiterDestroyedWhileAnotherHoldsTheLockLeavesItLocked) {
  Condition condition;
  Log log;
  {
    TaskGroup group;
    (void)group.create_task(wait_once(condition, log, "gone"));
    (void)group.create_task(wait_once(condition, log, "gone, too"));
    co_await passes(2);
    co_await condition.acquire();
    condition.notify();
    co_await passes(2);  // one is in the queue for the lock now, one waits to be notified
  }
  EXPECT_TRUE(condition.locked());
  condition.release();
  EXPECT_FALSE(condition.locked());
  EXPECT_THROW(condition.release(), InvalidStateError);
  EXPECT_TRUE(log.empty());
}

ASYNC_TEST(Condition, WaiterDestroyedAfterItWasGivenTheLockPassesItOn) {
  Condition condition;
  Log log;
  {
    TaskGroup group;
    (void)group.create_task(wait_once(condition, log, "gone"));
    co_await passes(2);
    co_await condition.acquire();
    condition.notify();
    co_await passes(2);   // it is in the queue for the lock
    condition.release();  // given to it, but it does not run any more
    EXPECT_TRUE(condition.locked());
  }
  EXPECT_FALSE(condition.locked());
  EXPECT_TRUE(log.empty());
}

ASYNC_TEST(Condition, TaskDestroyedAfterItsWaitGivesTheLockBackOnce) {
  Condition condition;
  const auto wait = [&]() -> Coro<> {
    const Lock::Held held = co_await condition.scoped();
    co_await condition.wait();
    co_await sleep(1h);
  };
  {
    TaskGroup group;
    (void)group.create_task(wait());
    co_await passes(2);
    co_await notify(condition, 1);
    co_await passes(2);
    EXPECT_TRUE(condition.locked());
  }
  EXPECT_FALSE(condition.locked());
  co_await condition.acquire();
  condition.release();
  EXPECT_THROW(condition.release(), InvalidStateError);
}

ASYNC_TEST(Condition, GuardMovedDuringTheWaitGetsTheLockBack) {
  Condition condition;
  Log log;
  std::optional<Lock::Held> shelf;
  const auto wait = [&]() -> Coro<> {
    Lock::Held held = co_await condition.scoped();
    shelf.emplace(std::move(held));
    co_await condition.wait();
    log.push_back("woken");
  };
  const Task<> waiter = create_task(wait());
  co_await sleep(0s);
  {
    const Lock::Held moved = std::move(*shelf);
    shelf.reset();
    co_await notify(condition, 1);
    co_await waiter;
    EXPECT_TRUE(condition.locked());
  }
  EXPECT_FALSE(condition.locked());
}

TEST(Condition, CancelledAtEverySuspensionKeepsLockAndNotifications) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    Condition condition;
    Numbers items;
    Numbers got;
    const auto there = [&] { return !items.empty(); };
    const auto consume = [&]() -> Coro<> {
      const Lock::Held held = co_await condition.scoped();
      co_await condition.wait_for(there);
      got.push_back(items.back());
      items.pop_back();
    };
    const auto produce = [&]() -> Coro<> {
      co_await sleep(1s);
      for (int i = 0; i < 2; ++i) {
        const Lock::Held held = co_await condition.scoped();
        items.push_back(i);
        condition.notify();
        co_await sleep(1s);  // who was notified waits for the lock meanwhile
      }
    };
    const Task<> producer = create_task(produce());
    std::exception_ptr error;
    Task<> second;
    try {
      co_await sleep(0s);
      Coro<> mine = consume();
      second = create_task(consume());
      co_await std::move(mine);
    } catch (...) {
      error = std::current_exception();
    }
    const std::exception_ptr producer_error = co_await error_of(producer);
    if (second) {
      if (producer_error) second.cancel();
      const std::exception_ptr second_error = co_await error_of(second);
      EXPECT_TRUE(!second_error || is<CancelledError>(second_error)) << describe(second_error);
      if (!producer_error && !second_error) {
        EXPECT_EQ(got.size() + items.size(), 2U);
      }
    }
    EXPECT_FALSE(condition.locked());
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 4);
}

}  // namespace
}  // namespace cochain::testing
