// Ctrl-C in run(): the first cancels main, which may clean up; the second ends the process.
#include <csignal>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

/// Sets the action of SIGINT for one test: a runner may have left it ignored.
class SigintAction {
 public:
  explicit SigintAction(void (*action)(int)) : before_(std::signal(SIGINT, action)) {}
  ~SigintAction() { std::signal(SIGINT, before_); }
  SigintAction(const SigintAction&) = delete;
  SigintAction& operator=(const SigintAction&) = delete;

  static void (*now())(int) {
    struct sigaction current{};
    ::sigaction(SIGINT, nullptr, &current);
    return current.sa_handler;
  }

 private:
  void (*before_)(int);
};

RunOptions virtual_time() {
  RunOptions options;
  options.with_clock(std::make_unique<VirtualClock>());
  return options;
}

Coro<> interrupt_and_wait() {
  std::raise(SIGINT);
  co_await sleep(1h);
}

TEST(InterruptSignal, CancelsMainAndBecomesKeyboardInterrupt) {
  const SigintAction action(SIG_DFL);
  EXPECT_THROW(run(interrupt_and_wait(), virtual_time()), KeyboardInterrupt);
}

TEST(InterruptSignal, WakesALoopThatSleepsInRealTime) {
  const SigintAction action(SIG_DFL);
  EXPECT_THROW(run(interrupt_and_wait()), KeyboardInterrupt);
}

TEST(InterruptSignal, LetsMainCleanUp) {
  const SigintAction action(SIG_DFL);
  Log log;
  const auto main = [&]() -> Coro<> {
    const std::exception_ptr error = co_await error_of(interrupt_and_wait());
    log.push_back(describe(error));
    co_await sleep(5s);
    log.push_back("clean");
    std::rethrow_exception(error);
  };
  EXPECT_THROW(run(main(), virtual_time()), KeyboardInterrupt);
  EXPECT_EQ(log, (Log{"cancelled: interrupted by Ctrl-C", "clean"}));
}

TEST(InterruptSignal, ThatMainSwallowsLetsRunReturnNormally) {
  const SigintAction action(SIG_DFL);
  const auto main = []() -> Coro<int> {
    (void)co_await error_of(interrupt_and_wait());
    co_return 5;
  };
  EXPECT_EQ(run(main(), virtual_time()), 5);
}

TEST(InterruptSignal, ThatMainAnswersWithAnErrorIsThatError) {
  const SigintAction action(SIG_DFL);
  const auto main = []() -> Coro<> {
    (void)co_await error_of(interrupt_and_wait());
    throw TimeoutError("instead");
  };
  EXPECT_THROW(run(main(), virtual_time()), TimeoutError);
}

TEST(InterruptSignal, CancelsAlsoTheTasksThatAreLeft) {
  const SigintAction action(SIG_DFL);
  Log log;
  const auto main = [&]() -> Coro<> {
    (void)create_task(wait_for_ever(log, "child"));
    co_await sleep(1s);
    co_await interrupt_and_wait();
  };
  EXPECT_THROW(run(main(), virtual_time()), KeyboardInterrupt);
  EXPECT_EQ(log, (Log{"child cancelled", "child gone"}));
}

TEST(InterruptSignal, TogetherWithAnotherRequestIsACancelledError) {
  const SigintAction action(SIG_DFL);
  const auto main = []() -> Coro<> {
    EventLoop::current().call_later(1h, [main = current_task()] { main.cancel("other"); });
    const std::exception_ptr error = co_await error_of(interrupt_and_wait());
    co_await error_of(sleep(2h));
    std::rethrow_exception(error);
  };
  EXPECT_THROW(run(main(), virtual_time()), CancelledError);
}

TEST(InterruptSignal, ActionIsTheDefaultAgainAfterRun) {
  const SigintAction action(SIG_DFL);
  run(passes(1));
  EXPECT_EQ(SigintAction::now(), SIG_DFL);
  EXPECT_THROW(run(interrupt_and_wait(), virtual_time()), KeyboardInterrupt);
  EXPECT_EQ(SigintAction::now(), SIG_DFL);
  EXPECT_THROW(run(interrupt_and_wait(), virtual_time()), KeyboardInterrupt) << "and heard again";
}

TEST(InterruptSignal, IgnoredByTheProgramStaysIgnored) {
  const SigintAction action(SIG_IGN);
  const auto main = []() -> Coro<int> {
    std::raise(SIGINT);
    co_await sleep(1h);
    co_return 1;
  };
  EXPECT_EQ(run(main(), virtual_time()), 1);
  EXPECT_EQ(SigintAction::now(), SIG_IGN);
}

volatile std::sig_atomic_t own_calls = 0;
extern "C" void own_handler(int) { own_calls = own_calls + 1; }

TEST(InterruptSignal, HandlerOfTheProgramIsLeftInPlace) {
  const SigintAction action(&own_handler);
  own_calls = 0;
  run(interrupt_and_wait(), virtual_time());
  EXPECT_EQ(own_calls, 1);
  EXPECT_EQ(SigintAction::now(), &own_handler);
}

TEST(InterruptSignal, HandlerSetDuringRunIsLeftInPlace) {
  const SigintAction action(SIG_DFL);
  own_calls = 0;
  const auto main = []() -> Coro<> {
    std::signal(SIGINT, &own_handler);
    co_await interrupt_and_wait();
  };
  run(main(), virtual_time());
  EXPECT_EQ(own_calls, 1);
  EXPECT_EQ(SigintAction::now(), &own_handler);
}

Coro<> ignore_the_first() {
  (void)co_await error_of(interrupt_and_wait());
  std::raise(SIGINT);
  co_await sleep(1h);
}

TEST(InterruptSignalDeathTest, TheSecondEndsTheProcessByTheSignal) {
  EXPECT_EXIT(
      {
        std::signal(SIGINT, SIG_DFL);
        run(ignore_the_first());
      },
      ::testing::KilledBySignal(SIGINT), "");
}

Coro<> never_come_back_to_the_loop() {
  std::raise(SIGINT);
  std::raise(SIGINT);
  co_return;
}

TEST(InterruptSignalDeathTest, TheSecondEndsEvenAProcessThatIsStuck) {
  EXPECT_EXIT(
      {
        std::signal(SIGINT, SIG_DFL);
        run(never_come_back_to_the_loop());
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace cochain::testing
