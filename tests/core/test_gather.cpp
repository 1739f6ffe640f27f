// gather(): results in the order of the arguments, the first error at once, siblings left alone.
#include "core_test.hpp"

namespace cochain::testing {
namespace {

TimePoint now() { return EventLoop::current().time(); }

template <class T>
std::vector<Coro<T>> list_of(Coro<T> first, Coro<T> second) {
  std::vector<Coro<T>> coros;
  coros.push_back(std::move(first));
  coros.push_back(std::move(second));
  return coros;
}

ASYNC_TEST(Gather, GivesResultsInTheOrderOfTheArguments) {
  const auto greet = []() -> Coro<std::string> {
    co_await sleep(1s);
    co_return "hello";
  };
  const std::tuple<int, std::string> both = co_await gather(after(2s, 1), greet());
  EXPECT_EQ(std::get<0>(both), 1);
  EXPECT_EQ(std::get<1>(both), "hello");
}

ASYNC_TEST(Gather, RunsAllAtTheSameTime) {
  const TimePoint before = now();
  (void)co_await gather(after(2s, 1), after(3s, 2), after(1s, 3));
  EXPECT_EQ(now() - before, 3s);
}

ASYNC_TEST(Gather, StartsThemInTheOrderOfTheArguments) {
  Numbers numbers;
  (void)co_await gather(append(numbers, 1), append(numbers, 2), append(numbers, 3));
  EXPECT_EQ(numbers, (Numbers{1, 2, 3}));
}

ASYNC_TEST(Gather, OfNothingIsEmpty) {
  const std::tuple<> nothing = co_await gather();
  EXPECT_EQ(nothing, std::tuple<>());
  std::vector<Coro<int>> none;
  const std::vector<int> results = co_await gather(std::move(none));
  EXPECT_TRUE(results.empty());
}

ASYNC_TEST(Gather, GivesUnitForVoid) {
  const std::tuple<int, Unit> both = co_await gather(at_once(1), passes(1));
  EXPECT_EQ(std::get<0>(both), 1);
}

ASYNC_TEST(Gather, OfAListGivesAListInItsOrder) {
  std::vector<Coro<int>> coros = list_of(after(2s, 1), after(1s, 2));
  const std::vector<int> results = co_await gather(std::move(coros));
  EXPECT_EQ(results, (std::vector<int>{1, 2}));
}

ASYNC_TEST(Gather, GivesMoveOnlyResults) {
  const auto make = [](int value) -> Coro<std::unique_ptr<int>> {
    co_return std::make_unique<int>(value);
  };
  const auto both = co_await gather(make(1), make(2));
  EXPECT_EQ(*std::get<0>(both), 1);
  EXPECT_EQ(*std::get<1>(both), 2);
}

ASYNC_TEST(Gather, TheSameTaskTwiceRunsOnce) {
  int runs = 0;
  const auto count = [&]() -> Coro<int> {
    ++runs;
    co_await sleep(1s);
    co_return 7;
  };
  const Task<int> task = create_task(count());
  const std::tuple<int, int> both = co_await gather(task, task);
  EXPECT_EQ(both, std::tuple(7, 7));
  EXPECT_EQ(runs, 1);
}

ASYNC_TEST(Gather, TakesOperationsOfAllKinds) {
  Queue<int> queue;
  Event event;
  event.set();
  queue.put_nowait(1);
  const Task<int> task = create_task(after(1s, 2));
  const auto all = co_await gather(queue.get(), task, event.wait(), after(0s, 3));
  EXPECT_EQ(all, std::tuple(1, 2, Unit(), 3));
}

ASYNC_TEST(Gather, ThrowsTheFirstErrorAtOnce) {
  const TimePoint before = now();
  const std::exception_ptr error =
      co_await error_of(gather(fail_after(2s, "late"), fail_after(1s, "early"), after(3s, 1)));
  EXPECT_EQ(describe(error), "early");
  EXPECT_EQ(now() - before, 1s);
  co_await sleep(5s);  // the siblings end on their own
}

ASYNC_TEST(Gather, LeavesTheSiblingsOfAFailureRunning) {
  Numbers numbers;
  const auto append_late = [&]() -> Coro<> {
    co_await sleep(2s);
    numbers.push_back(1);
  };
  (void)co_await error_of(gather(fail_after(1s, "early"), append_late()));
  EXPECT_TRUE(numbers.empty());
  co_await sleep(2s);
  EXPECT_EQ(numbers, (Numbers{1}));
}

ASYNC_TEST(Gather, CountsLaterErrorsOfSiblingsAsSeen) {
  EventLoop& loop = EventLoop::current();
  int reports = 0;
  loop.set_exception_handler([&](const ExceptionContext&) { ++reports; });
  (void)co_await error_of(gather(fail_after(1s, "early"), fail_after(2s, "late")));
  co_await sleep(5s);
  EXPECT_EQ(reports, 0);
  loop.set_exception_handler(nullptr);
}

ASYNC_TEST(Gather, ChildThatIsCancelledIsItsCancelledErrorAndLeavesTheOthers) {
  const Task<int> victim = create_task(after(1h, 1));
  const Task<int> sibling = create_task(after(2s, 2));
  const auto both = [](Task<int> a, Task<int> b) -> Coro<> { (void)co_await gather(a, b); };
  const Task<> gathering = create_task(both(victim, sibling));
  co_await passes(3);
  victim.cancel("only you");
  const std::exception_ptr error = co_await error_of(gathering);
  EXPECT_EQ(describe(error), "cancelled: only you");
  EXPECT_FALSE(sibling.done());
  const int value = co_await sibling;
  EXPECT_EQ(value, 2);
}

ASYNC_TEST(Gather, CancelledCancelsAllItsChildren) {
  Log log;
  const auto both = [&]() -> Coro<> {
    (void)co_await gather(wait_for_ever(log, "a"), wait_for_ever(log, "b"));
  };
  const Task<> gathering = create_task(both());
  co_await passes(3);
  gathering.cancel("all of you");
  const std::exception_ptr error = co_await error_of(gathering);
  EXPECT_EQ(describe(error), "cancelled: all of you");
  co_await passes(2);
  EXPECT_EQ(log, (Log{"a cancelled", "a gone", "b cancelled", "b gone"}));
}

ASYNC_TEST(Gather, CancelledIsCancelledEvenIfEveryChildRefuses) {
  const auto both = []() -> Coro<> {
    (void)co_await gather(suppress_cancel(1), suppress_cancel(2));
  };
  const Task<> gathering = create_task(both());
  co_await passes(3);
  gathering.cancel();
  const std::exception_ptr error = co_await error_of(gathering);
  EXPECT_TRUE(is<CancelledError>(error));
}

ASYNC_TEST(Gather, CancelledAfterAllWereDoneIsCancelled) {
  Event event;
  const auto both = [&]() -> Coro<> { (void)co_await gather(event.wait(), at_once(1)); };
  const Task<> gathering = create_task(both());
  co_await passes(3);
  event.set();
  co_await sleep(0s);  // the children are done, and the gather is ready
  gathering.cancel();
  const std::exception_ptr error = co_await error_of(gathering);
  EXPECT_TRUE(is<CancelledError>(error));
}

ASYNC_TEST(Gather, NeverAwaitedStartsNothing) {
  Numbers numbers;
  {
    const auto never = gather(append(numbers, 1));
  }
  co_await passes(2);
  EXPECT_TRUE(numbers.empty());
}

ASYNC_TEST(Gather, OfAnEmptyCoroStartsNothing) {
  Numbers numbers;
  const std::exception_ptr error = co_await error_of(gather(append(numbers, 1), Coro<>()));
  EXPECT_TRUE(is<InvalidStateError>(error));
  co_await passes(2);
  EXPECT_TRUE(numbers.empty());
}

ASYNC_TEST(GatherOutcomes, GivesEachErrorInItsPlace) {
  std::vector<Coro<int>> coros = list_of(fail_after(1s, "broken"), after(2s, 2));
  const std::vector<Outcome<int>> outcomes = co_await gather_outcomes(std::move(coros));
  EXPECT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(describe(outcomes.at(0).error()), "broken");
  EXPECT_EQ(outcomes.at(1).value(), 2);
}

ASYNC_TEST(GatherOutcomes, GivesACancelledChildAsACancelledError) {
  const auto stop_itself = []() -> Coro<int> {
    current_task().cancel("enough");
    const int value = co_await after(1s, 1);
    co_return value;
  };
  std::vector<Coro<int>> coros = list_of(stop_itself(), after(2s, 2));
  const std::vector<Outcome<int>> outcomes = co_await gather_outcomes(std::move(coros));
  EXPECT_EQ(describe(outcomes.at(0).error()), "cancelled: enough");
  EXPECT_EQ(outcomes.at(1).value(), 2);
}

ASYNC_TEST(GatherOutcomes, OfVoidIsSuccessOrError) {
  std::vector<Coro<>> coros = list_of(passes(1), Coro<>(sleep(1s)));
  const std::vector<Outcome<void>> outcomes = co_await gather_outcomes(std::move(coros));
  EXPECT_TRUE(outcomes.at(0).ok());
  EXPECT_TRUE(outcomes.at(1).ok());
}

ASYNC_TEST(GatherOutcomes, CancelledWaitsForAllItsChildrenAndIsCancelled) {
  const TimePoint before = now();
  const auto slow_to_stop = []() -> Coro<int> {
    (void)co_await error_of(sleep(1h));
    const int value = co_await after(2s, 1);
    co_return value;
  };
  const auto all = [&]() -> Coro<> {
    std::vector<Coro<int>> coros = list_of(slow_to_stop(), after(1h, 2));
    (void)co_await gather_outcomes(std::move(coros));
  };
  const Task<> gathering = create_task(all());
  co_await passes(3);
  gathering.cancel();
  const std::exception_ptr error = co_await error_of(gathering);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(now() - before, 2s);
}

ASYNC_TEST(GatherOutcomes, OfNothingIsEmpty) {
  std::vector<Coro<int>> none;
  const std::vector<Outcome<int>> outcomes = co_await gather_outcomes(std::move(none));
  EXPECT_TRUE(outcomes.empty());
}

TEST(Gather, CancelledAtEverySuspensionLeavesNothingRunning) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    std::vector<Coro<int>> coros = list_of(after(1s, 1), after(2s, 2));
    const std::vector<Outcome<int>> outcomes = co_await gather_outcomes(std::move(coros));
    (void)co_await gather(after(1s, 1), after(1s, 2));
  });
  EXPECT_EQ(suspensions, 2);
}

ASYNC_TEST(Gather, MixesCoroutinesTasksAndFutures) {
  const Task<std::string> task = create_task([]() -> Coro<std::string> {
    co_await sleep(1s);
    co_return "task";
  }());
  const Future<int> future;
  const Task<> setter = create_task([](Future<int> to) -> Coro<> {
    co_await sleep(2s);
    to.set_result(2);
  }(future));
  const auto all = co_await gather(after(3s, 1), task, future, setter, sleep(1s));
  EXPECT_EQ(all, std::tuple(1, std::string("task"), 2, Unit(), Unit()));
  EXPECT_EQ(task.result(), "task") << "it is still there for others";
  EXPECT_EQ(future.result(), 2);
}

ASYNC_TEST(Gather, WaitsForATaskItselfAndMakesNoOther) {
  Event stop;
  const auto until_stopped = [](Event* event) -> Coro<> { co_await event->wait(); };
  const Task<> given = create_task(until_stopped(&stop), "given");
  const auto both = [](Task<> task) -> Coro<> { (void)co_await gather(at_once(1), task); };
  const Task<> parent = create_task(both(given), "parent");
  co_await passes(3);
  const LoopInfo graph = capture_call_graph();
  std::uint64_t parent_id = 0;
  for (const TaskInfo& task : graph.tasks) {
    if (task.name == "parent") parent_id = task.id;
  }
  EXPECT_EQ(graph.tasks.size(), 3U) << "the test, the parent and the task that was given";
  for (const TaskInfo& task : graph.tasks) {
    if (task.name != "given") continue;
    EXPECT_EQ(task.awaited_by, (std::vector<std::uint64_t>{parent_id}));
  }
  stop.set();
  co_await parent;
}

ASYNC_TEST(Gather, CancelledCancelsATaskThatWasGivenOnce) {
  const Task<int> given = create_task(after(1h, 1));
  const auto both = [](Task<int> task) -> Coro<> { (void)co_await gather(after(1h, 2), task); };
  const Task<> parent = create_task(both(given));
  co_await passes(3);
  parent.cancel();
  const std::exception_ptr error = co_await error_of(parent);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_TRUE(given.cancelled());
  EXPECT_EQ(given.cancelling(), 1);
}

ASYNC_TEST(Gather, OfAnEmptyTaskStartsNothing) {
  Numbers numbers;
  const std::exception_ptr error = co_await error_of(gather(append(numbers, 1), Task<int>()));
  EXPECT_TRUE(is<InvalidStateError>(error));
  co_await passes(2);
  EXPECT_TRUE(numbers.empty());
}

ASYNC_TEST(Gather, ThrowsTheErrorOfATaskThatWasDoneBefore) {
  const Task<int> failed = create_task(fail_after(0s, "early"));
  co_await passes(3);
  const std::exception_ptr error = co_await error_of(gather(at_once(1), failed));
  EXPECT_EQ(describe(error), "early");
  co_await passes(2);  // the sibling ends
}

}  // namespace
}  // namespace cochain::testing
