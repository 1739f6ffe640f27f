// ManyWaiter: how one task waits for several others at once. What gather(), wait() and
// as_completed() are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/core/event_loop.hpp"

namespace cochain::detail {

/// The positions of those futures that did not stand further in front already, in order.
[[nodiscard]] std::vector<std::size_t> positions_of_first(
    const std::vector<const FutureBase*>& futures);

/// `futures` in the same order, each once.
template <class F>
std::vector<F> each_once(std::vector<F> futures) {
  std::vector<const FutureBase*> states;
  states.reserve(futures.size());
  for (const F& future : futures) states.push_back(future.state());
  std::vector<F> unique;
  for (const std::size_t i : positions_of_first(states)) unique.push_back(std::move(futures[i]));
  return unique;
}

/// Waits until enough of some futures are done. Made by the task that will await it.
class ManyWaiter final : public Waiter, private Timer {
 public:
  enum class Until : std::uint8_t {
    kNextDone,        ///< one more than were handed out by next_done()
    kFirstFailed,     ///< one that failed or was cancelled, or all
    kFirstException,  ///< one that failed, or all; a cancelled one does not count
    kAllDone
  };
  enum class OnCancel : std::uint8_t { kCancelAll, kLeaveThem };

  ManyWaiter(std::vector<AnyFuture> futures, Until until, OnCancel on_cancel,
             std::optional<TimePoint> deadline = std::nullopt);
  ManyWaiter(ManyWaiter&&) = delete;
  ~ManyWaiter() override;

  bool await_ready() const noexcept { return enough(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(frame);
  }
  /// Throws CancelledError; a deadline that passed is no error here.
  void await_resume();
  bool request_cancel(const std::string& message) noexcept override;

  /// The first that failed, or was cancelled where that counts; null if there is none.
  [[nodiscard]] FutureBase* first_failed() const noexcept { return first_failed_; }
  [[nodiscard]] bool timed_out() const noexcept { return timed_out_; }
  /// The position of the next one that is done, in order of completion; nothing if there is none.
  [[nodiscard]] std::optional<std::size_t> next_done() noexcept;
  [[nodiscard]] std::size_t handed_out() const noexcept { return handed_out_; }
  [[nodiscard]] std::size_t size() const noexcept { return futures_.size(); }

 private:
  class Member final : public Joiner {
   public:
    void on_done(FutureBase& future) noexcept override { owner->on_done(future, *this); }
    ManyWaiter* owner = nullptr;
  };
  [[nodiscard]] bool enough() const noexcept;
  void on_done(FutureBase& future, Member& member) noexcept;
  void note_done(FutureBase& future, std::size_t position) noexcept;
  void fire() noexcept override;

  std::vector<AnyFuture> futures_;
  std::unique_ptr<Member[]> members_;  // by position
  Until until_;
  OnCancel on_cancel_;
  std::optional<TimePoint> deadline_;
  std::vector<std::uint32_t> done_;  // positions in order of completion
  std::size_t handed_out_ = 0;
  FutureBase* first_failed_ = nullptr;
  bool cancel_requested_ = false;
  bool timed_out_ = false;
};

}  // namespace cochain::detail
