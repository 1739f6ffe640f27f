// map(): one operation over many items, so many at once and no more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>

#include "cochain/core/locks.hpp"
#include "cochain/core/outcome.hpp"
#include "cochain/core/queue.hpp"
#include "cochain/core/stream.hpp"
#include "cochain/core/task_group.hpp"

namespace cochain {

/// In which order map() gives its results.
enum class MapOrder : std::uint8_t {
  kInput,       ///< that of the items
  kAsCompleted  ///< whichever is done first
};

/// How map() runs.
class MapOptions {
 public:
  /// `concurrency` items run, or wait to be taken, at one time; at least 1.
  explicit MapOptions(std::size_t concurrency) : concurrency_(concurrency) {
    if (concurrency == 0) throw InvalidStateError("map() needs a concurrency of at least 1");
  }
  MapOptions& order(MapOrder value) noexcept {
    order_ = value;
    return *this;
  }
  [[nodiscard]] std::size_t concurrency() const noexcept { return concurrency_; }
  [[nodiscard]] MapOrder order() const noexcept { return order_; }

 private:
  std::size_t concurrency_;
  MapOrder order_ = MapOrder::kInput;
};

namespace detail {

/// What the workers of one map() share. It lives in the frame of its stream.
template <class In, class Result, class F>
class MapState {
 public:
  using Value = void_to_unit_t<Result>;

  MapState(Stream<In> items, F fn, const MapOptions& options)
      : room(options.concurrency()), input(std::move(items)), function(std::move(fn)) {}

  class Done {
   public:
    Done(std::size_t at, Outcome<Result> with) : index(at), outcome(std::move(with)) {}
    std::size_t index;
    Outcome<Result> outcome;
  };

  Semaphore room;  // one permit for each item that runs or waits to be taken
  Queue<Done> done;
  Stream<In> input;
  F function;
  std::size_t started = 0;
  bool input_ended = false;
};

template <class In, class Result, class F>
Coro<> map_one(MapState<In, Result, F>* state, std::size_t index, In item) {
  std::optional<Outcome<Result>> outcome;
  try {
    auto running = state->function(std::move(item));
    if constexpr (std::is_void_v<Result>) {
      co_await std::move(running);
      outcome.emplace(Unit());
    } else {
      outcome.emplace(co_await std::move(running));
    }
  } catch (...) {  // CancelledError too: the consumer waits for each item that was started
    outcome.emplace(std::current_exception());
  }
  const std::exception_ptr error = outcome->error();
  state->done.put_nowait(typename MapState<In, Result, F>::Done(index, std::move(*outcome)));
  if (is_cancelled_error(error)) std::rethrow_exception(error);
}

/// Starts an item as soon as there is room for it. The end of the input is told by an item of its
/// own, because the consumer may wait for one more result.
template <class In, class Result, class F>
Coro<> map_feed(MapState<In, Result, F>* state, TaskGroup* group) {
  std::exception_ptr error;
  try {
    for (;;) {
      co_await state->room.acquire();
      std::optional<In> item = co_await state->input.next();
      if (!item) break;
      group->create_task(map_one<In, Result, F>(state, state->started, std::move(*item)));
      ++state->started;
    }
  } catch (...) {  // CancelledError too, as in map_one()
    error = std::current_exception();
  }
  state->input_ended = true;
  state->done.put_nowait(
      typename MapState<In, Result, F>::Done(state->started, Outcome<Result>(error)));
  if (is_cancelled_error(error)) std::rethrow_exception(error);
}

template <class In, class Result, class F>
Stream<void_to_unit_t<Result>> map_stream(Stream<In> input, F function, MapOptions options) {
  using State = MapState<In, Result, F>;
  State state(std::move(input), std::move(function), options);
  TaskGroup group;  // after the state: its tasks end before what they use
  group.create_task(map_feed<In, Result, F>(&state, &group));
  std::map<std::size_t, Outcome<Result>> early;  // done before their turn
  std::exception_ptr error;
  std::size_t taken = 0;
  while (!error && !(state.input_ended && taken == state.started)) {
    std::optional<Outcome<Result>> next;
    const auto turn = early.find(taken);
    if (turn != early.end()) {
      next.emplace(std::move(turn->second));
      early.erase(turn);
    } else {
      auto done = co_await state.done.get();
      if (state.input_ended && done.index == state.started) {  // the end, with or without an error
        error = done.outcome.error();
        continue;
      }
      if (options.order() == MapOrder::kInput && done.index != taken) {
        early.emplace(done.index, std::move(done.outcome));
        continue;
      }
      next.emplace(std::move(done.outcome));
    }
    ++taken;
    state.room.release();
    error = next->error();
    if (!error) co_yield std::move(*next).value();
  }
  if (error) group.cancel();
  co_await group.join();
  if (error) std::rethrow_exception(error);
}

// As std::ranges has it, whose header costs more than all of this one.
template <class Range>
using range_value_t = std::iter_value_t<decltype(std::begin(std::declval<Range&>()))>;

/// A range whose constness is that of its items: it owns them. A view looks at somebody else's.
template <class Range>
concept OwnsItems = requires(const Range& fixed, Range& range) {
  requires !std::is_same_v<decltype(*std::begin(fixed)), decltype(*std::begin(range))>;
};

template <class Range>
Stream<range_value_t<Range>> stream_of(Range range) {
  using Item = range_value_t<Range>;
  for (auto&& item : range) {
    if constexpr (!OwnsItems<Range> && std::is_copy_constructible_v<Item>) {
      co_yield Item(item);
    } else {
      co_yield Item(std::move(item));
    }
  }
}

template <class F, class In>
using map_result_t = await_result_t<std::invoke_result_t<F&, In>>;

}  // namespace detail

/// Calls `function(item)`, a coroutine, for each item of a stream, `concurrency` at once.
/// Shape:    `Stream<Page> pages = map(std::move(urls), fetch, MapOptions(8));` A function without
///           a result gives Unit for each item.
/// Suspends: next() until the next result is there. Items are started while the consumer is away,
///           up to `concurrency` that run or wait to be taken; then the input is not asked further.
/// Lives:    `function` is kept in the stream. Leaving the stream destroys what runs; it belongs to
///           the task that calls next() first.
/// Errors:   the first exception of a call, or of the input, in its turn; what still runs then is
///           cancelled and waited for.
template <class In, class F>
Stream<void_to_unit_t<detail::map_result_t<F, In>>> map(Stream<In> input, F function,
                                                        MapOptions options) {
  return detail::map_stream<In, detail::map_result_t<F, In>, F>(std::move(input),
                                                                std::move(function), options);
}

/// The same for the items of a range, such as a vector, which is kept in the stream. Of a view the
/// items are copied, and what it looks at must live as long as the stream.
template <class Range, class F>
Stream<void_to_unit_t<detail::map_result_t<F, detail::range_value_t<Range>>>> map(
    Range range, F function, MapOptions options) {
  return map(detail::stream_of(std::move(range)), std::move(function), options);
}

}  // namespace cochain
