// Coroutines that another thread gave to the loop: their results, and what becomes of them when
// they are cancelled or the loop ends.
#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

/// A loop on a thread of its own, until it is destroyed.
class LoopThread {
 public:
  LoopThread() : thread_([this] { serve(); }) { loop_ = ready_.get_future().get(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { end(); }

  [[nodiscard]] EventLoop& loop() const { return *loop_; }
  void end() {
    if (!thread_.joinable()) return;
    loop_->call_soon_threadsafe([this] { stop_->set(); });
    thread_.join();
  }

 private:
  void serve() {
    const auto main = [](LoopThread* self) -> Coro<> {
      Event stop;
      self->stop_ = &stop;
      self->ready_.set_value(&EventLoop::current());
      co_await stop.wait();
    };
    run(main(this));
  }

  std::promise<EventLoop*> ready_;
  Event* stop_ = nullptr;
  EventLoop* loop_ = nullptr;
  std::thread thread_;
};

Coro<> for_ever() {
  Event never;
  co_await never.wait();
}

TEST(ConcurrentFutureThread, GivesTheResultOfAnotherLoop) {
  const LoopThread other;
  const ConcurrentFuture<int> future = run_coroutine_threadsafe(after(1ms, 7), other.loop());
  EXPECT_EQ(future.result(), 7);
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(future.cancelled());
  EXPECT_FALSE(future.cancel());
}

TEST(ConcurrentFutureThread, GivesTheErrorOfTheCoroutine) {
  const LoopThread other;
  const auto future = run_coroutine_threadsafe(fail_after(1ms, "broken"), other.loop());
  EXPECT_EQ(describe(error_of_call([&] { (void)future.result(); })), "broken");
}

TEST(ConcurrentFutureThread, TimeoutCancelsNothing) {
  const LoopThread other;
  const ConcurrentFuture<> future = run_coroutine_threadsafe(for_ever(), other.loop());
  EXPECT_THROW(future.result(1ms), TimeoutError);
  EXPECT_FALSE(future.done());
  EXPECT_TRUE(future.cancel());
  EXPECT_THROW(future.result(), CancelledError);
  EXPECT_TRUE(future.cancelled());
}

TEST(ConcurrentFutureThread, CancelledBeforeItsFirstStepIsSettled) {
  const LoopThread other;
  std::promise<void> held;
  other.loop().call_soon_threadsafe([&held] { held.get_future().wait(); });
  const ConcurrentFuture<> future = run_coroutine_threadsafe(for_ever(), other.loop());
  EXPECT_TRUE(future.cancel());
  held.set_value();
  const std::exception_ptr error = error_of_call([&] { future.result(10s); });
  EXPECT_TRUE(is<CancelledError>(error)) << describe(error);
  EXPECT_TRUE(future.cancelled());
}

TEST(ConcurrentFutureThread, IsCancelledWhenTheLoopEnds) {
  LoopThread other;
  const ConcurrentFuture<> future = run_coroutine_threadsafe(for_ever(), other.loop());
  other.end();
  const std::exception_ptr error = error_of_call([&] { future.result(10s); });
  EXPECT_TRUE(is<CancelledError>(error) || is<InvalidStateError>(error)) << describe(error);
  EXPECT_TRUE(future.done());
}

TEST(ConcurrentFutureThread, OfALoopThatNeverRunsIsRefusedAtItsEnd) {
  auto loop = std::make_unique<EventLoop>(std::make_unique<VirtualClock>());
  const ConcurrentFuture<> future = run_coroutine_threadsafe(for_ever(), *loop);
  loop.reset();
  const std::exception_ptr error = error_of_call([&] { future.result(10s); });
  EXPECT_TRUE(is<InvalidStateError>(error)) << describe(error);
}

ASYNC_TEST(ConcurrentFutureThread, OwnThreadOfTheLoopIsRefused) {
  const auto future = run_coroutine_threadsafe(at_once(7), EventLoop::current());
  EXPECT_THROW((void)future.result(), InvalidStateError);
  co_await passes(3);
  EXPECT_EQ(future.result(), 7);
}

TEST(ConcurrentFutureThread, EmptyCoroIsRefused) {
  const LoopThread other;
  EXPECT_THROW((void)run_coroutine_threadsafe(Coro<>(), other.loop()), InvalidStateError);
}

TEST(ConcurrentFutureThread, GivesAMoveOnlyResult) {
  const LoopThread other;
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(4); };
  const std::unique_ptr<int> value = run_coroutine_threadsafe(make(), other.loop()).result();
  EXPECT_EQ(*value, 4);
}

TEST(ConcurrentFutureThread, CancelReachesTheTaskOnItsLoop) {
  const LoopThread other;
  std::promise<void> started;
  Log log;
  const auto body = [&]() -> Coro<> {
    started.set_value();
    co_await wait_for_ever(log, "it");
  };
  const ConcurrentFuture<> future = run_coroutine_threadsafe(body(), other.loop());
  started.get_future().wait();
  EXPECT_TRUE(future.cancel());
  EXPECT_THROW(future.result(), CancelledError);
  EXPECT_EQ(log, (Log{"it cancelled", "it gone"}));
}

TEST(ConcurrentFutureThread, CancelAtOnceNeverLeavesItPending) {
  const LoopThread other;
  for (int i = 0; i < 200; ++i) {
    const ConcurrentFuture<> future = run_coroutine_threadsafe(for_ever(), other.loop());
    future.cancel();
    EXPECT_THROW(future.result(10s), CancelledError);
  }
}

TEST(ConcurrentFutureThread, ReleasesTheParametersOfACoroutineThatNeverRan) {
  const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
  {
    EventLoop loop;
    const auto future = run_coroutine_threadsafe(keep(Probe(1)), loop);
  }
  EXPECT_EQ(Probe::alive, 0);
}

TEST(ConcurrentFutureThread, ManyThreadsEachGetTheirOwn) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 100;
  const LoopThread other;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&right, &other, t] {
      for (int i = 0; i < kCalls; ++i) {
        const int value = t * kCalls + i;
        if (run_coroutine_threadsafe(after(0s, value), other.loop()).result() == value) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, kThreads * kCalls);
}

}  // namespace
}  // namespace cochain::testing
