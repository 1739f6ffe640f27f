// A Coro is a call: lazy, in the task of its caller, as deep and as often as one likes.
#include <array>
#include <cstdint>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST(Coro, DoesNothingUntilItIsAwaited) {
  Numbers numbers;
  Coro<> lazy = append(numbers, 1);
  co_await sleep(1s);
  EXPECT_TRUE(numbers.empty());
  co_await std::move(lazy);
  EXPECT_EQ(numbers, (Numbers{1}));
}

ASYNC_TEST(Coro, AwaitedInTheSameTaskIsACallAndLetsNobodyIn) {
  Numbers numbers;
  const Task<> other = create_task(append(numbers, 2));
  co_await append(numbers, 1);
  EXPECT_EQ(numbers, (Numbers{1}));
  co_await other;
  EXPECT_EQ(numbers, (Numbers{1, 2}));
}

Coro<AnyTask> who_am_i() {
  AnyTask me = current_task();
  co_return me;
}

ASYNC_TEST(Coro, RunsInTheTaskOfItsCaller) {
  const AnyTask here = co_await who_am_i();
  EXPECT_EQ(here, current_task());
}

ASYNC_TEST(Coro, GivesTheExceptionOfItsBody) {
  const std::exception_ptr error = co_await error_of(fail_after(0s, "broken"));
  EXPECT_EQ(describe(error), "broken");
}

ASYNC_TEST(Coro, GivesAMoveOnlyResult) {
  const auto make = []() -> Coro<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
  const std::unique_ptr<int> result = co_await make();
  EXPECT_EQ(*result, 5);
}

ASYNC_TEST(Coro, EmptyOneIsRefused) {
  Coro<int> first = at_once(1);
  const Coro<int> second = std::move(first);
  // NOLINTNEXTLINE(bugprone-use-after-move): that is what is tested
  const std::exception_ptr error = co_await error_of(std::move(first));
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_TRUE(second.valid());
}

ASYNC_TEST(Coro, AwaitedTwiceIsRefused) {
  Coro<int> coro = at_once(1);
  const int value = co_await std::move(coro);
  EXPECT_EQ(value, 1);
  std::exception_ptr error;
  try {
    (void)co_await std::move(coro);  // NOLINT(bugprone-use-after-move)
  } catch (const InvalidStateError&) {
    error = std::current_exception();
  }
  EXPECT_EQ(describe(error), "this Coro was already awaited");
}

ASYNC_TEST(Coro, NeverAwaitedReleasesItsParameters) {
  {
    const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
    const Coro<int> never = keep(Probe(1));
    EXPECT_EQ(Probe::alive, 1);
  }
  EXPECT_EQ(Probe::alive, 0);
  co_return;
}

ASYNC_TEST(Coro, AssignedOverDestroysWhatItHeld) {
  const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
  Coro<int> coro = keep(Probe(1));
  coro = keep(Probe(2));
  EXPECT_EQ(Probe::alive, 1);
  const int value = co_await std::move(coro);
  EXPECT_EQ(value, 2);
  coro = Coro<int>();
  EXPECT_EQ(Probe::alive, 0);
}

Coro<> nest_farewells(Log& log, int depth) {
  const Farewell farewell(log, "level " + std::to_string(depth));
  Event never;
  if (depth == 3) {
    co_await never.wait();
    co_return;
  }
  co_await nest_farewells(log, depth + 1);
}

TEST(Coro, DestroyedWhileSuspendedRunsItsDestructorsInnermostFirst) {
  Log log;
  {
    EventLoop loop(std::make_unique<VirtualClock>());
    const Task<> task = loop.create_task(nest_farewells(log, 1));
    const Task<> other = loop.create_task(passes(3));
    loop.run_until_done(*other.get());
    EXPECT_TRUE(log.empty());
  }
  EXPECT_EQ(log, (Log{"level 3", "level 2", "level 1"}));
}

ASYNC_TEST(Coro, AMillionInstantAwaitsStayFlat) {
  std::int64_t sum = 0;
  for (int i = 0; i < 1'000'000; ++i) sum += co_await at_once(1);
  EXPECT_EQ(sum, 1'000'000);
}

Coro<int> descend(int levels) {
  if (levels == 0) co_return 0;
  const int below = co_await descend(levels - 1);
  co_return below + 1;
}

ASYNC_TEST(Coro, AChainOfAHundredThousandAwaitsStaysFlat) {
  const int depth = co_await descend(100'000);
  EXPECT_EQ(depth, 100'000);
}

Coro<int> descend_and_wait(int levels) {
  if (levels == 0) {
    co_await sleep(1s);
    co_return 0;
  }
  const int below = co_await descend_and_wait(levels - 1);
  co_return below + 1;
}

ASYNC_TEST(Coro, ADeepChainIsCancelledFromTheInside) {
  const Task<int> task = create_task(descend_and_wait(100'000));
  co_await sleep(0s);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
}

ASYNC_TEST(Coro, ADeepChainIsDestroyedWhereItStands) {
  TaskGroup group;
  (void)group.create_task(descend_and_wait(100'000));
  co_await sleep(0s);
}

Coro<int> descend_by_streams(Log* log, int levels);
Stream<int> one_level(Log* log, int levels) {
  const int below = co_await descend_by_streams(log, levels - 1);
  co_yield below + 1;
}
Coro<int> descend_by_streams(Log* log, int levels) {
  const Farewell farewell(*log, std::to_string(levels));
  if (levels == 0) {
    Event never;
    co_await never.wait();
  }
  Stream<int> stream = one_level(log, levels);
  const std::optional<int> item = co_await stream.next();
  co_return item.value_or(0);
}

ASYNC_TEST(Coro, ADeepChainWithStreamsIsDestroyedInnermostFirst) {
  Log log;
  {
    TaskGroup group;
    (void)group.create_task(descend_by_streams(&log, 20'000));
    co_await sleep(0s);
  }
  EXPECT_EQ(log.size(), 20'001U);
  EXPECT_EQ(log.front(), "0");
  EXPECT_EQ(log.back(), "20000");
}

Coro<int> await_held(Coro<int>* held) {
  const int value = co_await std::move(*held);
  co_return value;
}

ASYNC_TEST(Coro, OneHeldElsewhereEndsWithTheTaskThatAwaitsIt) {
  Log log;
  const auto wait = [](Log* told) -> Coro<int> {
    const Farewell farewell(*told, "held");
    Event never;
    co_await never.wait();
    co_return 1;
  };
  Coro<int> held = wait(&log);
  {
    TaskGroup group;
    (void)group.create_task(await_held(&held));
    co_await sleep(0s);
    Coro<int> moved = std::move(held);  // where it is held may change meanwhile
    held = std::move(moved);
    EXPECT_TRUE(held.valid());
  }
  EXPECT_FALSE(held.valid());
  EXPECT_EQ(log, (Log{"held"}));
}

ASYNC_TEST(Coro, EnsureCoroMakesATaskOfAnyOperation) {
  Event event;
  const Task<> task = create_task(ensure_coro(event.wait()));
  co_await sleep(0s);
  EXPECT_FALSE(task.done());
  event.set();
  co_await task;
}

TEST(Coro, ResultTypeOfAnAwaitableIsKnown) {
  static_assert(std::is_same_v<await_result_t<Coro<int>>, int>);
  static_assert(std::is_same_v<await_result_t<Task<std::string>>, std::string>);
  static_assert(std::is_same_v<await_result_t<Queue<int>::Get>, int>);
  static_assert(Awaitable<Event::Wait>);
  static_assert(!Awaitable<int>);
}

ASYNC_TEST(Coro, FramesOfManySizesComeAndGo) {
  // Sizes around the borders of the size classes, and beyond the largest.
  const auto small = [](std::array<char, 48> bytes) -> Coro<int> { co_return bytes[0]; };
  const auto middle = [](std::array<char, 1900> bytes) -> Coro<int> { co_return bytes[0]; };
  const auto large = [](std::array<char, 5000> bytes) -> Coro<int> { co_return bytes[0]; };
  int sum = 0;
  for (int i = 0; i < 2'000; ++i) {
    std::array<char, 48> a{1};
    std::array<char, 1900> b{2};
    std::array<char, 5000> c{3};
    sum += co_await small(a);
    sum += co_await middle(b);
    sum += co_await large(c);
  }
  EXPECT_EQ(sum, 12'000);
}

}  // namespace
}  // namespace cochain::testing
