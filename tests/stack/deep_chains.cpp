// The native stack does not grow with a chain of coroutines, at any level of optimisation: not when
// a million awaits are over at once, nor when a deep chain runs, throws, is cancelled or destroyed.
// ctest builds this alone at each level, with the core library of the build.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include <sys/resource.h>

#include "cochain/core/event_loop.hpp"
#include "cochain/core/locks.hpp"
#include "cochain/core/runners.hpp"
#include "cochain/core/stream.hpp"
#include "cochain/core/task.hpp"
#include "cochain/core/timeouts.hpp"

namespace {

using cochain::Coro;
using cochain::Stream;
using cochain::Task;
using namespace std::chrono_literals;

constexpr int kDeep = 100'000;
constexpr int kOften = 1'000'000;

int destroyed = 0;
class Local {
 public:
  explicit Local(int levels) noexcept : levels_(levels) {}
  Local(const Local&) = delete;
  Local& operator=(const Local&) = delete;
  ~Local() {
    if (levels_ != destroyed) check(false, "locals are destroyed from the innermost outwards");
    ++destroyed;
  }
  static void check(bool holds, const char* promise) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", promise);
    std::_Exit(1);
  }

 private:
  int levels_;
};

Coro<int> at_once() { co_return 1; }
Coro<int> often() {
  int sum = 0;
  for (int i = 0; i < kOften; ++i) sum += co_await at_once();
  co_return sum;
}
Stream<int> numbers() {
  for (int i = 0; i < kOften; ++i) co_yield 1;
}
Coro<int> items() {
  Stream<int> stream = numbers();
  int sum = 0;
  while (auto item = co_await stream.next()) sum += *item;
  co_return sum;
}

enum class End { kReturn, kThrow, kWait };
Coro<int> descend(int levels, End end) {
  const Local local(levels);
  if (levels == 0) {
    if (end == End::kThrow) throw std::runtime_error("from the ground");
    if (end == End::kWait) {
      cochain::Event never;
      co_await never.wait();
    }
    co_return 0;
  }
  const int below = co_await descend(levels - 1, end);
  co_return below + 1;
}

Coro<> one_pass() { co_await cochain::sleep(0s); }

Coro<> everything() {
  const int sum = co_await often();
  Local::check(sum == kOften, "a million awaits that are over at once");
  const int yielded = co_await items();
  Local::check(yielded == kOften, "a million items");

  destroyed = 0;
  const int depth = co_await descend(kDeep, End::kReturn);
  Local::check(depth == kDeep && destroyed == kDeep + 1, "a deep chain returns");

  destroyed = 0;
  bool caught = false;
  try {
    (void)co_await descend(kDeep, End::kThrow);
  } catch (const std::runtime_error&) {
    caught = true;
  }
  Local::check(caught && destroyed == kDeep + 1, "an exception goes up a deep chain");

  destroyed = 0;
  const Task<int> task = cochain::create_task(descend(kDeep, End::kWait));
  co_await cochain::sleep(0s);
  co_await cochain::sleep(0s);
  task.cancel();
  bool cancelled = false;
  try {
    (void)co_await task;
  } catch (const cochain::CancelledError&) {
    cancelled = true;
  }
  Local::check(cancelled && destroyed == kDeep + 1, "a deep chain is cancelled");
}

void destroy_suspended() {
  destroyed = 0;
  {
    cochain::EventLoop loop(std::make_unique<cochain::VirtualClock>());
    const Task<int> task = loop.create_task(descend(kDeep, End::kWait));
    const Task<> other = loop.create_task(one_pass());
    loop.run_until_done(*other.get());
    Local::check(destroyed == 0, "the chain waits");
  }
  Local::check(destroyed == kDeep + 1, "a deep chain is destroyed where it waits");
}

}  // namespace

int main() {
  const rlimit stack{1U << 20U, 1U << 20U};  // 1 MiB: a thread may have no more
  setrlimit(RLIMIT_STACK, &stack);
  cochain::run(everything());
  destroy_suspended();
  std::puts("flat");
}
