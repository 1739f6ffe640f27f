// What must hold in whatever order the loop runs what is ready, and wherever a task is cancelled:
// locks, events, conditions and barriers. Each scenario throws what does not hold.
#include "any_order.hpp"

namespace cochain::testing {
namespace {

// --- Lock, Semaphore, BoundedSemaphore ---

Coro<> use_lock(Lock& lock, Turns& turns, Section& section) {
  for (int i = 0; i < 2; ++i) {
    Turns::Turn turn(turns);
    const Lock::Held held = co_await lock.scoped();
    turn.served();
    const Section::Visit visit(section);
    co_await sleep(i == 0 ? 1ms : 2ms);
  }
}

Coro<> lock_scenario(int when) {
  Lock lock;
  Turns turns;
  Section section(1);
  TaskGroup others;
  std::vector<Task<>> users;
  for (int i = 0; i < 3; ++i) users.push_back(others.create_task(use_lock(lock, turns, section)));
  cancel_one(others, users, when);
  const std::exception_ptr error = co_await end_of(use_lock(lock, turns, section), others);
  section.require_kept();
  require(turns.nobody_waits(), "somebody waits for the lock");
  require(!lock.locked(), "nobody gave the lock back");
  if (error) std::rethrow_exception(error);
  require(section.visits() == 8 || !undisturbed(when), "somebody had no turn");
}

TEST(AnyOrder, LockServesOneAtATimeInTheOrderOfComing) { run_in_any_order(lock_scenario); }

template <class S>
Coro<> use_permit(S& semaphore, Turns& turns, Section& section) {
  for (int i = 0; i < 2; ++i) {
    Turns::Turn turn(turns);
    const Semaphore::Permit permit = co_await semaphore.scoped();
    turn.served();
    const Section::Visit visit(section);
    co_await sleep(i == 0 ? 1ms : 2ms);
  }
}

template <class S>
Coro<> semaphore_scenario(int when) {
  S semaphore(2);
  Turns turns(2);
  Section section(2);
  TaskGroup others;
  std::vector<Task<>> users;
  for (int i = 0; i < 4; ++i) {
    users.push_back(others.create_task(use_permit(semaphore, turns, section)));
  }
  cancel_one(others, users, when);
  const std::exception_ptr error = co_await end_of(use_permit(semaphore, turns, section), others);
  section.require_kept();
  require(turns.nobody_waits(), "somebody waits for a permit");
  const bool two_are_free = semaphore.try_acquire() && semaphore.try_acquire();
  require(two_are_free, "a permit was lost");
  require(!semaphore.try_acquire(), "a permit was made");
  if (error) std::rethrow_exception(error);
  require(section.visits() == 10 || !undisturbed(when), "somebody had no turn");
}

TEST(AnyOrder, SemaphoreServesAsManyAsItHasPermits) {
  run_in_any_order(semaphore_scenario<Semaphore>);
}

TEST(AnyOrder, BoundedSemaphoreServesAsManyAsItHasPermits) {
  run_in_any_order(semaphore_scenario<BoundedSemaphore>);
}

// --- Event ---

Coro<> wait_twice(Event& event, int& sets) {
  for (int i = 0; i < 2; ++i) {
    const int before = sets;
    const bool was_set = event.is_set();
    co_await event.wait();
    require(was_set || sets > before, "woken although the event was not set");
    co_await sleep(0s);
  }
}

Coro<> set_and_clear(Event& event, int& sets) {
  for (int i = 0; i < 2; ++i) {
    co_await sleep(1ms);
    ++sets;
    event.set();
    event.clear();  // who waited is woken nevertheless
  }
  co_await sleep(1ms);
  ++sets;
  event.set();
}

Coro<> event_scenario(int when) {
  Event event;
  int sets = 0;
  TaskGroup others;
  std::vector<Task<>> waiters;
  for (int i = 0; i < 3; ++i) waiters.push_back(others.create_task(wait_twice(event, sets)));
  cancel_one(others, waiters, when);
  others.create_task(set_and_clear(event, sets));
  const std::exception_ptr error = co_await end_of(wait_twice(event, sets), others);
  if (error) std::rethrow_exception(error);
  require(event.is_set() && sets == 3, "the event was not set so often");
}

TEST(AnyOrder, EventWakesAllWhoWaitedWhenItWasSet) { run_in_any_order(event_scenario); }

// --- Condition ---

/// A buffer for one item.
class Buffer {
 public:
  Lock lock;
  Condition not_full{lock};
  Condition not_empty{lock};
  Section section{1};
  std::deque<int> items;
  int put_count = 0;
  int taken_count = 0;
  bool closed = false;
};

Coro<> fill(Buffer& buffer) {
  for (int i = 0; i < 3; ++i) {
    const Lock::Held held = co_await buffer.lock.scoped();
    const auto has_room = [&buffer] { return buffer.items.empty(); };
    co_await buffer.not_full.wait_for(has_room);
    const Section::Visit visit(buffer.section);
    buffer.items.push_back(i);
    ++buffer.put_count;
    buffer.not_empty.notify();
    co_await sleep(1ms);
  }
}

Coro<> drain(Buffer& buffer) {
  for (;;) {
    const Lock::Held held = co_await buffer.lock.scoped();
    const auto has_item = [&buffer] { return !buffer.items.empty() || buffer.closed; };
    co_await buffer.not_empty.wait_for(has_item);
    const Section::Visit visit(buffer.section);
    if (buffer.items.empty()) co_return;
    buffer.items.pop_front();
    ++buffer.taken_count;
    buffer.not_full.notify();
    co_await sleep(1ms);
  }
}

Coro<> close_after(Buffer& buffer, Task<> one, Task<> other) {
  (void)co_await error_of(one);
  (void)co_await error_of(other);
  const Lock::Held held = co_await buffer.lock.scoped();
  buffer.closed = true;
  buffer.not_empty.notify_all();
}

Coro<> condition_scenario(int when) {
  Buffer buffer;
  TaskGroup others;
  const Task<> one = others.create_task(fill(buffer));
  const Task<> other = others.create_task(fill(buffer));
  const Task<> drainer = others.create_task(drain(buffer));
  others.create_task(close_after(buffer, one, other));
  cancel_one(others, {one, other, drainer}, when);
  const std::exception_ptr error = co_await end_of(drain(buffer), others);
  buffer.section.require_kept();
  require(!buffer.lock.locked(), "nobody gave the lock back");
  const int there = static_cast<int>(buffer.items.size());
  require(buffer.put_count == buffer.taken_count + there, "an item was lost");
  if (error) std::rethrow_exception(error);
  require(there == 0, "an item was left");
  require(buffer.taken_count == 6 || !undisturbed(when), "an item was not put");
}

TEST(AnyOrder, ConditionLosesNoNotification) { run_in_any_order(condition_scenario); }

Coro<> wait_for_notice(Condition& condition, Turns& turns, int& coming) {
  ++coming;
  const Lock::Held held = co_await condition.scoped();
  Turns::Turn turn(turns);
  co_await condition.wait();
  turn.served();
}

Coro<> notify_one_by_one(Condition& condition, int& coming) {
  while (coming < 4) co_await sleep(0s);
  co_await sleep(1ms);
  for (int i = 0; i < 4; ++i) {  // the lock is first come, first served: they all wait by now
    {
      const Lock::Held held = co_await condition.scoped();
      condition.notify();
    }
    co_await sleep(1ms);  // two that are woken at one time may go on in any order
  }
}

Coro<> notify_scenario(int when) {
  Condition condition;
  Turns turns;
  int coming = 0;
  TaskGroup others;
  std::vector<Task<>> waiters;
  for (int i = 0; i < 3; ++i) {
    waiters.push_back(others.create_task(wait_for_notice(condition, turns, coming)));
  }
  others.create_task(notify_one_by_one(condition, coming));
  if (when > 0) cancel_one(others, waiters, when);  // they all must have come
  const std::exception_ptr error =
      co_await end_of(wait_for_notice(condition, turns, coming), others);
  require(!condition.locked(), "nobody gave the lock back");
  require(turns.nobody_waits(), "somebody was not notified");
  if (error) std::rethrow_exception(error);
  require(coming == 4, "not all came");
}

TEST(AnyOrder, ConditionNotifiesInTheOrderOfWaiting) { run_in_any_order(notify_scenario); }

// --- Barrier ---

constexpr std::size_t kParties = 3;
constexpr std::size_t kRounds = 3;

/// Who came to each round, and with which indices they went.
class Meeting {
 public:
  Barrier barrier{kParties};
  std::size_t came[kRounds] = {};
  std::vector<std::size_t> indices[kRounds];
};

Coro<> meet(Meeting& meeting) {
  for (std::size_t round = 0; round < kRounds; ++round) {
    co_await sleep(1ms);
    ++meeting.came[round];
    const std::size_t index = co_await meeting.barrier.wait();
    require(meeting.came[round] == kParties, "one went before all had come");
    std::vector<std::size_t>& seen = meeting.indices[round];
    require(std::find(seen.begin(), seen.end(), index) == seen.end(), "an index came twice");
    seen.push_back(index);
  }
}

Coro<> meet_unless_broken(Meeting& meeting) {
  try {
    co_await meet(meeting);
  } catch (const BrokenBarrierError&) {
    require(meeting.barrier.broken(), "told that it is broken, and it is not");
  } catch (const CancelledError&) {
    meeting.barrier.abort();  // without this one, the others would wait for ever
    throw;
  }
}

Coro<> barrier_scenario(int when) {
  Meeting meeting;
  TaskGroup others;
  std::vector<Task<>> parties;
  for (std::size_t i = 1; i < kParties; ++i) {
    parties.push_back(others.create_task(meet_unless_broken(meeting)));
  }
  cancel_one(others, parties, when);
  const std::exception_ptr error = co_await end_of(meet_unless_broken(meeting), others);
  require(meeting.barrier.n_waiting() == 0, "somebody waits at the barrier");
  if (error) std::rethrow_exception(error);
  if (!undisturbed(when)) co_return;
  for (const auto& seen : meeting.indices) require(seen.size() == kParties, "one did not go");
  require(!meeting.barrier.broken(), "the barrier broke by itself");
}

TEST(AnyOrder, BarrierLetsAllThroughTogether) { run_in_any_order(barrier_scenario); }

Coro<> come_until(Barrier& barrier, int& missing, bool& over) {
  while (!over) {
    try {
      co_await barrier.wait();
      co_await sleep(1ms);
      --missing;
      over = missing <= 0;
      if (over) barrier.abort();  // for those that came for a round that is not needed
    } catch (const BrokenBarrierError&) {
      require(over, "broken although nobody broke it");
    }
  }
}

/// The barrier stays whole when one is cancelled: the others make up their rounds without it.
Coro<> barrier_without_one_scenario(int when) {
  Barrier barrier(2);
  int missing = 6;
  bool over = false;
  TaskGroup others;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 3; ++i) {
    tasks.push_back(others.create_task(come_until(barrier, missing, over)));
  }
  cancel_one(others, tasks, when);
  const std::exception_ptr error = co_await end_of(come_until(barrier, missing, over), others);
  require(barrier.n_waiting() == 0, "somebody waits at the barrier");
  require(barrier.broken() == over, "the barrier broke by itself");
  if (error) std::rethrow_exception(error);
}

TEST(AnyOrder, BarrierStaysWholeWithoutOneThatIsCancelled) {
  run_in_any_order(barrier_without_one_scenario);
}

}  // namespace
}  // namespace cochain::testing
