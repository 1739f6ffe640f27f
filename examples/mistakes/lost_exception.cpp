// The exception of a task that nobody awaits is seen by nobody.
#include <chrono>
#include <stdexcept>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<> refresh() {
  co_await sleep(1ms);
  throw std::runtime_error("the cache is read-only");
}

Coro<> work() {
  create_task(refresh(), "refresh");  // a TaskGroup would have told its owner
  co_await sleep(10ms);
}

int main() { run(work()); }
