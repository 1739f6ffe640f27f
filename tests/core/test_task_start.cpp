// How tasks start: eagerly inside create_task(), alone and in groups, and in a context they share.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

TaskOptions eagerly() { return TaskOptions().start(TaskStart::kEager); }

/// Starts tasks eagerly where their options do not say, until the end of the scope.
class EagerLoop {
 public:
  EagerLoop() : loop_(EventLoop::current()) { loop_.set_task_start(TaskStart::kEager); }
  EagerLoop(const EagerLoop&) = delete;
  EagerLoop& operator=(const EagerLoop&) = delete;
  ~EagerLoop() { loop_.set_task_start(TaskStart::kNextPass); }

 private:
  EventLoop& loop_;
};

Coro<int> fail_at_once(std::string text) {
  throw std::runtime_error(text);
  co_return 0;
}

ASYNC_TEST(TaskEager, RunsAtOnceUpToItsFirstSuspension) {
  Numbers numbers;
  const auto two_steps = [&]() -> Coro<> {
    numbers.push_back(1);
    co_await sleep(1s);
    numbers.push_back(2);
  };
  const Task<> task = create_task(two_steps(), eagerly());
  EXPECT_EQ(numbers, (Numbers{1}));
  EXPECT_FALSE(task.done());
  co_await task;
  EXPECT_EQ(numbers, (Numbers{1, 2}));
}

ASYNC_TEST(TaskEager, MayFinishWithoutAPassOfTheLoop) {
  const Task<int> task = create_task(at_once(5), eagerly());
  EXPECT_TRUE(task.done());
  EXPECT_EQ(task.result(), 5);
  EXPECT_EQ(EventLoop::current().task_count(), 1U);
  const std::uint32_t steps = current_task().get()->steps();
  const int value = co_await task;
  EXPECT_EQ(value, 5);
  EXPECT_EQ(current_task().get()->steps(), steps) << "awaiting it does not suspend";
}

ASYNC_TEST(TaskEager, IsTheCurrentTaskDuringItsFirstStepAndItsCreatorAfterwards) {
  const AnyTask creator = current_task();
  Log names;
  const auto tell_name = [&]() -> Coro<> {
    names.push_back(current_task().name());
    co_await sleep(0s);
    names.push_back(current_task().name());
  };
  const Task<> task = create_task(tell_name(), eagerly().name("eager"));
  EXPECT_EQ(current_task(), creator);
  co_await task;
  EXPECT_EQ(names, (Log{"eager", "eager"}));
  EXPECT_EQ(current_task(), creator);
}

ASYNC_TEST(TaskEager, FromACallbackLeavesNoCurrentTaskBehind) {
  bool empty = false;
  std::string inside;
  const auto tell_name = [&]() -> Coro<> {
    inside = current_task().name();
    co_return;
  };
  EventLoop::current().call_soon([&] {
    (void)create_task(tell_name(), eagerly().name("eager"));
    empty = !current_task();
  });
  co_await sleep(0s);
  EXPECT_EQ(inside, "eager");
  EXPECT_TRUE(empty);
}

ASYNC_TEST(TaskEager, RestoresTheCurrentTaskWhenItThrows) {
  const AnyTask creator = current_task();
  const Task<int> task = create_task(fail_at_once("at once"), eagerly());
  EXPECT_EQ(current_task(), creator);
  EXPECT_TRUE(task.done());
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_EQ(describe(error), "at once");
}

ASYNC_TEST(TaskEager, SetsVariablesInAContextOfItsOwn) {
  static ContextVar<int> number("number", 0);
  number.set(1);
  Numbers seen;
  const auto set_it = [&]() -> Coro<> {
    seen.push_back(number.get());
    number.set(2);
    co_await sleep(0s);
    seen.push_back(number.get());
  };
  const Task<> task = create_task(set_it(), eagerly());
  EXPECT_EQ(number.get(), 1);
  number.set(3);
  co_await task;
  EXPECT_EQ(seen, (Numbers{1, 2}));
  EXPECT_EQ(number.get(), 3);
}

TEST(TaskEager, ErrorThatNobodyAskedForIsReported) {
  Log reports;
  const auto main = []() -> Coro<> {
    (void)create_task(fail_at_once("lost"), eagerly().name("orphan"));
    co_return;
  };
  RunOptions options;
  options.with_exception_handler(
      [&](const ExceptionContext& context) { reports.push_back(context.message); });
  run(main(), std::move(options));
  EXPECT_EQ(reports, (Log{"exception in task 'orphan' was never retrieved"}));
}

ASYNC_TEST(TaskEager, CallbackOfOneThatIsDoneIsStillScheduled) {
  Numbers seen;
  const Task<int> task = create_task(at_once(5), eagerly());
  task.add_done_callback([&](const Task<int>& done) { seen.push_back(done.result()); });
  EXPECT_TRUE(seen.empty());
  co_await sleep(0s);
  EXPECT_EQ(seen, (Numbers{5}));
}

ASYNC_TEST(TaskEager, IsCancelledAtTheSuspensionItReached) {
  Log log;
  const Task<> task = create_task(wait_for_ever(log, "it"), eagerly());
  task.cancel();
  EXPECT_FALSE(task.done());
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(log, (Log{"it cancelled", "it gone"}));
}

ASYNC_TEST(TaskEager, ThatCancelsItsCreatorIsMetThereAtTheNextSuspension) {
  const AnyTask creator = current_task();
  const auto cancel_it = [&]() -> Coro<> {
    creator.cancel("by its child");
    co_return;
  };
  (void)create_task(cancel_it(), eagerly());
  const std::exception_ptr error = co_await error_of(sleep(1s));
  EXPECT_EQ(describe(error), "cancelled: by its child");
  creator.uncancel();
}

ASYNC_TEST(TaskEager, NestsAndIsCancelledFromTheOutsideIn) {
  Log log;
  const auto outer = [&]() -> Coro<> {
    const Task<> inner = create_task(wait_for_ever(log, "inner"), eagerly());
    co_await inner;
  };
  const Task<> task = create_task(outer(), eagerly());
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(log, (Log{"inner cancelled", "inner gone"}));
}

ASYNC_TEST(TaskEager, IsTheDefaultWhereTheLoopSaysSo) {
  const EagerLoop eager;
  Numbers numbers;
  (void)create_task(append(numbers, 1));
  EXPECT_EQ(numbers, (Numbers{1}));
  (void)create_task(append(numbers, 2), TaskOptions().start(TaskStart::kNextPass));
  EXPECT_EQ(numbers, (Numbers{1}));
  co_await sleep(0s);
  EXPECT_EQ(numbers, (Numbers{1, 2}));
}

TEST(TaskEager, IsTheDefaultOfARunThatAsksForItButMainStartsOnTheLoop) {
  Numbers numbers;
  const auto main = [&]() -> Coro<> {
    (void)create_task(append(numbers, 1));
    EXPECT_EQ(numbers, (Numbers{1}));
    co_return;
  };
  run(main(), RunOptions().with_task_start(TaskStart::kEager));
  EXPECT_EQ(numbers, (Numbers{1}));
}

TEST(TaskEager, OnALoopThatDoesNotRunHereStartsWhenItDoes) {
  EventLoop loop(std::make_shared<VirtualClock>());
  Numbers numbers;
  const Task<> task = loop.create_task(append(numbers, 1), eagerly());
  EXPECT_TRUE(numbers.empty());
  loop.run_until_done(*task.get());
  EXPECT_EQ(numbers, (Numbers{1}));
}

ASYNC_TEST(TaskEager, GatherWaitAndAsCompletedTakeThemDoneOrNot) {
  const EagerLoop eager;
  const auto [one, two] = co_await gather(at_once(1), after(1s, 2));
  EXPECT_EQ(one + two, 3);
  std::vector<Task<int>> tasks;
  tasks.push_back(create_task(at_once(3)));
  tasks.push_back(create_task(after(1s, 4)));
  const WaitResult<Task<int>> result = co_await wait(tasks);
  EXPECT_EQ(result.done, tasks);
  Stream<Task<int>> done = as_completed(tasks);
  const std::optional<Task<int>> first = co_await done.next();
  EXPECT_EQ(first, tasks[0]);
  const std::exception_ptr error = co_await error_of(gather(fail_at_once("broken"), after(1s, 1)));
  EXPECT_EQ(describe(error), "broken");
  co_await sleep(2s);
}

ASYNC_TEST(TaskEager, MapTakesThem) {
  const EagerLoop eager;
  const auto some = [](int item) -> Coro<int> {
    if (item % 2 == 1) co_await sleep(1s);
    co_return item;
  };
  Numbers items({1, 2, 3, 4});
  Stream<int> results = map(items, some, MapOptions(2));
  const Numbers all = co_await std::move(results).collect();
  EXPECT_EQ(all, items);
}

ASYNC_TEST(TaskEagerGroup, WaitsForChildrenThatFinishedAtOnceAndForOthers) {
  const EagerLoop eager;
  const TimePoint before = EventLoop::current().time();
  int sum = 0;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    const Task<int> first = group.create_task(at_once(1));
    EXPECT_TRUE(first.done());
    const Task<int> second = group.create_task(after(1s, 2));
    const int late = co_await second;
    sum = first.result() + late;
  });
  EXPECT_EQ(sum, 3);
  EXPECT_EQ(EventLoop::current().time() - before, 1s);
}

ASYNC_TEST(TaskEagerGroup, AsAnObjectEndsWithJoin) {
  const EagerLoop eager;
  Numbers numbers;
  TaskGroup group;
  (void)group.create_task(append(numbers, 1));
  (void)group.create_task(append(numbers, 2));
  EXPECT_EQ(numbers, (Numbers{1, 2}));
  co_await group.join();
  EXPECT_EQ(group.size(), 0U);
}

// As in asyncio, the group hears of it on the next pass, so a step may start several.
ASYNC_TEST(TaskEagerGroup, ChildThatFailsAtOnceEndsTheGroupOnTheNextPass) {
  const EagerLoop eager;
  Log log;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_at_once("first"));
    (void)group.create_task(wait_for_ever(log, "sibling"));
    (void)group.create_task(fail_at_once("second"));
    log.push_back("all started");
    co_await sleep(1h);
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("first"));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("second"));
  EXPECT_EQ(log, (Log{"all started", "sibling cancelled", "sibling gone"}));
  EXPECT_EQ(current_task().cancelling(), 0);
}

// cpython gh-128588: the request that the group makes to its body must not leak out of the group.
ASYNC_TEST(TaskEagerGroup, FailureAtOnceInABodyThatEndsAtOnceLeavesNoRequest) {
  const EagerLoop eager;
  const auto body = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_at_once("broken"));
    co_return;
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1s);
}

// cpython gh-128550: a child that starts a failing sibling before the group knows of itself.
ASYNC_TEST(TaskEagerGroup, ChildThatStartsAFailingOneInItsFirstStepIsCancelledToo) {
  const EagerLoop eager;
  Log log;
  const auto second = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_at_once("third"));
    co_await wait_for_ever(log, "second");
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(second(group));
    co_return;
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_TRUE(is<ExceptionGroup>(error));
  EXPECT_EQ(log, (Log{"second cancelled", "second gone"}));
}

ASYNC_TEST(TaskEagerGroup, DestroyedBeforeItHeardOfAChildReportsItsError) {
  const EagerLoop eager;
  EventLoop& loop = EventLoop::current();
  Log reports;
  loop.set_exception_handler([&](const ExceptionContext& context) {
    reports.push_back(context.message + ": " + describe(context.exception));
  });
  {
    TaskGroup group;
    (void)group.create_task(at_once(1));
    (void)group.create_task(fail_at_once("lost"));
  }
  co_await passes(2);
  EXPECT_EQ(reports,
            (Log{"a TaskGroup was left without join(); one of its tasks had failed: lost"}));
  loop.set_exception_handler(nullptr);
}

TEST(TaskEagerGroup, CancelledAtEverySuspensionLeavesNothingRunning) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const EagerLoop eager;
    co_await task_group([](TaskGroup& group) -> Coro<> {
      (void)group.create_task(at_once(1));
      (void)group.create_task(after(1s, 2));
      co_await sleep(0s);
      (void)group.create_task(at_once(3));
    });
  });
  EXPECT_GE(suspensions, 2);
}

ASYNC_TEST(TaskContext, SharedIsSeenByAllWhoShareIt) {
  static ContextVar<int> number("number", 0);
  const auto shared = std::make_shared<Context>(copy_context());
  const auto add_one = []() -> Coro<int> {
    number.set(number.get() + 1);
    co_await sleep(1s);
    co_return number.get();
  };
  const Task<int> first = create_task(add_one(), TaskOptions().context(shared));
  const Task<int> second = create_task(add_one(), TaskOptions().context(shared));
  const int seen_by_first = co_await first;
  const int seen_by_second = co_await second;
  EXPECT_EQ(seen_by_first, 2);
  EXPECT_EQ(seen_by_second, 2);
  EXPECT_EQ(number.get(), 0) << "the creator's own context is another one";
  EXPECT_EQ(shared->run([] { return number.get(); }), 2);
}

ASYNC_TEST(TaskContext, WhatIsSetInItFromOutsideIsSeenByItsTasks) {
  static ContextVar<int> number("number", 0);
  const auto shared = std::make_shared<Context>();
  const auto read_late = []() -> Coro<int> {
    co_await sleep(1s);
    co_return number.get();
  };
  const Task<int> task = create_task(read_late(), TaskOptions().context(shared));
  co_await sleep(0s);
  shared->run([] { number.set(7); });
  const int seen = co_await task;
  EXPECT_EQ(seen, 7);
}

ASYNC_TEST(TaskContext, OfATaskThatIsStartedInASharedOneIsACopy) {
  static ContextVar<int> number("number", 0);
  const auto shared = std::make_shared<Context>();
  const auto set_it = [](int value) -> Coro<> {
    number.set(value);
    co_return;
  };
  const auto parent = [&]() -> Coro<int> {
    number.set(1);
    const Task<> child = create_task(set_it(2));
    co_await child;
    co_return number.get();
  };
  const Task<int> task = create_task(parent(), TaskOptions().context(shared));
  const int seen = co_await task;
  EXPECT_EQ(seen, 1);
}

ASYNC_TEST(TaskContext, SharedLivesAsLongAsItsTask) {
  static ContextVar<int> number("number", 0);
  std::weak_ptr<Context> watched;
  const auto read_late = []() -> Coro<int> {
    co_await sleep(1s);
    co_return number.get();
  };
  Task<int> task;
  {
    const auto shared = std::make_shared<Context>();
    shared->run([] { number.set(5); });
    watched = shared;
    task = create_task(read_late(), TaskOptions().context(shared));
  }
  const int seen = co_await task;
  EXPECT_EQ(seen, 5);
  task = Task<int>();
  EXPECT_TRUE(watched.expired());
}

ASYNC_TEST(TaskContext, EagerTaskInASharedOneSetsItAtOnce) {
  static ContextVar<int> number("number", 0);
  const auto shared = std::make_shared<Context>();
  const auto set_it = []() -> Coro<> {
    number.set(4);
    co_return;
  };
  (void)create_task(set_it(), eagerly().context(shared));
  EXPECT_EQ(number.get(), 0);
  EXPECT_EQ(shared->run([] { return number.get(); }), 4);
  co_return;
}

}  // namespace
}  // namespace cochain::testing
