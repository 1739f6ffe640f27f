// One timer for thousands of streams: arming a kernel timer costs about as much as writing
// several chunks, so alarms wait in a heap of our own and are fired in batches.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace cochain {

using SimulatorTime = std::chrono::steady_clock::time_point;

/// Whoever can be woken at a time; has at most one alarm at once.
class AlarmTarget {
 public:
  virtual void on_alarm() = 0;

 protected:
  ~AlarmTarget() = default;

 private:
  friend class SimulatorAlarms;
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::size_t alarm_place_ = kNone;  // its index in the heap
};

/// Wakes targets at their times, up to a millisecond late and never early.
/// Lives:    a target must be cancelled before it dies.
class SimulatorAlarms {
 public:
  explicit SimulatorAlarms(boost::asio::io_context& io) : timer_(io) {}

  /// Sets or moves the alarm of a target.
  void set(AlarmTarget& target, SimulatorTime due);

  /// Removes the alarm of a target, if it has one.
  void cancel(AlarmTarget& target);

  /// Removes all alarms and lets go of the event loop.
  void clear();

 private:
  class Entry {
   public:
    SimulatorTime due;
    AlarmTarget* target;
  };

  void arm();
  void fire();
  void place(std::size_t index, Entry entry);
  void sift_up(std::size_t index, Entry entry);
  void sift_down(std::size_t index, Entry entry);
  void remove(std::size_t index);

  boost::asio::steady_timer timer_;
  std::vector<Entry> heap_;  // a binary heap, the earliest first
  SimulatorTime armed_for_ = SimulatorTime::max();
  bool firing_ = false;
};

}  // namespace cochain
