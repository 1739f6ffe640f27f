// An indexed binary heap over one asio timer.
// Used by simulator_session.cpp for pacing and by simulator_server.cpp for sweeps.
#include "simulator_alarms.hpp"

namespace cochain {
namespace {

/// The next whole millisecond, so that alarms of one millisecond share one wake-up.
SimulatorTime round_up(SimulatorTime time) {
  return std::chrono::ceil<std::chrono::milliseconds>(time);
}

}  // namespace

void SimulatorAlarms::set(AlarmTarget& target, SimulatorTime due) {
  const Entry entry{due, &target};
  const std::size_t index = target.alarm_place_;
  if (index == AlarmTarget::kNone) {
    heap_.push_back(entry);
    sift_up(heap_.size() - 1, entry);
  } else if (due < heap_[index].due) {
    sift_up(index, entry);
  } else {
    sift_down(index, entry);
  }
  if (!firing_) {
    arm();
  }
}

void SimulatorAlarms::cancel(AlarmTarget& target) {
  if (target.alarm_place_ != AlarmTarget::kNone) {
    remove(target.alarm_place_);
  }
}

void SimulatorAlarms::clear() {
  for (const Entry& entry : heap_) {
    entry.target->alarm_place_ = AlarmTarget::kNone;
  }
  heap_.clear();
  armed_for_ = SimulatorTime::max();
  timer_.cancel();
}

void SimulatorAlarms::arm() {
  if (heap_.empty()) {
    return;  // a timer that is still armed fires once for nothing
  }
  const SimulatorTime wanted = round_up(heap_.front().due);
  if (wanted >= armed_for_) {
    return;
  }
  armed_for_ = wanted;
  timer_.expires_at(wanted);  // cancels the later wait
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      fire();
    }
  });
}

void SimulatorAlarms::fire() {
  armed_for_ = SimulatorTime::max();
  firing_ = true;
  const SimulatorTime now = std::chrono::steady_clock::now();
  // A target may set an alarm that is due already; the count keeps such ones for the next turn.
  for (std::size_t left = heap_.size(); left > 0 && !heap_.empty(); --left) {
    if (heap_.front().due > now) {
      break;
    }
    AlarmTarget* target = heap_.front().target;
    remove(0);
    target->on_alarm();
  }
  firing_ = false;
  arm();
}

void SimulatorAlarms::place(std::size_t index, Entry entry) {
  heap_[index] = entry;
  entry.target->alarm_place_ = index;
}

void SimulatorAlarms::sift_up(std::size_t index, Entry entry) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (heap_[parent].due <= entry.due) {
      break;
    }
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void SimulatorAlarms::sift_down(std::size_t index, Entry entry) {
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) {
      break;
    }
    if (child + 1 < heap_.size() && heap_[child + 1].due < heap_[child].due) {
      ++child;
    }
    if (entry.due <= heap_[child].due) {
      break;
    }
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

void SimulatorAlarms::remove(std::size_t index) {
  heap_[index].target->alarm_place_ = AlarmTarget::kNone;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) {
    return;
  }
  if (index > 0 && last.due < heap_[(index - 1) / 2].due) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

}  // namespace cochain
