#include "wrong_form.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>

#include "cochain/core/clock.hpp"
#include "cochain/core/event_loop.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;

std::set<const void*> alive;
int breaches = 0;

void born(const void* life) {
  if (!alive.insert(life).second) ++breaches;
}

enum Fate { kRight = 0, kLivesWrong = 3, kNeverEnded = 4, kThrew = 5 };

// The virtual clock tells at once when nothing can run any more.
int run_here(Form form) {
  EventLoop loop(std::make_unique<VirtualClock>());
  try {
    const Task<> task = loop.create_task(form());
    loop.run_until_done(*task.get());
    task.result();
  } catch (const DeadlockError&) {
    return kNeverEnded;
  } catch (...) {
    return kThrew;
  }
  return breaches == 0 && alive.empty() ? kRight : kLivesWrong;
}

/// What became of the child, in words; empty if all went right.
std::string fate_of(Form form) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDERR_FILENO);
    for (const int signal : {SIGSEGV, SIGILL, SIGABRT, SIGBUS}) ::signal(signal, SIG_DFL);
    ::alarm(20);
    ::_exit(run_here(form));
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return "cannot run a child";
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  switch (WEXITSTATUS(status)) {
    case kRight: return "";
    case kLivesWrong: return "an object was destroyed twice, or never, or a value is wrong";
    case kNeverEnded: return "the coroutine never ended";
    case kThrew: return "threw";
    default: return "ended with " + std::to_string(WEXITSTATUS(status));
  }
}

}  // namespace

Life::Life(int value) : value_(value) { born(this); }
Life::Life(const Life& other) : value_(other.value_) { born(this); }
Life::Life(Life&& other) noexcept : value_(other.value_) { born(this); }
Life::~Life() {
  if (alive.erase(this) == 0) ++breaches;
  value_ = -1;
}

void must(bool holds) {
  if (!holds) ++breaches;
}

std::size_t alive_lives() { return alive.size(); }

void expect_wrong_on_gcc_12_2(Form form) {
  const std::string fate = fate_of(form);
  ::testing::Test::RecordProperty("fate", fate.empty() ? "right" : fate);
#if defined(__clang__)
  EXPECT_EQ(fate, "") << "clang is known to compile every form rightly: look at the form";
#elif __GNUC__ == 12 && __GNUC_MINOR__ == 2
  EXPECT_NE(fate, "") << "g++ 12.2 compiles this form RIGHTLY: take it off docs/compilers.md";
#else
  if (!fate.empty()) GTEST_SKIP() << "wrong with g++ " << __VERSION__ << " too: " << fate;
  std::printf("LIFTED: g++ %s compiles this form rightly\n", __VERSION__);
#endif
}

Coro<> nothing() { co_await sleep(0s); }
Coro<int> one() {
  co_await nothing();
  co_return 1;
}
Coro<bool> yes() {
  co_await nothing();
  co_return true;
}
Coro<bool> no() {
  co_await nothing();
  co_return false;
}
Coro<Life> life() {
  co_await nothing();
  co_return Life(1);
}
Coro<Settings> settings() {
  co_await nothing();
  Settings made;
  co_return made;
}
Coro<int> take(Settings settings) {
  co_await nothing();
  co_return settings.life.value();
}
Coro<int> take_default(Settings settings) {
  co_await nothing();
  co_return settings.life.value();
}
Coro<int> take_life(Life life) {
  co_await nothing();
  co_return life.value();
}
Coro<int> take_string(std::string text) {
  co_await nothing();
  co_return static_cast<int>(text.size());
}
Coro<int> take_function(std::function<int()> function) {
  co_await nothing();
  co_return function();
}

}  // namespace cochain::testing
