// Where the loop's time comes from: the steady clock, or a virtual one that jumps when idle.
#pragma once

#include <chrono>
#include <cstdint>

namespace cochain {

/// A span of time. Literals convert: `sleep(200ms)`.
using Duration = std::chrono::nanoseconds;

/// A point on the loop's own monotonic clock; comparable only with points of the same loop.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, Duration>;

/// `delay` after `start`, or the last moment there is: Duration::max() stands for "never".
[[nodiscard]] constexpr TimePoint deadline_after(TimePoint start, Duration delay) noexcept {
  return delay > TimePoint::max() - start ? TimePoint::max() : start + delay;
}

/// The port through which an event loop sees time.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;
  /// True if time is not real: an idle loop never waits for it to pass.
  [[nodiscard]] virtual bool is_virtual() const noexcept = 0;
  /// True if an idle loop may jump to its next deadline; else somebody must advance the clock.
  [[nodiscard]] virtual bool jumps_when_idle() const noexcept { return is_virtual(); }
  /// Moves a virtual clock forward; a real one ignores it. Never moves back.
  virtual void advance_to(TimePoint when) noexcept = 0;
};

/// Real, monotonic time.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override;
  [[nodiscard]] bool is_virtual() const noexcept override { return false; }
  void advance_to(TimePoint) noexcept override {}
};

/// Who moves a virtual clock.
enum class ClockJump : std::uint8_t {
  kWhenIdle,  ///< the loop, to its next deadline, when nothing can run
  kByHand     ///< the test, with testing::advance()
};

/// Time that stands still while anything can run, and jumps to the next deadline when nothing can.
/// While work outside the loop is in flight (threads), the clock waits for it instead of jumping.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(ClockJump jump = ClockJump::kWhenIdle) noexcept : jump_(jump) {}
  [[nodiscard]] bool jumps_when_idle() const noexcept override {
    return jump_ == ClockJump::kWhenIdle;
  }
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  [[nodiscard]] bool is_virtual() const noexcept override { return true; }
  void advance_to(TimePoint when) noexcept override {
    if (when > now_) now_ = when;
  }

 private:
  TimePoint now_{};
  ClockJump jump_;
};

}  // namespace cochain
