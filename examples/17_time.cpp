// What you learn: sleeping, deadlines for one operation and for several, and whose deadline it was.
// How to run:     build/release/bin/example_17_time
// What it prints: what happens when, in seconds of a virtual clock.
#include <iostream>
#include <memory>
#include <string>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<std::string> fetch(std::string page, Duration time) {
  co_await sleep(time);
  co_return page;
}

Coro<> look_at_the_clock() {
  const TimePoint start = EventLoop::current().time();
  const auto tell = [start](const std::string& what) {
    std::cout << (EventLoop::current().time() - start) / 1s << " s: " << what << '\n';
  };

  co_await gather(sleep(3s), sleep(1s));
  tell("both have slept");
  co_await sleep_until(start + 5s);  // however long the work before it took
  tell("the time has come");

  try {
    const std::string page = co_await wait_for(fetch("a slow page", 60s), 5s);
    tell(page);
  } catch (const TimeoutError&) {
    tell("no page within 5 s");
  }

  // One deadline for all that is inside. It moves whenever something has come.
  const int parts = co_await timeout(3s, [&](Timeout& deadline) -> Coro<int> {
    for (int part = 1; part <= 3; ++part) {
      co_await sleep(2s);
      deadline.reschedule(EventLoop::current().time() + 3s);
    }
    co_return 3;
  });
  tell(std::to_string(parts) + " parts have come");

  try {
    co_await timeout(10s, [&](Timeout&) -> Coro<> {
      try {
        co_await wait_for(sleep(1h), 4s);
      } catch (const TimeoutError&) {
        tell("the inner deadline, so the body goes on");
      }
      co_await sleep(1h);
    });
  } catch (const TimeoutError&) {
    tell("the outer deadline");
  }
}

int main() { run(look_at_the_clock(), RunOptions().with_clock(std::make_shared<VirtualClock>())); }
