// Tests of asynchronous code: virtual time, cancellation at every suspension, every order of what
// is ready. For any test framework: what is wrong is thrown.
//
//   ASYNC_TEST(Suite, Situation) { ...co_await...; co_return; }    with GoogleTest, included before
//
// The body is a coroutine on a fresh loop with a virtual clock: `co_await sleep(1h)` takes no time,
// and a body that can never end fails with a DeadlockError that draws who waits where. A task left
// over at the end fails the test. GoogleTest's ASSERT_* returns, which a coroutine cannot: use
// EXPECT_* on a named value.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "cochain/core/runners.hpp"

namespace cochain::testing {

using namespace std::chrono_literals;

/// Whose time a test lives in.
enum class TestClock : std::uint8_t {
  kVirtual,  ///< jumps when nothing can run
  kManual,   ///< moves by advance() alone
  kReal      ///< for peers that do not follow a virtual clock
};

/// How run_test() runs its body.
class TestOptions {
 public:
  TestOptions() = default;
  TestOptions& clock(TestClock value) {
    clock_ = value;
    return *this;
  }
  /// Draws the order of what is ready at one time from `seed`.
  TestOptions& shuffled(std::uint64_t seed) {
    seed_ = seed;
    return *this;
  }
  TestOptions& debug(DebugOptions value) {
    debug_ = value;
    return *this;
  }
  [[nodiscard]] std::optional<std::uint64_t> seed() const noexcept { return seed_; }
  [[nodiscard]] std::unique_ptr<EventLoop> make_loop() const;

 private:
  TestClock clock_ = TestClock::kVirtual;
  std::optional<std::uint64_t> seed_;
  std::optional<DebugOptions> debug_;
};

/// Runs `body` as the main task of a fresh loop.
/// Errors: what it throws, as it is; Error if it leaves tasks behind, drawn as a tree;
///         DeadlockError. The tasks that are left are cancelled then, and what becomes of them is
///         told only if nothing else was wrong.
void run_test(Coro<> body, const TestOptions& options = TestOptions());

/// Runs a scenario and cancels it when it has suspended for the `suspension`-th time, counted from
/// 1. A scenario that then ends with CancelledError is right, one that goes on too.
/// Returns false if it ended before that.
/// Errors: as run_test().
bool cancel_at_suspension(Coro<> scenario, std::uint32_t suspension,
                          const TestOptions& options = TestOptions());

/// Cancels a scenario at its first suspension, then, from the start, at its second, and so on,
/// until it ends before that. Returns how many suspensions it has when it is left alone.
/// Errors: Error with the number of the suspension, and the seed of the order if there is one,
///         before what one run throws.
int cancel_at_every_suspension(const std::function<Coro<>()>& scenario,
                               const TestOptions& options = TestOptions());

/// Runs a scenario `runs` times, each in another order of what is ready at one time.
/// Errors: Error with the seed before what one run throws: `TestOptions().shuffled(seed)` repeats
///         it. Throw what is wrong: GoogleTest's EXPECT_* goes on, and does not know the seed.
void run_in_shuffled_orders(const std::function<Coro<>()>& scenario, int runs,
                            std::uint64_t first_seed = 1);

/// Suspends until no other task can run before time passes: each waits for a timer, for another
/// task, or for a descriptor. Work on threads, such as to_thread(), is waited for.
/// Several that wait here go on one by one, FIFO: each when what the one before set off is done.
/// Errors: InvalidStateError under a real clock.
Coro<> wait_all_tasks_blocked();

/// Moves the time of a manual or virtual clock by `delay`: stops at each deadline on the way and
/// lets everything run that can, in order, before it goes on; also at the end. With `delay` zero
/// or less it lets everything run that can, and time stays. Two at once go as far as the longer.
/// Errors: InvalidStateError under a real clock. Cancelled, it leaves the time where it got.
Coro<> advance(Duration delay);

#define ASYNC_TEST(suite, situation) \
  COCHAIN_ASYNC_TEST_(suite, situation, ::cochain::testing::TestClock::kVirtual)
/// For tests with sockets: peers do not follow a virtual clock.
#define ASYNC_TEST_REAL_TIME(suite, situation) \
  COCHAIN_ASYNC_TEST_(suite, situation, ::cochain::testing::TestClock::kReal)

#define COCHAIN_ASYNC_TEST_(suite, situation, test_clock)                              \
  static ::cochain::Coro<> async_test_##suite##_##situation();                         \
  TEST(suite, situation) {                                                             \
    ::cochain::testing::run_test(async_test_##suite##_##situation(),                   \
                                 ::cochain::testing::TestOptions().clock(test_clock)); \
  }                                                                                    \
  static ::cochain::Coro<> async_test_##suite##_##situation()

}  // namespace cochain::testing
