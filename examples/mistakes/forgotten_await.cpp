// A coroutine that is made and never awaited does nothing.
#include <iostream>
#include <string>

#include <cochain/core.hpp>

using namespace cochain;

Coro<> save(std::string name) {
  std::cout << "saved " << name << '\n';
  co_return;
}

Coro<> work() {
  auto saving = save("report");  // and where is its co_await?
  std::cout << "all done\n";
  co_return;
}

int main() { run(work()); }
