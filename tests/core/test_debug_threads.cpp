// Debug mode and threads: the watchdog, which tells of a loop while it is held, and calls from a
// thread that is not the loop's.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "debug_test.hpp"
#include "gate.hpp"

namespace cochain::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Matcher;
using ::testing::StartsWith;

std::string here(int line) { return "test_debug_threads.cpp:" + std::to_string(line); }

/// The watchdog tells after so long, which a busy machine alone does not take; everything else is
/// patient.
constexpr Duration kHeld = 100ms;
DebugOptions watchful() {
  return DebugOptions().slow_callback_duration(1h).blocked_loop_duration(kHeld);
}

/// Holds the thread until the watchdog has told so often of what `held` names; false if it never
/// does.
bool spin_until_told(const Findings& found, const std::string& held, std::size_t count) {
  const SteadyClock clock;
  const TimePoint latest = clock.now() + 20s;
  while (found.of(DiagnosticKind::kBlockedLoop, held).size() < count) {
    if (clock.now() > latest) return false;
    std::this_thread::yield();
  }
  return true;
}

void run_in_real_time(Coro<> main, DebugOptions options) {
  run(std::move(main), RunOptions().with_debug(options));
}

const int kLineOfHolding = __LINE__ + 2;
Coro<> hold_the_loop(const Findings* found, std::string held) {
  co_await sleep(0s);
  EXPECT_TRUE(spin_until_told(*found, held, 1));
}

const int kLineOfAwaiting = __LINE__ + 2;
Coro<> await_who_holds_it(const Findings* found, std::string held) {
  co_await hold_the_loop(found, std::move(held));
}

TEST(DebugWatchdogThread, TellsTheStuckTaskAndItsStackWhileItIsStuck) {
  const Findings found;
  const auto main = [&]() -> Coro<> {
    const Task<> task = create_task(await_who_holds_it(&found, "task 'stuck'"), "stuck");
    co_await task;
  };
  run_in_real_time(main(), watchful());
  const Log told = found.of(DiagnosticKind::kBlockedLoop, "task 'stuck'");
  ASSERT_THAT(told, ::testing::SizeIs(1));
  EXPECT_THAT(told[0], StartsWith("task 'stuck' has held the loop for "));
  EXPECT_THAT(told[0], HasSubstr(" and still does\n  in hold_the_loop at "));
  EXPECT_THAT(told[0], HasSubstr(here(kLineOfHolding) + ", or in what runs behind that line"));
  EXPECT_THAT(told[0], HasSubstr("\n  awaited by await_who_holds_it at "));
  EXPECT_THAT(told[0], HasSubstr(here(kLineOfAwaiting)));
}

TEST(DebugWatchdogThread, TellsEachStepOnceAndTheNextOneAgain) {
  const Findings found;
  const auto main = [&]() -> Coro<> {
    EXPECT_TRUE(spin_until_told(found, "task 'main'", 1));
    spin_for(3 * kHeld);  // some looks of the watchdog
    EXPECT_THAT(found.of(DiagnosticKind::kBlockedLoop, "task 'main'"), ::testing::SizeIs(1));
    co_await sleep(0s);
    EXPECT_TRUE(spin_until_told(found, "task 'main'", 2));
  };
  run_in_real_time(main(), watchful());
}

TEST(DebugWatchdogThread, TellsACallback) {
  const Findings found;
  const auto main = [&]() -> Coro<> {
    bool told = false;
    EventLoop::current().call_soon([&] { told = spin_until_told(found, "a callback", 1); });
    co_await passes(2);
    EXPECT_TRUE(told);
  };
  run_in_real_time(main(), watchful());
  EXPECT_THAT(found.of(DiagnosticKind::kBlockedLoop, "a callback has held the loop"),
              ::testing::SizeIs(1));
}

TEST(DebugWatchdogThread, SaysNothingOfALoopThatSleepsOrTurns) {
  const Findings found;
  const auto main = []() -> Coro<> {
    co_await sleep(40ms);
    const TimePoint until = EventLoop::current().time() + 40ms;
    while (EventLoop::current().time() < until) co_await sleep(0s);
  };
  run_in_real_time(main(), watchful().blocked_loop_duration(20s));
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugWatchdogThread, HandlerMayRunALoopOfItsOwnOnTheThreadOfTheWatchdog) {
  std::atomic<int> answer = 0;
  set_diagnostic_handler([&](const Diagnostic& found) {
    if (found.kind != DiagnosticKind::kBlockedLoop) return;
    RunOptions options;
    options.with_debug(DebugOptions());
    answer = run(at_once(7), std::move(options));
  });
  const auto main = [&]() -> Coro<> {
    const SteadyClock clock;
    const TimePoint latest = clock.now() + 20s;
    while (answer == 0 && clock.now() < latest) std::this_thread::yield();
    co_return;
  };
  run_in_real_time(main(), watchful());
  set_diagnostic_handler(nullptr);
  EXPECT_EQ(answer, 7);
}

// The last loop in debug mode ends while the handler runs another one on the watchdog's thread.
TEST(DebugWatchdogThread, OutlivesTheLoopThatItTellsOf) {
  Gate loop_is_gone;
  Gate handler_is_done;
  std::atomic<bool> heard = false;
  set_diagnostic_handler([&](const Diagnostic& found) {
    if (found.kind != DiagnosticKind::kBlockedLoop) return;
    EventLoop loop;
    loop.set_debug(DebugOptions());
    heard = true;
    loop_is_gone.wait();
    EXPECT_EQ(loop.run_until_complete(at_once(7)), 7);
    loop.set_debug(DebugOptions::off());
    handler_is_done.open();
  });
  const auto main = [&]() -> Coro<> {
    while (!heard) std::this_thread::yield();
    co_return;
  };
  run_in_real_time(main(), watchful());
  loop_is_gone.open();
  handler_is_done.wait();
  set_diagnostic_handler(nullptr);
  const Findings found;  // and there is a watchdog for the next one
  const auto next = [&]() -> Coro<> {
    EXPECT_TRUE(spin_until_told(found, "task 'main'", 1));
    co_return;
  };
  run_in_real_time(next(), watchful());
}

TEST(DebugWatchdogThread, LoopsOfManyThreadsComeAndGo) {
  std::vector<std::thread> threads;
  std::atomic<int> sum = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&sum] {
      for (int round = 0; round < 50; ++round) {
        sum += run(at_once(1), RunOptions().with_debug(DebugOptions().slow_callback_duration(1h)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 200);
}

/// A loop in debug mode that runs `main` on a thread of its own, and calls `meddle` on this one
/// while it does.
void meddle_with_a_loop(const std::function<void(EventLoop&, Event&)>& meddle) {
  std::promise<std::pair<EventLoop*, Event*>> ready;
  std::thread thread([&ready] {
    const auto main = [&]() -> Coro<> {
      Event stop;
      EventLoop& loop = EventLoop::current();
      loop.call_soon([&] { ready.set_value(std::pair(&loop, &stop)); });  // once it waits
      co_await stop.wait();
    };
    run_in_real_time(main(), DebugOptions().slow_callback_duration(1h));
  });
  const std::pair<EventLoop*, Event*> there = ready.get_future().get();
  meddle(*there.first, *there.second);
  there.first->call_soon_threadsafe([stop = there.second] { stop->set(); });
  thread.join();
}

TEST(DebugWrongThread, CallsToTheLoopAreRefusedByName) {
  meddle_with_a_loop([](EventLoop& loop, Event&) {
    const auto soon = error_of_call([&] { loop.call_soon([] {}); });
    EXPECT_TRUE(is<InvalidStateError>(soon));
    EXPECT_EQ(describe(soon),
              "call_soon() was called from another thread than the loop's; use "
              "call_soon_threadsafe() or run_coroutine_threadsafe()");
    const auto later = error_of_call([&] { loop.call_later(1s, [] {}); });
    EXPECT_THAT(describe(later), StartsWith("call_at() was called from another thread"));
    const auto task = error_of_call([&] { (void)loop.create_task(Coro<>(passes(1))); });
    EXPECT_THAT(describe(task), StartsWith("create_task() was called from another thread"));
  });
}

TEST(DebugWrongThread, ThreadsafeCallsAreNoMistake) {
  const Findings found;
  meddle_with_a_loop([](EventLoop& loop, Event&) {
    const ConcurrentFuture<int> future = run_coroutine_threadsafe(after(1ms, 3), loop);
    EXPECT_EQ(future.result(), 3);
  });
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugWrongThread, ALoopThatDoesNotRunMayBePreparedByAnyThread) {
  EventLoop loop(std::make_shared<VirtualClock>());
  loop.set_debug(DebugOptions());
  bool called = false;
  std::thread([&] { loop.call_soon([&called] { called = true; }); }).join();
  loop.run_until_complete(passes(1));
  EXPECT_TRUE(called);
}

void set_it(Event& event) { event.set(); }

// Waking cannot be refused: the event has been changed by then, and the loop's queue would be next.
TEST(DebugWrongThreadDeathTest, WakingATaskEndsTheProgramAndSaysWhereItWasCalled) {
  if (sanitized_by(Sanitizer::kThread)) GTEST_SKIP() << kRaceIsRefused;
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto wake = [] { meddle_with_a_loop([](EventLoop&, Event& stop) { set_it(stop); }); };
  Matcher<const std::string&> calls = ::testing::_;
  if (traces_have_lines()) {
    calls =
        AllOf(HasSubstr("\n  called in Event::set at "), HasSubstr("\n  called from set_it at "));
  }
  EXPECT_DEATH(wake(), AllOf(HasSubstr("task 'main' was woken from another thread than its loop's"),
                             HasSubstr("use call_soon_threadsafe()"), calls));
}

TEST(DebugWrongThreadDeathTest, WakingACallbackSaysWhereThatWasMade) {
  if (sanitized_by(Sanitizer::kThread)) GTEST_SKIP() << kRaceIsRefused;
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto set = [] {
    std::promise<Future<int>> ready;
    std::thread other([&ready] { ready.get_future().get().set_result(1); });
    const auto main = [&]() -> Coro<> {
      Future<int> future;
      future.add_done_callback([](const Future<int>&) {});
      ready.set_value(future);
      co_await sleep(1h);  // the other thread ends the program, and tells of what is still here
    };
    run_in_real_time(main(), DebugOptions());
    other.join();
  };
  Matcher<const std::string&> calls = ::testing::_;
  if (traces_have_lines()) calls = AllOf(HasSubstr("\n  called in "), HasSubstr("\n  made in "));
  EXPECT_DEATH(set(),
               AllOf(HasSubstr("a callback was woken from another thread than its loop's"), calls));
}

TEST(DebugWatchdogThread, TellsNamesAsEscapes) {
  const Findings found;
  const auto main = [&]() -> Coro<> {
    const Task<> task = create_task(await_who_holds_it(&found, "task 'red"), "red \x1b[31m\n");
    co_await task;
  };
  run_in_real_time(main(), watchful());
  EXPECT_THAT(found.of(DiagnosticKind::kBlockedLoop, "task 'red"),
              ::testing::ElementsAre(StartsWith("task 'red \\x1b[31m\\n' has held the loop for ")));
}

}  // namespace
}  // namespace cochain::testing
