// What you learn: work that blocks or computes runs on a thread, and the loop stays free.
// How to run:     build/release/bin/example_07_threads
// What it prints: two results, and whether the loop went on while they were computed.
#include <iostream>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

/// An ordinary function: it knows nothing of coroutines and holds its thread until it is done.
int count_primes(int below) {
  int count = 0;
  for (int n = 2; n < below; ++n) {
    bool prime = true;
    for (int divisor = 2; prime && divisor * divisor <= n; ++divisor) prime = n % divisor != 0;
    count += prime ? 1 : 0;
  }
  return count;
}

Coro<int> tick_until(Event& done) {
  int ticks = 0;
  for (; !done.is_set(); ++ticks) co_await sleep(1ms);
  co_return ticks;
}

Coro<> count() {
  Event done;
  const Task<int> ticking = create_task(tick_until(done));
  const auto counts =
      co_await gather(to_thread(count_primes, 300'000), to_thread(count_primes, 400'000));
  done.set();
  const int ticks = co_await ticking;

  std::cout << std::get<0>(counts) << " primes below 300000\n";
  std::cout << std::get<1>(counts) << " primes below 400000\n";
  std::cout << "the loop " << (ticks > 1 ? "went on" : "stood still") << " meanwhile\n";
}

int main() { run(count()); }
