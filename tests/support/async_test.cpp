// How an ASYNC_TEST is run, and cancellation at every point of a scenario.

#include "async_test.hpp"

#include <string>

namespace cochain::testing {
namespace {

std::unique_ptr<Clock> make_clock(TestClock clock) {
  if (clock == TestClock::kReal) return std::make_unique<SteadyClock>();
  return std::make_unique<VirtualClock>();
}

std::string left_over(const EventLoop& loop) {
  std::string text;
  loop.for_each_task([&text](const detail::TaskBase& task) {
    text += "\n  task '" + task.name() + "' " + task.where();
  });
  return text;
}

void expect_nothing_left(const EventLoop& loop) {
  EXPECT_EQ(loop.task_count(), 0U) << "left over:" << left_over(loop);
}

}  // namespace

void run_async_test(Coro<> body, TestClock clock) {
  EventLoop loop(make_clock(clock));
  const Task<> main = loop.create_task(std::move(body), "test body");
  try {
    loop.run_until_done(*main.get());
    main.result();
  } catch (...) {
    ADD_FAILURE() << describe(std::current_exception());
  }
  expect_nothing_left(loop);
  loop.shutdown();
}

int cancel_at_every_suspension(const std::function<Coro<>()>& scenario) {
  constexpr std::uint32_t kMost = 10'000;
  for (std::uint32_t suspension = 1; suspension < kMost; ++suspension) {
    SCOPED_TRACE("cancelled at suspension " + std::to_string(suspension));
    EventLoop loop(make_clock(TestClock::kVirtual));
    const Task<> task = loop.create_task(scenario(), "scenario");
    bool injected = false;
    try {
      loop.run_until_done(*task.get(), [&] {
        if (!injected && task.get()->steps() == suspension) injected = task.cancel("injected");
      });
      task.result();
    } catch (const CancelledError&) {
    } catch (...) {
      ADD_FAILURE() << describe(std::current_exception());
    }
    expect_nothing_left(loop);
    loop.shutdown();
    if (!injected || ::testing::Test::HasFailure()) return static_cast<int>(suspension) - 1;
  }
  ADD_FAILURE() << "the scenario did not end within " << kMost << " suspensions";
  return static_cast<int>(kMost);
}

}  // namespace cochain::testing
