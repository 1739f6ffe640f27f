// A call that blocks holds up every task of the loop.
#include <chrono>
#include <iostream>
#include <thread>

#include <cochain/core.hpp>

using namespace cochain;
using namespace std::chrono_literals;

int read_model_file() {  // from a slow disk
  std::this_thread::sleep_for(1500ms);
  return 7;
}

Coro<> load() {
  const int layers = read_model_file();  // co_await to_thread(read_model_file) lets others run
  std::cout << layers << " layers\n";
  co_return;
}

int main() { run(load()); }
