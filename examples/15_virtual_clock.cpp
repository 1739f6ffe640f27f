// What you learn: testing with a clock that jumps, every cancellation tried, and many orders.
// How to run:     build/release/bin/example_15_virtual_clock
// What it prints: days that take no time, and what the scenarios found.
#include <iostream>

#include <cochain/core.hpp>
#include <cochain/testing/async_test.hpp>

using namespace cochain;
using namespace cochain::testing;

Coro<> long_days() {
  const TimePoint start = EventLoop::current().time();
  co_await gather(sleep(48h), sleep(24h));
  const auto passed = EventLoop::current().time() - start;
  std::cout << "hours that passed: " << passed / 1h << '\n';
}

int in_use = 0;

class Seat {
 public:
  Seat() { ++in_use; }
  ~Seat() { --in_use; }
};

Coro<> sit(Semaphore& seats) {
  const auto permit = co_await seats.scoped();
  const Seat seat;
  if (in_use > 1) throw Error("two on one seat");
  co_await sleep(1h);
}

Coro<> theatre() {
  Semaphore seats(1);
  co_await gather(sit(seats), sit(seats));
}

int main() {
  run_test(long_days());
  const int suspensions = cancel_at_every_suspension(theatre);
  std::cout << "cancelled at each of " << suspensions
            << " suspensions; seats still in use: " << in_use << '\n';
  run_in_shuffled_orders(theatre, 20);
  std::cout << "20 orders: never two on one seat\n";
}
