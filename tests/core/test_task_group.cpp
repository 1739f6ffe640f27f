// TaskGroup: its tasks start and end together, and no error is lost.
#include <gmock/gmock.h>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

Log messages_of(const std::exception_ptr& error) {
  Log messages;
  try {
    if (error) std::rethrow_exception(error);
  } catch (const ExceptionGroup& group) {
    for (const std::exception_ptr& each : group.exceptions()) messages.push_back(describe(each));
  } catch (...) {
    messages.push_back("no group: " + describe(error));
  }
  return messages;
}

ASYNC_TEST(TaskGroup, WaitsForAllItsChildren) {
  Numbers numbers;
  const auto late = [&](int number) -> Coro<> {
    co_await sleep(std::chrono::seconds(number));
    numbers.push_back(number);
  };
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(late(2));
    (void)group.create_task(late(1));
    EXPECT_EQ(group.size(), 2U);
    co_return;
  });
  EXPECT_EQ(numbers, (Numbers{1, 2}));
}

ASYNC_TEST(TaskGroup, ChildGivesItsResultToWhoeverAwaitsIt) {
  int sum = 0;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    const Task<int> a = group.create_task(after(1s, 1));
    const Task<int> b = group.create_task(after(2s, 2), "named");
    EXPECT_EQ(b.name(), "named");
    sum = co_await a;
    sum += co_await b;
  });
  EXPECT_EQ(sum, 3);
}

ASYNC_TEST(TaskGroup, WithoutChildrenEndsAtOnce) {
  const std::uint32_t steps = current_task().get()->steps();
  co_await task_group([](TaskGroup&) -> Coro<> { co_return; });
  EXPECT_EQ(current_task().get()->steps(), steps);
}

ASYNC_TEST(TaskGroup, AsAnObjectEndsWithJoin) {
  Numbers numbers;
  TaskGroup group;
  (void)group.create_task(append(numbers, 1));
  co_await group.join();
  EXPECT_EQ(numbers, (Numbers{1}));
  EXPECT_EQ(group.size(), 0U);
}

ASYNC_TEST(TaskGroup, FailureOfAChildCancelsSiblingsAndBody) {
  Log log;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(wait_for_ever(log, "sibling"));
    (void)group.create_task(fail_after(1s, "broken"));
    co_await wait_for_ever(log, "body");
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_EQ(messages_of(error), (Log{"broken"}));
  EXPECT_THAT(log, ::testing::UnorderedElementsAre("sibling cancelled", "sibling gone",
                                                   "body cancelled", "body gone"));
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(TaskGroup, FailureOfAChildWhileJoiningCancelsSiblings) {
  Log log;
  TaskGroup group;
  (void)group.create_task(wait_for_ever(log, "sibling"));
  (void)group.create_task(fail_after(1s, "broken"));
  const std::exception_ptr error = co_await error_of(group.join());
  EXPECT_EQ(messages_of(error), (Log{"broken"}));
  EXPECT_EQ(log, (Log{"sibling cancelled", "sibling gone"}));
  EXPECT_EQ(current_task().cancelling(), 0);
  co_await sleep(1s);  // no request is left behind
}

ASYNC_TEST(TaskGroup, CollectsEveryErrorInTheOrderTheyCame) {
  const auto fail_when_cancelled = []() -> Coro<> {
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      throw std::runtime_error("second");
    }
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_when_cancelled());
    (void)group.create_task(fail_after(1s, "first"));
    co_return;
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_EQ(messages_of(error), (Log{"first", "second"}));
}

ASYNC_TEST(TaskGroup, WaitsForChildrenThatAreSlowToStop) {
  const TimePoint before = EventLoop::current().time();
  const auto slow_to_stop = []() -> Coro<> {
    (void)co_await error_of(sleep(1h));
    co_await sleep(5s);
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(slow_to_stop());
    (void)group.create_task(fail_after(1s, "broken"));
    co_return;
  };
  (void)co_await error_of(task_group(body));
  EXPECT_EQ(EventLoop::current().time() - before, 6s);
}

ASYNC_TEST(TaskGroup, ErrorOfTheBodyJoinsTheGroup) {
  Log log;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(wait_for_ever(log, "child"));
    co_await sleep(1s);
    throw std::runtime_error("body");
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_EQ(messages_of(error), (Log{"body"}));
  EXPECT_EQ(log, (Log{"child cancelled", "child gone"}));
}

ASYNC_TEST(TaskGroup, ErrorOfTheBodyStandsBehindThoseOfTheChildren) {
  const auto body = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(1s, "child"));
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      throw std::runtime_error("body");
    }
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_EQ(messages_of(error), (Log{"child", "body"}));
  EXPECT_EQ(current_task().cancelling(), 0);
}

ASYNC_TEST(TaskGroup, ChildThatIsCancelledAloneIsNoError) {
  int other = 0;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    const Task<int> victim = group.create_task(after(1h, 1));
    const Task<int> sibling = group.create_task(after(2s, 2));
    co_await sleep(1s);
    victim.cancel();
    other = co_await sibling;
  });
  EXPECT_EQ(other, 2);
}

ASYNC_TEST(TaskGroup, ChildrenMayAddChildrenEvenWhileJoining) {
  Numbers numbers;
  TaskGroup group;
  const auto grow = [&](auto& self, int levels) -> Coro<> {
    co_await sleep(1s);
    numbers.push_back(levels);
    if (levels > 0) (void)group.create_task(self(self, levels - 1));
  };
  (void)group.create_task(grow(grow, 3));
  co_await group.join();
  EXPECT_EQ(numbers, (Numbers{3, 2, 1, 0}));
}

ASYNC_TEST(TaskGroup, CreateTaskAfterTheEndIsRefusedAndReleasesTheCoro) {
  const auto keep = [](Probe probe) -> Coro<int> { co_return probe.value(); };
  TaskGroup group;
  co_await group.join();
  EXPECT_THROW((void)group.create_task(keep(Probe(1))), InvalidStateError);
  EXPECT_EQ(Probe::alive, 0);
}

ASYNC_TEST(TaskGroup, CreateTaskWhileAbortingIsRefused) {
  std::exception_ptr refused;
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(1s, "broken"));
    try {
      co_await sleep(1h);
    } catch (const CancelledError&) {
      refused = error_of_call([&] { (void)group.create_task(at_once(1)); });
      throw;
    }
  };
  (void)co_await error_of(task_group(body));
  EXPECT_EQ(describe(refused), "this TaskGroup is being cancelled");
}

ASYNC_TEST(TaskGroup, CancelEndsItsChildrenAndJoinIsNoError) {
  Log log;
  TaskGroup group;
  (void)group.create_task(wait_for_ever(log, "child"));
  co_await sleep(1s);
  group.cancel();
  co_await group.join();
  EXPECT_EQ(log, (Log{"child cancelled", "child gone"}));
}

ASYNC_TEST(TaskGroup, DestroyedDestroysItsChildrenWhereTheyStand) {
  Log log;
  {
    TaskGroup group;
    (void)group.create_task(wait_for_ever(log, "a"));
    (void)group.create_task(wait_for_ever(log, "b"));
    co_await sleep(1s);
  }
  EXPECT_EQ(log, (Log{"a gone", "b gone"})) << "their RAII runs, no CancelledError is thrown";
}

ASYNC_TEST(TaskGroup, DestroyedBeforeItsChildrenStartedNeverRunsThem) {
  Numbers numbers;
  {
    TaskGroup group;
    (void)group.create_task(append(numbers, 1));
  }
  co_await passes(2);
  EXPECT_TRUE(numbers.empty());
}

ASYNC_TEST(TaskGroup, DestroyedWakesWhoeverAwaitsAChild) {
  Task<int> child;
  const auto await_child = [&]() -> Coro<> { (void)co_await child; };
  Task<> outside;
  {
    TaskGroup group;
    child = group.create_task(after(1h, 1));
    outside = create_task(await_child());
    co_await sleep(1s);
  }
  const std::exception_ptr error = co_await error_of(outside);
  EXPECT_TRUE(is<CancelledError>(error));
}

ASYNC_TEST(TaskGroup, DestroyedReportsErrorsThatNobodyJoined) {
  EventLoop& loop = EventLoop::current();
  Log reports;
  loop.set_exception_handler(
      [&](const ExceptionContext& context) { reports.push_back(describe(context.exception)); });
  {
    TaskGroup group;
    (void)group.create_task(fail_after(1s, "lost"));
    co_await sleep(2s);
  }
  EXPECT_EQ(reports, (Log{"lost"}));
  loop.set_exception_handler(nullptr);
}

ASYNC_TEST(TaskGroup, NestedInnerFailureReachesTheOuterAsAGroup) {
  const auto inner = [](TaskGroup& group) -> Coro<> {
    (void)group.create_task(fail_after(1s, "deep"));
    co_return;
  };
  const auto outer = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(task_group(inner));
    co_return;
  };
  const std::exception_ptr error = co_await error_of(task_group(outer));
  EXPECT_THAT(describe(error), ::testing::HasSubstr("deep"));
  EXPECT_TRUE(is<ExceptionGroup>(error));
}

TEST(TaskGroup, NeedsATask) {
  EventLoop loop(std::make_unique<VirtualClock>());
  std::exception_ptr error;
  loop.call_soon([&] { error = error_of_call([] { const TaskGroup group; }); });
  const Task<> task = loop.create_task(passes(2));
  loop.run_until_done(*task.get());
  EXPECT_TRUE(is<InvalidStateError>(error));
}

ASYNC_TEST(TaskGroup, ChildTakesTheOptionsOfATask) {
  static ContextVar<int> number("number", 1);
  const auto shared = std::make_shared<Context>(copy_context());
  Log log;
  const auto child = [](Log* told) -> Coro<> {
    told->push_back(current_task().name());
    number.set(2);
    co_await sleep(1s);
    told->push_back("end");
  };
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    TaskOptions options;
    options.name("eager").context(shared).start(TaskStart::kEager);
    const Task<> task = group.create_task(child(&log), std::move(options));
    EXPECT_EQ(log, (Log{"eager"}));
    EXPECT_EQ(task.name(), "eager");
    EXPECT_EQ(group.size(), 1U);
    co_return;
  });
  EXPECT_EQ(log, (Log{"eager", "end"}));
  EXPECT_EQ(number.get(), 1);
  int seen = 0;
  shared->run([&] { seen = number.get(); });
  EXPECT_EQ(seen, 2);
}

ASYNC_TEST(TaskGroup, FailureOfAnEagerChildCancelsTheOthers) {
  Log log;
  const auto fail = []() -> Coro<> {
    throw std::runtime_error("at once");
    co_return;
  };
  const auto body = [&](TaskGroup& group) -> Coro<> {
    (void)group.create_task(wait_for_ever(log, "sibling"), TaskOptions().start(TaskStart::kEager));
    (void)group.create_task(fail(), TaskOptions().start(TaskStart::kEager));
    co_await sleep(1h);
  };
  const std::exception_ptr error = co_await error_of(task_group(body));
  EXPECT_EQ(messages_of(error), (Log{"at once"}));
  EXPECT_EQ(log, (Log{"sibling cancelled", "sibling gone"}));
}

ASYNC_TEST(TaskGroup, ChildMayBeAnOperation) {
  Queue<int> queue(1);
  int got = 0;
  co_await task_group([&](TaskGroup& group) -> Coro<> {
    const Task<int> item = group.create_task(queue.get(), "getter");
    (void)group.create_task(queue.put(7));
    EXPECT_EQ(item.name(), "getter");
    got = co_await item;
  });
  EXPECT_EQ(got, 7);
}

ASYNC_TEST(TaskGroup, ThatIsOverRefusesAllKindsOfChildren) {
  TaskGroup group;
  co_await group.join();
  const auto refused = [](auto create) { return is<InvalidStateError>(error_of_call(create)); };
  EXPECT_TRUE(refused([&] { (void)group.create_task(at_once(1)); }));
  EXPECT_TRUE(refused([&] { (void)group.create_task(at_once(1), TaskOptions()); }));
  EXPECT_TRUE(refused([&] { (void)group.create_task(sleep(1s)); }));
  EXPECT_TRUE(refused([&] { (void)group.create_task(Coro<>(), TaskOptions()); }));
}

}  // namespace
}  // namespace cochain::testing
