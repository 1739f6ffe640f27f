// gather(): several operations at once, results in the order of the arguments.
#pragma once

#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

#include "cochain/core/event_loop.hpp"
#include "cochain/core/outcome.hpp"

namespace cochain {

namespace detail {

/// Waits for all of some tasks, or for the first that fails.
class GatherWaiter final : public Waiter {
 public:
  enum class Until { kFirstError, kAllDone };
  GatherWaiter(std::vector<AnyTask> tasks, Until until);
  GatherWaiter(GatherWaiter&&) = delete;
  ~GatherWaiter() override;
  bool await_ready() const noexcept { return remaining_ == 0 || first_error_ != nullptr; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(frame);
  }
  /// Throws the first error, or CancelledError if the gather was cancelled.
  void await_resume();
  bool request_cancel(const std::string& message) noexcept override;

 private:
  class Member;
  void on_done(TaskBase& task) noexcept;

  std::vector<AnyTask> tasks_;
  std::vector<std::unique_ptr<Member>> members_;
  Until until_;
  std::size_t remaining_;
  TaskBase* first_error_ = nullptr;
  bool cancel_requested_ = false;
};

template <class T>
Outcome<T> outcome_of(const Task<T>& task) {
  try {
    if constexpr (std::is_void_v<T>) {
      task.result();
      return Outcome<void>();
    } else {
      return Outcome<T>(static_cast<TaskState<T>&>(*task.get()).take_result());
    }
  } catch (...) {
    return Outcome<T>(std::current_exception());
  }
}

template <class T>
void_to_unit_t<T> value_of(const Task<T>& task) {
  if constexpr (std::is_void_v<T>) {
    task.result();
    return Unit();
  } else {
    return static_cast<TaskState<T>&>(*task.get()).take_result();
  }
}

template <class Result, class... T, std::size_t... I>
Result tuple_of(const std::tuple<Task<T>...>& tasks, std::index_sequence<I...>) {
  return Result(value_of(std::get<I>(tasks))...);
}

inline void require_for_gather(bool valid) {
  if (!valid) throw InvalidStateError("gather() was given an empty Coro");
}

template <class T>
std::vector<Task<T>> start_all(std::vector<Coro<T>>& coros) {
  for (const Coro<T>& coro : coros) require_for_gather(coro.valid());
  std::vector<Task<T>> tasks;
  tasks.reserve(coros.size());
  for (Coro<T>& coro : coros) tasks.push_back(create_task(std::move(coro)));
  return tasks;
}

template <class... T>
Coro<std::tuple<void_to_unit_t<T>...>> gather_coros(Coro<T>... coros) {
  require_for_gather((coros.valid() && ...));
  // Braces: parentheses would start the tasks in an order of the compiler's choice.
  std::tuple<Task<T>...> tasks{create_task(std::move(coros))...};
  std::vector<AnyTask> all = std::apply(
      [](const Task<T>&... each) { return std::vector<AnyTask>({AnyTask(each)...}); }, tasks);
  GatherWaiter waiter(std::move(all), GatherWaiter::Until::kFirstError);
  co_await waiter;
  co_return tuple_of<std::tuple<void_to_unit_t<T>...>>(tasks, std::index_sequence_for<T...>());
}

}  // namespace detail

/// Runs all operations at once as tasks; gives a tuple of their results (Unit for void).
/// Suspends: until all are done or one fails. Cancelling it cancels all of them.
/// Errors:   the first exception, at once; the others keep running and their later errors count as
///           seen. Where siblings must not outlive a failure, use task_group().
template <Awaitable... A>
Coro<std::tuple<void_to_unit_t<await_result_t<A>>...>> gather(A... awaitables) {
  return detail::gather_coros(ensure_coro(std::move(awaitables))...);
}

/// The same for any number of operations of one type.
template <class T>
Coro<std::vector<void_to_unit_t<T>>> gather(std::vector<Coro<T>> coros) {
  std::vector<Task<T>> tasks = detail::start_all(coros);
  std::vector<AnyTask> all(tasks.begin(), tasks.end());
  detail::GatherWaiter waiter(std::move(all), detail::GatherWaiter::Until::kFirstError);
  co_await waiter;
  std::vector<void_to_unit_t<T>> results;
  results.reserve(tasks.size());
  for (const Task<T>& task : tasks) results.push_back(detail::value_of(task));
  co_return results;
}

/// As gather(), with each error in its place instead of thrown (asyncio's return_exceptions).
/// Errors: CancelledError if it was cancelled itself, after all children are done.
template <class T>
Coro<std::vector<Outcome<T>>> gather_outcomes(std::vector<Coro<T>> coros) {
  std::vector<Task<T>> tasks = detail::start_all(coros);
  std::vector<AnyTask> all(tasks.begin(), tasks.end());
  detail::GatherWaiter waiter(std::move(all), detail::GatherWaiter::Until::kAllDone);
  co_await waiter;
  std::vector<Outcome<T>> outcomes;
  outcomes.reserve(tasks.size());
  for (const Task<T>& task : tasks) outcomes.push_back(detail::outcome_of(task));
  co_return outcomes;
}

}  // namespace cochain
