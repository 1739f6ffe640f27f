// The only door to Asio: an io_context that the event loop polls, or sleeps in.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "cochain/core/clock.hpp"

namespace cochain::detail {

/// A descriptor whose waits are to be started before the next look at descriptors.
class Armable {
 public:
  virtual ~Armable() = default;
  virtual void arm() = 0;
};

class Reactor {
 public:
  Reactor() : context_(1), work_(context_.get_executor()) {}

  /// Runs the handlers that are ready.
  void poll();
  /// Sleeps until a handler is ready, for `limit` at most, and runs it.
  void wait_for(Duration limit);
  /// Sleeps until a handler is ready, or wake() is called, and runs it.
  void wait();
  /// From any thread: ends the sleep.
  void wake();

  /// Waits are started at the beginning of a poll, never inside one: so each descriptor is
  /// reported at most once a pass, and a fast sender cannot keep the loop from its tasks.
  void arm_before_poll(std::shared_ptr<Armable> descriptor) {
    to_arm_.push_back(std::move(descriptor));
  }

  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

 private:
  void arm_all();

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::shared_ptr<Armable>> to_arm_;
  std::vector<std::shared_ptr<Armable>> arming_;
};

}  // namespace cochain::detail
