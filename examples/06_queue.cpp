// What you learn: a producer that a slow consumer holds back, and tasks that end together.
// How to run:     build/release/bin/example_06_queue
// What it prints: pages fetched and read; never more than two of them wait in the queue.
#include <iostream>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<> fetch(Queue<int>& pages) {
  for (int page = 1; page <= 6; ++page) {
    co_await pages.put(page);  // waits while the queue is full
    std::cout << "fetched " << page << ", " << pages.size() << " waiting\n";
  }
  pages.shutdown();  // get() gives what is left, then throws QueueShutDown
}

Coro<> read(Queue<int>& pages) {
  try {
    for (;;) {
      const int page = co_await pages.get();
      co_await sleep(20ms);
      std::cout << "read " << page << '\n';
    }
  } catch (const QueueShutDown&) {
    std::cout << "no more pages\n";
  }
}

Coro<> work() {
  Queue<int> pages(2);
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    group.create_task(fetch(pages));
    group.create_task(read(pages));
    co_return;  // the group waits for both; if one failed, the other would be cancelled
  });
  std::cout << "both are done\n";
}

int main() { run(work()); }
