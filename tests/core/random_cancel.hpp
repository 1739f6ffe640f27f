// What the random tests share: dice, a task that cancels others, and many seeds. The seed is
// printed when a test fails.
#pragma once

#include <random>

#include "core_test.hpp"

namespace cochain::testing {

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  /// From 0 to last, both included.
  int up_to(int last) { return std::uniform_int_distribution<int>(0, last)(engine_); }
  Duration pause() { return std::chrono::milliseconds(up_to(3)); }

 private:
  std::mt19937 engine_;
};

/// Cancels some of `victims`, now and then.
inline Coro<> disturb(std::vector<AnyTask>& victims, Random& random) {
  for (int i = 0; i < 25; ++i) {
    co_await sleep(random.pause());
    const auto chosen =
        static_cast<std::size_t>(random.up_to(static_cast<int>(victims.size()) - 1));
    victims[chosen].cancel();
  }
}

/// Runs `round(seed)` for many seeds, until one of them fails.
template <class Round>
void for_random_seeds(Round round) {
  const unsigned first = std::random_device{}();
  for (unsigned seed = first; seed != first + 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run_test(round(seed));
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace cochain::testing
