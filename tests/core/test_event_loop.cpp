// The ready queue, the timers, and callbacks from other threads.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include "core_test.hpp"

namespace cochain::testing {
namespace {

ASYNC_TEST(EventLoop, CallSoonRunsInOrder) {
  EventLoop& loop = EventLoop::current();
  Numbers numbers;
  for (int i = 0; i < 5; ++i) loop.call_soon([&numbers, i] { numbers.push_back(i); });
  EXPECT_TRUE(numbers.empty());
  co_await sleep(0s);
  EXPECT_EQ(numbers, (Numbers{0, 1, 2, 3, 4}));
}

ASYNC_TEST(EventLoop, CallSoonFromACallbackRunsOnTheNextPass) {
  EventLoop& loop = EventLoop::current();
  Log log;
  loop.call_soon([&] {
    log.push_back("first");
    loop.call_soon([&] { log.push_back("nested"); });
  });
  loop.call_soon([&] { log.push_back("second"); });
  co_await passes(2);
  EXPECT_EQ(log, (Log{"first", "second", "nested"}));
}

ASYNC_TEST(EventLoop, CancelledCallbackDoesNotRunAndLetsGoAtOnce) {
  EventLoop& loop = EventLoop::current();
  const auto held = std::make_shared<int>(1);
  Handle handle = loop.call_soon([held] { *held = 2; });
  EXPECT_EQ(held.use_count(), 2);
  handle.cancel();
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_TRUE(handle.cancelled());
  co_await passes(2);
  EXPECT_EQ(*held, 1);
}

ASYNC_TEST(EventLoop, CallbackThatRanReleasesWhatItHeld) {
  const auto held = std::make_shared<int>(1);
  Handle handle = EventLoop::current().call_soon([held] {});
  co_await sleep(0s);
  EXPECT_EQ(held.use_count(), 1);
  handle.cancel();
  EXPECT_FALSE(handle.cancelled()) << "it ran: there was nothing to cancel";
}

ASYNC_TEST(EventLoop, CallbackMayCancelAnotherOfTheSamePass) {
  EventLoop& loop = EventLoop::current();
  bool ran = false;
  Handle second;
  loop.call_soon([&] { second.cancel(); });
  second = loop.call_soon([&] { ran = true; });
  co_await passes(2);
  EXPECT_FALSE(ran);
}

ASYNC_TEST(EventLoop, CallbackMayCancelItself) {
  Handle handle;
  handle = EventLoop::current().call_soon([&] { handle.cancel(); });
  co_await passes(2);
  EXPECT_FALSE(handle.cancelled());
}

ASYNC_TEST(EventLoop, ExceptionOfACallbackGoesToTheHandlerAndTheLoopGoesOn) {
  EventLoop& loop = EventLoop::current();
  Log reports;
  bool next_ran = false;
  loop.set_exception_handler([&](const ExceptionContext& context) {
    reports.push_back(context.message + ": " + describe(context.exception));
  });
  loop.call_soon([] { throw std::runtime_error("oops"); });
  loop.call_soon([&] { next_ran = true; });
  co_await passes(2);
  EXPECT_EQ(reports, (Log{"exception in a callback of the event loop: oops"}));
  EXPECT_TRUE(next_ran);
  loop.set_exception_handler(nullptr);
}

ASYNC_TEST(EventLoop, FailureOfTheHandlerItselfIsWrittenToStderr) {
  EventLoop& loop = EventLoop::current();
  loop.set_exception_handler([](const ExceptionContext&) { throw TimeoutError("handler broke"); });
  ::testing::internal::CaptureStderr();
  loop.call_soon([] { throw std::runtime_error("oops"); });
  co_await passes(2);
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, ::testing::HasSubstr("callback of the event loop: oops"));
  EXPECT_THAT(written, ::testing::HasSubstr("handler itself failed: handler broke"));
  loop.set_exception_handler(nullptr);
}

ASYNC_TEST(EventLoop, CallLaterWithEqualDeadlinesRunsInOrder) {
  EventLoop& loop = EventLoop::current();
  Numbers numbers;
  Numbers expected;
  const TimePoint when = loop.time() + 1s;
  for (int i = 0; i < 500; ++i) {
    loop.call_at(when, [&numbers, i] { numbers.push_back(i); });
    expected.push_back(i);
  }
  co_await sleep(2s);
  EXPECT_EQ(numbers, expected);
}

ASYNC_TEST(EventLoop, CallLaterCancelledDoesNotRun) {
  EventLoop& loop = EventLoop::current();
  bool ran = false;
  Handle handle = loop.call_later(1s, [&] { ran = true; });
  handle.cancel();
  co_await sleep(2s);
  EXPECT_FALSE(ran);
}

ASYNC_TEST(EventLoop, CallLaterCancelledWhenDueButNotRunDoesNotRun) {
  EventLoop& loop = EventLoop::current();
  bool ran = false;
  Handle second;
  loop.call_later(1s, [&] { second.cancel(); });
  second = loop.call_later(1s, [&] { ran = true; });
  co_await sleep(2s);
  EXPECT_FALSE(ran);
}

ASYNC_TEST(EventLoop, CallLaterInThePastRunsOnTheNextPass) {
  EventLoop& loop = EventLoop::current();
  co_await sleep(1min);
  bool ran = false;
  loop.call_at(TimePoint(), [&] { ran = true; });
  EXPECT_FALSE(ran);
  co_await passes(2);
  EXPECT_TRUE(ran);
}

ASYNC_TEST(EventLoop, CallLaterForTheLongestTimeDoesNotOverflow) {
  EventLoop& loop = EventLoop::current();
  co_await sleep(1s);
  bool ran = false;
  Handle handle = loop.call_later(Duration::max(), [&] { ran = true; });
  co_await sleep(1h);
  EXPECT_FALSE(ran);
  handle.cancel();
}

// Timers come and go at random; what fires, and in which order, is what a sorted map says.
ASYNC_TEST(EventLoop, TimersFireAsASortedMapWouldHaveThem) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  EventLoop& loop = EventLoop::current();
  std::map<std::pair<TimePoint, int>, Handle> reference;
  Numbers fired;
  const TimePoint start = loop.time();
  for (int i = 0; i < 5000; ++i) {
    if (!reference.empty() && random() % 3 == 0) {
      auto victim = reference.begin();
      std::advance(victim, static_cast<std::ptrdiff_t>(
                               random() % std::min<std::size_t>(reference.size(), 50)));
      victim->second.cancel();
      reference.erase(victim);
    } else {
      const TimePoint when = start + std::chrono::milliseconds(random() % 1000);
      reference.emplace(std::pair(when, i),
                        loop.call_at(when, [&fired, i] { fired.push_back(i); }));
    }
  }
  co_await sleep(2s);
  Numbers expected;
  for (const auto& [key, handle] : reference) expected.push_back(key.second);
  EXPECT_EQ(fired, expected);
}

// The ready queue grows while it is full of holes left by cancelled callbacks.
ASYNC_TEST(EventLoop, ReadyQueueGrowsWithHolesAndKeepsTheOrder) {
  EventLoop& loop = EventLoop::current();
  Numbers ran;
  Numbers expected;
  for (int round = 0; round < 3; ++round) {
    co_await passes(round * 17);  // the ring starts at another place each time
    std::vector<Handle> handles;
    for (int i = 0; i < 1000; ++i) {
      handles.push_back(loop.call_soon([&ran, i] { ran.push_back(i); }));
      if (i % 3 != 0) handles.back().cancel();
      if (i % 3 == 0) expected.push_back(i);
    }
    co_await sleep(0s);
  }
  EXPECT_EQ(ran, expected);
}

ASYNC_TEST(EventLoop, OfATaskIsTheCurrentOne) {
  EXPECT_EQ(&EventLoop::current(), &current_task().get()->loop());
  co_return;
}

TEST(EventLoop, ThereIsNoneOutsideOfRun) {
  EXPECT_EQ(EventLoop::current_or_null(), nullptr);
  EXPECT_THROW((void)EventLoop::current(), InvalidStateError);
}

TEST(EventLoop, DestructionReleasesCallbacksThatNeverRan) {
  const auto held = std::make_shared<int>(1);
  {
    EventLoop loop;
    loop.call_soon([held] {});
    loop.call_later(1h, [held] {});
    loop.call_soon_threadsafe([held] {});
    EXPECT_EQ(held.use_count(), 4);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoop, HandleMayOutliveItsLoop) {
  Handle soon;
  Handle later;
  {
    EventLoop loop;
    soon = loop.call_soon([] {});
    later = loop.call_later(1h, [] {});
  }
  soon.cancel();
  later.cancel();
  EXPECT_TRUE(soon.cancelled());
}

TEST(EventLoop, DestructionDestroysTasksInPlace) {
  Log log;
  {
    EventLoop loop;
    const Task<> stuck = loop.create_task(wait_for_ever(log, "stuck"));
    const Task<> other = loop.create_task(passes(2));
    loop.run_until_done(*other.get());
  }
  EXPECT_EQ(log, (Log{"stuck gone"}));
}

class LoggedService final : public EventLoop::Service {
 public:
  LoggedService(Log& log, std::string name) : farewell_(log, std::move(name)) {}

 private:
  Farewell farewell_;
};

TEST(EventLoop, ServicesEndAfterTheTasksAndTheLastAddedFirst) {
  Log log;
  const std::uint64_t first = EventLoop::new_service_key();
  const std::uint64_t second = EventLoop::new_service_key();
  EXPECT_NE(first, second);
  {
    EventLoop loop;
    loop.add_service(first, std::make_unique<LoggedService>(log, "first"));
    loop.add_service(second, std::make_unique<LoggedService>(log, "second"));
    const Task<> stuck = loop.create_task(wait_for_ever(log, "task"));
    const Task<> other = loop.create_task(passes(2));
    loop.run_until_done(*other.get());
  }
  EXPECT_EQ(log, (Log{"task gone", "second", "first"}));
}

TEST(EventLoop, ServiceIsFoundByItsKeyUntilItIsRemoved) {
  Log log;
  EventLoop loop;
  const std::uint64_t key = EventLoop::new_service_key();
  EXPECT_EQ(loop.find_service(key), nullptr);
  loop.add_service(key, std::make_unique<LoggedService>(log, "it"));
  EXPECT_NE(loop.find_service(key), nullptr);
  loop.remove_service(key);
  EXPECT_EQ(loop.find_service(key), nullptr);
  EXPECT_EQ(log, (Log{"it"}));
  loop.remove_service(key);
}

TEST(EventLoop, RealClockSleepsAtLeastAsLongAsAsked) {
  const auto main = []() -> Coro<Duration> {
    const TimePoint before = EventLoop::current().time();
    co_await sleep(2ms);
    co_return EventLoop::current().time() - before;
  };
  EXPECT_GE(run(main()), 2ms);
}

}  // namespace
}  // namespace cochain::testing
