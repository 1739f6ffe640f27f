// Random tasks at a Condition and at a Barrier, with random cancellations and tasks that are
// destroyed where they stand: no notification is lost, no lock is held by nobody, nobody hangs.
#include <deque>
#include <optional>
#include <set>

#include "random_cancel.hpp"

namespace cochain::testing {
namespace {

/// A bounded buffer as textbooks have it: one lock, two conditions, one notification per change.
class Buffer {
 public:
  explicit Buffer(std::size_t most) : most_(most) {}

  Coro<> put(int item, Random& random) {
    const Lock::Held held = co_await lock.scoped();
    const auto has_room = [this] { return items.size() < most_; };
    co_await not_full.wait_for(has_room);
    const Inside inside(*this);
    items.push_back(item);
    ++put_count;
    not_empty.notify();
    co_await sleep(random.pause());
  }
  Coro<> take(Random& random) {
    const Lock::Held held = co_await lock.scoped();
    const auto has_item = [this] { return !items.empty() || closed; };
    co_await not_empty.wait_for(has_item);
    const Inside inside(*this);
    if (items.empty()) throw QueueShutDown();
    items.pop_front();
    ++taken_count;
    not_full.notify();
    co_await sleep(random.pause());
  }

  Lock lock;
  Condition not_full{lock};
  Condition not_empty{lock};
  std::deque<int> items;
  int put_count = 0;
  int taken_count = 0;
  bool closed = false;

 private:
  /// Counts who is between taking the lock and giving it back.
  class Inside {
   public:
    explicit Inside(Buffer& buffer) : buffer_(buffer) {
      EXPECT_EQ(++buffer_.inside_, 1);
      EXPECT_TRUE(buffer_.lock.locked());
    }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside() { --buffer_.inside_; }

   private:
    Buffer& buffer_;
  };

  std::size_t most_;
  int inside_ = 0;
};

Coro<> fill(Buffer& buffer, Random& random) {
  for (int i = 0; i < 8; ++i) {
    co_await sleep(random.pause());
    co_await buffer.put(i, random);
  }
}

Coro<> drain(Buffer& buffer, Random& random) {
  for (;;) {
    co_await buffer.take(random);
    co_await sleep(random.pause());
  }
}

Coro<> drain_with_deadlines(Buffer& buffer, Random& random) {
  for (;;) {
    try {
      co_await wait_for(buffer.take(random), std::chrono::milliseconds(1 + random.up_to(3)));
    } catch (const TimeoutError&) {
    }
    co_await sleep(random.pause());
  }
}

Coro<> one_condition_round(unsigned seed) {
  Random random(seed);
  Buffer buffer(static_cast<std::size_t>(1 + random.up_to(2)));
  std::vector<Task<>> fillers;
  std::vector<Task<>> drainers;
  for (int i = 0; i < 5; ++i) fillers.push_back(create_task(fill(buffer, random)));
  for (int i = 0; i < 2; ++i) {
    drainers.push_back(create_task(drain(buffer, random)));
    drainers.push_back(create_task(drain_with_deadlines(buffer, random)));
  }
  std::vector<AnyTask> tasks(fillers.begin(), fillers.end());
  tasks.insert(tasks.end(), drainers.begin(), drainers.end());
  const Task<> disturber = create_task(disturb(tasks, random));
  {
    TaskGroup doomed;
    for (int i = 0; i < 3; ++i) {
      (void)doomed.create_task(fill(buffer, random));
      (void)doomed.create_task(drain(buffer, random));
    }
    const int length = random.up_to(30);
    co_await sleep(std::chrono::milliseconds(length));
    co_await passes(random.up_to(3));
  }
  co_await disturber;
  // One drainer is enough for all fillers that are left, if no notification was lost.
  drainers.push_back(create_task(drain(buffer, random)));
  for (const Task<>& filler : fillers) (void)co_await error_of(filler);
  {
    const Lock::Held held = co_await buffer.lock.scoped();
    buffer.closed = true;
    buffer.not_empty.notify_all();
  }
  for (const Task<>& drainer : drainers) {
    const std::exception_ptr error = co_await error_of(drainer);
    EXPECT_TRUE(is<QueueShutDown>(error) || is<CancelledError>(error)) << describe(error);
  }
  EXPECT_EQ(buffer.put_count, buffer.taken_count);
  EXPECT_TRUE(buffer.items.empty());
  EXPECT_FALSE(buffer.lock.locked());
}

TEST(RandomCancel, ConditionLosesNoNotificationAndNoLock) { for_random_seeds(one_condition_round); }

/// What is seen at a barrier: in a round that nothing disturbed, no index twice.
class Rounds {
 public:
  explicit Rounds(std::size_t parties) : parties_(parties) {}
  void pass(std::size_t index) {
    EXPECT_LT(index, parties_);
    if (index + 1 == parties_ || disturbed_) {  // the last one goes first
      seen_.clear();
      disturbed_ = false;
    }
    const bool is_new = seen_.insert(index).second;
    EXPECT_TRUE(is_new) << "index " << index << " twice in a round";
  }
  void disturb() { disturbed_ = true; }

 private:
  std::size_t parties_;
  std::set<std::size_t> seen_;
  bool disturbed_ = false;
};

Coro<> meet(Barrier& barrier, Rounds& rounds, Random& random) {
  for (int i = 0; i < 6; ++i) {
    co_await sleep(random.pause());
    try {
      const std::size_t index = co_await barrier.wait();
      rounds.pass(index);
    } catch (const BrokenBarrierError&) {
      rounds.disturb();
    } catch (const CancelledError&) {
      rounds.disturb();
      throw;
    }
  }
}

Coro<> break_and_mend(Barrier& barrier, Rounds& rounds, Random& random) {
  for (int i = 0; i < 4; ++i) {
    co_await sleep(std::chrono::milliseconds(random.up_to(8)));
    rounds.disturb();
    if (random.up_to(1) == 0) barrier.abort();
    if (random.up_to(1) == 0) co_await sleep(random.pause());
    barrier.reset();
  }
}

/// Takes the places that are missing, as long as one of `tasks` waits.
Coro<> complete(Barrier& barrier, Rounds& rounds, std::vector<Task<>> tasks) {
  for (const Task<>& task : tasks) {
    while (!task.done()) {
      co_await sleep(10ms);  // longer than any pause
      if (barrier.n_waiting() == 0) continue;
      const std::size_t index = co_await barrier.wait();
      rounds.pass(index);
    }
  }
}

Coro<> one_barrier_round(unsigned seed) {
  Random random(seed);
  const auto parties = static_cast<std::size_t>(2 + random.up_to(2));
  Barrier barrier(parties);
  Rounds rounds(parties);
  std::vector<Task<>> tasks;
  for (int i = 0; i < 7; ++i) tasks.push_back(create_task(meet(barrier, rounds, random)));
  std::vector<AnyTask> victims(tasks.begin(), tasks.end());
  const Task<> disturber = create_task(disturb(victims, random));
  const Task<> breaker = create_task(break_and_mend(barrier, rounds, random));
  {
    TaskGroup doomed;
    for (int i = 0; i < 3; ++i) (void)doomed.create_task(meet(barrier, rounds, random));
    const int length = random.up_to(15);
    co_await sleep(std::chrono::milliseconds(length));
    co_await passes(random.up_to(3));
    rounds.disturb();
  }
  co_await disturber;
  co_await breaker;
  EXPECT_FALSE(barrier.broken());
  // With one task that waits, these complete a round.
  std::vector<Task<>> helpers;
  for (std::size_t i = 1; i < parties; ++i) {
    helpers.push_back(create_task(complete(barrier, rounds, tasks)));
  }
  for (const Task<>& task : tasks) (void)co_await error_of(task);
  barrier.reset();  // for helpers that came too late to be needed
  for (const Task<>& helper : helpers) {
    const std::exception_ptr error = co_await error_of(helper);
    EXPECT_TRUE(!error || is<BrokenBarrierError>(error)) << describe(error);
  }
  EXPECT_EQ(barrier.n_waiting(), 0U);
  // It is as good as new.
  Rounds last(parties);
  std::vector<Task<>> fresh;
  for (std::size_t i = 0; i < parties; ++i) {
    fresh.push_back(create_task(meet(barrier, last, random)));
  }
  for (const Task<>& task : fresh) co_await task;
}

TEST(RandomCancel, BarrierStaysWholeAndNumbersEveryRound) { for_random_seeds(one_barrier_round); }

}  // namespace
}  // namespace cochain::testing
