// What you learn: futures, and waiting for tasks: wait, as_completed, shield, done callbacks, map.
// How to run:     build/release/bin/example_12_tasks
// What it prints: who is done when; what was cancelled; squares in the order of their numbers.
#include <iostream>
#include <string>
#include <vector>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<std::string> cook(std::string dish, Duration time) {
  co_await sleep(time);
  co_return dish;
}

Coro<int> square(int number) {
  co_await sleep(number % 2 == 0 ? 10ms : 20ms);
  co_return number* number;
}

Coro<> kitchen() {
  const Future<std::string> order;  // a result that somebody sets later
  EventLoop::current().call_later(10ms, [order] { order.set_result("soup"); });
  const std::string dish = co_await order;
  std::cout << "ordered: " << dish << '\n';

  std::vector<Task<std::string>> tasks;
  tasks.push_back(create_task(cook("roast", 300ms), "roast"));
  tasks.push_back(create_task(cook("soup", 100ms), "soup"));
  tasks.push_back(create_task(cook("salad", 200ms), "salad"));
  tasks[0].add_done_callback([](const Task<std::string>& task) {
    std::cout << task.name() << (task.cancelled() ? " was cancelled" : " is done") << '\n';
  });

  const auto first = co_await wait(tasks, WaitOptions().timeout(150ms));  // cancels nobody
  std::cout << first.done.size() << " done, " << first.pending.size() << " pending\n";

  // The deadline ends the waiting, not the roast: it is shielded.
  try {
    co_await wait_for(shield(tasks[0]), 10ms);
  } catch (const TimeoutError&) {
    std::cout << "waited long enough; the roast goes on\n";
  }

  Stream<Task<std::string>> ready = as_completed(tasks);
  while (auto task = co_await ready.next()) std::cout << "ready: " << task->result() << '\n';

  Stream<int> squares = map(std::vector<int>({1, 2, 3, 4}), &square, MapOptions(2));  // two at once
  while (auto value = co_await squares.next()) std::cout << *value << ' ';
  std::cout << '\n';
}

// In virtual time the order is the same on every machine, however busy.
int main() { run(kitchen(), RunOptions().with_clock(std::make_shared<VirtualClock>())); }
