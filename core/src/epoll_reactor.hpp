// The loop's own look at the outside world: one epoll, and an eventfd that ends its sleep.
// See docs/decisions/0016 for why this is not Asio's.
#pragma once

#include <sys/epoll.h>
#include <array>
#include <cstdint>
#include <string>

#include "cochain/core/clock.hpp"
#include "cochain/core/task.hpp"
#include "unique_fd.hpp"

namespace cochain::detail {

/// One descriptor in the reactor, for as long as it lives. Level-triggered: while the descriptor
/// stays ready for what is wanted, on_events() comes once in each look.
class FdRegistration : private ListNode {
 public:
  FdRegistration(const FdRegistration&) = delete;
  FdRegistration& operator=(const FdRegistration&) = delete;

  /// Of EPOLLIN and EPOLLOUT what is wanted from the next look on; 0 for nothing. Costs a call of
  /// the kernel only if it differs then from what the last look asked for. Errors and hang-ups come
  /// with either; with neither, a hang-up comes once, so that it cannot keep the loop awake.
  void want(std::uint32_t events) noexcept;
  [[nodiscard]] std::uint32_t wanted() const noexcept { return wanted_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  /// Gives the descriptor back; from now on nothing is told.
  [[nodiscard]] UniqueFd leave() noexcept;

 protected:
  /// Takes `fd`, and closes it at the end: the kernel forgets a descriptor by itself only when all
  /// its duplicates are closed.
  /// Errors: std::system_error if it cannot be polled.
  FdRegistration(class Reactor& reactor, UniqueFd fd);
  ~FdRegistration();
  /// Called by the loop, outside any task. It may destroy any registration, this one included.
  virtual void on_events(std::uint32_t events) noexcept = 0;

 private:
  friend class Reactor;
  Reactor& reactor_;
  UniqueFd fd_;
  std::uint32_t wanted_ = 0;
  std::uint32_t asked_ = 0;  // what the kernel was told last
};

class Reactor {
 public:
  Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  /// Tells everyone who is ready; true if there was anyone.
  bool poll() { return look(0); }
  /// Sleeps until somebody is ready or wake() is called, for `limit` at most, rounded up to a
  /// millisecond; then tells.
  void wait_for(Duration limit);
  /// As wait_for(), without a limit.
  void wait() { look(-1); }
  /// From any thread: ends the sleep.
  void wake() noexcept;

 private:
  friend class FdRegistration;
  static constexpr std::size_t kEventsAtOnce = 256;

  bool look(int timeout_ms);
  void tell_kernel() noexcept;

  UniqueFd epoll_;
  UniqueFd wake_;
  ListNode changed_;  // registrations that want something else than the kernel knows
  std::array<epoll_event, kEventsAtOnce> events_;
  std::size_t told_ = 0;  // events_[told_, came_) are still to be told
  std::size_t came_ = 0;
};

/// Errors: always, as std::system_error that names the limit where there is one.
[[noreturn]] void throw_cannot_watch(int error);

}  // namespace cochain::detail
