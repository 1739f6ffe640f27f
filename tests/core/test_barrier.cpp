// Barrier: rounds, numbers without gaps, breaking and mending, and waiters that give up.
#include <stdexcept>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

/// Waits and notes "name index", or why not.
Coro<> pass(Barrier& barrier, Log& log, std::string name) {
  std::string how;
  try {
    const std::size_t index = co_await barrier.wait();
    how = std::to_string(index);
  } catch (const BrokenBarrierError&) {
    how = "broken";
  }
  log.push_back(name + " " + how);
}

std::vector<Task<>> comers(Barrier& barrier, Log& log, std::string names) {
  std::vector<Task<>> tasks;
  for (const char name : names) {
    tasks.push_back(create_task(pass(barrier, log, std::string(1, name))));
  }
  return tasks;
}

ASYNC_TEST(Barrier, NeedsAtLeastOneParty) {
  EXPECT_THROW(Barrier(0), std::invalid_argument);
  co_return;
}

ASYNC_TEST(Barrier, OfOnePartyNeverSuspends) {
  Barrier barrier(1);
  const std::uint32_t steps = current_task().get()->steps();
  for (int i = 0; i < 3; ++i) {
    const std::size_t index = co_await barrier.wait();
    EXPECT_EQ(index, 0U);
  }
  EXPECT_EQ(current_task().get()->steps(), steps);
  EXPECT_EQ(barrier.n_waiting(), 0U);
}

ASYNC_TEST(Barrier, OpensWhenAllAreThere) {
  Barrier barrier(3);
  Log log;
  EXPECT_EQ(barrier.parties(), 3U);
  const std::vector<Task<>> tasks = comers(barrier, log, "ab");
  co_await sleep(1h);
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(barrier.n_waiting(), 2U);
  const std::size_t index = co_await barrier.wait();  // the last one does not suspend
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(index, 2U);
  EXPECT_EQ(barrier.n_waiting(), 0U);
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"a 0", "b 1"}));
}

// The log is that of the same program with Python's asyncio.
ASYNC_TEST(Barrier, NumbersByArrivalAndTheLastGoesFirst) {
  Barrier barrier(2);
  Log log;
  const std::vector<Task<>> tasks = comers(barrier, log, "abcdef");
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"b 1", "a 0", "d 1", "c 0", "f 1", "e 0"}));
}

ASYNC_TEST(Barrier, IsUsedAgainRoundAfterRound) {
  constexpr int kRounds = 5;
  Barrier barrier(3);
  std::vector<Numbers> indices(kRounds);
  int ahead = 0;
  const auto work = [&]() -> Coro<> {
    for (int round = 0; round < kRounds; ++round) {
      const std::size_t index = co_await barrier.wait();
      indices[static_cast<std::size_t>(round)].push_back(static_cast<int>(index));
      ahead = std::max(ahead, round);
      EXPECT_LE(ahead - round, 0) << "nobody passes twice while others stand";
    }
  };
  std::vector<Task<>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(create_task(work()));
  for (const Task<>& task : tasks) co_await task;
  for (Numbers& round : indices) {
    std::sort(round.begin(), round.end());
    EXPECT_EQ(round, (Numbers{0, 1, 2}));
  }
}

ASYNC_TEST(Barrier, DrainingBlocksNewcomers) {
  Barrier barrier(2);
  Log log;
  const std::vector<Task<>> tasks = comers(barrier, log, "a");
  co_await sleep(0s);
  const Task<> newcomer = create_task(pass(barrier, log, "n"));  // runs before a, which then waits
  const auto look = [&]() -> Coro<> {
    log.push_back(std::to_string(barrier.n_waiting()) + " waiting");
    co_return;
  };
  const Task<> observer = create_task(look());
  co_await barrier.wait();  // lets a through, which has not run
  co_await tasks[0];
  co_await observer;
  EXPECT_EQ(log, (Log{"0 waiting", "a 0"}));
  EXPECT_EQ(barrier.n_waiting(), 1U) << "it came in when a had left";
  co_await barrier.wait();
  co_await newcomer;
}

ASYNC_TEST(Barrier, ComersDuringDrainingAreServedInTheOrderOfTheirComing) {
  Barrier barrier(3);
  Log log;
  const auto twice = [&](std::string name) -> Coro<> {
    co_await pass(barrier, log, name);
    co_await pass(barrier, log, name);
  };
  std::vector<Task<>> tasks;
  for (const char* name : {"a", "b", "c"}) tasks.push_back(create_task(twice(name)));
  for (const Task<>& task : tasks) co_await task;
  // c, the last of the first round, comes again first; asyncio lets b in before it.
  EXPECT_EQ(log, (Log{"c 2", "a 0", "b 1", "b 2", "c 0", "a 1"}));
}

ASYNC_TEST(Barrier, MoreThanOneRoundMayWaitOutside) {
  Barrier barrier(2);
  Log log;
  std::vector<Task<>> tasks = comers(barrier, log, "a");
  co_await sleep(0s);
  const Task<> more = create_task(sleep(0s));
  const Task<> b = create_task(pass(barrier, log, "b"));  // runs after the round was completed
  co_await barrier.wait();
  const std::vector<Task<>> others = comers(barrier, log, "cdefg");
  for (const Task<>& task : tasks) co_await task;
  co_await b;
  for (const Task<>& task : others) co_await task;
  co_await more;
  EXPECT_EQ(log.size(), 7U);
  EXPECT_EQ(barrier.n_waiting(), 0U);
}

ASYNC_TEST(Barrier, CancelledWaiterDoesNotBreakIt) {
  Barrier barrier(3);
  Log log;
  std::vector<Task<>> tasks = comers(barrier, log, "ab");
  co_await sleep(0s);
  tasks[0].cancel();
  const std::exception_ptr error = co_await error_of(tasks[0]);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_FALSE(barrier.broken());
  EXPECT_EQ(barrier.n_waiting(), 1U);
  const std::vector<Task<>> others = comers(barrier, log, "cd");
  co_await tasks[1];
  for (const Task<>& task : others) co_await task;
  // asyncio numbers on arrival and would give c the number of b.
  EXPECT_EQ(log, (Log{"d 2", "b 0", "c 1"}));
}

ASYNC_TEST(Barrier, CancelledWaiterIsNotCountedFromThatMomentOn) {
  Barrier barrier(2);
  Log log;
  const std::vector<Task<>> tasks = comers(barrier, log, "a");
  co_await sleep(0s);
  tasks[0].cancel();  // has not run yet
  EXPECT_EQ(barrier.n_waiting(), 0U);
  const std::vector<Task<>> others = comers(barrier, log, "b");
  co_await sleep(1s);
  EXPECT_TRUE(log.empty()) << "b must not pass together with one that has given up";
  co_await barrier.wait();
  co_await others[0];
  (void)co_await error_of(tasks[0]);
}

ASYNC_TEST(Barrier, WaiterCancelledAfterItWasLetThroughLeavesTheOthersAlone) {
  Barrier barrier(3);
  Log log;
  std::vector<Task<>> tasks = comers(barrier, log, "ab");
  co_await sleep(0s);
  co_await barrier.wait();
  tasks[0].cancel();
  co_await tasks[1];
  (void)co_await error_of(tasks[0]);
  EXPECT_EQ(log, (Log{"b 1"}));
  EXPECT_FALSE(barrier.broken());
  tasks = comers(barrier, log, "xyz");
  for (const Task<>& task : tasks) co_await task;
}

ASYNC_TEST(Barrier, WaitersDestroyedWhereTheyStandAreNotCounted) {
  Barrier barrier(2);
  Log log;
  {
    TaskGroup group;
    (void)group.create_task(pass(barrier, log, "gone"));
    co_await sleep(0s);
    EXPECT_EQ(barrier.n_waiting(), 1U);
  }
  EXPECT_EQ(barrier.n_waiting(), 0U);
  {
    TaskGroup group;
    (void)group.create_task(pass(barrier, log, "gone, too"));
    co_await sleep(0s);
    co_await barrier.wait();  // it is let through, and does not run any more
  }
  EXPECT_TRUE(log.empty());
  const std::vector<Task<>> tasks = comers(barrier, log, "ab");
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"b 1", "a 0"}));
}

ASYNC_TEST(Barrier, LastOneInsideDestroyedLetsThoseOutsideIn) {
  Barrier barrier(2);
  Log log;
  Event end;
  const auto doom = [&]() -> Coro<> {
    TaskGroup group;
    (void)group.create_task(pass(barrier, log, "gone"));
    co_await end.wait();
  };
  const Task<> doomed = create_task(doom());
  co_await passes(2);
  const Task<> outside = create_task(pass(barrier, log, "o"));  // runs first, during draining
  end.set();                                                    // second: the group is destroyed
  co_await barrier.wait();                                      // third: who was let through
  co_await doomed;
  EXPECT_TRUE(log.empty());
  EXPECT_EQ(barrier.n_waiting(), 1U);
  co_await barrier.wait();
  co_await outside;
  EXPECT_EQ(log, (Log{"o 0"}));
}

ASYNC_TEST(Barrier, ResetBreaksWhoWaitsAndBeginsAnew) {
  Barrier barrier(3);
  Log log;
  std::vector<Task<>> tasks = comers(barrier, log, "ab");
  co_await sleep(0s);
  barrier.reset();
  EXPECT_EQ(barrier.n_waiting(), 0U);
  EXPECT_FALSE(barrier.broken());
  const std::vector<Task<>> others = comers(barrier, log, "cde");
  for (const Task<>& task : tasks) co_await task;
  for (const Task<>& task : others) co_await task;
  // As with Python's asyncio.
  EXPECT_EQ(log, (Log{"a broken", "b broken", "e 2", "c 0", "d 1"}));
}

ASYNC_TEST(Barrier, ResetOfAnEmptyBarrierChangesNothing) {
  Barrier barrier(2);
  Log log;
  barrier.reset();
  const std::vector<Task<>> tasks = comers(barrier, log, "ab");
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"b 1", "a 0"}));
}

ASYNC_TEST(Barrier, ResetBreaksThoseWhoWereLetThroughAndHaveNotRun) {
  Barrier barrier(4);
  Log log;
  const auto pass_and_reset = [&]() -> Coro<> {
    co_await pass(barrier, log, "a");
    barrier.reset();
    log.push_back("reset");
  };
  const Task<> first = create_task(pass_and_reset());
  const std::vector<Task<>> tasks = comers(barrier, log, "bcd");
  co_await first;
  for (const Task<>& task : tasks) co_await task;
  // As with Python's asyncio.
  EXPECT_EQ(log, (Log{"d 3", "a 0", "reset", "b broken", "c broken"}));
  EXPECT_FALSE(barrier.broken());
  EXPECT_EQ(barrier.n_waiting(), 0U);
}

ASYNC_TEST(Barrier, AbortBreaksWhoWaitsAndWhoComesUntilReset) {
  Barrier barrier(3);
  Log log;
  std::vector<Task<>> tasks = comers(barrier, log, "ab");
  co_await sleep(0s);
  barrier.abort();
  EXPECT_TRUE(barrier.broken());
  EXPECT_EQ(barrier.n_waiting(), 0U);
  tasks.push_back(create_task(pass(barrier, log, "c")));
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"a broken", "b broken", "c broken"}));
  EXPECT_TRUE(barrier.broken());
  barrier.abort();
  const std::exception_ptr error = co_await error_of(barrier.wait());
  EXPECT_TRUE(is<BrokenBarrierError>(error));
  barrier.reset();
  EXPECT_FALSE(barrier.broken());
  log.clear();
  tasks = comers(barrier, log, "xyz");
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"z 2", "x 0", "y 1"}));
}

ASYNC_TEST(Barrier, AbortAndResetAtOnceStillBreakWhoWaited) {
  Barrier barrier(3);
  Log log;
  const std::vector<Task<>> tasks = comers(barrier, log, "ab");
  co_await sleep(0s);
  barrier.abort();
  barrier.reset();
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(log, (Log{"a broken", "b broken"}));
  EXPECT_FALSE(barrier.broken());
}

ASYNC_TEST(Barrier, AbortWhileDrainingBreaksInsideAndOutside) {
  Barrier barrier(2);
  Log log;
  const auto pass_twice = [&](std::string name) -> Coro<> {
    co_await pass(barrier, log, name);
    co_await pass(barrier, log, name);
  };
  const Task<> a = create_task(pass_twice("a"));
  const Task<> b = create_task(pass_twice("b"));  // completes the round, and waits outside
  const auto abort = [&]() -> Coro<> {
    barrier.abort();
    co_return;
  };
  const Task<> aborter = create_task(abort());
  co_await a;
  co_await b;
  co_await aborter;
  EXPECT_EQ(log, (Log{"b 1", "a broken", "a broken", "b broken"}));
}

ASYNC_TEST(Barrier, AbortAndResetWhileDrainingStillBreakWhoWaitedOutside) {
  Barrier barrier(2);
  Log log;
  const auto pass_twice = [&](std::string name) -> Coro<> {
    co_await pass(barrier, log, name);
    co_await pass(barrier, log, name);
  };
  const Task<> a = create_task(pass_twice("a"));
  const Task<> b = create_task(pass_twice("b"));
  const auto abort = [&]() -> Coro<> {
    barrier.abort();
    barrier.reset();
    co_return;
  };
  co_await create_task(abort());
  co_await b;
  EXPECT_EQ(log, (Log{"b 1", "a broken", "b broken"}));
  EXPECT_EQ(barrier.n_waiting(), 1U) << "a came again, to a barrier that is whole";
  co_await barrier.wait();
  co_await a;
}

ASYNC_TEST(Barrier, WaiterWithADeadlineGivesUp) {
  Barrier barrier(2);
  const std::exception_ptr error = co_await error_of(wait_for(barrier.wait(), 1s));
  EXPECT_TRUE(is<TimeoutError>(error));
  EXPECT_EQ(barrier.n_waiting(), 0U);
  EXPECT_FALSE(barrier.broken());
}

TEST(Barrier, CancelledAtEverySuspensionStaysWhole) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    Barrier barrier(2);
    const auto round = [&](Duration delay) -> Coro<> {
      co_await sleep(delay);
      (void)co_await barrier.wait();
    };
    const Task<> other = create_task(round(1s));
    std::exception_ptr error;
    try {
      co_await round(0s);
    } catch (...) {
      error = std::current_exception();
    }
    Log log;
    std::vector<Task<>> more;
    if (error) more = comers(barrier, log, "x");  // in place of who was cancelled
    co_await other;
    for (const Task<>& task : more) co_await task;
    EXPECT_EQ(barrier.n_waiting(), 0U);
    EXPECT_FALSE(barrier.broken());
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 2);
}

}  // namespace
}  // namespace cochain::testing
