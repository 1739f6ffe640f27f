// What you learn: tasks that wait for a condition, take the most urgent job, and meet at a barrier.
// How to run:     build/release/bin/example_10_sync
// What it prints: jobs by urgency, equals in the order of their coming; then all leave together.
#include <iostream>
#include <string>
#include <utility>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

using Job = std::pair<int, std::string>;  // the lowest number is the most urgent

struct ByUrgency {
  bool operator()(const Job& a, const Job& b) const { return a.first < b.first; }
};

struct Office {
  Condition changed;
  bool open = false;  // under the lock of `changed`
  PriorityQueue<Job, ByUrgency> jobs;
  Barrier evening{2};
};

Coro<> work(Office& office, std::string name) {
  {
    const auto held = co_await office.changed.scoped();
    co_await office.changed.wait_for([&] { return office.open; });  // gives the lock up meanwhile
  }
  std::cout << name << " begins\n";
  try {
    for (;;) {
      const Job job = co_await office.jobs.get();
      std::cout << name << ": " << job.second << '\n';
      co_await sleep(20ms);
    }
  } catch (const QueueShutDown&) {
  }
  co_await office.evening.wait();  // nobody leaves before the other is done
  std::cout << name << " leaves\n";
}

Coro<> run_office() {
  Office office;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    group.create_task(work(office, "Ada"));
    group.create_task(work(office, "Bob"));
    for (const char* job : {"letters", "files"}) office.jobs.put_nowait(Job(5, job));
    for (const char* job : {"fire", "flood", "smoke"}) office.jobs.put_nowait(Job(1, job));
    office.jobs.shutdown();  // get() gives what is left
    co_await sleep(10ms);
    const auto held = co_await office.changed.scoped();
    office.open = true;
    office.changed.notify_all();
  });
}

int main() { run(run_office()); }
