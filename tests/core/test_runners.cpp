// run(): one program on one loop, and nothing left when it ends.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

RunOptions virtual_time() {
  RunOptions options;
  options.with_clock(std::make_unique<VirtualClock>());
  return options;
}

TEST(Run, GivesTheResultOfMain) { EXPECT_EQ(run(at_once(3)), 3); }

TEST(Run, GivesAMoveOnlyResult) {
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(4); };
  EXPECT_EQ(*run(make()), 4);
}

TEST(Run, ThrowsWhatMainThrows) {
  EXPECT_EQ(describe(error_of_call([] { (void)run(fail_after(0s, "main broke")); })), "main broke");
}

TEST(Run, CanBeCalledAgain) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(at_once(i)), i);
}

TEST(Run, OfACancelledMainThrowsCancelledError) {
  const auto main = []() -> Coro<> {
    current_task().cancel("by itself");
    co_await sleep(1s);
  };
  const std::exception_ptr error = error_of_call([&] { run(main(), virtual_time()); });
  EXPECT_EQ(describe(error), "cancelled: by itself");
}

TEST(Run, NestedIsRefusedAndNeverRunsItsMain) {
  const auto main = []() -> Coro<std::string> {
    Numbers numbers;
    std::string message = describe(error_of_call([&] { run(append(numbers, 1)); }));
    EXPECT_TRUE(numbers.empty());
    co_await sleep(0s);  // the outer loop goes on
    co_return message;
  };
  EXPECT_THAT(run(main()), ::testing::HasSubstr("runs on this thread already"));
}

TEST(Run, NestedReleasesTheParametersOfItsMain) {
  const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
  const auto main = [&]() -> Coro<> {
    EXPECT_THROW((void)run(keep(Probe(1))), InvalidStateError);
    co_return;
  };
  run(main());
  EXPECT_EQ(Probe::alive, 0);
}

TEST(Run, CancelsAndAwaitsTheTasksThatAreLeft) {
  Log log;
  const auto slow_to_stop = [](Log& told) -> Coro<> {
    const std::exception_ptr error = co_await error_of(sleep(1h));
    co_await sleep(5s);
    told.push_back("stopped");
    std::rethrow_exception(error);
  };
  const auto main = [&]() -> Coro<> {
    (void)create_task(slow_to_stop(log));
    (void)create_task(wait_for_ever(log, "other"));
    co_await sleep(1s);
    log.push_back("main ends");
  };
  run(main(), virtual_time());
  EXPECT_EQ(log, (Log{"main ends", "other cancelled", "other gone", "stopped"}));
}

TEST(Run, CancelsTheTasksThatAreLeftWhenMainFails) {
  Log log;
  const auto main = [&]() -> Coro<> {
    (void)create_task(wait_for_ever(log, "other"));
    co_await sleep(1s);
    throw TimeoutError("main");
  };
  EXPECT_THROW(run(main(), virtual_time()), TimeoutError);
  EXPECT_EQ(log, (Log{"other cancelled", "other gone"}));
}

TEST(Run, AlsoEndsTheTasksThatOthersStartWhileTheyAreCancelled) {
  Log log;
  const auto starts_another = [&]() -> Coro<> {
    (void)co_await error_of(sleep(1h));
    (void)create_task(wait_for_ever(log, "late"));
    co_await sleep(0s);
  };
  const auto main = [&]() -> Coro<> {
    (void)create_task(starts_another());
    co_await sleep(1s);
  };
  run(main(), virtual_time());
  EXPECT_EQ(log, (Log{"late cancelled", "late gone"}));
}

TEST(Run, TellsTheHandlerWhatLeftOverTasksThrow) {
  Log reports;
  const auto fail_when_cancelled = []() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      throw std::runtime_error("during shutdown");
    }
  };
  const auto main = [&]() -> Coro<> {
    (void)create_task(fail_when_cancelled(), "stubborn");
    co_await sleep(1s);
  };
  RunOptions options = virtual_time();
  options.with_exception_handler([&](const ExceptionContext& context) {
    reports.push_back(context.message + ": " + describe(context.exception));
  });
  run(main(), std::move(options));
  EXPECT_EQ(reports, (Log{"unhandled exception while run() was cancelling task 'stubborn': "
                          "during shutdown"}));
}

TEST(Run, TaskThatSuppressesItsCancellationRunsToItsEnd) {
  bool finished = false;
  const auto stubborn = [](bool& out) -> Coro<> {
    (void)co_await suppress_cancel(1);
    co_await sleep(5s);
    out = true;
  };
  const auto main = [&]() -> Coro<> {
    (void)create_task(stubborn(finished));
    co_await sleep(1s);
  };
  run(main(), virtual_time());
  EXPECT_TRUE(finished);
}

TEST(Run, MainIsCalledMain) {
  const auto main = []() -> Coro<std::string> {
    std::string name = current_task().name();
    co_return name;
  };
  EXPECT_EQ(run(main()), "main");
}

TEST(Run, DeadlockDuringShutdownIsToldToo) {
  const auto never_stops = []() -> Coro<> {
    Event never;
    (void)co_await error_of(never.wait());
    co_await never.wait();
  };
  const auto main = [&]() -> Coro<> {
    (void)create_task(never_stops(), "stuck");
    co_await sleep(1s);
  };
  const std::exception_ptr error = error_of_call([&] { run(main(), virtual_time()); });
  EXPECT_TRUE(is<DeadlockError>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("'stuck'"));
}

Coro<> set_number(ContextVar<int>* number, int value) {
  number->set(value);
  co_return;
}
Coro<int> get_number(ContextVar<int>* number) { co_return number->get(); }

TEST(Runner, RunsManyMainsInOneContext) {
  ContextVar<int> number("number", 0);
  Runner runner(virtual_time());
  runner.run(set_number(&number, 7));
  EXPECT_EQ(runner.run(get_number(&number)), 7);
  EXPECT_EQ(runner.run(get_number(&number), std::make_shared<Context>()), 0);
  EXPECT_EQ(number.get(), 0);
}

Coro<> leave_one(Log* log) {
  (void)create_task(wait_for_ever(*log, "left"));
  co_await passes(2);
}

TEST(Runner, KeepsTasksBetweenRunsAndCancelsThemWhenClosed) {
  Log log;
  Runner runner(virtual_time());
  runner.run(leave_one(&log));
  runner.run(passes(3));
  EXPECT_TRUE(log.empty());
  runner.close();
  EXPECT_EQ(log, (Log{"left cancelled", "left gone"}));
  runner.close();
  EXPECT_THROW(runner.run(passes(1)), InvalidStateError);
  EXPECT_THROW((void)runner.get_loop(), InvalidStateError);
}

TEST(Runner, RefusedInsideALoopNeverRunsThatMain) {
  Numbers numbers;
  Runner runner(virtual_time());
  const auto outer = [&]() -> Coro<> {
    const std::exception_ptr error = error_of_call([&] { runner.run(append(numbers, 1)); });
    EXPECT_TRUE(is<InvalidStateError>(error));
    co_return;
  };
  run(outer());
  runner.run(passes(3));
  EXPECT_TRUE(numbers.empty());
}

TEST(Runner, IsClosedByItsDestructor) {
  Log log;
  {
    Runner runner(virtual_time());
    runner.run(leave_one(&log));
    EXPECT_TRUE(log.empty());
  }
  EXPECT_EQ(log, (Log{"left cancelled", "left gone"}));
}

TEST(Runner, GoesOnOnTheSameLoopAfterAMainThatFailed) {
  Runner runner(virtual_time());
  EventLoop& loop = runner.get_loop();
  EXPECT_EQ(describe(error_of_call([&] { (void)runner.run(fail_after(0s, "broke")); })), "broke");
  EXPECT_EQ(runner.run(at_once(2)), 2);
  EXPECT_EQ(&runner.get_loop(), &loop);
}

TEST(EventLoopRun, UntilCompleteGivesTheResultAndCanBeCalledAgain) {
  EventLoop loop(std::make_shared<VirtualClock>());
  EXPECT_EQ(loop.run_until_complete(at_once(1)), 1);
  EXPECT_EQ(loop.run_until_complete(after(1h, 2)), 2);
  EXPECT_EQ(describe(error_of_call([&] { loop.run_until_complete(fail_after(0s, "broke")); })),
            "broke");
  EXPECT_FALSE(loop.is_running());
}

TEST(EventLoopRun, ForeverEndsAtStopAfterTheWholePass) {
  EventLoop loop;
  Numbers numbers;
  loop.call_soon([&] {
    EXPECT_TRUE(loop.is_running());
    numbers.push_back(1);
    loop.stop();
    loop.call_soon([&] { numbers.push_back(3); });
  });
  loop.call_soon([&] { numbers.push_back(2); });
  loop.run_forever();
  EXPECT_EQ(numbers, (Numbers{1, 2}));
  loop.call_soon([&] { loop.stop(); });
  loop.run_forever();
  EXPECT_EQ(numbers, (Numbers{1, 2, 3}));
}

TEST(EventLoopRun, ForeverIsStoppedByATask) {
  EventLoop loop(std::make_shared<VirtualClock>());
  const auto stop_later = []() -> Coro<> {
    co_await sleep(1h);
    EventLoop::current().stop();
  };
  const Task<> task = loop.create_task(stop_later());
  loop.run_forever();
  EXPECT_TRUE(task.done());
}

}  // namespace
}  // namespace cochain::testing
