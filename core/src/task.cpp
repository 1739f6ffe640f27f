// One task: its steps, its cancellation, its end. See task.hpp for the rules.

#include "cochain/core/task.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cancel_chain.hpp"
#include "cochain/core/event_loop.hpp"
#include "loop_debug.hpp"
#include "printable_text.hpp"

namespace cochain {
namespace detail {
namespace {

/// Where the task that is to be cancelled next is put, while a task passes its request on.
thread_local TaskBase** next_cancelled = nullptr;

}  // namespace

TaskBase::TaskBase(EventLoop& loop, PromiseBase& root, std::string_view name)
    : FutureBase(loop),
      root_(&root),
      id_(loop.next_task_id()),
      created_at_(loop.pass_time()),
      own_context_(current_context()) {
  COCHAIN_ASSERT(root.execution == nullptr && "a Coro becomes a task once");
  root.execution = this;
  innermost = &root;
  if (!name.empty()) name_.assign(name);
}

TaskBase::~TaskBase() { report_if_never_retrieved(); }

std::string TaskBase::name() const {
  return name_.empty() ? "Task-" + std::to_string(id_) : name_.str();
}

std::string TaskBase::label() const { return "task '" + printable(name()) + "'"; }

void TaskBase::run() noexcept {
  if (steps_ == 0 && must_cancel_) {  // cancelled before its first step: the body never runs
    destroy_frame();
    finish(nullptr);
    return;
  }
  step();
  if (root_->self.done()) finish(collect());
}

void TaskBase::step() noexcept {
  ++steps_;
  running_ = true;
  {
    const EventLoop::Running running(loop(), *this);
    const Context::Entered entered(*context_);
    do {
      pump_again = false;
      innermost->self.resume();
    } while (pump_again);
  }
  running_ = false;
}

bool defer_cancel(FutureBase& target) noexcept {
  if (next_cancelled == nullptr || target.done()) return false;
  auto* task = dynamic_cast<TaskBase*>(&target);
  if (task == nullptr) return false;
  *std::exchange(next_cancelled, nullptr) = task;
  return true;
}

// A request goes down a chain of tasks that await each other in a loop, not in calls: such a chain
// may be longer than a stack is deep.
bool TaskBase::cancel(std::string message) {
  if (done()) return false;
  std::vector<TaskBase*> passed;
  for (TaskBase* task = this; task != nullptr;) {
    ++task->cancel_requests_;
    task->note_cancel_message(message);
    if (task->waiting_ == nullptr || task->waiting_->woken_ || task->passing_on_cancel_) {
      task->must_cancel_ = true;
      break;
    }
    task->passing_on_cancel_ = true;
    TaskBase* next = nullptr;
    TaskBase** const outer = std::exchange(next_cancelled, &next);
    if (!task->waiting_->request_cancel(message)) task->must_cancel_ = true;
    next_cancelled = outer;
    if (next == nullptr) {
      task->passing_on_cancel_ = false;
    } else {
      passed.push_back(task);
    }
    task = next;
  }
  for (TaskBase* task : passed) task->passing_on_cancel_ = false;
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
  loop().forget_ready(*this);
  destroy_awaited(*innermost, *root_);
  destroy_frame();
  must_cancel_ = true;
  finish(nullptr);
  release();
}

void TaskBase::finish(std::exception_ptr error) noexcept {
  const bool must_cancel = std::exchange(must_cancel_, false);
  State state = State::kDone;
  if (!error) {  // a request that came in the very last step still counts
    if (must_cancel) state = State::kCancelled;
  } else {
    state = is_cancelled_error(error) ? State::kCancelled : State::kFailed;
  }
  if (waiting_) {  // killed, while the operation belongs to somebody who lives on
    waiting_->unlink();
    waiting_->task_ = nullptr;
    waiting_ = nullptr;
  }
  RegistryLink::unlink();
  loop().forget_task();
  if (state == State::kDone && cancel_requests_ > 0 && loop().get_debug()) [[unlikely]] {
    report_swallowed_cancellation(*this);
  }
  settle(state, std::move(error));
  release();  // the loop's own reference
}

std::vector<StackFrame> TaskBase::stack() const {
  std::vector<StackFrame> frames;
  if (done()) return frames;
  for (const PromiseBase* promise = innermost; promise; promise = promise->awaited_by) {
    const std::source_location& site = promise->await_site;
    frames.emplace_back(short_function_name(site.function_name()), site.file_name(), site.line());
    if (promise == root_) break;
  }
  std::reverse(frames.begin(), frames.end());
  return frames;
}

std::string TaskBase::where() const {
  if (done()) return "is done";
  if (steps_ == 0) return "has not started";
  const std::source_location& site = innermost->await_site;
  return "awaits in " + short_function_name(site.function_name()) + " at " + site.file_name() +
         ":" + std::to_string(site.line());
}

}  // namespace detail

AnyTask current_task() {
  EventLoop* loop = EventLoop::current_or_null();
  detail::TaskBase* task = loop ? loop->running_task() : nullptr;
  return task ? AnyTask(*task) : AnyTask();
}

std::vector<AnyTask> all_tasks() {
  std::vector<AnyTask> tasks;
  EventLoop::current().for_each_task(
      [&tasks](detail::TaskBase& task) { tasks.emplace_back(task); });
  return tasks;
}

}  // namespace cochain
