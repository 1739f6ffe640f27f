// Debug mode: what cochain watches for, and where it says what it saw.
//
// COCHAIN_DEBUG=1 in the environment, or RunOptions::debug(), makes a loop tell the common
// mistakes while they happen: a step that holds the loop for too long, a coroutine that is dropped
// without having been awaited, a call from the wrong thread, a cancellation that was swallowed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "cochain/core/clock.hpp"

namespace cochain {

/// What debug mode found.
enum class DiagnosticKind : std::uint8_t {
  kSlowCallback,           ///< a step or callback held the loop for longer than the limit
  kBlockedLoop,            ///< and still does: told by the watchdog, from its own thread
  kNeverAwaited,           ///< a coroutine was made and dropped without being awaited
  kDestroyedPending,       ///< a loop was destroyed with tasks that were not done
  kSwallowedCancellation,  ///< a task was cancelled and ended as if it had not been
  kManyTasks,              ///< more tasks live on a loop than are likely to be meant
  kWrongThread             ///< a call to a loop from a thread that is not its own
};

/// One finding, in words for a person.
class Diagnostic {
 public:
  Diagnostic(DiagnosticKind of_kind, std::string words)
      : kind(of_kind), message(std::move(words)) {}
  DiagnosticKind kind;
  std::string message;  // several lines, without a line break at the end
};

/// Who hears the findings of debug mode, for the whole process; none means: stderr.
/// Threads: any, also the handler is called on any thread, one call at a time.
void set_diagnostic_handler(std::function<void(const Diagnostic&)> handler);

/// What debug mode watches for on one loop.
class DebugOptions {
 public:
  DebugOptions() = default;
  /// A step of a task, or a callback, that runs for longer is told when it ends.
  DebugOptions& slow_callback_duration(Duration value) {
    slow_callback = value;
    return *this;
  }
  /// A step that has run for longer is told while it runs, with the task it belongs to.
  DebugOptions& blocked_loop_duration(Duration value) {
    blocked_loop = value;
    return *this;
  }
  /// So many tasks on one loop are told once, with those that made most of them.
  DebugOptions& many_tasks(std::size_t value) {
    tasks_max = value;
    return *this;
  }
  /// Switches debug mode off, for `set_debug(DebugOptions::off())`.
  [[nodiscard]] static DebugOptions off() {
    DebugOptions options;
    options.enabled = false;
    return options;
  }

  Duration slow_callback = std::chrono::milliseconds(100);
  Duration blocked_loop = std::chrono::seconds(1);
  std::size_t tasks_max = 10'000;
  bool enabled = true;
};

namespace detail {

/// True if COCHAIN_DEBUG is set to something but 0.
[[nodiscard]] bool debug_in_environment() noexcept;

}  // namespace detail

}  // namespace cochain
