// says: array used as initializer
#include <algorithm>
#include <vector>

#include <cochain/core/coro.hpp>

cochain::Coro<int> one() { co_return 1; }
cochain::Coro<int> take(std::vector<int> numbers) { co_return numbers[0]; }
cochain::Coro<> form() {
  const int most = std::max({1, 2}) + co_await one();
  (void)most;
}
