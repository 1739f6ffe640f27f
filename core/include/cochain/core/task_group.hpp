// TaskGroup: tasks that start and end together.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cochain/core/event_loop.hpp"

namespace cochain {

/// Owns tasks: when one fails, the others are cancelled, all are waited for, and every error is
/// reported, in one ExceptionGroup.
/// Shape:    `co_await task_group([&](TaskGroup& group) -> Coro<> { group.create_task(f()); ...});`
///           or an object with `co_await group.join();` at its end.
/// Suspends: join() until no child is left. Cancelling it cancels the children and waits for them.
/// Lives:    in the task that made it. A group that is destroyed with children left (its owner was
///           left early, as by breaking out of a Stream) destroys them where they stand.
/// Errors:   join() throws an ExceptionGroup of all errors, or CancelledError if there were none
///           and the task was cancelled. create_task() on a group that is over throws
///           InvalidStateError. A child that is cancelled by itself is no error.
class TaskGroup {
 public:
  TaskGroup();
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts a child, as the free create_task() starts a task.
  /// Errors: InvalidStateError once the group is over or is being cancelled.
  template <class T>
  Task<T> create_task(Coro<T> coro, std::string_view name = {}) {
    return start(std::move(coro), name);
  }
  template <class T>
  Task<T> create_task(Coro<T> coro, TaskOptions options) {
    return start(std::move(coro), std::move(options));
  }
  template <Awaitable A>
  Task<await_result_t<A>> create_task(A operation, std::string_view name = {}) {
    return start(ensure_coro(std::move(operation)), name);
  }

  Coro<> join();
  /// Cancels all children; join() then waits for them.
  void cancel() noexcept;
  /// Children that are not done, or were done too early for the group to have heard of it.
  [[nodiscard]] std::size_t size() const noexcept { return children_count_; }

  // For task_group(): how its body ended.
  Coro<> leave(std::exception_ptr body_error);
  void enter_scope() noexcept { cancels_owner_ = true; }

 private:
  class Child;
  class Drained;

  template <class T, class How>
  Task<T> start(Coro<T> coro, How how) {
    if (over_ || aborting_) {
      coro.close();  // that is told here and now, and is no forgotten co_await
      throw_closed();
    }
    Task<T> task = loop_.create_task(std::move(coro), std::move(how));
    add(*task.get());
    return task;
  }
  [[noreturn]] void throw_closed() const;
  void add(detail::TaskBase& task);
  void on_child_done(detail::FutureBase& task) noexcept;

  EventLoop& loop_;
  AnyTask owner_;
  detail::TaskBase* awaiter_;  // the owner, as its children's Joiners name it
  detail::ListNode children_;
  std::size_t children_count_ = 0;
  std::vector<std::exception_ptr> errors_;
  Waiter* drained_ = nullptr;     // the owner, waiting in join()
  bool cancels_owner_ = false;    // a failing child interrupts the body, too
  bool owner_cancelled_ = false;  // by us: to be taken back with uncancel()
  bool aborting_ = false;
  bool over_ = false;
};

/// Runs `body(TaskGroup&)` and then waits for all tasks that it started.
/// Suspends: until the body and all children are done. A child that fails cancels the body, too.
/// Lives:    the callable lives until the await is over, so a `[&]` lambda is safe here.
/// Errors:   as TaskGroup; an exception of the body joins the group.
template <class Body>
Coro<> task_group(Body body) {
  TaskGroup group;
  group.enter_scope();
  std::exception_ptr error;
  try {
    Coro<> running = body(group);
    co_await std::move(running);
  } catch (...) {
    error = std::current_exception();
  }
  Coro<> leaving = group.leave(std::move(error));
  co_await std::move(leaving);
}

}  // namespace cochain
