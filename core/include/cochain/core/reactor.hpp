// Descriptors on the loop: who is told when one can be read or written.
#pragma once

#include <functional>
#include <memory>

#include "cochain/core/event_loop.hpp"

namespace cochain {

/// What a descriptor is watched for, and what it turned out to be ready for.
class Readiness {
 public:
  constexpr Readiness() noexcept = default;
  constexpr Readiness(bool can_read, bool can_write) noexcept : read(can_read), write(can_write) {}
  friend constexpr bool operator==(Readiness, Readiness) noexcept = default;
  bool read = false;
  bool write = false;
};

/// Watches one descriptor for as long as it lives. Level-triggered: while the descriptor stays
/// ready, the callback comes again on each pass that looks at descriptors.
/// Shape:   `FdWatcher watcher(loop, fd, on_ready); watcher.watch(Readiness(true, false));`
/// Threads: the loop's. The callback runs inside the loop, outside any task: it must only store
///          and wake. It may change what is watched, and may destroy the watcher. What it throws
///          goes to the loop's exception handler.
/// Lives:   not longer than the loop. It keeps a duplicate of `fd`, so the caller may close its own
///          at any time. The descriptor itself stays as it is, blocking or not.
/// Errors:  std::system_error if the descriptor cannot be duplicated (EMFILE names the limit) or
///          polled (plain files cannot).
class FdWatcher {
 public:
  FdWatcher(EventLoop& loop, int fd, std::function<void(Readiness)> on_ready);
  ~FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;

  /// Replaces what is watched; a default Readiness watches nothing.
  void watch(Readiness wanted);

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace cochain
