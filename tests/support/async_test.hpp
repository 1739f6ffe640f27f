// ASYNC_TEST(Suite, Situation) { ...co_await...; co_return; }
// The body is a coroutine on a fresh loop. With the virtual clock, time jumps when nothing can run,
// so `co_await sleep(1h)` takes no time; a body that can never end fails with a DeadlockError that
// lists who waits where. A task left over at the end fails the test.
// gtest's ASSERT_* returns, which a coroutine cannot: use EXPECT_* on a named value.
#pragma once

#include <chrono>
#include <functional>

#include <gtest/gtest.h>

#include "cochain/core.hpp"

namespace cochain::testing {

using namespace std::chrono_literals;

enum class TestClock { kVirtual, kReal };

/// Runs `body` as the main task of a fresh loop; reports what it throws and what it leaves behind.
void run_async_test(Coro<> body, TestClock clock);

/// A clock that jumps when nothing can run.
#define ASYNC_TEST(suite, situation) \
  COCHAIN_ASYNC_TEST_(suite, situation, ::cochain::testing::TestClock::kVirtual)
/// For tests with sockets: peers do not follow a virtual clock.
#define ASYNC_TEST_REAL_TIME(suite, situation) \
  COCHAIN_ASYNC_TEST_(suite, situation, ::cochain::testing::TestClock::kReal)

#define COCHAIN_ASYNC_TEST_(suite, situation, clock)                         \
  static ::cochain::Coro<> suite##_##situation##_body();                     \
  TEST(suite, situation) {                                                   \
    ::cochain::testing::run_async_test(suite##_##situation##_body(), clock); \
  }                                                                          \
  static ::cochain::Coro<> suite##_##situation##_body()

/// Runs `scenario()` again and again, each time cancelling its task at its k-th suspension, for
/// k = 1, 2, ... until it ends before that. `scenario` makes everything it needs afresh.
/// Returns how many suspensions there were.
int cancel_at_every_suspension(const std::function<Coro<>()>& scenario);

}  // namespace cochain::testing
