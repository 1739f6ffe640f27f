// The rules of a task group, as asyncio 3.14 has them, with one more: destroying a group destroys
// its children.

#include "cochain/core/task_group.hpp"

namespace cochain {

class TaskGroup::Child final : public detail::Joiner {
 public:
  Child(TaskGroup& owner, detail::TaskBase& child) : group(owner), task(child) {
    awaiter = &owner.awaiter_;
  }
  static void* operator new(std::size_t bytes) { return detail::allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) noexcept {
    detail::free_frame(memory, bytes);
  }
  void on_done(detail::FutureBase& done) noexcept override {
    TaskGroup& owner = group;
    delete this;
    owner.on_child_done(done);
  }

  class Link final : public detail::ListNode {
   public:
    explicit Link(Child& owner) noexcept : child(owner) {}
    Child& child;
  };
  TaskGroup& group;
  AnyTask task;
  Link in_group{*this};
  Handle told;  // of one that was done when it came
};

/// The owner waits until no child is left.
class TaskGroup::Drained final : public Waiter {
 public:
  explicit Drained(TaskGroup& group) noexcept : group_(group) {}
  ~Drained() override { group_.drained_ = nullptr; }
  bool await_ready() const noexcept { return group_.children_count_ == 0; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    group_.drained_ = this;
    suspend(frame);
  }
  void await_resume() {
    group_.drained_ = nullptr;
    throw_if_cancelled();
  }

 private:
  TaskGroup& group_;
};

TaskGroup::TaskGroup()
    : loop_(EventLoop::current()), owner_(current_task()), awaiter_(owner_.get()) {
  if (!owner_) throw InvalidStateError("a TaskGroup needs a task; it was made in a callback");
}

TaskGroup::~TaskGroup() {
  over_ = true;
  aborting_ = true;
  while (children_.linked()) {
    Child& child = static_cast<Child::Link&>(*children_.next()).child;
    const AnyTask task = child.task;
    if (task.done()) {
      child.told.cancel();
      child.on_done(*task.get());
    } else {
      task.get()->kill();
    }
  }
  for (const std::exception_ptr& error : errors_) {  // nobody joined: they must not vanish
    ExceptionContext report;
    report.message = "a TaskGroup was left without join(); one of its tasks had failed";
    report.exception = error;
    loop_.call_exception_handler(report);
  }
}

void TaskGroup::throw_closed() const {
  if (over_) throw InvalidStateError("this TaskGroup is over");
  throw InvalidStateError("this TaskGroup is being cancelled");
}

void TaskGroup::add(detail::TaskBase& task) {
  auto* child = new Child(*this, task);
  child->in_group.link_before(children_);
  ++children_count_;
  if (!task.done()) return task.join(*child);
  // It ended in its eager start. The group hears of it on the next pass: what goes on now may be
  // the first step of another child, which the group does not know yet and could not cancel.
  child->told = loop_.call_soon([child] {
    const AnyTask ended = child->task;
    child->on_done(*ended.get());
  });
}

void TaskGroup::cancel() noexcept {
  aborting_ = true;
  // Cancelling may end a task at once and so take it off the list: walk a copy.
  std::vector<AnyTask> tasks;
  for (detail::ListNode* node = children_.next(); node != &children_; node = node->next()) {
    tasks.push_back(static_cast<Child::Link&>(*node).child.task);
  }
  for (const AnyTask& task : tasks) task.cancel();
}

void TaskGroup::on_child_done(detail::FutureBase& task) noexcept {
  if (--children_count_ == 0 && drained_) drained_->wake();
  if (!task.failed()) return;
  errors_.push_back(task.take_error());
  if (aborting_ || owner_cancelled_) return;
  cancel();
  if (cancels_owner_ && !drained_) {
    owner_cancelled_ = true;
    owner_.cancel();
  }
}

Coro<> TaskGroup::join() { return leave(nullptr); }

Coro<> TaskGroup::leave(std::exception_ptr body_error) {
  std::exception_ptr cancellation;
  if (body_error) {
    if (detail::is_cancelled_error(body_error)) cancellation = body_error;
    if (!aborting_) cancel();
  }
  while (children_count_ > 0) {
    try {
      co_await Drained(*this);
    } catch (const CancelledError&) {
      // A foreign request counts after cancel(), too (gh-155433); our own is taken back below.
      if (!cancellation) cancellation = std::current_exception();
      if (!aborting_) cancel();
    }
  }
  over_ = true;
  // Our own request to the body is taken back; if no other is left, nothing cancelled the owner.
  if (owner_cancelled_ && owner_.uncancel() == 0) cancellation = nullptr;
  if (cancellation && errors_.empty()) std::rethrow_exception(std::move(cancellation));
  if (body_error && !detail::is_cancelled_error(body_error)) errors_.push_back(body_error);
  if (errors_.empty()) co_return;
  if (owner_.cancelling() > 0) {
    // The errors take the place of the CancelledError that somebody else asked for: ask again, so
    // that the owner meets it at its next suspension. The count stays what it was.
    owner_.uncancel();
    owner_.cancel(owner_.get()->cancel_message());
  }
  throw ExceptionGroup("unhandled errors in a TaskGroup", std::exchange(errors_, {}));
}

}  // namespace cochain
