// What you learn: callbacks, their handles and errors; a second thread; one loop for several runs.
// How to run:     build/release/bin/example_13_event_loop
// What it prints: callbacks in the order in which they are due, then what the thread was answered.
#include <iostream>
#include <stdexcept>
#include <thread>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<> callbacks() {
  EventLoop& loop = EventLoop::current();
  const Future<> last;
  loop.call_later(10ms, [] { std::cout << "10 ms later\n"; });
  loop.call_later(20ms, [last] { last.set_result(); });
  loop.call_soon([] { std::cout << "on the next pass\n"; });
  loop.call_soon([] { throw std::runtime_error("nobody catches this"); });
  Handle never = loop.call_soon([] { std::cout << "never\n"; });
  never.cancel();
  std::cout << "nothing of it has run yet\n";
  co_await last;
}

Coro<int> add(int a, int b) {
  co_await sleep(10ms);
  co_return a + b;
}

// The thread asks the loop to run a coroutine, and blocks until it has the result.
Coro<> answer_a_thread() {
  EventLoop& loop = EventLoop::current();
  Event answered;
  std::jthread thread([&loop, &answered] {
    const int sum = run_coroutine_threadsafe(add(1, 2), loop).result();
    loop.call_soon_threadsafe([&answered, sum] {  // back on the loop's own thread
      std::cout << "the thread got " << sum << '\n';
      answered.set();
    });
  });
  co_await answered.wait();
}

int main() {
  Runner runner(RunOptions().with_exception_handler([](const ExceptionContext& context) {
    try {
      std::rethrow_exception(context.exception);
    } catch (const std::exception& error) {
      std::cout << "the loop goes on after: " << error.what() << '\n';
    }
  }));
  runner.run(callbacks());
  runner.run(answer_a_thread());  // on the same loop
}
