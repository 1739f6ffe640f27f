// call_soon_threadsafe(): the one door to a loop from other threads.
#include <algorithm>
#include <atomic>
#include <thread>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST_REAL_TIME(EventLoopThread, CallFromAnotherThreadWakesASleepingLoop) {
  EventLoop& loop = EventLoop::current();
  Event called;
  std::thread other([&] { loop.call_soon_threadsafe([&] { called.set(); }); });
  co_await called.wait();
  other.join();
}

ASYNC_TEST_REAL_TIME(EventLoopThread, CallsOfManyThreadsAllArriveEachInItsOrder) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 500;
  EventLoop& loop = EventLoop::current();
  std::vector<Numbers> arrived(kThreads);
  int total = 0;
  Event all;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        loop.call_soon_threadsafe([&, t, i] {
          arrived[static_cast<std::size_t>(t)].push_back(i);
          if (++total == kThreads * kCalls) all.set();
        });
      }
    });
  }
  co_await all.wait();
  for (std::thread& thread : threads) thread.join();
  for (const Numbers& numbers : arrived) {
    EXPECT_EQ(numbers.size(), static_cast<std::size_t>(kCalls));
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

ASYNC_TEST_REAL_TIME(EventLoopThread, CallRunsOnTheLoopsThread) {
  EventLoop& loop = EventLoop::current();
  std::thread::id id;
  Event called;
  std::thread other([&] {
    loop.call_soon_threadsafe([&] {
      id = std::this_thread::get_id();
      called.set();
    });
  });
  co_await called.wait();
  other.join();
  EXPECT_EQ(id, std::this_thread::get_id());
}

ASYNC_TEST_REAL_TIME(EventLoopThread, CallRunsInTheContextOfTheCaller) {
  static ContextVar<int> number("number", 0);
  EventLoop& loop = EventLoop::current();
  int seen = -1;
  Event called;
  number.set(1);
  std::thread other([&] {
    number.set(2);
    loop.call_soon_threadsafe([&] {
      seen = number.get();
      called.set();
    });
    number.set(3);
  });
  co_await called.wait();
  other.join();
  EXPECT_EQ(seen, 2);
}

ASYNC_TEST_REAL_TIME(EventLoopThread, CallReachesALoopThatIsBusy) {
  EventLoop& loop = EventLoop::current();
  std::atomic<bool> called{false};
  std::thread other([&] { loop.call_soon_threadsafe([&] { called = true; }); });
  while (!called) co_await sleep(0s);  // never idle
  other.join();
  EXPECT_TRUE(called);
}

TEST(EventLoopThread, EachThreadHasALoopOfItsOwn) {
  const auto count_to = [](int last) -> Coro<int> {
    int sum = 0;
    for (int i = 0; i < last; ++i) sum += co_await after(1ms, 1);
    co_return sum;
  };
  std::vector<std::thread> threads;
  std::atomic<int> sum{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      RunOptions options;
      options.with_clock(std::make_unique<VirtualClock>());
      sum += run(count_to(100), std::move(options));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 400);
}

}  // namespace
}  // namespace cochain::testing
