// Debug mode as a whole: what switches it, silence while it is off, and handlers that misbehave.
#include <gmock/gmock.h>

#include "debug_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Coro<> save(std::string) { co_return; }

Coro<> forget_to_await() {
  const Coro<> saving = save("report");
  co_return;
}

Coro<bool> is_in_debug_mode() { co_return EventLoop::current().get_debug(); }

TEST(DebugEnvironment, OneSwitchesItOn) {
  const DebugVariable debug("1");
  const Findings found;
  EXPECT_TRUE(run(is_in_debug_mode()));
  run(forget_to_await());
  EXPECT_THAT(found.of(DiagnosticKind::kNeverAwaited), ::testing::SizeIs(1));
}

TEST(DebugEnvironment, UnsetEmptyAndZeroLeaveItOff) {
  for (const char* value : {static_cast<const char*>(nullptr), "", "0"}) {
    const DebugVariable debug(value);
    const Findings found;
    EXPECT_FALSE(run(is_in_debug_mode()));
    run(forget_to_await());
    EXPECT_THAT(found.messages(), ::testing::IsEmpty());
  }
}

TEST(DebugEnvironment, WhatRunIsToldGoesBeforeIt) {
  {
    const DebugVariable debug("1");
    EXPECT_FALSE(run(is_in_debug_mode(), RunOptions().with_debug(DebugOptions::off())));
  }
  const DebugVariable debug("0");
  EXPECT_TRUE(run(is_in_debug_mode(), RunOptions().with_debug(DebugOptions())));
}

/// Every mistake that debug mode knows of, but those that end the process.
Coro<> make_all_mistakes() {
  const Coro<> never_awaited = save("report");
  const Task<int> stubborn = create_task(suppress_cancel(1));
  co_await sleep(1s);
  stubborn.cancel();
  (void)co_await stubborn;
  spin_for(15ms);
  EventLoop::current().call_soon([] { spin_for(15ms); });
  co_await sleep(1s);
  co_await task_group([](TaskGroup& group) -> Coro<> {
    for (int i = 0; i < 10; ++i) (void)group.create_task(passes(1));
    co_return;
  });
}

void make_all_mistakes_with(const DebugOptions& options) {
  {
    EventLoop loop(std::make_shared<VirtualClock>());
    loop.set_debug(options);
    const Task<int> left = loop.create_task(after(2h, 1));
    loop.run_until_complete(make_all_mistakes());
  }
}

DebugOptions strict() {
  return DebugOptions().slow_callback_duration(10ms).blocked_loop_duration(5ms).many_tasks(5);
}

TEST(DebugOff, SaysNothingOfAnyMistake) {
  const DebugVariable debug(nullptr);
  const Findings found;
  DebugOptions off = strict();
  off.enabled = false;
  make_all_mistakes_with(off);
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugOn, FindsTheseMistakes) {
  const Findings found;
  make_all_mistakes_with(strict());
  for (const DiagnosticKind kind :
       {DiagnosticKind::kSlowCallback, DiagnosticKind::kNeverAwaited,
        DiagnosticKind::kDestroyedPending, DiagnosticKind::kSwallowedCancellation,
        DiagnosticKind::kManyTasks}) {
    EXPECT_THAT(found.of(kind), ::testing::Not(::testing::IsEmpty())) << static_cast<int>(kind);
  }
}

TEST(DebugSwitch, ATaskMaySwitchItOff) {
  const DebugVariable debug(nullptr);
  const auto main = []() -> Coro<> {
    EventLoop::current().call_soon([] { spin_for(15ms); });  // of the pass that goes on without
    EventLoop::current().set_debug(DebugOptions::off());
    spin_for(15ms);
    EXPECT_FALSE(EventLoop::current().get_debug());
    co_await sleep(1s);
    const Coro<> never_awaited = save("report");
  };
  const Findings found(main(), DebugOptions().slow_callback_duration(1h));
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugSwitch, ATaskMaySwitchItOffBeforeOthersOfItsPass) {
  const auto main = []() -> Coro<> {
    co_await task_group([](TaskGroup& group) -> Coro<> {
      const auto switch_off = []() -> Coro<> {
        EventLoop::current().set_debug(DebugOptions::off());
        co_return;
      };
      (void)group.create_task(switch_off());
      for (int i = 0; i < 3; ++i) (void)group.create_task(passes(2));
      co_return;
    });
  };
  const Findings found(main(), DebugOptions());
  EXPECT_THAT(found.messages(), ::testing::IsEmpty());
}

TEST(DebugSwitch, ATaskMaySwitchItOnAndChangeIt) {
  const auto main = []() -> Coro<> {
    EventLoop& loop = EventLoop::current();
    loop.set_debug(DebugOptions().slow_callback_duration(1h));
    co_await sleep(1s);
    spin_for(150ms);
    co_await sleep(1s);
    loop.set_debug(DebugOptions().slow_callback_duration(100ms));
    co_await sleep(1s);
    spin_for(150ms);
    co_await sleep(1s);
    const Coro<> never_awaited = save("report");
  };
  const Findings found(main(), DebugOptions::off());
  EXPECT_THAT(found.of(DiagnosticKind::kSlowCallback, "task 'main'"), ::testing::SizeIs(1));
  EXPECT_THAT(found.of(DiagnosticKind::kNeverAwaited), ::testing::SizeIs(1));
}

/// A handler for the length of a test.
class HandlerScope {
 public:
  explicit HandlerScope(std::function<void(const Diagnostic&)> handler) {
    set_diagnostic_handler(std::move(handler));
  }
  HandlerScope(const HandlerScope&) = delete;
  HandlerScope& operator=(const HandlerScope&) = delete;
  ~HandlerScope() { set_diagnostic_handler(nullptr); }
};

RunOptions patient() {
  RunOptions options;
  options.with_debug(DebugOptions().slow_callback_duration(1h));
  return options;
}

TEST(DebugHandler, WithoutOneFindingsGoToStderr) {
  ::testing::internal::CaptureStderr();
  run(forget_to_await(), patient());
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(written, StartsWith("cochain: coroutine save was never awaited"));
  EXPECT_EQ(written.back(), '\n');
}

TEST(DebugHandler, ThatThrowsLosesNoFindingAndTheProgramGoesOn) {
  int calls = 0;
  const HandlerScope handler([&calls](const Diagnostic&) {
    ++calls;
    throw std::runtime_error("the handler broke");
  });
  const auto main = []() -> Coro<> {
    co_await forget_to_await();
    co_await forget_to_await();
    co_await sleep(0s);
  };
  ::testing::internal::CaptureStderr();
  run(main(), patient());
  const std::string written = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(calls, 2);
  EXPECT_THAT(written, HasSubstr("cochain: coroutine save was never awaited"));
  EXPECT_THAT(written, HasSubstr("the diagnostic handler itself failed"));
}

TEST(DebugHandler, MayUseTheLoop) {
  Log log;
  const HandlerScope handler([&log](const Diagnostic& found) {
    EventLoop& loop = EventLoop::current();
    loop.call_soon([&log] { log.emplace_back("called"); });
    const auto note = [](Log* to, std::string task) -> Coro<> {
      to->push_back("told in " + task);
      co_return;
    };
    (void)loop.create_task(note(&log, current_task().name()));
    EXPECT_EQ(found.kind, DiagnosticKind::kNeverAwaited);
  });
  const auto main = []() -> Coro<> {
    co_await forget_to_await();
    co_await sleep(0s);
  };
  run(main(), patient());
  EXPECT_EQ(log, (Log{"called", "told in main"}));
}

TEST(DebugHandler, MayMakeAMistakeItself) {
  Log log;
  const HandlerScope handler([&log](const Diagnostic& found) {
    log.push_back(found.message.substr(0, found.message.find('\n')));
    if (log.size() == 1) const Coro<> forgotten = passes(1);
  });
  run(forget_to_await(), patient());
  EXPECT_EQ(log, (Log{"coroutine save was never awaited", "coroutine passes was never awaited"}));
}

TEST(DebugHandler, MaySetAnotherOne) {
  Log log;
  const std::string words = "a text that is too long to be stored in the function itself";
  const HandlerScope handler([&log, words](const Diagnostic&) {
    set_diagnostic_handler([&log](const Diagnostic&) { log.emplace_back("second"); });
    log.push_back(words);
  });
  const auto main = []() -> Coro<> {
    co_await forget_to_await();
    co_await forget_to_await();
  };
  run(main(), patient());
  EXPECT_EQ(log, (Log{words, "second"}));
}

TEST(DebugHandler, MaySwitchDebugModeOff) {
  int calls = 0;
  const HandlerScope handler([&calls](const Diagnostic&) {
    ++calls;
    EventLoop::current().set_debug(DebugOptions::off());
  });
  const auto main = []() -> Coro<> {
    spin_for(15ms);
    co_await sleep(0s);
    spin_for(15ms);
    co_await sleep(0s);
  };
  run(main(), RunOptions().with_debug(DebugOptions().slow_callback_duration(10ms)));
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace cochain::testing
