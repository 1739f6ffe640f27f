// What belongs to a loop is used by the thread of the loop.
#include <iostream>
#include <thread>

#include <cochain/core.hpp>

using namespace cochain;

Coro<> work() {
  EventLoop& loop = EventLoop::current();
  std::thread other([&loop] {
    try {
      loop.call_soon([] { std::cout << "called\n"; });  // call_soon_threadsafe() is for this
    } catch (const InvalidStateError& error) {
      std::cout << error.what() << '\n';
    }
  });
  other.join();
  co_return;
}

int main() { run(work()); }
