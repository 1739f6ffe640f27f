// Tasks that await each other in a circle never go on.
#include <iostream>
#include <memory>

#include <cochain/core.hpp>

using namespace cochain;

Coro<> wait_for_task(std::shared_ptr<Task<>> other) { co_await *other; }

Coro<> work() {
  const auto first = std::make_shared<Task<>>();
  const auto second = std::make_shared<Task<>>();
  *first = create_task(wait_for_task(second), "first");
  *second = create_task(wait_for_task(first), "second");
  co_await *first;
}

int main() {
  try {  // in virtual time the loop notices; in real time it waits, and `cochain tasks` shows it
    run(work(), RunOptions().with_clock(std::make_shared<VirtualClock>()));
  } catch (const DeadlockError& error) {
    std::cout << error.what();
  }
}
