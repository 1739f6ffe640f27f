// The end of a queue: what is left is given out, or dropped, and nobody waits for ever.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

Coro<int> take(Queue<int>& queue) {
  const int item = co_await queue.get();
  co_return item;
}
Coro<> give(Queue<int>& queue, int item) { co_await queue.put(item); }

ASYNC_TEST(QueueShutdown, RefusesNewItems) {
  Queue<int> queue;
  queue.shutdown();
  EXPECT_THROW(queue.put_nowait(1), QueueShutDown);
  const std::exception_ptr error = co_await error_of(queue.put(1));
  EXPECT_TRUE(is<QueueShutDown>(error));
}

ASYNC_TEST(QueueShutdown, GivesWhatIsLeftAndThenThrows) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  queue.shutdown();
  const int first = co_await queue.get();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(queue.get_nowait(), 2);
  const std::exception_ptr error = co_await error_of(queue.get());
  EXPECT_TRUE(is<QueueShutDown>(error));
  EXPECT_THROW((void)queue.get_nowait(), QueueShutDown);
}

ASYNC_TEST(QueueShutdown, WakesEverybodyWhoWaits) {
  Queue<int> empty;
  Queue<int> full(1);
  full.put_nowait(1);
  const Task<int> getter = create_task(take(empty));
  const Task<int> other_getter = create_task(take(empty));
  const Task<> putter = create_task(give(full, 2));
  const Task<> other_putter = create_task(give(full, 3));
  co_await sleep(0s);
  empty.shutdown();
  full.shutdown();
  for (const AnyTask& task : std::vector<AnyTask>{getter, other_getter, putter, other_putter}) {
    while (!task.done()) co_await sleep(0s);
    EXPECT_TRUE(is<QueueShutDown>(task.exception()));
  }
  EXPECT_EQ(full.get_nowait(), 1);
}

ASYNC_TEST(QueueShutdown, AWokenGetterStillGetsItsItem) {
  Queue<int> queue;
  const Task<int> first = create_task(take(queue));
  const Task<int> second = create_task(take(queue));
  co_await sleep(0s);
  queue.put_nowait(1);
  queue.shutdown();
  const int item = co_await first;
  EXPECT_EQ(item, 1);
  const std::exception_ptr error = co_await error_of(second);
  EXPECT_TRUE(is<QueueShutDown>(error));
}

ASYNC_TEST(QueueShutdown, AWokenGetterThatIsCancelledLeavesItsItemToTheNext) {
  Queue<int> queue;
  const Task<int> first = create_task(take(queue));
  const Task<int> second = create_task(take(queue));
  co_await sleep(0s);
  queue.put_nowait(1);
  queue.shutdown();
  first.cancel();
  const int item = co_await second;
  EXPECT_EQ(item, 1);
  (void)co_await error_of(first);
}

ASYNC_TEST(QueueShutdown, AWokenPutterIsRefused) {
  Queue<int> queue(1);
  queue.put_nowait(1);
  const Task<> putter = create_task(give(queue, 2));
  co_await sleep(0s);
  EXPECT_EQ(queue.get_nowait(), 1);
  queue.shutdown();
  const std::exception_ptr error = co_await error_of(putter);
  EXPECT_TRUE(is<QueueShutDown>(error));
  EXPECT_TRUE(queue.empty());
}

ASYNC_TEST(QueueShutdown, LeavesJoinWaitingForWhatWasTaken) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.shutdown();
  const Task<> joiner = create_task(ensure_coro(queue.join()));
  (void)queue.get_nowait();
  co_await sleep(1s);
  EXPECT_FALSE(joiner.done());
  queue.task_done();
  co_await joiner;
}

ASYNC_TEST(QueueShutdown, NowDropsWhatIsLeft) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.shutdown_now();
  EXPECT_TRUE(queue.empty());
  const std::exception_ptr error = co_await error_of(queue.get());
  EXPECT_TRUE(is<QueueShutDown>(error));
}

ASYNC_TEST(QueueShutdown, NowCountsWhatItDropsAsWorkedOff) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  const Task<> joiner = create_task(ensure_coro(queue.join()));
  (void)queue.get_nowait();
  co_await sleep(0s);
  queue.shutdown_now();
  co_await sleep(1s);
  EXPECT_FALSE(joiner.done()) << "the item in work is still to be done";
  queue.task_done();
  co_await joiner;
}

ASYNC_TEST(QueueShutdown, NowEndsJoinWhenNothingIsInWork) {
  Queue<int> queue;
  queue.put_nowait(1);
  const Task<> joiner = create_task(ensure_coro(queue.join()));
  co_await sleep(0s);
  queue.shutdown_now();
  co_await joiner;
}

ASYNC_TEST(QueueShutdown, NowRefusesAWokenGetterItsItem) {
  Queue<int> queue;
  const Task<int> getter = create_task(take(queue));
  co_await sleep(0s);
  queue.put_nowait(1);
  queue.shutdown_now();
  const std::exception_ptr error = co_await error_of(getter);
  EXPECT_TRUE(is<QueueShutDown>(error));
  co_await queue.join();
}

ASYNC_TEST(QueueShutdown, TwiceIsHarmless) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.shutdown();
  queue.shutdown_now();
  queue.shutdown_now();
  EXPECT_TRUE(queue.empty());
  co_await queue.join();
}

TEST(QueueShutdown, CancelledAtEverySuspensionLosesNoItem) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    Queue<int> queue(1);
    int put = 0;
    int taken = 0;
    std::exception_ptr error;
    const auto consume = [&]() -> Coro<> {
      for (;;) {
        (void)co_await queue.get();
        ++taken;
      }
    };
    const Task<> consumer = create_task(consume());
    try {
      for (int i = 0; i < 4; ++i) {
        co_await queue.put(i);
        ++put;
      }
    } catch (...) {
      error = std::current_exception();
    }
    queue.shutdown();
    (void)co_await error_of(consumer);  // if it is cancelled here, so is the consumer
    EXPECT_EQ(taken + static_cast<int>(queue.size()), put);
    if (error) std::rethrow_exception(error);
  });
  EXPECT_GE(suspensions, 3);
}

}  // namespace
}  // namespace cochain::testing
