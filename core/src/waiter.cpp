// How a task suspends at an operation, and how it comes back.

#include "cochain/core/waiter.hpp"

#include "cochain/core/event_loop.hpp"

namespace cochain {

Waiter::Waiter(Waiter&& other) noexcept : ListNode() {
  COCHAIN_ASSERT(other.task_ == nullptr && "an operation must not be moved while it is awaited");
}

Waiter::~Waiter() {
  if (task_) task_->waiting_ = nullptr;
}

void Waiter::suspend_in(detail::Execution& execution) {
  task_ = static_cast<detail::TaskBase*>(&execution);
  woken_ = false;
  cancelled_ = false;
  task_->waiting_ = this;
  if (task_->must_cancel_ && request_cancel(task_->cancel_message())) task_->must_cancel_ = false;
}

void Waiter::wake() noexcept {
  unlink();
  if (!task_ || std::exchange(woken_, true)) return;
  task_->loop().make_ready(*task_);
}

bool Waiter::request_cancel(const std::string&) noexcept {
  cancelled_ = true;
  wake();
  return true;
}

bool Waiter::finish() noexcept {
  if (!task_) return false;  // it never suspended
  detail::TaskBase& task = *std::exchange(task_, nullptr);
  task.waiting_ = nullptr;
  const bool pending = std::exchange(task.must_cancel_, false);
  return std::exchange(cancelled_, false) || pending;
}

void Waiter::throw_cancelled() const {
  const detail::TaskBase* task = EventLoop::current().running_task();
  throw CancelledError(task ? task->cancel_message() : std::string());
}

}  // namespace cochain
