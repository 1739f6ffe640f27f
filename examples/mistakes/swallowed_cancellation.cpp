// A catch (...) that does not rethrow turns a request to stop into nothing.
#include <chrono>
#include <iostream>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<> poll_server() {
  try {
    co_await sleep(1h);
  } catch (...) {  // catch (const std::exception&) lets CancelledError pass
    std::cout << "some error; never mind\n";
  }
}

Coro<> work() {
  const Task<> poller = create_task(poll_server(), "poller");
  co_await sleep(1ms);
  poller.cancel();
  co_await poller;
}

int main() { run(work()); }
