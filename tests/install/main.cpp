// The smallest program of a user: it must build against the installed package, the source tree
// and the pkg-config file alike.
#include <cochain/core.hpp>

namespace {

cochain::Coro<int> half(int number) { co_return number / 2; }

cochain::Coro<int> answer() {
  const int number = co_await half(84);
  co_return number == 42 ? 0 : 1;
}

}  // namespace

int main() { return cochain::run(answer()); }
