// A number of places on each loop, for tools that many loops share.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

#include "cochain/core/locks.hpp"

namespace cochain {

class EventLoop;

namespace detail {

/// A semaphore for each loop on which somebody wants a place.
/// Threads:  any; each semaphore is used by its own loop.
class ConcurrencyCap {
 public:
  explicit ConcurrencyCap(std::size_t places) : places_(places) {}

  class User;

 private:
  struct OfLoop {
    OfLoop(EventLoop& the_loop, std::size_t places) : loop(&the_loop), semaphore(places) {}
    EventLoop* loop;
    std::size_t users = 0;
    Semaphore semaphore;
  };

  std::size_t places_;
  std::mutex mutex_;
  std::list<OfLoop> loops_;  // those that have users
};

/// Whoever has or wants a place on the running loop.
class ConcurrencyCap::User {
 public:
  explicit User(std::shared_ptr<ConcurrencyCap> cap);
  User(const User&) = delete;
  User& operator=(const User&) = delete;
  ~User();
  [[nodiscard]] Semaphore& semaphore() noexcept { return of_loop_->semaphore; }

 private:
  std::shared_ptr<ConcurrencyCap> cap_;
  std::list<OfLoop>::iterator of_loop_;
};

}  // namespace detail
}  // namespace cochain
