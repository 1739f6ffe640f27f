// Queue: order on both sides, nobody barges in, and a cancellation loses nothing.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

Coro<> take(Queue<int>& queue, Numbers& got) {
  const int item = co_await queue.get();
  got.push_back(item);
}
Coro<> give(Queue<int>& queue, int item) { co_await queue.put(item); }

ASYNC_TEST(Queue, GivesItemsInTheOrderTheyCame) {
  Queue<int> queue;
  for (int i = 0; i < 3; ++i) co_await queue.put(i);
  for (int i = 0; i < 3; ++i) {
    const int item = co_await queue.get();
    EXPECT_EQ(item, i);
  }
  EXPECT_TRUE(queue.empty());
}

ASYNC_TEST(Queue, WithRoomNeverSuspends) {
  Queue<int> queue(2);
  const std::uint32_t steps = current_task().get()->steps();
  co_await queue.put(1);
  co_await queue.put(2);
  (void)co_await queue.get();
  EXPECT_EQ(current_task().get()->steps(), steps);
}

ASYNC_TEST(Queue, ServesGettersInTheOrderOfTheirComing) {
  Queue<int> queue;
  Numbers order;
  const auto get_as = [&](int number) -> Coro<> {
    const int item = co_await queue.get();
    order.push_back(number * 10 + item);
  };
  std::vector<Task<>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(create_task(get_as(i)));
  co_await sleep(0s);
  for (int i = 0; i < 3; ++i) queue.put_nowait(i);
  for (const Task<>& task : tasks) co_await task;
  EXPECT_EQ(order, (Numbers{0, 11, 22}));
}

ASYNC_TEST(Queue, ServesPuttersInTheOrderOfTheirComing) {
  Queue<int> queue(1);
  co_await queue.put(0);
  std::vector<Task<>> tasks;
  for (int i = 1; i <= 3; ++i) tasks.push_back(create_task(give(queue, i)));
  co_await sleep(0s);
  EXPECT_TRUE(queue.full());
  for (int i = 0; i <= 3; ++i) {
    const int item = co_await queue.get();
    EXPECT_EQ(item, i);
  }
  for (const Task<>& task : tasks) co_await task;
}

ASYNC_TEST(Queue, WithoutABoundIsNeverFull) {
  Queue<int> queue;
  for (int i = 0; i < 10'000; ++i) queue.put_nowait(i);
  EXPECT_FALSE(queue.full());
  EXPECT_EQ(queue.size(), 10'000U);
  co_return;
}

ASYNC_TEST(Queue, NowaitFormsSayWhyTheyCannot) {
  Queue<int> queue(1);
  EXPECT_THROW((void)queue.get_nowait(), QueueEmpty);
  queue.put_nowait(1);
  EXPECT_THROW(queue.put_nowait(2), QueueFull);
  EXPECT_EQ(queue.get_nowait(), 1);
  co_return;
}

ASYNC_TEST(Queue, GetNowaitDoesNotBargePastAWokenGetter) {
  Queue<int> queue;
  Numbers got;
  const Task<> getter = create_task(take(queue, got));
  co_await sleep(0s);
  queue.put_nowait(1);  // promised to the getter, which has not run yet
  EXPECT_THROW((void)queue.get_nowait(), QueueEmpty);
  co_await getter;
  EXPECT_EQ(got, (Numbers{1}));
}

ASYNC_TEST(Queue, PutNowaitDoesNotBargePastAWokenPutter) {
  Queue<int> queue(1);
  co_await queue.put(1);
  const Task<> putter = create_task(give(queue, 2));
  co_await sleep(0s);
  EXPECT_EQ(queue.get_nowait(), 1);  // the place is promised to the putter
  EXPECT_THROW(queue.put_nowait(3), QueueFull);
  co_await putter;
  EXPECT_EQ(queue.get_nowait(), 2);
}

ASYNC_TEST(Queue, LateGetDoesNotBargePastAWokenGetter) {
  Queue<int> queue;
  Numbers got;
  const Task<> first = create_task(take(queue, got));
  co_await sleep(0s);
  queue.put_nowait(1);
  const Task<> second = create_task(take(queue, got));
  co_await sleep(0s);
  EXPECT_FALSE(second.done());
  co_await first;
  queue.put_nowait(2);
  co_await second;
  EXPECT_EQ(got, (Numbers{1, 2}));
}

ASYNC_TEST(Queue, CancelledGetTakesNothing) {
  Queue<int> queue;
  Numbers got;
  const Task<> getter = create_task(take(queue, got));
  co_await sleep(0s);
  getter.cancel();
  (void)co_await error_of(getter);
  queue.put_nowait(1);
  EXPECT_EQ(queue.get_nowait(), 1);
}

ASYNC_TEST(Queue, GetCancelledAfterItWasServedPassesTheItemOn) {
  Queue<int> queue;
  Numbers got;
  const Task<> first = create_task(take(queue, got));
  const Task<> second = create_task(take(queue, got));
  co_await sleep(0s);
  queue.put_nowait(1);
  first.cancel();
  co_await second;
  EXPECT_EQ(got, (Numbers{1}));
  EXPECT_TRUE(is<CancelledError>(first.exception()));
}

ASYNC_TEST(Queue, CancelledPutPutsNothing) {
  Queue<int> queue(1);
  co_await queue.put(1);
  const Task<> putter = create_task(give(queue, 2));
  co_await sleep(0s);
  putter.cancel();
  (void)co_await error_of(putter);
  EXPECT_EQ(queue.get_nowait(), 1);
  EXPECT_TRUE(queue.empty());
}

ASYNC_TEST(Queue, PutCancelledAfterItWasServedPassesThePlaceOn) {
  Queue<int> queue(1);
  co_await queue.put(1);
  const Task<> first = create_task(give(queue, 2));
  const Task<> second = create_task(give(queue, 3));
  co_await sleep(0s);
  EXPECT_EQ(queue.get_nowait(), 1);
  first.cancel();
  co_await second;
  EXPECT_EQ(queue.get_nowait(), 3);
  (void)co_await error_of(first);
}

ASYNC_TEST(Queue, GetterDestroyedAfterItWasServedPassesTheItemOn) {
  Queue<int> queue;
  Numbers got;
  {
    TaskGroup group;
    (void)group.create_task(take(queue, got));
    co_await sleep(0s);
    queue.put_nowait(1);
  }
  EXPECT_TRUE(got.empty());
  EXPECT_EQ(queue.get_nowait(), 1);
}

ASYNC_TEST(Queue, PutterDestroyedAfterItWasServedPassesThePlaceOn) {
  Queue<int> queue(1);
  co_await queue.put(1);
  {
    TaskGroup group;
    (void)group.create_task(give(queue, 2));
    co_await sleep(0s);
    EXPECT_EQ(queue.get_nowait(), 1);
  }
  queue.put_nowait(3);
  EXPECT_EQ(queue.get_nowait(), 3);
}

ASYNC_TEST(Queue, CarriesItemsThatCannotBeCopied) {
  Queue<std::unique_ptr<int>> queue(1);
  const auto produce = [&]() -> Coro<> {
    for (int i = 0; i < 3; ++i) co_await queue.put(std::make_unique<int>(i));
  };
  const Task<> producer = create_task(produce());
  for (int i = 0; i < 3; ++i) {
    const std::unique_ptr<int> item = co_await queue.get();
    EXPECT_EQ(*item, i);
  }
  co_await producer;
}

ASYNC_TEST(Queue, ReleasesTheItemsThatNobodyTook) {
  {
    Queue<Probe> queue;
    queue.put_nowait(Probe(1));
    EXPECT_EQ(Probe::alive, 1);
  }
  EXPECT_EQ(Probe::alive, 0);
  co_return;
}

ASYNC_TEST(Queue, JoinWaitsUntilEveryItemIsWorkedOff) {
  Queue<int> queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  const Task<> joiner = create_task(ensure_coro(queue.join()));
  (void)queue.get_nowait();
  (void)queue.get_nowait();
  co_await sleep(1s);
  EXPECT_FALSE(joiner.done()) << "taken is not worked off";
  queue.task_done();
  co_await sleep(1s);
  EXPECT_FALSE(joiner.done());
  queue.task_done();
  co_await joiner;
}

ASYNC_TEST(Queue, JoinOfAQueueWithNothingToDoReturnsAtOnce) {
  Queue<int> queue;
  co_await queue.join();
}

ASYNC_TEST(Queue, TaskDoneWithoutAnItemIsRefused) {
  Queue<int> queue;
  EXPECT_THROW(queue.task_done(), InvalidStateError);
  queue.put_nowait(1);
  queue.task_done();
  EXPECT_THROW(queue.task_done(), InvalidStateError);
  co_return;
}

}  // namespace
}  // namespace cochain::testing
