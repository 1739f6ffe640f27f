// A reference parameter outlives what it refers to.
#include <chrono>
#include <iostream>
#include <string>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<> greet(const std::string& name) {
  co_await sleep(1ms);
  std::cout << "hello " << name << '\n';  // the caller's string may be gone
}

Coro<> work() {
  const Task<> task = create_task(greet(std::string("a name made for this call alone")));
  co_await task;
}

int main() { run(work()); }
