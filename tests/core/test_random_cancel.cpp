// Random producers and consumers with random cancellations: no item is lost or doubled, and every
// permit comes back; also if some tasks are destroyed where they stand.
#include <map>
#include <optional>

#include "random_cancel.hpp"

namespace cochain::testing {
namespace {

/// What went in and what came out.
struct Ledger {
  std::map<int, int> put;
  std::map<int, int> got;
  int next_item = 0;
};

template <class Q>
Coro<> produce(Q& queue, Ledger& ledger, Random& random) {
  for (int i = 0; i < 10; ++i) {
    co_await sleep(random.pause());
    const int item = ledger.next_item++;
    co_await queue.put(item);
    ++ledger.put[item];  // reached only if put() was not cancelled
  }
}

template <class Q>
Coro<> consume(Q& queue, Ledger& ledger, Random& random) {
  for (;;) {
    const int item = co_await queue.get();
    ++ledger.got[item];
    queue.task_done();
    co_await sleep(random.pause());
  }
}

template <class Q>
Coro<> consume_with_deadlines(Q& queue, Ledger& ledger, Random& random) {
  for (;;) {
    std::optional<int> item;
    try {
      item = co_await wait_for(queue.get(), std::chrono::milliseconds(random.up_to(2)));
    } catch (const TimeoutError&) {
    }
    if (!item) {
      co_await sleep(0s);
      continue;
    }
    ++ledger.got[*item];
    queue.task_done();
  }
}

template <class Q>
Coro<> one_round(unsigned seed) {
  Random random(seed);
  Q queue(static_cast<std::size_t>(random.up_to(3)));
  Ledger ledger;
  std::vector<AnyTask> tasks;
  std::vector<Task<>> producers;
  std::vector<Task<>> consumers;
  for (int i = 0; i < 6; ++i) producers.push_back(create_task(produce(queue, ledger, random)));
  for (int i = 0; i < 3; ++i) {
    consumers.push_back(create_task(consume(queue, ledger, random)));
    consumers.push_back(create_task(consume_with_deadlines(queue, ledger, random)));
  }
  tasks.insert(tasks.end(), producers.begin(), producers.end());
  tasks.insert(tasks.end(), consumers.begin(), consumers.end());
  const Task<> disturber = create_task(disturb(tasks, random));
  {
    TaskGroup doomed;  // these are destroyed where they stand
    for (int i = 0; i < 2; ++i) {
      (void)doomed.create_task(produce(queue, ledger, random));
      (void)doomed.create_task(consume(queue, ledger, random));
    }
    const int length = random.up_to(20);
    co_await sleep(std::chrono::milliseconds(length));
    co_await passes(random.up_to(3));
  }
  co_await disturber;
  // Whoever is left finishes; a fresh consumer makes sure that somebody takes.
  const Task<> last = create_task(consume(queue, ledger, random));
  for (const Task<>& producer : producers) (void)co_await error_of(producer);
  queue.shutdown();
  const std::exception_ptr end = co_await error_of(last);
  EXPECT_TRUE(is<QueueShutDown>(end));
  for (const Task<>& consumer : consumers) {
    const std::exception_ptr error = co_await error_of(consumer);
    EXPECT_TRUE(is<QueueShutDown>(error) || is<CancelledError>(error)) << describe(error);
  }
  EXPECT_EQ(ledger.put, ledger.got);
  EXPECT_TRUE(queue.empty());
  co_await queue.join();
}

TEST(RandomCancel, QueueLosesAndDoublesNoItem) { for_random_seeds(one_round<Queue<int>>); }

TEST(RandomCancel, LifoQueueLosesAndDoublesNoItem) { for_random_seeds(one_round<LifoQueue<int>>); }

TEST(RandomCancel, PriorityQueueLosesAndDoublesNoItem) {
  for_random_seeds(one_round<PriorityQueue<int>>);
}

Coro<> use_permits(Semaphore& semaphore, int& inside, int permits, Random& random) {
  for (int i = 0; i < 10; ++i) {
    const Semaphore::Permit permit = co_await semaphore.scoped();
    ++inside;
    EXPECT_LE(inside, permits);
    try {
      co_await sleep(random.pause());
    } catch (const CancelledError&) {
      --inside;
      throw;
    }
    --inside;
  }
}

Coro<> acquire_and_give_back(Semaphore& semaphore, Random& random) {
  for (;;) {
    const Semaphore::Permit permit = co_await semaphore.scoped();
    co_await sleep(random.pause());
  }
}

Coro<> one_semaphore_round(unsigned seed) {
  Random random(seed);
  const int permits = 1 + random.up_to(3);
  Semaphore semaphore(static_cast<std::size_t>(permits));
  int inside = 0;
  std::vector<AnyTask> tasks;
  std::vector<Task<>> users;
  for (int i = 0; i < 8; ++i) {
    users.push_back(create_task(use_permits(semaphore, inside, permits, random)));
    tasks.push_back(users.back());
  }
  const Task<> disturber = create_task(disturb(tasks, random));
  {
    TaskGroup doomed;  // these are destroyed where they stand: waiting, served, or holding
    for (int i = 0; i < 3; ++i) {
      (void)doomed.create_task(acquire_and_give_back(semaphore, random));
    }
    const int length = random.up_to(20);
    co_await sleep(std::chrono::milliseconds(length));
    co_await passes(random.up_to(3));
  }
  co_await disturber;
  for (const Task<>& user : users) (void)co_await error_of(user);
  for (int i = 0; i < permits; ++i) EXPECT_TRUE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire());
}

TEST(RandomCancel, SemaphoreLosesNoPermit) { for_random_seeds(one_semaphore_round); }

}  // namespace
}  // namespace cochain::testing
