// gather(): several operations at once, results in the order of the arguments.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "cochain/core/event_loop.hpp"
#include "cochain/core/many_waiter.hpp"
#include "cochain/core/outcome.hpp"

namespace cochain {

/// A Task or Future of some result type.
template <class F>
concept FutureLike = std::derived_from<F, AnyFuture> && requires { typename F::value_type; };

namespace detail {

/// Waits for the children of a gather(), and cancels them with it.
class GatherWaiter {
 public:
  GatherWaiter(std::vector<AnyFuture> children, ManyWaiter::Until until)
      : waiter_(std::move(children), until, ManyWaiter::OnCancel::kCancelAll),
        until_first_error_(until == ManyWaiter::Until::kFirstFailed) {}
  bool await_ready() const noexcept { return waiter_.await_ready(); }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    waiter_.await_suspend(frame);
  }
  /// Throws the first error, or CancelledError if the gather was cancelled.
  void await_resume() {
    waiter_.await_resume();
    FutureBase* failed = waiter_.first_failed();
    if (failed && until_first_error_) std::rethrow_exception(failed->take_error());
  }

 private:
  ManyWaiter waiter_;
  bool until_first_error_;
};

/// Whether a result may be moved out of a task: nobody else wants it from one that gather() made.
enum class ResultOwner : std::uint8_t { kUs, kOthersToo };

template <class F>
void_to_unit_t<typename F::value_type> value_of(const F& future, ResultOwner owner) {
  if constexpr (std::is_void_v<typename F::value_type>) {
    future.result();
    return Unit();
  } else {
    return owner == ResultOwner::kUs ? future.take_result() : future.result();
  }
}

template <class F>
Outcome<typename F::value_type> outcome_of(const F& future, ResultOwner owner) {
  using Result = Outcome<typename F::value_type>;
  try {
    return Result(value_of(future, owner));
  } catch (...) {
    return Result(std::current_exception());
  }
}

inline void require_for_gather(bool valid) {
  if (!valid) throw InvalidStateError("gather() was given an empty Coro or handle");
}

/// What gather() waits for itself: a Coro becomes a task, a task or future is there already.
template <class T>
Coro<T> gather_part(Coro<T> coro) {
  return coro;
}
template <FutureLike F>
F gather_part(F future) {
  return future;
}
template <Awaitable A>
  requires(!FutureLike<A>)
Coro<await_result_t<A>> gather_part(A operation) {
  return ensure_coro(std::move(operation));
}
template <class T>
Task<T> start_part(Coro<T> coro) {
  return create_task(std::move(coro));
}
template <FutureLike F>
F start_part(F future) {
  return future;
}
template <class T>
bool is_there(const Coro<T>& coro) noexcept {
  return coro.valid();
}
inline bool is_there(const AnyFuture& future) noexcept { return bool(future); }

template <class Result, class... Part, class... F, std::size_t... I>
Result tuple_of(const std::tuple<F...>& futures, std::index_sequence<I...>) {
  return Result(value_of(std::get<I>(futures),
                         FutureLike<Part> ? ResultOwner::kOthersToo : ResultOwner::kUs)...);
}

template <class T>
std::vector<Task<T>> start_all(std::vector<Coro<T>>& coros) {
  for (const Coro<T>& coro : coros) require_for_gather(coro.valid());
  std::vector<Task<T>> tasks;
  tasks.reserve(coros.size());
  for (Coro<T>& coro : coros) tasks.push_back(create_task(std::move(coro)));
  return tasks;
}

template <class... Part>
Coro<std::tuple<void_to_unit_t<await_result_t<Part>>...>> gather_parts(Part... parts) {
  using Result = std::tuple<void_to_unit_t<await_result_t<Part>>...>;
  require_for_gather((is_there(parts) && ...));
  // Braces: parentheses would start the tasks in an order of the compiler's choice.
  std::tuple<decltype(start_part(std::move(parts)))...> futures{start_part(std::move(parts))...};
  std::vector<AnyFuture> all = std::apply(
      [](const auto&... each) { return std::vector<AnyFuture>({AnyFuture(each)...}); }, futures);
  GatherWaiter waiter(std::move(all), ManyWaiter::Until::kFirstFailed);
  co_await waiter;
  co_return tuple_of<Result, Part...>(futures, std::index_sequence_for<Part...>());
}

template <class F>
Coro<std::vector<void_to_unit_t<typename F::value_type>>> gather_all(std::vector<F> futures,
                                                                     ResultOwner owner) {
  GatherWaiter waiter(std::vector<AnyFuture>(futures.begin(), futures.end()),
                      ManyWaiter::Until::kFirstFailed);
  co_await waiter;
  std::vector<void_to_unit_t<typename F::value_type>> results;
  results.reserve(futures.size());
  for (const F& future : futures) results.push_back(value_of(future, owner));
  co_return results;
}

template <class F>
Coro<std::vector<Outcome<typename F::value_type>>> gather_all_outcomes(std::vector<F> futures,
                                                                       ResultOwner owner) {
  GatherWaiter waiter(std::vector<AnyFuture>(futures.begin(), futures.end()),
                      ManyWaiter::Until::kAllDone);
  co_await waiter;
  std::vector<Outcome<typename F::value_type>> outcomes;
  outcomes.reserve(futures.size());
  for (const F& future : futures) outcomes.push_back(outcome_of(future, owner));
  co_return outcomes;
}

template <class T>
Coro<std::vector<void_to_unit_t<T>>> start_and_gather(std::vector<Coro<T>> coros) {
  Coro<std::vector<void_to_unit_t<T>>> all = gather_all(start_all(coros), ResultOwner::kUs);
  co_return co_await std::move(all);
}
template <class T>
Coro<std::vector<Outcome<T>>> start_and_gather_outcomes(std::vector<Coro<T>> coros) {
  Coro<std::vector<Outcome<T>>> all = gather_all_outcomes(start_all(coros), ResultOwner::kUs);
  co_return co_await std::move(all);
}

}  // namespace detail

/// Runs all operations at once as tasks; gives a tuple of their results (Unit for void). Tasks and
/// futures among them are waited for as they are.
/// Suspends: until all are done or one fails. Cancelling it cancels all of them.
/// Errors:   the first exception, at once; the others keep running and their later errors count as
///           seen. Where siblings must not outlive a failure, use task_group().
template <Awaitable... A>
Coro<std::tuple<void_to_unit_t<await_result_t<A>>...>> gather(A... awaitables) {
  return detail::gather_parts(detail::gather_part(std::move(awaitables))...);
}

/// The same for any number of operations of one type.
template <class T>
Coro<std::vector<void_to_unit_t<T>>> gather(std::vector<Coro<T>> coros) {
  return detail::start_and_gather(std::move(coros));
}
/// The same for tasks or futures that are there already; one that is named twice runs once.
template <FutureLike F>
Coro<std::vector<void_to_unit_t<typename F::value_type>>> gather(std::vector<F> futures) {
  return detail::gather_all(std::move(futures), detail::ResultOwner::kOthersToo);
}

/// As gather(), with each error in its place instead of thrown (asyncio's return_exceptions).
/// Errors: CancelledError if it was cancelled itself, after all children are done.
template <class T>
Coro<std::vector<Outcome<T>>> gather_outcomes(std::vector<Coro<T>> coros) {
  return detail::start_and_gather_outcomes(std::move(coros));
}
template <FutureLike F>
Coro<std::vector<Outcome<typename F::value_type>>> gather_outcomes(std::vector<F> futures) {
  return detail::gather_all_outcomes(std::move(futures), detail::ResultOwner::kOthersToo);
}

}  // namespace cochain
