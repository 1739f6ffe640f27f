// What debug mode does on one loop, and the memory of where things were made. Nothing here is
// called while debug mode is off.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "cochain/core/debug.hpp"
#include "cochain/core/event_loop.hpp"
#include "function_name.hpp"

namespace cochain::detail {

/// Remembers the calls that led here, by the address of what is made; any thread.
void note_made(const void* object) noexcept;
void forget_made(const void* object) noexcept;
/// Lines that begin with a line break, each a call on the way to where `object` was made; empty if
/// that was not noted.
[[nodiscard]] std::string made_at(const void* object, std::string_view itself = {});

void tell(DiagnosticKind kind, std::string message) noexcept;
void report_swallowed_cancellation(const TaskBase& task) noexcept;

class LoopDebug {
 public:
  LoopDebug(EventLoop& loop, const DebugOptions& options);
  ~LoopDebug();
  LoopDebug(const LoopDebug&) = delete;
  LoopDebug& operator=(const LoopDebug&) = delete;

  [[nodiscard]] static LoopDebug& of(EventLoop& loop) noexcept;

  /// Takes time out of the running step: from one call to the other.
  [[nodiscard]] std::int64_t pause_step() noexcept;
  void resume_step(std::int64_t started, Duration paused) noexcept;
  /// Runs `item` and tells it if that took too long.
  void run(ReadyItem& item) noexcept;
  void on_task_created(std::size_t tasks);
  /// Tasks that are left when their loop is destroyed.
  void report_pending() const noexcept;
  void require_own_thread(const char* what) const;
  void abort_if_on_wrong_thread(const ReadyItem& item) const noexcept;

  // For the watchdog, from its thread.
  [[nodiscard]] const DebugOptions& options() const noexcept { return options_; }
  [[nodiscard]] std::uint64_t step() const noexcept { return step_.load(); }
  /// Steady nanoseconds at which the running step began; 0 between steps.
  [[nodiscard]] std::int64_t step_started() const noexcept { return step_started_.load(); }
  [[nodiscard]] EventLoop& loop() const noexcept { return loop_; }
  std::uint64_t last_told_step = 0;  // the watchdog's

 private:
  EventLoop& loop_;
  DebugOptions options_;
  bool many_tasks_told_ = false;
  std::atomic<std::uint64_t> step_{0};
  std::atomic<std::int64_t> step_started_{0};
};

}  // namespace cochain::detail
