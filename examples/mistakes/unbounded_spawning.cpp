// A task for each item, however many items there are.
#include <chrono>
#include <iostream>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<> call_model(int) { co_await sleep(50ms); }

Coro<> work() {
  co_await task_group([](TaskGroup& group) -> Coro<> {
    for (int item = 0; item < 20'000; ++item) group.create_task(call_model(item));
    co_return;
  });
  std::cout << "all done\n";
}

int main() {
  // Starting so many takes long; that is told elsewhere.
  const auto patient = DebugOptions().slow_callback_duration(10s).blocked_loop_duration(10s);
  run(work(), RunOptions().with_debug(patient));
}
