// A callback on the loop, behind every Handle.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "cochain/core/context.hpp"
#include "cochain/core/event_loop.hpp"
#include "loop_debug.hpp"

namespace cochain::detail {

/// Memory for callbacks from where coroutine frames come from: they come and go as often.
template <class T>
class FrameAllocator {
 public:
  using value_type = T;
  FrameAllocator() noexcept = default;
  template <class U>
  FrameAllocator(const FrameAllocator<U>&) noexcept {}
  T* allocate(std::size_t count) { return static_cast<T*>(allocate_frame(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { free_frame(memory, count * sizeof(T)); }
  friend bool operator==(FrameAllocator, FrameAllocator) noexcept { return true; }
};

/// It keeps itself alive from keep() until it ran or was cancelled.
class CallbackState : public ReadyItem, public Timer {
 public:
  CallbackState(EventLoop& loop, std::function<void()> callback, Context context)
      : loop_(loop), callback_(std::move(callback)), context_(std::move(context)) {
    if (tracks_coroutines()) [[unlikely]]
      note_made(this);
  }
  CallbackState(const CallbackState&) = delete;
  CallbackState& operator=(const CallbackState&) = delete;
  virtual ~CallbackState() {
    if (tracks_coroutines()) [[unlikely]]
      forget_made(this);
  }

  void keep(std::shared_ptr<CallbackState> self) noexcept { self_ = std::move(self); }
  [[nodiscard]] bool cancelled() const noexcept { return cancelled_; }

  void fire() noexcept override { loop_.make_ready(*this); }

  void run() noexcept override {
    const std::shared_ptr<CallbackState> self = std::move(self_);
    const std::function<void()> callback = std::exchange(callback_, nullptr);
    const Context::Entered entered(context_);
    try {
      callback();
    } catch (...) {
      ExceptionContext report;
      report.message = "exception in a callback of the event loop";
      report.source_traceback = made_at(this);
      report.exception = std::current_exception();
      loop_.call_exception_handler(report);
    }
  }

  void cancel() noexcept {
    if (!self_) return;  // it ran, or was cancelled
    cancelled_ = true;
    withdraw();
    callback_ = nullptr;
    const std::shared_ptr<CallbackState> self = std::move(self_);
  }

  [[nodiscard]] std::string what() const override { return "a callback"; }

 protected:
  /// Takes it out of whatever would run it.
  virtual void withdraw() noexcept {
    disarm();
    loop_.forget_ready(*this);
  }

  EventLoop& loop_;
  std::function<void()> callback_;

 private:
  Context context_;
  std::shared_ptr<CallbackState> self_;
  bool cancelled_ = false;
};

}  // namespace cochain::detail
