// What must hold in whatever order the loop runs what is ready, and wherever a task is cancelled:
// queues, task groups, gather, pipes and map. Each scenario throws what does not hold.
#include <unistd.h>

#include <array>

#include "any_order.hpp"
#include "process_state.hpp"

namespace cochain::testing {
namespace {

// --- Queue ---

/// What went through a queue, in the order in which it went in and came out.
class Ledger {
 public:
  Numbers put;
  Numbers got;
};

Coro<> produce(Queue<int>& queue, Ledger& ledger, int first) {
  for (int item = first; item < first + 3; ++item) {
    co_await queue.put(item);
    ledger.put.push_back(item);
    if (item % 2 == 0) co_await sleep(1ms);
  }
}

Coro<> consume(Queue<int>& queue, Ledger& ledger) {
  try {
    for (;;) {
      const int item = co_await queue.get();
      ledger.got.push_back(item);
      queue.task_done();
      co_await sleep(1ms);
    }
  } catch (const QueueShutDown&) {
  }
}

/// What came out must be what went in, from the front; gives how much is left.
std::size_t require_same_order(const Ledger& ledger, const Queue<int>& queue) {
  require(ledger.got.size() + queue.size() == ledger.put.size(), "an item was lost or doubled");
  require(std::equal(ledger.got.begin(), ledger.got.end(), ledger.put.begin()),
          "an item overtook another");
  return queue.size();
}

template <std::size_t kItemsMax>
Coro<> queue_scenario(int when) {
  Queue<int> queue(kItemsMax);
  Ledger ledger;
  TaskGroup others;
  const Task<> producer = others.create_task(produce(queue, ledger, 10));
  const Task<> one = others.create_task(consume(queue, ledger));
  const Task<> other = others.create_task(consume(queue, ledger));
  cancel_one(others, {producer, one, other}, when);
  const auto main = [&]() -> Coro<> {
    const std::exception_ptr error = co_await error_of(produce(queue, ledger, 20));
    (void)co_await error_of(producer);
    queue.shutdown();
    if (error) std::rethrow_exception(error);
  };
  const std::exception_ptr error = co_await end_of(main(), others);
  const std::size_t left = require_same_order(ledger, queue);
  if (error) std::rethrow_exception(error);
  if (!undisturbed(when)) co_return;
  require(ledger.put.size() == 6 && left == 0, "an item was left");
  co_await queue.join();
}

TEST(AnyOrder, QueueLosesNoItemAndKeepsTheirOrder) {
  run_in_any_order(queue_scenario<0>);
  run_in_any_order(queue_scenario<1>);
  run_in_any_order(queue_scenario<2>);
}

Coro<> get_in_turn(Queue<int>& queue, Turns& turns) {
  try {
    for (;;) {
      Turns::Turn turn(turns);
      co_await queue.get();
      turn.served();
      co_await sleep(1ms);
    }
  } catch (const QueueShutDown&) {
  }
}

/// One item at a time: of two that are woken at once, either may go on first. And whenever all is
/// quiet, nobody waits for what is there.
Coro<> feed(Queue<int>& queue, Turns& turns) {
  for (int i = 0; i < 8; ++i) {
    co_await sleep(1ms);
    co_await queue.put(i);
    co_await wait_all_tasks_blocked();
    require(queue.empty() || turns.nobody_waits(), "somebody waits for an item that is there");
  }
  queue.shutdown();
}

Coro<> getters_scenario(int when) {
  Queue<int> queue;
  Turns turns;
  TaskGroup others;
  std::vector<Task<>> getters;
  for (int i = 0; i < 3; ++i) {
    getters.push_back(others.create_task(get_in_turn(queue, turns)));
  }
  others.create_task(feed(queue, turns));
  cancel_one(others, getters, when);
  const std::exception_ptr error = co_await end_of(get_in_turn(queue, turns), others);
  require(turns.nobody_waits(), "somebody waits for an item");
  if (error) std::rethrow_exception(error);
  require(queue.empty(), "an item was left");
}

TEST(AnyOrder, QueueServesGettersInTheOrderOfComing) { run_in_any_order(getters_scenario); }

Coro<> put_in_turn(Queue<int>& queue, Turns& turns, int& put) {
  for (int i = 0; i < 3; ++i) {
    Turns::Turn turn(turns);
    co_await queue.put(i);
    turn.served();
    ++put;
    co_await sleep(1ms);
  }
}

/// As feed(): takes one item at a time.
Coro<> empty_slowly(Queue<int>& queue, Turns& turns, int& got) {
  for (int i = 0; i < 13; ++i) {
    co_await sleep(1ms);
    if (queue.empty()) continue;
    (void)queue.get_nowait();
    ++got;
    co_await wait_all_tasks_blocked();
    require(queue.full() || turns.nobody_waits(), "somebody waits for room that is there");
  }
}

Coro<> putters_scenario(int when) {
  Queue<int> queue(1);
  Turns turns;
  int put = 0;
  int got = 0;
  TaskGroup others;
  std::vector<Task<>> putters;
  for (int i = 0; i < 3; ++i) {
    putters.push_back(others.create_task(put_in_turn(queue, turns, put)));
  }
  others.create_task(empty_slowly(queue, turns, got));
  cancel_one(others, putters, when);
  const std::exception_ptr error = co_await end_of(put_in_turn(queue, turns, put), others);
  require(turns.nobody_waits(), "somebody waits for room");
  require(put == got + static_cast<int>(queue.size()), "an item was lost or doubled");
  if (error) std::rethrow_exception(error);
  require(put == 12 || !undisturbed(when), "an item was not put");
}

TEST(AnyOrder, QueueServesPuttersInTheOrderOfComing) { run_in_any_order(putters_scenario); }

Coro<> consume_until_shutdown(Queue<int>& queue, int& got) {
  try {
    for (;;) {
      co_await queue.get();
      ++got;
      queue.task_done();
      co_await sleep(1ms);
    }
  } catch (const QueueShutDown&) {
  }
}

Coro<> produce_until_shutdown(Queue<int>& queue, int& put) {
  try {
    for (;;) {
      co_await queue.put(1);
      ++put;
    }
  } catch (const QueueShutDown&) {
  }
}

/// shutdown_now() in the midst of everything ends all who wait, and join().
Coro<> shutdown_scenario(int when) {
  Queue<int> queue(2);
  int put = 0;
  int got = 0;
  int dropped = 0;
  TaskGroup others;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 2; ++i) {
    tasks.push_back(others.create_task(produce_until_shutdown(queue, put)));
    tasks.push_back(others.create_task(consume_until_shutdown(queue, got)));
  }
  cancel_one(others, tasks, when);
  const auto main = [&]() -> Coro<> {
    const std::exception_ptr error = co_await error_of(sleep(5ms));
    dropped = static_cast<int>(queue.size());
    queue.shutdown_now();
    if (error) std::rethrow_exception(error);
    co_await queue.join();
  };
  const std::exception_ptr error = co_await end_of(main(), others);
  require(put == got + dropped, "an item was lost or doubled");
  require(queue.empty(), "an item was left");
  if (error) std::rethrow_exception(error);
  co_await queue.join();
}

TEST(AnyOrder, QueueShutDownEndsAllWhoWait) { run_in_any_order(shutdown_scenario); }

// --- TaskGroup, gather ---

Coro<> run_and_fail(Section& section, int& thrown, Duration delay) {
  const Section::Visit visit(section);
  co_await sleep(delay);
  ++thrown;
  throw std::runtime_error("a child failed");
}

Coro<> run_for_ever(Section& section) {
  const Section::Visit visit(section);
  co_await sleep(24h);
}

/// Two that fail at one time, beside two that never end. One may be cancelled by itself then.
Coro<> group_scenario(int when) {
  Section section(4);
  int thrown = 0;
  std::exception_ptr error;
  try {
    co_await task_group([&](TaskGroup& group) -> Coro<> {
      group.create_task(run_for_ever(section));
      const Task<> failing = group.create_task(run_and_fail(section, thrown, 4ms));
      group.create_task(run_and_fail(section, thrown, 4ms));
      cancel_one(group, {failing}, when);
      co_await sleep(0s);
      group.create_task(run_for_ever(section));
      co_await sleep(24h);
    });
  } catch (...) {
    error = std::current_exception();
  }
  section.require_kept();
  require(error != nullptr, "nobody heard of the errors");
  std::size_t told = 0;
  try {
    std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    told = group.exceptions().size();
  } catch (const CancelledError&) {
  }
  require(told == static_cast<std::size_t>(thrown), "an error was lost");
  if (is<CancelledError>(error)) std::rethrow_exception(error);
  require(EventLoop::current().time() == TimePoint(4ms), "it did not end when a child failed");
}

TEST(AnyOrder, TaskGroupEndsTogetherAndTellsEveryError) { run_in_any_order(group_scenario); }

Coro<int> counted(Section& section, int value) {
  const Section::Visit visit(section);
  co_await sleep(value % 2 == 0 ? 1s : 0s);
  co_return value;
}

Coro<> gather_scenario(int) {
  Section section(4);
  std::exception_ptr error;
  std::vector<int> values;
  std::vector<Coro<int>> coros;
  for (int i = 0; i < 4; ++i) coros.push_back(counted(section, i));
  try {
    values = co_await gather(std::move(coros));
  } catch (...) {
    error = std::current_exception();
  }
  section.require_kept();
  if (error) std::rethrow_exception(error);
  require(values == Numbers{0, 1, 2, 3}, "the results are not in the order of the arguments");
}

TEST(AnyOrder, GatherGivesResultsInTheOrderOfTheArguments) { run_in_any_order(gather_scenario); }

/// The first error comes at once; the others go on to their end.
Coro<> gather_error_scenario(int) {
  Section section(3);
  std::exception_ptr error;
  const Task<int> sibling = create_task(counted(section, 2));
  const std::vector<Task<int>> siblings{sibling};
  const std::vector<Task<int>> all{create_task(fail_after(0s, "broken")), sibling};
  try {
    co_await gather(all);
  } catch (...) {
    error = std::current_exception();
  }
  const std::exception_ptr cancelled = co_await error_of(wait(siblings));
  if (cancelled) {
    sibling.cancel();
    (void)co_await error_of(sibling);
    std::rethrow_exception(cancelled);
  }
  section.require_kept();
  if (is<CancelledError>(error)) std::rethrow_exception(error);
  require(is<std::runtime_error>(error), "nobody heard of the error");
  require(sibling.result() == 2, "the sibling did not go on");
}

TEST(AnyOrder, GatherLeavesTheSiblingsOfOneThatFails) { run_in_any_order(gather_error_scenario); }

// --- pipes, map ---

constexpr int kLines = 20;

Coro<> write_lines(StreamWriter writer) {
  for (int i = 0; i < kLines; ++i) {
    writer.write(std::to_string(i) + std::string(10'000, '.') + "\n");
    co_await writer.drain();
  }
  writer.close();
  co_await writer.wait_closed();
}

Coro<> read_lines(StreamReader reader, Queue<int>& to) {
  for (;;) {
    const std::string line = co_await reader.readline();
    if (line.empty()) break;
    co_await to.put(std::stoi(line));
  }
  to.shutdown();
}

/// More bytes than a pipe holds, from a writer through a reader to a queue.
Coro<> pipe_scenario(int) {
  std::array<int, 2> pipe{-1, -1};
  require(::pipe(pipe.data()) == 0, "no pipe");
  Connection in = connect_descriptors(pipe[0], -1);
  Connection out = connect_descriptors(-1, pipe[1]);
  Queue<int> queue(1);
  Numbers got;
  TaskGroup others;
  others.create_task(write_lines(out.writer));
  others.create_task(read_lines(in.reader, queue));
  const auto main = [&]() -> Coro<> {
    try {
      for (;;) {
        const int number = co_await queue.get();
        got.push_back(number);
      }
    } catch (const QueueShutDown&) {
    } catch (const CancelledError&) {
      queue.shutdown_now();  // and so the reader fails, and with it the writer
      throw;
    }
  };
  const std::exception_ptr error = co_await end_of(main(), others);
  Numbers expected;
  for (int i = 0; i < static_cast<int>(got.size()); ++i) expected.push_back(i);
  require(got == expected, "a line was lost, doubled or overtaken");
  if (error && !is<ExceptionGroup>(error)) std::rethrow_exception(error);
  require(error || got.size() == kLines, "a line was left");
}

TEST(AnyOrder, PipesKeepTheOrderOfWhatWasWritten) {
  const std::size_t before = open_descriptors();
  run_in_any_order(pipe_scenario);
  EXPECT_EQ(open_descriptors(), before);
}

Stream<int> count_to(int last) {
  for (int i = 0; i < last; ++i) {
    co_await sleep(0s);
    co_yield i;
  }
}

Coro<> map_scenario(int) {
  Section section(3);
  const auto call = [&section](int value) { return counted(section, value); };
  std::exception_ptr error;
  Numbers got;
  {
    Stream<int> results = map(count_to(8), call, MapOptions(3));
    try {
      while (auto value = co_await results.next()) got.push_back(*value);
    } catch (...) {
      error = std::current_exception();
    }
  }
  section.require_kept();
  Numbers expected;
  for (int i = 0; i < static_cast<int>(got.size()); ++i) expected.push_back(i);
  require(got == expected, "a result was lost, doubled or overtaken");
  if (error) std::rethrow_exception(error);
  require(got.size() == 8, "a result is missing");
}

TEST(AnyOrder, MapRunsNoMoreAtOnceAndKeepsTheOrderOfItsItems) { run_in_any_order(map_scenario); }

}  // namespace
}  // namespace cochain::testing
