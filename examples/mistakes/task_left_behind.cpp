// A loop that is destroyed takes its tasks with it, wherever they stand.
#include <chrono>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

Coro<> write_log() { co_await sleep(1h); }

int main() {
  EventLoop loop;  // run() or a Runner would have cancelled the task and waited for it
  loop.create_task(write_log(), "log writer");
  loop.run_until_complete(Coro<>(sleep(1ms)));
}
