// What you learn: calling a coroutine runs nothing, awaiting it is a call, a task runs beside you.
// How to run:     build/release/bin/example_16_coroutines
// What it prints: in which order things run, an error that was thrown below, a stream of numbers.
#include <iostream>
#include <stdexcept>
#include <string>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<int> add(int a, int b) {
  std::cout << "adding " << a << " and " << b << '\n';
  co_return a + b;
}

// By value: the coroutine keeps its parameters for as long as it runs.
Coro<> greet(std::string name) {
  co_await sleep(1ms);  // the caller's temporary would be gone by now
  std::cout << "hello " << name << '\n';
}

Coro<> read_page(int number) {
  co_await sleep(1ms);
  if (number > 3) throw std::out_of_range("there is no page " + std::to_string(number));
}

Stream<int> countdown(int from) {
  for (; from > 0; --from) {
    co_await sleep(1ms);  // a stream may wait between its items
    co_yield from;
  }
}

Coro<> show() {
  Coro<int> sum = add(1, 2);
  std::cout << "called, but nothing has run\n";
  const int three = co_await std::move(sum);  // a Coro is awaited once
  std::cout << "the sum is " << three << '\n';

  const Task<int> task = create_task(add(3, 4));
  std::cout << "a task starts when its creator waits\n";
  const int seven = co_await task;
  const int again = co_await task;  // a task may be awaited often
  std::cout << "the sum is " << seven << ", still " << again << '\n';

  co_await greet(std::string("w") + "orld");
  try {
    co_await read_page(4);
  } catch (const std::out_of_range& error) {
    std::cout << "caught: " << error.what() << '\n';
  }

  Stream<int> numbers = countdown(3);
  while (auto number = co_await numbers.next()) std::cout << *number << ' ';
  std::cout << "go\n";
}

int main() { run(show()); }
