// One task: its steps, its cancellation, its end. See task.hpp for the rules.

#include "cochain/core/task.hpp"

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
  if (task_->must_cancel_ && request_cancel(task_->cancel_message_)) task_->must_cancel_ = false;
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

namespace detail {

TaskBase::TaskBase(EventLoop& loop, PromiseBase& root, std::string name)
    : loop_(&loop),
      root_(&root),
      id_(loop.next_task_id()),
      context_(current_context()),
      name_(std::move(name)) {
  COCHAIN_ASSERT(root.execution == nullptr && "a Coro becomes a task once");
  root.execution = this;
  innermost = &root;
}

TaskBase::~TaskBase() {
  if (state_ != State::kFailed || retrieved_) return;
  ExceptionContext report;
  report.message = "exception in task '" + name() + "' was never retrieved";
  report.exception = error_;
  // A handle may outlive its loop, so the loop is asked only if it still runs here.
  if (EventLoop::current_or_null() == loop_) {
    loop_->call_exception_handler(report);
  } else {
    default_exception_handler(report);
  }
}

std::string TaskBase::name() const { return name_.empty() ? "Task-" + std::to_string(id_) : name_; }

void TaskBase::run() noexcept {
  if (steps_ == 0 && must_cancel_) {  // cancelled before its first step: the body never runs
    destroy_frame();
    finish(nullptr);
    return;
  }
  ++steps_;
  running_ = true;
  {
    const EventLoop::Running running(*loop_, *this);
    const Context::Entered entered(context_);
    do {
      pump_again = false;
      innermost->self.resume();
    } while (pump_again);
  }
  running_ = false;
  if (root_->self.done()) finish(settle());
}

bool TaskBase::cancel(std::string message) {
  if (done()) return false;
  ++cancel_requests_;
  cancel_message_ = std::move(message);
  if (waiting_ && !waiting_->woken_ && !passing_on_cancel_) {
    passing_on_cancel_ = true;
    const bool accepted = waiting_->request_cancel(cancel_message_);
    passing_on_cancel_ = false;
    if (accepted) return true;
  }
  must_cancel_ = true;
  return true;
}

int TaskBase::uncancel() noexcept {
  if (cancel_requests_ > 0 && --cancel_requests_ == 0) must_cancel_ = false;
  return cancel_requests_;
}

void TaskBase::kill() noexcept {
  if (done()) return;
  COCHAIN_ASSERT(!running_ && "a task cannot be destroyed by itself");
  retain();
  loop_->forget_ready(*this);
  destroy_frame();
  must_cancel_ = true;
  finish(nullptr);
  release();
}

void TaskBase::finish(std::exception_ptr error) noexcept {
  const bool must_cancel = std::exchange(must_cancel_, false);
  if (!error) {  // a request that came in the very last step still counts
    state_ = must_cancel ? State::kCancelled : State::kDone;
  } else {
    state_ = is_cancelled_error(error) ? State::kCancelled : State::kFailed;
    error_ = std::move(error);
  }
  if (waiting_) {  // killed, while the operation belongs to somebody who lives on
    waiting_->unlink();
    waiting_->task_ = nullptr;
    waiting_ = nullptr;
  }
  registry_link.unlink();
  loop_->forget_task();
  while (joiners_.linked()) {
    Joiner& joiner = static_cast<Joiner&>(*joiners_.next());
    joiner.unlink();
    joiner.on_done(*this);
  }
  release();  // the loop's own reference
}

std::exception_ptr TaskBase::take_error() {
  retrieved_ = true;
  if (state_ == State::kCancelled && !error_) {  // it never met its CancelledError
    return std::make_exception_ptr(CancelledError(cancel_message_));
  }
  return error_;
}

std::string TaskBase::where() const {
  if (done()) return "is done";
  if (steps_ == 0) return "has not started";
  const std::source_location& site = innermost->await_site;
  return std::string("awaits in ") + site.function_name() + " at " + site.file_name() + ":" +
         std::to_string(site.line());
}

void TaskBase::require_done() const {
  if (!done()) throw InvalidStateError("task '" + name() + "' is not done");
}

bool JoinWaiter::request_cancel(const std::string& message) noexcept {
  // Tasks that await each other in a circle: the request came around, so the circle opens here.
  if (target_->is_passing_on_cancel()) return Waiter::request_cancel(message);
  return target_->cancel(message);
}

void JoinWaiter::suspend_until_done(Execution& execution) {
  auto& task = static_cast<TaskBase&>(execution);
  if (&task == target_) {
    throw InvalidStateError("task '" + target_->name() + "' awaits itself");
  }
  if (&task.loop() != &target_->loop()) {
    throw InvalidStateError("task '" + target_->name() + "' belongs to another event loop");
  }
  target_->join(*this);
  suspend_in(task);
}

}  // namespace detail

AnyTask current_task() {
  EventLoop* loop = EventLoop::current_or_null();
  detail::TaskBase* task = loop ? loop->running_task() : nullptr;
  return task ? AnyTask(*task) : AnyTask();
}

}  // namespace cochain
