// How tests make threads wait for each other.
#pragma once

#include <condition_variable>
#include <mutex>

namespace cochain::testing {

/// Opens once; threads wait for it. What a test uses in place of a sleep.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);  // to the end: who waits may then destroy the gate
    open_ = true;
    opened_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

}  // namespace cochain::testing
