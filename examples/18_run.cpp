// What you learn: what run() gives, throws and cleans up; one loop for several runs; a signal.
// How to run:     build/release/bin/example_18_run
// What it prints: a result, an error, the end of a task left behind, and the end of a server.
#include <csignal>
#include <iostream>
#include <stdexcept>
#include <string>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

ContextVar<std::string> user("user", "nobody");

Coro<int> half(int number) {
  if (number % 2 != 0) throw std::invalid_argument("it has no half");
  co_return number / 2;
}

Coro<> beat() {
  try {
    for (;;) co_await sleep(1h);
  } catch (const CancelledError&) {
    std::cout << "the task that was left is cancelled\n";
    throw;  // clean up, then let it pass
  }
}

Coro<> leave_a_task_behind() {
  create_task(beat(), "beat");
  co_await sleep(1ms);
  std::cout << "main is done\n";
}

Coro<> log_in(std::string name) { co_return user.set(name); }

Coro<> serve_until_told_to_stop() {
  Event stop;
  EventLoop::current().add_signal_handler(SIGTERM, [&stop] { stop.set(); });
  std::raise(SIGTERM);  // as `kill` would from outside
  co_await stop.wait();
  EventLoop::current().remove_signal_handler(SIGTERM);
  std::cout << user.get() << "'s server stops\n";
}

int main() {
  std::cout << "half of 84 is " << run(half(84)) << '\n';
  try {
    (void)run(half(7));
  } catch (const std::invalid_argument& error) {
    std::cout << "main failed: " << error.what() << '\n';
  }
  run(leave_a_task_behind());
  Runner runner;  // one loop and one context for several runs
  runner.run(log_in("Ada"));
  runner.run(serve_until_told_to_stop());
}
