// Tasks: when they start, what awaiting them gives, and what is told of an error nobody asked for.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST(Task, StartsOnTheNextPassAndNotInline) {
  Numbers numbers;
  const Task<> task = create_task(append(numbers, 1));
  EXPECT_TRUE(numbers.empty());
  co_await sleep(0s);
  EXPECT_TRUE(task.done());
  EXPECT_EQ(numbers, (Numbers{1}));
}

ASYNC_TEST(Task, StartInTheOrderOfTheirCreation) {
  Numbers numbers;
  std::vector<Task<>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(create_task(append(numbers, i)));
  co_await sleep(0s);
  EXPECT_EQ(numbers, (Numbers{0, 1, 2, 3, 4}));
}

ASYNC_TEST(Task, RunsToItsEndWithoutAHandle) {
  Numbers numbers;
  (void)create_task(append(numbers, 1));
  co_await passes(2);
  EXPECT_EQ(numbers, (Numbers{1}));
}

ASYNC_TEST(Task, AwaitedManyTimesGivesACopyEachTime) {
  const Task<int> task = create_task(after(1s, 7));
  const int first = co_await task;
  const int second = co_await task;
  EXPECT_EQ(first, 7);
  EXPECT_EQ(second, 7);
  EXPECT_EQ(task.result(), 7);
}

ASYNC_TEST(Task, AwaitedByManyWakesThemInOrder) {
  Numbers order;
  const Task<int> task = create_task(after(1s, 7));
  const auto wait = [&](int number) -> Coro<> {
    const int value = co_await task;
    EXPECT_EQ(value, 7);
    order.push_back(number);
  };
  std::vector<Task<>> waiters;
  for (int i = 0; i < 4; ++i) waiters.push_back(create_task(wait(i)));
  for (const Task<>& waiter : waiters) co_await waiter;
  EXPECT_EQ(order, (Numbers{0, 1, 2, 3}));
}

Coro<std::unique_ptr<int>> make_number(int value) {
  co_await sleep(0s);
  co_return std::make_unique<int>(value);
}

ASYNC_TEST(Task, MoveOnlyResultGoesToTheFirstWhoAsks) {
  const Task<std::unique_ptr<int>> task = create_task(make_number(3));
  const std::unique_ptr<int> number = co_await task;
  EXPECT_EQ(*number, 3);
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_THAT(describe(error), ::testing::HasSubstr("was already moved out"));
}

ASYNC_TEST(Task, ResultOfTheLastHandleIsMovedNotCopied) {
  const auto make = []() -> Coro<std::vector<int>> {
    std::vector<int> numbers(1000, 1);
    co_return numbers;
  };
  const std::vector<int> result = co_await create_task(make());
  EXPECT_EQ(result.size(), 1000U);
}

ASYNC_TEST(Task, GivesItsExceptionToEveryAwaiter) {
  const Task<int> task = create_task(fail_after(1s, "broken"));
  const std::exception_ptr first = co_await error_of(task);
  const std::exception_ptr second = co_await error_of(task);
  EXPECT_EQ(describe(first), "broken");
  EXPECT_EQ(describe(second), "broken");
  EXPECT_EQ(describe(task.exception()), "broken");
}

ASYNC_TEST(Task, ResultBeforeTheEndIsRefusedWithItsName) {
  const Task<int> task = create_task(after(1s, 7), "the slow one");
  const std::exception_ptr error = error_of_call([&] { (void)task.result(); });
  EXPECT_EQ(describe(error), "task 'the slow one' is not done");
  EXPECT_TRUE(is<InvalidStateError>(error_of_call([&] { (void)task.exception(); })));
  (void)co_await task;
}

ASYNC_TEST(Task, AwaitingItselfIsRefused) {
  Task<> self;
  const auto body = [&]() -> Coro<> {
    const Task<> me = self;
    co_await me;
  };
  self = create_task(body(), "ouroboros");
  const std::exception_ptr error = co_await error_of(self);
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_EQ(describe(error), "task 'ouroboros' awaits itself");
}

ASYNC_TEST(Task, OfAnotherLoopIsRefused) {
  EventLoop elsewhere(std::make_unique<VirtualClock>());
  const Task<> stranger = elsewhere.create_task(passes(1), "stranger");
  const std::exception_ptr error = co_await error_of(stranger);
  EXPECT_EQ(describe(error), "task 'stranger' belongs to another event loop");
}

ASYNC_TEST(Task, EmptyHandleIsRefused) {
  const Task<int> nothing;
  std::exception_ptr error;
  try {
    (void)co_await nothing;
  } catch (const InvalidStateError&) {
    error = std::current_exception();
  }
  EXPECT_EQ(describe(error), "this Task is empty: it names no task");
}

ASYNC_TEST(Task, EmptyCoroIsRefused) {
  EXPECT_THROW((void)create_task(Coro<>()), InvalidStateError);
  co_return;
}

TEST(Task, NeedsARunningLoop) {
  const std::exception_ptr error = error_of_call([] { (void)create_task(passes(1)); });
  EXPECT_TRUE(is<InvalidStateError>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("no event loop runs on this thread"));
}

ASYNC_TEST(Task, HasANumberForANameUntilItGetsOne) {
  const Task<> unnamed = create_task(passes(1));
  const Task<> named = create_task(passes(1), "worker 1");
  EXPECT_THAT(unnamed.name(), ::testing::MatchesRegex("Task-[0-9]+"));
  EXPECT_EQ(named.name(), "worker 1");
  named.set_name("worker 2");
  EXPECT_EQ(named.name(), "worker 2");
  co_await unnamed;
  co_await named;
}

ASYNC_TEST(Task, CurrentTaskIsEmptyInACallback) {
  bool empty = false;
  EventLoop::current().call_soon([&] { empty = !current_task(); });
  co_await sleep(0s);
  EXPECT_TRUE(empty);
  EXPECT_TRUE(current_task());
}

ASYNC_TEST(Task, IsListedUntilItIsDone) {
  EventLoop& loop = EventLoop::current();
  const Task<> task = create_task(passes(1), "listed");
  Log names;
  loop.for_each_task([&](const detail::TaskBase& each) { names.push_back(each.name()); });
  EXPECT_EQ(names, (Log{"test body", "listed"}));
  co_await task;
  EXPECT_EQ(loop.task_count(), 1U);
}

ASYNC_TEST(Task, ReleasesItsFrameWhenItIsDoneEvenWhileAHandleLives) {
  const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
  const Task<int> task = create_task(keep(Probe(4)));
  EXPECT_EQ(Probe::alive, 1);
  const int value = co_await task;
  EXPECT_EQ(value, 4);
  EXPECT_EQ(Probe::alive, 0);
}

// What the exception handler was told during `main`.
Log reports_of(Coro<> main) {
  Log reports;
  RunOptions options;
  options.with_clock(std::make_unique<VirtualClock>());
  options.with_exception_handler([&](const ExceptionContext& context) {
    reports.push_back(context.message + ": " + describe(context.exception));
  });
  run(std::move(main), std::move(options));
  return reports;
}

TEST(Task, ErrorThatNobodyAskedForIsReported) {
  const auto main = []() -> Coro<> {
    (void)create_task(fail_after(0s, "lost"), "orphan");
    co_await passes(3);
  };
  EXPECT_EQ(reports_of(main()), (Log{"exception in task 'orphan' was never retrieved: lost"}));
}

TEST(Task, ErrorThatSomebodySawIsNotReported) {
  const auto main = []() -> Coro<> {
    const Task<int> task = create_task(fail_after(0s, "seen"));
    co_await passes(3);
    EXPECT_EQ(describe(task.exception()), "seen");
  };
  EXPECT_EQ(reports_of(main()), Log());
}

TEST(Task, CancelledTaskIsNotReported) {
  const auto main = []() -> Coro<> {
    const Task<int> task = create_task(after(1h, 1));
    co_await sleep(0s);
    task.cancel();
    co_await passes(3);
  };
  EXPECT_EQ(reports_of(main()), Log());
}

TEST(Task, HandleMayOutliveItsLoop) {
  Task<int> kept;
  const auto main = [](Task<int>& out) -> Coro<> {
    out = create_task(at_once(6));
    co_await passes(2);
  };
  run(main(kept));
  EXPECT_TRUE(kept.done());
  EXPECT_EQ(kept.result(), 6);
  EXPECT_FALSE(kept.cancel());
}

ASYNC_TEST(TaskCallback, RunInOrderOnALaterPassAndNeverInline) {
  Numbers called;
  const Task<int> task = create_task(after(1s, 5));
  const auto note = [&called](int number) {
    return [&called, number](const Task<int>& done) { called.push_back(number + done.result()); };
  };
  task.add_done_callback(note(10));
  Handle removed = task.add_done_callback(note(20));
  task.add_done_callback(note(30));
  removed.cancel();
  (void)co_await task;  // woken by the end of the task, behind which the callbacks are ready
  co_await sleep(0s);
  EXPECT_EQ(called, (Numbers{15, 35}));
}

ASYNC_TEST(TaskCallback, AddedAfterTheEndIsStillScheduled) {
  Numbers called;
  const Task<int> task = create_task(at_once(5));
  (void)co_await task;
  task.add_done_callback([&](const Task<int>& done) { called.push_back(done.result()); });
  EXPECT_TRUE(called.empty());
  co_await sleep(0s);
  EXPECT_EQ(called, (Numbers{5}));
}

ASYNC_TEST(TaskCallback, SeesAFailedAndACancelledTask) {
  Log seen;
  const Task<int> failing = create_task(fail_after(1s, "broken"));
  failing.add_done_callback(
      [&](const Task<int>& done) { seen.push_back(describe(done.exception())); });
  const Task<int> cancelled = create_task(after(1h, 5));
  cancelled.add_done_callback(
      [&](const Task<int>& done) { seen.emplace_back(done.cancelled() ? "cancelled" : "?"); });
  co_await sleep(2s);
  cancelled.cancel();
  co_await passes(3);
  EXPECT_EQ(seen, (Log{"broken", "cancelled"}));
}

ASYNC_TEST(TaskCallback, ThatThrowsIsToldTheExceptionHandlerAndTheOthersRun) {
  EventLoop& loop = EventLoop::current();
  Log told;
  loop.set_exception_handler([&](const ExceptionContext& context) {
    told.push_back(context.message + ": " + describe(context.exception));
  });
  const Task<int> task = create_task(at_once(5));
  task.add_done_callback([&](const Task<int>& done) {
    done.add_done_callback([&](const Task<int>&) { told.emplace_back("added late"); });
    throw std::runtime_error("first");
  });
  task.add_done_callback([&](const Task<int>&) { told.emplace_back("sibling"); });
  co_await passes(4);
  EXPECT_EQ(told,
            (Log{"exception in a callback of the event loop: first", "sibling", "added late"}));
  loop.set_exception_handler(nullptr);
}

TEST(TaskCallback, OfATaskThatItsLoopDestroysReleasesWhatItHolds) {
  {
    EventLoop loop;
    const Task<int> task = loop.create_task(after(1h, 5));
    task.add_done_callback([probe = Probe()](const Task<int>&) { ADD_FAILURE(); });
    EXPECT_GT(Probe::alive, 0);
  }
  EXPECT_EQ(Probe::alive, 0);
}

const int kLineOfStanding = __LINE__ + 1;
Coro<> stand_here(Event& event) { co_await event.wait(); }
Coro<> call_it(Event& event) {
  co_await sleep(0s);
  co_await stand_here(event);  // kLineOfStanding + 3
}

ASYNC_TEST(TaskStack, NamesFunctionsAndLinesOutermostFirst) {
  Event event;
  const Task<> task = create_task(call_it(event));
  co_await passes(3);
  const std::vector<StackFrame> stack = task.get_stack();
  EXPECT_EQ(stack.size(), 2U);
  EXPECT_EQ(stack.at(0).function, "call_it");
  EXPECT_EQ(stack.at(1).function, "stand_here");
  EXPECT_THAT(stack.at(0).file, ::testing::EndsWith("test_task.cpp"));
  EXPECT_EQ(stack.at(0).line, static_cast<std::uint32_t>(kLineOfStanding + 3));
  EXPECT_EQ(stack.at(1).line, static_cast<std::uint32_t>(kLineOfStanding));
  event.set();
  co_await task;
}

ASYNC_TEST(TaskStack, OfATaskThatHasNotStartedIsItsFunction) {
  Event event;
  const Task<> task = create_task(stand_here(event));
  const std::vector<StackFrame> stack = task.get_stack();
  EXPECT_EQ(stack.size(), 1U);
  EXPECT_EQ(stack.at(0).function, "stand_here");
  EXPECT_EQ(stack.at(0).line, static_cast<std::uint32_t>(kLineOfStanding));
  event.set();
  co_await task;
}

ASYNC_TEST(TaskStack, OfADoneOrCancelledTaskIsEmpty) {
  const Task<int> done = create_task(at_once(1));
  const Task<int> cancelled = create_task(after(1h, 1));
  cancelled.cancel();
  co_await passes(2);
  EXPECT_TRUE(done.get_stack().empty());
  EXPECT_TRUE(cancelled.get_stack().empty());
}

ASYNC_TEST(TaskStack, OfTheTaskThatAsksEndsWhereItLastAwaited) {
  co_await sleep(0s);
  const auto line = static_cast<std::uint32_t>(__LINE__ - 1);
  const std::vector<StackFrame> stack = current_task().get_stack();
  EXPECT_FALSE(stack.empty());
  EXPECT_EQ(stack.back().line, line);
}

ASYNC_TEST(AllTasks, AreThoseThatAreNotDoneOldestFirst) {
  const Task<int> done = create_task(at_once(1));
  const Task<int> cancelled = create_task(after(1s, 1));
  const Task<int> first = create_task(after(1s, 1));
  const Task<int> second = create_task(after(1s, 2));
  cancelled.cancel();
  (void)co_await done;
  const std::vector<AnyTask> all = all_tasks();
  EXPECT_THAT(all, ::testing::ElementsAre(current_task(), AnyTask(first), AnyTask(second)));
  (void)co_await second;
  EXPECT_THAT(all_tasks(), ::testing::ElementsAre(current_task()));
}

ASYNC_TEST(AllTasks, AreThoseOfTheRunningLoop) {
  EventLoop elsewhere(std::make_shared<VirtualClock>());
  const Task<> stranger = elsewhere.create_task(passes(1));
  EXPECT_THAT(all_tasks(), ::testing::ElementsAre(current_task()));
  EXPECT_EQ(elsewhere.task_count(), 1U);
  co_return;
}

TEST(AllTasks, NeedARunningLoop) { EXPECT_THROW((void)all_tasks(), InvalidStateError); }

ASYNC_TEST(AllTasks, OfACallbackHaveNoCurrentOne) {
  std::size_t count = 0;
  EventLoop::current().call_soon([&] { count = all_tasks().size(); });
  co_await sleep(0s);
  EXPECT_EQ(count, 1U);
}

}  // namespace
}  // namespace cochain::testing
