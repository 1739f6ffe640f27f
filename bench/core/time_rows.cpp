// Timers and timeouts. None of them waits: what a timer costs is setting it and taking it back.

#include <deque>
#include <vector>

#include "rows.hpp"

namespace cochain::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLive = 100'000;

Duration far_delay(Random& random) {
  return 1h + std::chrono::milliseconds(random.below(1'000'000));
}

/// Through call_later() and Handle::cancel(), as in asyncio.
Coro<> timers_100k(Meter* meter, std::size_t n) {
  EventLoop& loop = EventLoop::current();
  Random random;
  std::vector<Handle> live;
  for (std::size_t i = 0; i < kLive; ++i) {
    live.push_back(loop.call_later(far_delay(random), [] {}));
  }
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Handle& place = live[random.below(kLive)];
    place.cancel();
    place = loop.call_later(far_delay(random), [] {});
  }
  meter->stop();
  for (Handle& handle : live) handle.cancel();
  co_return;
}

/// Through Timer, which sleep() and timeout() use: no allocation.
Coro<> timers_100k_own(Meter* meter, std::size_t n) {
  class Never final : public Timer {
   public:
    void fire() noexcept override {}
  };
  EventLoop& loop = EventLoop::current();
  Random random;
  std::deque<Never> live(kLive);
  for (Never& timer : live) loop.arm(timer, loop.time() + far_delay(random));
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    Never& timer = live[random.below(kLive)];
    timer.disarm();
    loop.arm(timer, loop.time() + far_delay(random));
  }
  meter->stop();
  co_return;
}

Coro<> sleep_once(Duration delay) { co_await sleep(delay); }

Coro<> sleepers(Meter* meter, std::size_t n) {
  Random random;
  std::vector<Task<>> tasks;
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    const Duration delay = 1ms + std::chrono::milliseconds(random.below(100'000));
    tasks.push_back(create_task(sleep_once(delay)));
  }
  for (const Task<>& task : tasks) co_await task;
  meter->stop();
}

/// Under a virtual clock, which jumps from deadline to deadline.
void sleepers_100k(Meter& meter, std::size_t n) {
  RunOptions options;
  options.with_clock(std::make_unique<VirtualClock>());
  run(sleepers(&meter, n), std::move(options));
}

Coro<> timeout_sync(Meter* meter, std::size_t n) {
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    co_await timeout(10s, [](Timeout&) { return one(); });
  }
  meter->stop();
}

Coro<> timeout_async(Meter* meter, std::size_t n) {
  meter->start();
  for (std::size_t i = 0; i < n; ++i) {
    co_await timeout(10s, [](Timeout&) { return sleep(Duration::zero()); });
  }
  meter->stop();
}

constexpr Row kRows[] = {
    Row("timers_100k", on_loop<timers_100k>),     Row("timers_100k_own", on_loop<timers_100k_own>),
    Row("sleepers_100k", sleepers_100k, 100'000), Row("timeout_sync", on_loop<timeout_sync>),
    Row("timeout_async", on_loop<timeout_async>),
};

}  // namespace

std::span<const Row> time_rows() { return kRows; }

}  // namespace cochain::bench
