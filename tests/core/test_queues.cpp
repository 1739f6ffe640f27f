// PriorityQueue and LifoQueue: what they give and when, and that the promises of Queue hold for
// all three.
#include <functional>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

template <class Q>
Coro<> take(Q& queue, Numbers& got) {
  const int item = co_await queue.get();
  got.push_back(item);
}
template <class Q>
Coro<> give(Q& queue, int item) {
  co_await queue.put(item);
}

/// A piece of work: compared by urgency, told apart by name.
class Job {
 public:
  Job(int new_urgency, std::string new_name) : urgency(new_urgency), name(std::move(new_name)) {}
  friend bool operator<(const Job& a, const Job& b) { return a.urgency < b.urgency; }
  int urgency;
  std::string name;
};

class ByValue {
 public:
  bool operator()(const Probe& a, const Probe& b) const { return a.value() < b.value(); }
};

ASYNC_TEST(PriorityQueue, GivesTheLowestFirst) {
  PriorityQueue<int> queue;
  for (const int item : {5, 1, 4, 2, 3}) co_await queue.put(item);
  Numbers got;
  for (int i = 0; i < 5; ++i) co_await take(queue, got);
  EXPECT_EQ(got, (Numbers{1, 2, 3, 4, 5}));
}

ASYNC_TEST(PriorityQueue, GivesEqualsInTheOrderOfTheirComing) {
  PriorityQueue<Job> queue;
  for (int i = 0; i < 50; ++i) queue.put_nowait(Job(i % 3, std::to_string(i)));
  for (int urgency = 0; urgency < 3; ++urgency) {
    for (int i = urgency; i < 50; i += 3) {
      const Job job = queue.get_nowait();
      EXPECT_EQ(job.urgency, urgency);
      EXPECT_EQ(job.name, std::to_string(i));
    }
  }
  EXPECT_TRUE(queue.empty());
  co_return;
}

ASYNC_TEST(PriorityQueue, TakesAnOrderOfItsOwn) {
  PriorityQueue<int, std::greater<int>> highest;
  for (const int item : {1, 3, 2}) highest.put_nowait(item);
  EXPECT_EQ(highest.get_nowait(), 3);
  const auto by_last_digit = [](int a, int b) { return a % 10 < b % 10; };
  PriorityQueue<int, decltype(by_last_digit)> queue(0, by_last_digit);
  for (const int item : {19, 21, 15, 31}) queue.put_nowait(item);
  Numbers got;
  while (!queue.empty()) got.push_back(queue.get_nowait());
  EXPECT_EQ(got, (Numbers{21, 31, 15, 19}));
  co_return;
}

// As in asyncio.
ASYNC_TEST(PriorityQueue, WokenGetterTakesWhatIsLowestWhenItRuns) {
  PriorityQueue<int> queue;
  Numbers got;
  const Task<> first = create_task(take(queue, got));
  const Task<> second = create_task(take(queue, got));
  co_await sleep(0s);
  for (const int item : {5, 3, 1}) queue.put_nowait(item);
  co_await first;
  co_await second;
  EXPECT_EQ(got, (Numbers{1, 3}));
  EXPECT_EQ(queue.get_nowait(), 5);
}

ASYNC_TEST(PriorityQueue, AnItemThatComesLaterMayOvertakeTheOneThatWoke) {
  PriorityQueue<int> queue;
  Numbers got;
  const Task<> getter = create_task(take(queue, got));
  co_await sleep(0s);
  queue.put_nowait(9);
  queue.put_nowait(1);
  co_await getter;
  EXPECT_EQ(got, (Numbers{1}));
  EXPECT_EQ(queue.get_nowait(), 9);
}

ASYNC_TEST(PriorityQueue, PuttersWaitInTheOrderOfTheirComingWhateverTheyBring) {
  PriorityQueue<int> queue(1);
  std::vector<Task<>> tasks;
  for (const int item : {5, 3, 1}) tasks.push_back(create_task(give(queue, item)));
  co_await sleep(0s);
  Numbers got;
  for (int i = 0; i < 3; ++i) {
    co_await take(queue, got);
    co_await sleep(0s);
  }
  EXPECT_EQ(got, (Numbers{5, 3, 1}));
  for (const Task<>& task : tasks) co_await task;
}

ASYNC_TEST(PriorityQueue, CarriesItemsThatCannotBeCopied) {
  const auto by_value = [](const std::unique_ptr<int>& a, const std::unique_ptr<int>& b) {
    return *a < *b;
  };
  PriorityQueue<std::unique_ptr<int>, decltype(by_value)> queue(3, by_value);
  for (const int value : {3, 1, 2}) co_await queue.put(std::make_unique<int>(value));
  for (const int value : {1, 2, 3}) {
    const std::unique_ptr<int> item = co_await queue.get();
    EXPECT_EQ(*item, value);
  }
}

ASYNC_TEST(LifoQueue, GivesTheLastFirst) {
  LifoQueue<int> queue;
  for (int i = 0; i < 3; ++i) co_await queue.put(i);
  Numbers got;
  co_await take(queue, got);
  queue.put_nowait(7);
  for (int i = 0; i < 3; ++i) co_await take(queue, got);
  EXPECT_EQ(got, (Numbers{2, 7, 1, 0}));
}

ASYNC_TEST(LifoQueue, WokenGettersTakeWhatCameLastWhenTheyRun) {
  LifoQueue<int> queue;
  Numbers got;
  const Task<> first = create_task(take(queue, got));
  const Task<> second = create_task(take(queue, got));
  co_await sleep(0s);
  queue.put_nowait(1);
  queue.put_nowait(2);
  co_await first;
  co_await second;
  EXPECT_EQ(got, (Numbers{2, 1}));
}

// What follows is asked of all three queues; the items are equal, so that any order will do.

template <class Q>
Coro<> getters_are_served_in_order() {
  Q queue;
  Numbers order;
  const auto get_as = [&](int number) -> Coro<> {
    (void)co_await queue.get();
    order.push_back(number);
  };
  std::vector<Task<>> tasks;
  for (int i = 0; i < 4; ++i) tasks.push_back(create_task(get_as(i)));
  co_await sleep(0s);
  tasks[1].cancel();
  for (int i = 0; i < 3; ++i) queue.put_nowait(0);
  EXPECT_THROW((void)queue.get_nowait(), QueueEmpty) << "all three are promised";
  for (const Task<>& task : tasks) (void)co_await error_of(task);
  EXPECT_EQ(order, (Numbers{0, 2, 3}));
}

template <class Q>
Coro<> bound_holds_and_nobody_barges() {
  Q queue(2);
  EXPECT_EQ(queue.maxsize(), 2U);
  queue.put_nowait(0);
  EXPECT_FALSE(queue.full());
  queue.put_nowait(0);
  EXPECT_TRUE(queue.full());
  EXPECT_THROW(queue.put_nowait(0), QueueFull);
  const Task<> putter = create_task(give(queue, 0));
  co_await sleep(0s);
  EXPECT_EQ(queue.size(), 2U);
  EXPECT_EQ(queue.get_nowait(), 0);
  EXPECT_THROW(queue.put_nowait(1), QueueFull) << "the place is promised";
  co_await putter;
  EXPECT_EQ(queue.size(), 2U);
  Q unbounded;
  EXPECT_EQ(unbounded.maxsize(), 0U);
  for (int i = 0; i < 1000; ++i) unbounded.put_nowait(i);
  EXPECT_FALSE(unbounded.full());
}

template <class Q>
Coro<> cancelled_after_being_served_passes_it_on() {
  Q queue(1);
  Numbers got;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 2; ++i) tasks.push_back(create_task(take(queue, got)));
  co_await sleep(0s);
  queue.put_nowait(1);
  tasks[0].cancel();
  co_await tasks[1];
  (void)co_await error_of(tasks[0]);
  EXPECT_EQ(got, (Numbers{1}));
  queue.put_nowait(2);
  tasks.clear();
  for (int i = 3; i <= 4; ++i) tasks.push_back(create_task(give(queue, i)));
  co_await sleep(0s);
  EXPECT_EQ(queue.get_nowait(), 2);
  tasks[0].cancel();
  co_await tasks[1];
  (void)co_await error_of(tasks[0]);
  EXPECT_EQ(queue.get_nowait(), 4);
}

template <class Q>
Coro<> destroyed_after_being_served_passes_it_on() {
  Q queue(1);
  Numbers got;
  {
    TaskGroup group;
    (void)group.create_task(take(queue, got));
    co_await sleep(0s);
    queue.put_nowait(1);
  }
  EXPECT_TRUE(got.empty());
  {
    TaskGroup group;
    (void)group.create_task(give(queue, 2));
    co_await sleep(0s);
    EXPECT_EQ(queue.get_nowait(), 1);
  }
  EXPECT_TRUE(queue.empty());
  queue.put_nowait(3);
  EXPECT_EQ(queue.get_nowait(), 3);
}

template <class Q>
Coro<> join_waits_for_every_item() {
  Q queue;
  EXPECT_THROW(queue.task_done(), InvalidStateError);
  co_await queue.join();
  queue.put_nowait(1);
  queue.put_nowait(2);
  const Task<> joiner = create_task(ensure_coro(queue.join()));
  (void)queue.get_nowait();
  (void)queue.get_nowait();
  queue.task_done();
  co_await sleep(1s);
  EXPECT_FALSE(joiner.done());
  queue.task_done();
  queue.put_nowait(3);  // who waited for the two is done all the same
  co_await joiner;
  EXPECT_FALSE(queue.empty());
}

template <class Q>
Coro<> shutdown_gives_what_is_left() {
  Q queue(2);
  queue.put_nowait(1);
  queue.put_nowait(1);
  const Task<> putter = create_task(give(queue, 2));
  co_await sleep(0s);
  queue.shutdown();
  EXPECT_THROW(queue.put_nowait(1), QueueShutDown);
  const std::exception_ptr refused = co_await error_of(putter);
  EXPECT_TRUE(is<QueueShutDown>(refused));
  EXPECT_EQ(queue.get_nowait(), 1);
  Numbers got;
  co_await take(queue, got);
  const std::exception_ptr over = co_await error_of(queue.get());
  EXPECT_TRUE(is<QueueShutDown>(over));
  EXPECT_THROW((void)queue.get_nowait(), QueueShutDown);
  const Task<> joiner = create_task(ensure_coro(queue.join()));
  queue.task_done();
  co_await sleep(1s);
  EXPECT_FALSE(joiner.done());
  queue.task_done();
  co_await joiner;
}

template <class Q>
Coro<> shutdown_now_counts_what_it_drops_as_done() {
  Q queue;
  for (int i = 0; i < 3; ++i) queue.put_nowait(i);
  (void)queue.get_nowait();  // in work
  const Task<> joiner = create_task(ensure_coro(queue.join()));
  co_await sleep(0s);
  queue.shutdown_now();
  EXPECT_TRUE(queue.empty());
  co_await sleep(1s);
  EXPECT_FALSE(joiner.done());
  queue.task_done();
  co_await joiner;
  EXPECT_THROW(queue.task_done(), InvalidStateError);
  const std::exception_ptr error = co_await error_of(queue.get());
  EXPECT_TRUE(is<QueueShutDown>(error));
}

template <class Q>
Coro<> shutdown_now_after_early_task_done_keeps_the_count() {
  Q queue;
  queue.put_nowait(1);
  queue.put_nowait(2);
  queue.task_done();  // before get(), which nothing forbids
  queue.task_done();
  queue.shutdown_now();
  co_await wait_for(queue.join(), 1s);
  EXPECT_THROW(queue.task_done(), InvalidStateError);
}

template <class Q>
Coro<> drops_what_nobody_took() {
  const int before = Probe::alive;
  {
    Q queue;
    for (int i = 0; i < 3; ++i) queue.put_nowait(Probe(i));
    (void)queue.get_nowait();
    EXPECT_EQ(Probe::alive, before + 2);
    queue.shutdown_now();
    EXPECT_EQ(Probe::alive, before);
  }
  co_return;
}

/// Cancelled anywhere, an item is in the queue or was taken, exactly once.
template <class Q>
Coro<> items_survive_a_cancellation() {
  Q queue(1);
  int put = 0;
  int taken = 0;
  std::exception_ptr error;
  const auto consume = [&]() -> Coro<> {
    for (;;) {
      co_await sleep(1s);
      (void)co_await queue.get();
      ++taken;
      queue.task_done();
    }
  };
  const Task<> consumer = create_task(consume());
  try {
    for (int i = 0; i < 4; ++i) {
      co_await queue.put(i);
      ++put;
    }
    co_await queue.join();
  } catch (...) {
    error = std::current_exception();
  }
  queue.shutdown();
  (void)co_await error_of(consumer);
  EXPECT_EQ(taken + static_cast<int>(queue.size()), put);
  if (error) std::rethrow_exception(error);
}

template <class Q>
Coro<> getter_survives_a_cancellation() {
  Q queue;
  int taken = 0;
  std::exception_ptr error;
  const auto produce = [&]() -> Coro<> {
    for (int i = 0; i < 3; ++i) {
      co_await sleep(1s);
      co_await queue.put(i);
    }
  };
  const Task<> producer = create_task(produce());
  try {
    for (int i = 0; i < 3; ++i) {
      (void)co_await queue.get();
      ++taken;
    }
  } catch (...) {
    error = std::current_exception();
  }
  const std::exception_ptr producer_error = co_await error_of(producer);
  if (!producer_error) {
    EXPECT_EQ(taken + static_cast<int>(queue.size()), 3);
  }
  if (error) std::rethrow_exception(error);
}

#define COCHAIN_TEST_OF_ALL_QUEUES(situation, scenario)                                  \
  ASYNC_TEST(AllQueues, situation##OfQueue) { co_await scenario<Queue<int>>(); }         \
  ASYNC_TEST(AllQueues, situation##OfLifoQueue) { co_await scenario<LifoQueue<int>>(); } \
  ASYNC_TEST(AllQueues, situation##OfPriorityQueue) { co_await scenario<PriorityQueue<int>>(); }

COCHAIN_TEST_OF_ALL_QUEUES(ServesGettersInOrder, getters_are_served_in_order)
COCHAIN_TEST_OF_ALL_QUEUES(HoldsTheBound, bound_holds_and_nobody_barges)
COCHAIN_TEST_OF_ALL_QUEUES(PassesOnWhenCancelled, cancelled_after_being_served_passes_it_on)
COCHAIN_TEST_OF_ALL_QUEUES(PassesOnWhenDestroyed, destroyed_after_being_served_passes_it_on)
COCHAIN_TEST_OF_ALL_QUEUES(JoinWaitsForEveryItem, join_waits_for_every_item)
COCHAIN_TEST_OF_ALL_QUEUES(ShutdownGivesWhatIsLeft, shutdown_gives_what_is_left)
COCHAIN_TEST_OF_ALL_QUEUES(ShutdownNowCountsAsDone, shutdown_now_counts_what_it_drops_as_done)
COCHAIN_TEST_OF_ALL_QUEUES(ShutdownNowKeepsTheCount,
                           shutdown_now_after_early_task_done_keeps_the_count)

ASYNC_TEST(AllQueues, DropWhatNobodyTook) {
  co_await drops_what_nobody_took<Queue<Probe>>();
  co_await drops_what_nobody_took<LifoQueue<Probe>>();
  co_await drops_what_nobody_took<PriorityQueue<Probe, ByValue>>();
}

TEST(AllQueues, PutCancelledAtEverySuspensionLosesNoItem) {
  EXPECT_GE(cancel_at_every_suspension(items_survive_a_cancellation<Queue<int>>), 4);
  EXPECT_GE(cancel_at_every_suspension(items_survive_a_cancellation<LifoQueue<int>>), 4);
  EXPECT_GE(cancel_at_every_suspension(items_survive_a_cancellation<PriorityQueue<int>>), 4);
}

TEST(AllQueues, GetCancelledAtEverySuspensionLosesNoItem) {
  EXPECT_GE(cancel_at_every_suspension(getter_survives_a_cancellation<Queue<int>>), 3);
  EXPECT_GE(cancel_at_every_suspension(getter_survives_a_cancellation<LifoQueue<int>>), 3);
  EXPECT_GE(cancel_at_every_suspension(getter_survives_a_cancellation<PriorityQueue<int>>), 3);
}

}  // namespace
}  // namespace cochain::testing
