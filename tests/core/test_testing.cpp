// The kit for tests itself: what a run says when it fails, cancellation at every suspension, and
// every order of what is ready.
#include <gmock/gmock.h>

#include <set>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(RunTest, ThrowsWhatTheBodyThrows) {
  const auto fail = []() -> Coro<> {
    co_await sleep(1s);
    throw std::out_of_range("as it is");
  };
  const std::exception_ptr error = error_of_call([&] { run_test(fail()); });
  EXPECT_TRUE(is<std::out_of_range>(error));
  EXPECT_EQ(describe(error), "as it is");
}

TEST(RunTest, ThrowsACancellationOfTheBodyAsItIs) {
  const auto fail = []() -> Coro<> {
    current_task().cancel("by itself");
    co_await sleep(0s);
  };
  EXPECT_TRUE(is<CancelledError>(error_of_call([&] { run_test(fail()); })));
}

/// Refuses to end when it is cancelled, and waits for ever instead.
Coro<> stay_for_ever() {
  Event never;
  (void)co_await error_of(never.wait());
  co_await never.wait();
}

TEST(RunTest, ThrowsWhatTheBodyThrowsAlsoIfATaskCannotBeEnded) {
  const auto fail = []() -> Coro<> {
    create_task(stay_for_ever(), "stubborn");
    co_await sleep(1s);
    throw std::out_of_range("as it is");
  };
  const std::exception_ptr error = error_of_call([&] { run_test(fail()); });
  EXPECT_TRUE(is<std::out_of_range>(error)) << describe(error);
}

TEST(RunTest, NamesWhatIsLeftOverAlsoIfItCannotBeEnded) {
  const auto body = []() -> Coro<> {
    create_task(stay_for_ever(), "stubborn");
    co_await sleep(1s);
  };
  const std::exception_ptr error = error_of_call([&] { run_test(body()); });
  EXPECT_FALSE(is<DeadlockError>(error));
  EXPECT_THAT(describe(error), StartsWith("tasks are left over:\n"));
}

Coro<> await_task(Task<> task) { co_await task; }

TEST(RunTest, DrawsWhatIsLeftOverAsATree) {
  const auto body = []() -> Coro<> {
    const Task<> inner = create_task(sleep(1h), "inner");
    const Task<> outer = create_task(await_task(inner), "outer");
    co_await sleep(1s);
  };
  const std::exception_ptr error = error_of_call([&] { run_test(body()); });
  const std::string told = describe(error);
  EXPECT_THAT(told, StartsWith("tasks are left over:\n"));
  EXPECT_THAT(told, HasSubstr("2 tasks\n└── outer\n    │   await_task (test_testing.cpp:"));
  EXPECT_THAT(told, HasSubstr("    └── inner\n"));
}

TEST(RunTest, DrawsATaskThatIsLeftOverBeforeItsFirstStep) {
  const auto body = []() -> Coro<> {
    create_task(passes(0), "never ran");
    co_return;
  };
  const std::exception_ptr error = error_of_call([&] { run_test(body()); });
  EXPECT_THAT(describe(error), HasSubstr("1 task\n└── never ran\n"));
}

TEST(RunTest, ThatIsStuckDrawsWhoWaitsWhere) {
  const auto body = []() -> Coro<> {
    const Task<> waiting = create_task(stay_for_ever(), "waiting");
    co_await waiting;
  };
  const std::exception_ptr error = error_of_call([&] { run_test(body()); });
  EXPECT_TRUE(is<DeadlockError>(error));
  const std::string told = describe(error);
  EXPECT_THAT(told, HasSubstr("2 tasks\n└── test body\n"));
  EXPECT_THAT(told, HasSubstr("    └── waiting\n            stay_for_ever (test_testing.cpp:"));
}

TEST(RunTest, IsFollowedByAnotherAfterADeadlock) {
  const auto stuck = []() -> Coro<> {
    Event never;
    co_await never.wait();
  };
  EXPECT_THROW(run_test(stuck()), DeadlockError);
  EXPECT_NO_THROW(run_test(passes(3)));
}

TEST(RunTest, SwitchesDebugModeOnIfAsked) {
  const auto body = []() -> Coro<> {
    EXPECT_TRUE(EventLoop::current().get_debug());
    co_return;
  };
  run_test(body(), TestOptions().debug(DebugOptions()));
}

// --- cancelling at every suspension ---

TEST(CancelAtEverySuspension, CountsTheSuspensions) {
  EXPECT_EQ(cancel_at_every_suspension([]() -> Coro<> { co_return; }), 0);
  EXPECT_EQ(cancel_at_every_suspension([] { return passes(3); }), 3);
  EXPECT_EQ(cancel_at_every_suspension([]() -> Coro<> {
              co_await sleep(1h);  // what suspends, not what is awaited
              co_await at_once(1);
              Queue<int> queue;
              co_await queue.put(1);
              co_await queue.get();
            }),
            1);
}

TEST(CancelAtEverySuspension, CancelsOnceInEachRun) {
  Log log;
  const auto scenario = [&]() -> Coro<> {
    for (int i = 1; i <= 3; ++i) {
      const std::exception_ptr error = co_await error_of(sleep(1s));
      if (error) log.push_back("run " + std::to_string(i) + " " + describe(error));
    }
  };
  EXPECT_EQ(cancel_at_every_suspension(scenario), 3);
  EXPECT_EQ(log, (Log{"run 1 cancelled: injected", "run 2 cancelled: injected",
                      "run 3 cancelled: injected"}));
}

TEST(CancelAtEverySuspension, LetsAScenarioSwallowTheCancellation) {
  EXPECT_EQ(cancel_at_every_suspension([]() -> Coro<> {
              const int value = co_await suppress_cancel(5);
              EXPECT_EQ(value, 5);
            }),
            1);
}

TEST(CancelAtEverySuspension, NamesTheSuspensionAfterWhichAScenarioNeverEnds) {
  const auto scenario = []() -> Coro<> {
    co_await sleep(1s);
    Event never;
    const std::exception_ptr swallowed = co_await error_of(sleep(1s));
    if (swallowed) co_await never.wait();
  };
  const std::exception_ptr error = error_of_call([&] { cancel_at_every_suspension(scenario); });
  EXPECT_TRUE(is<Error>(error));
  EXPECT_THAT(describe(error), StartsWith("cancelled at suspension 2: deadlock: "));
}

TEST(CancelAtEverySuspension, NamesTheSuspensionAfterWhichATaskIsLeftOver) {
  const auto scenario = []() -> Coro<> {
    co_await sleep(1s);
    const Task<> helper = create_task(sleep(1s), "helper");
    co_await sleep(2s);  // cancelled here, it leaves the helper alone
    co_await helper;
  };
  const std::exception_ptr error = error_of_call([&] { cancel_at_every_suspension(scenario); });
  EXPECT_THAT(describe(error), StartsWith("cancelled at suspension 2: tasks are left over:\n"));
  EXPECT_THAT(describe(error), HasSubstr("└── helper\n"));
}

TEST(CancelAtEverySuspension, NamesTheSuspensionBeforeAnError) {
  const auto scenario = []() -> Coro<> {
    co_await sleep(1s);
    const std::exception_ptr swallowed = co_await error_of(sleep(1s));
    if (swallowed) throw std::runtime_error("a bug");
  };
  const std::exception_ptr error = error_of_call([&] { cancel_at_every_suspension(scenario); });
  EXPECT_EQ(describe(error), "cancelled at suspension 2: a bug");
}

TEST(CancelAtEverySuspension, SaysThatAScenarioFailsAlsoIfItIsLeftAlone) {
  const auto fail = []() -> Coro<> {
    co_await sleep(1s);
    throw std::runtime_error("always");
  };
  std::exception_ptr error = error_of_call([&] { cancel_at_every_suspension(fail); });
  EXPECT_EQ(describe(error), "left alone, after suspension 1: always");
  const auto stop = []() -> Coro<> {
    co_await sleep(1s);
    throw CancelledError("its own");
  };
  error = error_of_call([&] { cancel_at_every_suspension(stop); });
  EXPECT_EQ(describe(error), "left alone, after suspension 1: it was cancelled by itself");
}

TEST(CancelAtEverySuspension, NamesTheSeedOfTheOrder) {
  const auto fail = []() -> Coro<> {
    throw std::runtime_error("always");
    co_return;
  };
  const std::exception_ptr error =
      error_of_call([&] { cancel_at_every_suspension(fail, TestOptions().shuffled(7)); });
  EXPECT_EQ(describe(error), "left alone, after suspension 0 in the order of seed 7: always");
}

TEST(CancelAtSuspension, TellsWhetherItWasReached) {
  EXPECT_TRUE(cancel_at_suspension(passes(2), 1));
  EXPECT_TRUE(cancel_at_suspension(passes(2), 2));
  EXPECT_FALSE(cancel_at_suspension(passes(2), 3));
}

TEST(CancelAtSuspension, ThrowsWhatTheScenarioThrows) {
  const auto answer = []() -> Coro<> {
    const std::exception_ptr swallowed = co_await error_of(sleep(1s));
    if (swallowed) throw std::out_of_range("as it is");
  };
  EXPECT_THROW(cancel_at_suspension(answer(), 1), std::out_of_range);
  const auto stop = []() -> Coro<> {
    throw CancelledError();
    co_return;
  };
  EXPECT_THROW(cancel_at_suspension(stop(), 1), CancelledError);
}

TEST(CancelAtSuspension, MeetsATaskThatIsWokenInTheSameMoment) {
  Event event;
  Log log;
  const auto scenario = [](Event& signal, Log& to) -> Coro<> {
    EventLoop::current().call_soon([&signal] { signal.set(); });
    const std::exception_ptr error = co_await error_of(signal.wait());
    to.push_back(describe(error));
  };
  EXPECT_TRUE(cancel_at_suspension(scenario(event, log), 1));
  EXPECT_EQ(log, Log{"cancelled: injected"});
}

// --- every order ---

/// Five tasks in the order in which they run.
Coro<> note_order(Numbers& order) {
  std::vector<Task<>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(create_task(append(order, i)));
  for (const Task<>& task : tasks) co_await task;
}

Numbers order_of(std::uint64_t seed) {
  Numbers order;
  run_test(note_order(order), TestOptions().shuffled(seed));
  return order;
}

TEST(ShuffledOrders, AreTheSameForEqualSeeds) {
  std::set<Numbers> orders;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Numbers order = order_of(seed);
    EXPECT_EQ(order, order_of(seed)) << "seed " << seed;
    EXPECT_THAT(order, ::testing::UnorderedElementsAre(0, 1, 2, 3, 4));
    orders.insert(order);
  }
  EXPECT_GT(orders.size(), 20U);
  Numbers plain;
  run_test(note_order(plain));
  EXPECT_EQ(plain, (Numbers{0, 1, 2, 3, 4}));
}

TEST(ShuffledOrders, HoldForTimersThatAreDueAtOnceAndKeepDeadlines) {
  std::set<Numbers> orders;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Numbers order;
    const auto body = [](Numbers& to) -> Coro<> {
      for (int i = 0; i < 3; ++i) {
        EventLoop::current().call_later(1s, [&to, i] { to.push_back(i); });
      }
      EventLoop::current().call_later(2s, [&to] { to.push_back(9); });
      co_await sleep(3s);
    };
    run_test(body(order), TestOptions().shuffled(seed));
    EXPECT_EQ(order.back(), 9);
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6U);
}

/// A reader that relies on the writer being first.
Coro<> depend_on_order() {
  int value = 0;
  const auto write = [](int& to) -> Coro<> {
    to = 1;
    co_return;
  };
  const auto read = [](int& from) -> Coro<> {
    if (from != 1) throw std::logic_error("read before written");
    co_return;
  };
  const Task<> writer = create_task(write(value));
  const Task<> reader = create_task(read(value));
  co_await writer;
  co_await reader;
}

TEST(RunInShuffledOrders, FindsWhatDependsOnTheOrderAndNamesTheSeed) {
  EXPECT_NO_THROW(run_test(depend_on_order()));
  const std::exception_ptr error =
      error_of_call([] { run_in_shuffled_orders(depend_on_order, 100); });
  EXPECT_TRUE(is<Error>(error));
  const std::string told = describe(error);
  const std::string before = "in the order of seed ";
  EXPECT_THAT(told, StartsWith(before));
  EXPECT_THAT(told, HasSubstr(": read before written"));
  const std::uint64_t seed = std::stoull(told.substr(before.size()));
  EXPECT_THROW(run_test(depend_on_order(), TestOptions().shuffled(seed)), std::logic_error);
  EXPECT_THROW(run_in_shuffled_orders(depend_on_order, 1, seed), Error);
  if (seed > 1) {
    EXPECT_NO_THROW(run_in_shuffled_orders(depend_on_order, static_cast<int>(seed) - 1));
  }
}

TEST(RunInShuffledOrders, NamesTheSeedBeforeADeadlockAndWhatIsLeftOver) {
  const auto stuck = []() -> Coro<> {
    Event never;
    co_await never.wait();
  };
  std::exception_ptr error = error_of_call([&] { run_in_shuffled_orders(stuck, 1, 12); });
  EXPECT_THAT(describe(error), StartsWith("in the order of seed 12: deadlock: "));
  const auto forget = []() -> Coro<> {
    create_task(sleep(1h), "forgotten");
    co_await sleep(1s);
  };
  error = error_of_call([&] { run_in_shuffled_orders(forget, 1, 12); });
  EXPECT_THAT(describe(error), StartsWith("in the order of seed 12: tasks are left over:\n"));
}

TEST(RunInShuffledOrders, RunsSoManyTimes) {
  int runs = 0;
  run_in_shuffled_orders(
      [&]() -> Coro<> {
        ++runs;
        co_return;
      },
      7);
  EXPECT_EQ(runs, 7);
  run_in_shuffled_orders([] { return stay_for_ever(); }, 0);
}

}  // namespace
}  // namespace cochain::testing
