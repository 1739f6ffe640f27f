// What you learn: a coroutine, waiting without blocking, and doing three things at once.
// How to run:     build/release/bin/example_01_hello
// What it prints: three dishes that start together and are ready one by one.
#include <iostream>
#include <string>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<int> cook(std::string dish, Duration time) {
  std::cout << dish << " is on the stove\n";
  co_await sleep(time);  // the others go on meanwhile; no thread is blocked
  std::cout << dish << " is ready\n";
  co_return static_cast<int>(time / 1ms);
}

Coro<> breakfast() {
  const auto times = co_await gather(cook("tea", 100ms), cook("egg", 200ms), cook("toast", 300ms));
  const auto [tea, egg, toast] = times;
  std::cout << "cooked for " << tea + egg + toast << " ms, waited for the longest\n";
}

int main() { run(breakfast()); }
