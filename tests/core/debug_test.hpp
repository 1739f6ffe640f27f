// What the tests of debug mode share: a run whose findings are kept, and steps that take long.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core_test.hpp"
#include "process_state.hpp"

namespace cochain::testing {

/// Keeps what debug mode tells from its construction to its destruction.
class Findings {
 public:
  Findings() {
    set_diagnostic_handler([this](const Diagnostic& found) {
      const std::lock_guard lock(mutex_);
      found_.push_back(found);
    });
  }
  /// Those of one run in virtual time, and of what is done between its end and that of its loop.
  Findings(Coro<> main, DebugOptions options, std::function<void()> afterwards = nullptr)
      : Findings() {
    RunOptions run_options;
    run_options.with_clock(std::make_shared<VirtualClock>()).with_debug(options);
    run_options.with_exception_handler(
        [this](const ExceptionContext& context) { reports_.push_back(context); });
    Runner runner(std::move(run_options));
    runner.run(std::move(main));
    if (afterwards) afterwards();
  }
  Findings(const Findings&) = delete;
  Findings& operator=(const Findings&) = delete;
  ~Findings() { set_diagnostic_handler(nullptr); }

  /// The messages of one kind that begin with `begin`, in their order.
  [[nodiscard]] Log of(DiagnosticKind kind, const std::string& begin = {}) const {
    const std::lock_guard lock(mutex_);
    Log messages;
    for (const Diagnostic& each : found_) {
      if (each.kind == kind && each.message.starts_with(begin)) messages.push_back(each.message);
    }
    return messages;
  }
  [[nodiscard]] Log messages() const {
    const std::lock_guard lock(mutex_);
    Log messages;
    for (const Diagnostic& each : found_) messages.push_back(each.message);
    return messages;
  }
  /// What the exception handler of the run was told.
  [[nodiscard]] const std::vector<ExceptionContext>& reports() const noexcept { return reports_; }

 private:
  mutable std::mutex mutex_;  // the watchdog tells from its own thread
  std::vector<Diagnostic> found_;
  std::vector<ExceptionContext> reports_;
};

/// COCHAIN_DEBUG as the test wants it, until the end of the test.
class DebugVariable {
 public:
  explicit DebugVariable(const char* value) {
    if (const char* before = std::getenv(kName)) before_ = before;
    set(value);
  }
  DebugVariable(const DebugVariable&) = delete;
  DebugVariable& operator=(const DebugVariable&) = delete;
  ~DebugVariable() { set(before_ ? before_->c_str() : nullptr); }

 private:
  static constexpr const char* kName = "COCHAIN_DEBUG";
  static void set(const char* value) {
    if (value) {
      ::setenv(kName, value, 1);
    } else {
      ::unsetenv(kName);
    }
    EventLoop loop;  // the last loop in debug mode looks whether coroutines are still watched
    loop.set_debug(DebugOptions());
  }

  std::optional<std::string> before_;
};

/// Holds the thread for so long of real time, and a little more.
inline void spin_for(Duration time) {
  const SteadyClock clock;
  const TimePoint until = clock.now() + time + 1ms;
  while (clock.now() < until) {
  }
}

/// True if a report can say in which line something was made: this is no release build, neither the
/// test nor core, and there is an addr2line.
inline bool traces_have_lines() {
#if defined(__OPTIMIZE__) || defined(NDEBUG)
  return false;
#else
  return ::access("/usr/bin/addr2line", X_OK) == 0;
#endif
}

/// Skips, and says why: the thread sanitizer ends a program at a race made on purpose.
inline constexpr const char* kRaceIsRefused = "the mistake is a race";

}  // namespace cochain::testing
