// Signal handlers of a loop: ordinary callbacks, one loop at a time, and everything put back.
#include <pthread.h>
#include <atomic>
#include <csignal>
#include <thread>

#include "core_test.hpp"
#include "gate.hpp"
#include "process_state.hpp"

namespace cochain::testing {
namespace {

using Handler = void (*)(int);

Handler action_of(int signal) {
  struct sigaction current{};
  ::sigaction(signal, nullptr, &current);
  return current.sa_handler;
}

/// Sets the action of a signal for one test.
class SignalAction {
 public:
  SignalAction(int signal, Handler action)
      : signal_(signal), before_(std::signal(signal, action)) {}
  ~SignalAction() { std::signal(signal_, before_); }
  SignalAction(const SignalAction&) = delete;
  SignalAction& operator=(const SignalAction&) = delete;

 private:
  int signal_;
  Handler before_;
};

ASYNC_TEST_REAL_TIME(Signal, RunsItsHandlerAsACallbackOfTheLoop) {
  Event came;
  bool in_handler = false;
  EventLoop& loop = EventLoop::current();
  loop.add_signal_handler(SIGUSR1, [&] {
    in_handler = EventLoop::current_or_null() == &loop && !current_task();
    came.set();
  });
  std::raise(SIGUSR1);
  EXPECT_FALSE(came.is_set()) << "never inside the signal";
  co_await came.wait();
  EXPECT_TRUE(in_handler);
}

ASYNC_TEST_REAL_TIME(Signal, ToAnotherThreadWakesTheLoop) {
  Event came;
  EventLoop::current().add_signal_handler(SIGUSR1, [&] { came.set(); });
  std::thread other([] { ::pthread_kill(::pthread_self(), SIGUSR1); });
  co_await came.wait();
  other.join();
}

ASYNC_TEST_REAL_TIME(Signal, HandlerSeesTheContextOfItsRegistration) {
  static ContextVar<std::string> user("user", "nobody");
  user.set("ada");
  Log seen;
  Event came;
  EventLoop::current().add_signal_handler(SIGUSR1, [&] {
    seen.push_back(user.get());
    came.set();
  });
  user.set("bob");
  std::raise(SIGUSR1);
  co_await came.wait();
  EXPECT_EQ(seen, (Log{"ada"}));
}

ASYNC_TEST_REAL_TIME(Signal, HandlerThatThrowsIsReportedAndStays) {
  int calls = 0;
  Log reports;
  Event twice;
  EventLoop& loop = EventLoop::current();
  loop.set_exception_handler(
      [&](const ExceptionContext& context) { reports.push_back(describe(context.exception)); });
  loop.add_signal_handler(SIGUSR1, [&] {
    if (++calls == 2) twice.set();
    throw std::runtime_error("in a handler");
  });
  std::raise(SIGUSR1);
  while (calls < 1) co_await sleep(0s);
  std::raise(SIGUSR1);
  co_await twice.wait();
  EXPECT_EQ(reports, (Log{"in a handler", "in a handler"}));
}

ASYNC_TEST_REAL_TIME(Signal, SecondRegistrationReplacesTheFirst) {
  Log log;
  Event came;
  EventLoop& loop = EventLoop::current();
  loop.add_signal_handler(SIGUSR1, [&] { log.push_back("first"); });
  loop.add_signal_handler(SIGUSR1, [&] {
    log.push_back("second");
    came.set();
  });
  std::raise(SIGUSR1);
  co_await came.wait();
  EXPECT_EQ(log, (Log{"second"}));
}

ASYNC_TEST_REAL_TIME(Signal, HandlersOfSeveralSignalsAreToldApart) {
  Log log;
  Event came;
  EventLoop& loop = EventLoop::current();
  loop.add_signal_handler(SIGUSR1, [&] { log.push_back("one"); });
  loop.add_signal_handler(SIGUSR2, [&] {
    log.push_back("two");
    came.set();
  });
  loop.add_signal_handler(SIGRTMAX, [&] { log.push_back("last"); });
  std::raise(SIGUSR1);
  std::raise(SIGRTMAX);
  std::raise(SIGUSR2);
  co_await came.wait();
  co_await passes(3);
  EXPECT_EQ(log, (Log{"one", "two", "last"}));
}

ASYNC_TEST_REAL_TIME(Signal, HandlerMayRemoveItself) {
  int calls = 0;
  EventLoop& loop = EventLoop::current();
  const SignalAction before(SIGUSR1, SIG_IGN);
  loop.add_signal_handler(SIGUSR1, [&] {
    ++calls;
    EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
  });
  std::raise(SIGUSR1);
  while (calls == 0) co_await sleep(0s);
  std::raise(SIGUSR1);
  co_await passes(3);
  EXPECT_EQ(calls, 1);
}

ASYNC_TEST_REAL_TIME(Signal, RemovedBeforeItsTurnIsNotCalled) {
  const SignalAction before(SIGUSR1, SIG_IGN);
  int calls = 0;
  EventLoop& loop = EventLoop::current();
  loop.add_signal_handler(SIGUSR1, [&] { ++calls; });
  std::raise(SIGUSR1);
  EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
  EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
  co_await passes(5);
  EXPECT_EQ(calls, 0);
}

ASYNC_TEST(Signal, RemovalRestoresTheActionBefore) {
  const SignalAction before(SIGUSR1, SIG_IGN);
  EventLoop& loop = EventLoop::current();
  loop.add_signal_handler(SIGUSR1, [] {});
  EXPECT_NE(action_of(SIGUSR1), SIG_IGN);
  loop.add_signal_handler(SIGUSR1, [] {});
  loop.remove_signal_handler(SIGUSR1);
  EXPECT_EQ(action_of(SIGUSR1), SIG_IGN);
  co_return;
}

extern "C" void own_action(int) {}

ASYNC_TEST(Signal, ActionSetByTheProgramMeanwhileStays) {
  const SignalAction before(SIGUSR1, SIG_IGN);
  EventLoop& loop = EventLoop::current();
  loop.add_signal_handler(SIGUSR1, [] {});
  std::signal(SIGUSR1, &own_action);
  loop.remove_signal_handler(SIGUSR1);
  EXPECT_EQ(action_of(SIGUSR1), &own_action);
  co_return;
}

TEST(Signal, EndOfTheLoopRestoresTheActionBefore) {
  const SignalAction before(SIGUSR1, SIG_IGN);
  const std::size_t descriptors = open_descriptors();
  const auto main = []() -> Coro<> {
    EventLoop::current().add_signal_handler(SIGUSR1, [] {});
    co_return;
  };
  run(main());
  EXPECT_EQ(action_of(SIGUSR1), SIG_IGN);
  run(main());  // and the next loop may have signals
  EXPECT_EQ(open_descriptors(), descriptors);
}

TEST(Signal, IsRefusedToASecondLoop) {
  EventLoop first;
  EventLoop second;
  first.add_signal_handler(SIGUSR1, [] {});
  EXPECT_THROW(second.add_signal_handler(SIGUSR2, [] {}), InvalidStateError);
  first.remove_signal_handler(SIGUSR1);
  second.add_signal_handler(SIGUSR2, [] {});
}

TEST(Signal, OfARunOnAnotherThreadIsRefusedWhileTheFirstHasCtrlC) {
  const SignalAction plain(SIGINT, SIG_DFL);
  Gate running;
  Gate tried;
  std::thread other([&] {
    running.wait();
    const auto main = []() -> Coro<bool> {
      try {
        EventLoop::current().add_signal_handler(SIGUSR1, [] {});
      } catch (const InvalidStateError&) {
        co_return true;
      }
      co_return false;
    };
    EXPECT_TRUE(run(main()));
    tried.open();
  });
  const auto main = [](Gate& here, Gate& there) -> Coro<> {
    here.open();
    there.wait();
    co_return;
  };
  run(main(running, tried));
  other.join();
}

TEST(Signal, ThatCannotBeCaughtIsRefused) {
  EventLoop loop;
  for (const int signal : {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, 0, -1, 65, 32}) {
    EXPECT_THROW(loop.add_signal_handler(signal, [] {}), InvalidStateError) << signal;
  }
  EXPECT_THROW(loop.add_signal_handler(SIGUSR1, nullptr), InvalidStateError);
  EXPECT_FALSE(loop.remove_signal_handler(SIGKILL));
  EventLoop another;  // and nothing is left behind
  another.add_signal_handler(SIGUSR1, [] {});
}

TEST(Signal, HandlerOfTheUserForCtrlCGoesBeforeThatOfRun) {
  const SignalAction plain(SIGINT, SIG_DFL);
  Log log;
  const auto main = [&]() -> Coro<> {
    EventLoop& loop = EventLoop::current();
    Event came;
    loop.add_signal_handler(SIGINT, [&] {
      log.push_back("user");
      came.set();
    });
    for (int i = 0; i < 3; ++i) {  // more than the one that run() would survive
      came.clear();
      std::raise(SIGINT);
      co_await came.wait();
    }
    loop.remove_signal_handler(SIGINT);
    std::raise(SIGINT);  // now run()'s own hears it
    co_await sleep(1h);
  };
  EXPECT_THROW(run(main()), KeyboardInterrupt);
  EXPECT_EQ(log, (Log{"user", "user", "user"}));
  EXPECT_EQ(action_of(SIGINT), SIG_DFL);
}

TEST(Signal, HandlerOfTheUserForCtrlCThatStaysIsUndoneByTheEndOfRun) {
  const SignalAction plain(SIGINT, SIG_DFL);
  const auto main = []() -> Coro<> {
    EventLoop::current().add_signal_handler(SIGINT, [] {});
    co_return;
  };
  run(main());
  EXPECT_EQ(action_of(SIGINT), SIG_DFL);
}

extern "C" void told_once(int, siginfo_t*, void*) {}

TEST(Signal, DefaultActionThatOneShotHandlerLeftIsHeardByRun) {
  const SignalAction plain(SIGINT, SIG_DFL);
  struct sigaction once{};
  once.sa_sigaction = &told_once;
  once.sa_flags = static_cast<int>(SA_RESETHAND | SA_SIGINFO);
  ::sigaction(SIGINT, &once, nullptr);
  std::raise(SIGINT);  // SIG_DFL from here on, with SA_SIGINFO among its flags
  const auto main = []() -> Coro<> {
    std::raise(SIGINT);
    co_await sleep(1h);
  };
  EXPECT_THROW(run(main()), KeyboardInterrupt);
}

TEST(Signal, ManyFromManyThreadsAreHeardWithoutHarm) {
  const auto main = []() -> Coro<> {
    EventLoop& loop = EventLoop::current();
    int calls = 0;
    const SignalAction before(SIGUSR1, SIG_IGN);
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        while (!over) {
          ::pthread_kill(::pthread_self(), SIGUSR1);
          std::this_thread::yield();
        }
      });
    }
    for (int i = 0; i < 50; ++i) {  // registered and removed under fire
      loop.add_signal_handler(SIGUSR1, [&] { ++calls; });
      co_await passes(20);
      loop.remove_signal_handler(SIGUSR1);
    }
    over = true;
    for (std::thread& thread : threads) thread.join();
  };
  run(main());
}

}  // namespace
}  // namespace cochain::testing
