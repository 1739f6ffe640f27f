// Debug mode on one loop: what it finds, what it says, and that right programs hear nothing.
#include <gmock/gmock.h>

#include "debug_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string here(int line) { return "test_debug.cpp:" + std::to_string(line); }

/// Steps of that length are slow, and others are not.
constexpr Duration kSlow = 20ms;
DebugOptions find_slow() { return DebugOptions().slow_callback_duration(kSlow); }
/// What makes a step slow by accident is not told.
DebugOptions patient() { return DebugOptions().slow_callback_duration(1h); }

const int kLineOfSpinning = __LINE__ + 2;
Coro<> hold_between_two_awaits() {
  co_await sleep(1s);
  spin_for(kSlow);
  co_await sleep(2s);  // kLineOfSpinning + 2
}

TEST(DebugSlowCallback, OfATaskIsToldWithTheAwaitsAroundIt) {
  const auto main = []() -> Coro<> {
    const Task<> task = create_task(hold_between_two_awaits(), "cruncher");
    co_await task;
  };
  const Findings found(main(), find_slow());
  const Log told = found.of(DiagnosticKind::kSlowCallback, "task 'cruncher'");
  ASSERT_THAT(told, ::testing::SizeIs(1));
  EXPECT_THAT(told.at(0), StartsWith("task 'cruncher' held the loop for 0."));
  EXPECT_THAT(told.at(0), HasSubstr("\n  from hold_between_two_awaits at "));
  EXPECT_THAT(told.at(0), HasSubstr(here(kLineOfSpinning)));
  EXPECT_THAT(told.at(0), HasSubstr("\n  to hold_between_two_awaits at "));
  EXPECT_THAT(told.at(0), EndsWith(here(kLineOfSpinning + 2)));
}

TEST(DebugSlowCallback, OfALastStepIsToldToItsEnd) {
  const auto hold = []() -> Coro<> {
    spin_for(kSlow);
    co_return;
  };
  const auto main = [&]() -> Coro<> {
    const Task<> task = create_task(hold(), "short life");
    co_await task;
  };
  const Findings found(main(), find_slow());
  const Log told = found.of(DiagnosticKind::kSlowCallback, "task 'short life'");
  EXPECT_THAT(told, ::testing::ElementsAre(AllOf(HasSubstr("\n  from "), EndsWith("to its end"))));
}

TEST(DebugSlowCallback, IsToldForEachSlowStep) {
  const auto hold_twice = []() -> Coro<> {
    spin_for(kSlow);
    co_await sleep(1s);
    spin_for(kSlow);
  };
  const Findings found(hold_twice(), find_slow());
  EXPECT_THAT(found.of(DiagnosticKind::kSlowCallback, "task 'main'"), ::testing::SizeIs(2));
}

TEST(DebugSlowCallback, ShorterStepSaysNothing) {
  const auto hold = []() -> Coro<> {
    spin_for(1ms);
    co_await sleep(1h);
  };
  const Findings found(hold(), patient());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugSlowCallback, OfCallSoonIsToldWithItsMaker) {
  int line = 0;
  const auto main = [&]() -> Coro<> {
    line = __LINE__ + 1;
    EventLoop::current().call_soon([] { spin_for(kSlow); });
    co_await sleep(0s);
  };
  const Findings found(main(), find_slow());
  const Log told = found.of(DiagnosticKind::kSlowCallback, "a callback");
  ASSERT_THAT(told, ::testing::SizeIs(1));
  EXPECT_THAT(told.at(0), StartsWith("a callback held the loop for 0."));
  if (traces_have_lines()) {
    EXPECT_THAT(told.at(0), AllOf(HasSubstr("\n  made in "), HasSubstr(here(line))));
  }
}

Coro<> save(std::string) { co_return; }

const int kLineOfForgetting = __LINE__ + 2;
Coro<> forget_to_await() {
  const Coro<> saving = save("report");
  co_return;
}

TEST(DebugNeverAwaited, IsToldWithFunctionAndMaker) {
  const Findings found(forget_to_await(), patient());
  const Log told = found.of(DiagnosticKind::kNeverAwaited);
  ASSERT_THAT(told, ::testing::SizeIs(1));
  EXPECT_THAT(told.at(0), StartsWith("coroutine save was never awaited"));
  if (traces_have_lines()) {
    EXPECT_THAT(told.at(0), HasSubstr("\n  made in forget_to_await at "));
    EXPECT_THAT(told.at(0), HasSubstr(here(kLineOfForgetting)));
  }
}

TEST(DebugNeverAwaited, IsToldOfATaskRefusedForWantOfALoop) {
  const Findings found(passes(1), patient(),
                       [] { EXPECT_THROW((void)create_task(save("nowhere")), InvalidStateError); });
  EXPECT_THAT(found.of(DiagnosticKind::kNeverAwaited), ::testing::SizeIs(1));
}

TEST(DebugNeverAwaited, SaysNothingOfOneThatIsAwaitedMovedOrClosed) {
  const auto main = []() -> Coro<> {
    co_await save("awaited");
    Coro<> first = save("moved");
    Coro<> second = std::move(first);
    Coro<> third;
    third = std::move(second);
    co_await std::move(third);
    Coro<> given_up = save("given up");
    given_up.close();
    const Task<> task = create_task(save("a task"));
    co_await task;
    (void)co_await error_of(wait_for(save("without time"), 0s));
    const std::exception_ptr error = co_await error_of(fail_after(1s, "failed"));
    EXPECT_TRUE(error);
  };
  const Findings found(main(), patient());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugNeverAwaited, SaysNothingOfTasksThatAreCancelledBeforeTheirFirstStep) {
  const auto body = [](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < 3; ++i) (void)group.create_task(passes(1));
    throw std::runtime_error("the body broke");
    co_return;
  };
  const auto main = [&]() -> Coro<> {
    const Task<> task = create_task(save("a task"));
    task.cancel();
    co_await passes(2);
    const std::exception_ptr error = co_await error_of(task_group(body));
    EXPECT_TRUE(is<ExceptionGroup>(error));
  };
  const Findings found(main(), patient());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugNeverAwaited, SaysNothingOfOneThatAGroupRefused) {
  const auto main = []() -> Coro<> {
    TaskGroup over;
    co_await over.join();
    EXPECT_THROW((void)over.create_task(save("too late")), InvalidStateError);
    TaskGroup cancelled;
    cancelled.cancel();
    EXPECT_THROW((void)cancelled.create_task(save("too late")), InvalidStateError);
    co_await cancelled.join();
  };
  const Findings found(main(), patient());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugNeverRetrieved, GoesToTheExceptionHandlerWithTheMaker) {
  int line = 0;
  const auto main = [&]() -> Coro<> {
    line = __LINE__ + 1;
    (void)create_task(fail_after(0s, "lost"), "orphan");
    co_await passes(3);
  };
  const Findings found(main(), patient());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
  ASSERT_THAT(found.reports(), ::testing::SizeIs(1));
  const ExceptionContext& report = found.reports().at(0);
  EXPECT_EQ(report.message, "exception in task 'orphan' was never retrieved");
  EXPECT_EQ(describe(report.exception), "lost");
  if (traces_have_lines()) {
    EXPECT_THAT(report.source_traceback, AllOf(HasSubstr("\n  made in "), HasSubstr(here(line))));
  }
}

TEST(DebugNeverRetrieved, HasNoMakerOutsideOfDebugMode) {
  const DebugVariable debug(nullptr);
  const auto main = []() -> Coro<> {
    (void)create_task(fail_after(0s, "lost"), "orphan");
    co_await passes(3);
  };
  const Findings found(main(), DebugOptions::off());
  ASSERT_THAT(found.reports(), ::testing::SizeIs(1));
  EXPECT_EQ(found.reports().at(0).source_traceback, "");
}

TEST(DebugDestroyedPending, IsToldOfEachTaskAndWhereItStood) {
  Findings found;
  {
    EventLoop loop(std::make_shared<VirtualClock>());
    loop.set_debug(patient());
    const auto main = []() -> Coro<> {
      (void)create_task(after(1h, 1), "sleeper");
      co_await sleep(1s);
      (void)create_task(after(1h, 1), "newborn");
    };
    loop.run_until_complete(main());
  }
  const Log told = found.of(DiagnosticKind::kDestroyedPending);
  ASSERT_THAT(told, ::testing::SizeIs(2));
  EXPECT_THAT(told.at(0), StartsWith("task 'sleeper' was destroyed while it was pending; it "
                                     "awaits in after at "));
  EXPECT_THAT(told.at(1), StartsWith("task 'newborn' was destroyed while it was pending; it "
                                     "has not started"));
  if (traces_have_lines()) {
    EXPECT_THAT(told.at(0), HasSubstr("\n  made in "));
  }
}

TEST(DebugDestroyedPending, SaysNothingWhereRunCancelsWhatIsLeft) {
  const auto main = []() -> Coro<> {
    (void)create_task(after(1h, 1), "left");
    co_await sleep(1s);
  };
  const Findings found(main(), patient());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugSwallowedCancellation, IsToldWithTheMakerOfTheTask) {
  int line = 0;
  const auto main = [&]() -> Coro<> {
    line = __LINE__ + 1;
    const Task<int> task = create_task(suppress_cancel(1), "stubborn");
    co_await sleep(1s);
    task.cancel();
    (void)co_await task;
  };
  const Findings found(main(), patient());
  const Log told = found.of(DiagnosticKind::kSwallowedCancellation);
  ASSERT_THAT(told, ::testing::SizeIs(1));
  EXPECT_THAT(told.at(0), StartsWith("task 'stubborn' was cancelled and ended as if it had not"));
  if (traces_have_lines()) {
    EXPECT_THAT(told.at(0), HasSubstr(here(line)));
  }
}

TEST(DebugSwallowedCancellation, SaysNothingOfWhatIsNotSwallowed) {
  const auto take_back = []() -> Coro<> {
    (void)co_await error_of(sleep(1h));
    current_task().uncancel();  // it means to go on
    co_await sleep(1s);
  };
  const auto fail_in_a_group = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(1s, "broken"));
    co_await sleep(1h);
  };
  const auto main = [&]() -> Coro<> {
    const Task<> resolute = create_task(take_back());
    const Task<int> obedient = create_task(after(1h, 1));
    co_await sleep(1s);
    resolute.cancel();
    obedient.cancel();
    co_await resolute;
    (void)co_await error_of(obedient);
    (void)co_await error_of(wait_for(after(1h, 1), 1s));
    (void)co_await error_of(task_group(fail_in_a_group));
  };
  const Findings found(main(), patient());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

Coro<> worker() { co_await sleep(1s); }

Coro<> start_many(int count) {
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < count; ++i) (void)group.create_task(worker());
    co_return;
  });
}

TEST(DebugManyTasks, AreToldOnceWithThoseThatMostOfThemAre) {
  const auto main = []() -> Coro<> {
    co_await start_many(20);
    co_await start_many(20);
  };
  const Findings found(main(), patient().many_tasks(10));
  const Log told = found.of(DiagnosticKind::kManyTasks);
  ASSERT_THAT(told, ::testing::SizeIs(1));
  EXPECT_THAT(told.at(0), StartsWith("10 tasks live on one loop; "));
  EXPECT_THAT(told.at(0), HasSubstr("\n  9 of worker\n  1 of "));
}

TEST(DebugManyTasks, FewerSayNothing) {
  const Findings found(start_many(8), patient().many_tasks(10));
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugFindings, TellNamesAsEscapes) {
  const auto main = []() -> Coro<> {
    const auto slow = []() -> Coro<> {
      spin_for(20ms);
      co_return;
    };
    co_await create_task(slow(), "red \x1b[31m\n");
  };
  const Findings found(main(), DebugOptions().slow_callback_duration(20ms));
  EXPECT_EQ(found.of(DiagnosticKind::kSlowCallback, "task 'red \\x1b[31m\\n' held the loop").size(),
            1U);
}

}  // namespace
}  // namespace cochain::testing
