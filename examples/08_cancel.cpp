// What you learn: deadlines, cancelling a task, leaving a stream; and that all of it cleans up.
// How to run:     build/release/bin/example_08_cancel
// What it prints: each connection that is opened, closed again before the next one is opened.
#include <iostream>
#include <string>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

class Link {
 public:
  explicit Link(std::string name) : name_(std::move(name)) {
    std::cout << "open " << name_ << '\n';
  }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  ~Link() { std::cout << "close " << name_ << '\n'; }

 private:
  std::string name_;
};

Coro<> download(std::string name) {
  const Link connection(name);
  co_await sleep(24h);  // a cancellation is thrown here, and destroys what the coroutine holds
}

Stream<std::string> lines() {
  const Link connection("as a stream");
  for (int n = 1;; ++n) co_yield "line " + std::to_string(n);
}

Coro<> give_up_three_times() {
  try {
    co_await wait_for(download("with a deadline"), 50ms);
  } catch (const TimeoutError& error) {
    std::cout << error.what() << "\n\n";
  }

  const Task<> task = create_task(download("as a task"));
  co_await sleep(50ms);
  task.cancel();
  try {
    co_await task;
  } catch (const CancelledError&) {
    std::cout << "cancelled\n\n";
  }

  Stream<std::string> stream = lines();
  const auto first = co_await stream.next();
  std::cout << *first << '\n';
  // Here the stream goes out of scope, and its connection is closed with it.
}

int main() { run(give_up_three_times()); }
