// Runnable<In, Out>: what every step of a chain is, and a whole chain again.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/chunk.hpp"
#include "cochain/chains/runnable/config.hpp"
#include "cochain/core/outcome.hpp"
#include "cochain/core/queue.hpp"
#include "cochain/core/stream.hpp"
#include "cochain/core/task_group.hpp"

namespace cochain {

/// One finished item of a batch.
template <class Out>
class BatchItem {
 public:
  BatchItem(std::size_t the_index, Outcome<Out> the_outcome)
      : index(the_index), outcome(std::move(the_outcome)) {}
  std::size_t index;  // into the inputs
  Outcome<Out> outcome;
};

/// A step that turns an In into an Out, whole or piece by piece.
/// Shape:    derive and write do_invoke(); write do_transform() too if the step can work on pieces,
///           and do_stream() if it makes pieces from a whole input. Join steps with `|`.
/// Suspends: as its steps do; everything is cancellable. Destroying a stream stops its steps.
/// Lives:    longer than what it returned, unless it is a Chain, which keeps itself alive.
/// Threads:  has no state that a run changes, so many runs may share it, each on its own loop.
template <class In, class Out>
class Runnable {
 public:
  using Input = In;
  using Output = Out;
  using InputChunk = chunk_of_t<In>;
  using OutputChunk = chunk_of_t<Out>;

  virtual ~Runnable() = default;

  /// The whole output for one whole input.
  [[nodiscard]] Coro<Out> invoke(In input, RunConfig config = RunConfig()) const {
    return do_invoke(std::move(input), std::move(config));
  }
  /// The output in pieces as they come; by default, the whole one in one piece.
  [[nodiscard]] Stream<OutputChunk> stream(In input, RunConfig config = RunConfig()) const {
    return do_stream(std::move(input), std::move(config));
  }
  /// Pieces in, pieces out; by default, waits for all of the input. No input, no output.
  [[nodiscard]] Stream<OutputChunk> transform(Stream<InputChunk> input,
                                              RunConfig config = RunConfig()) const {
    return do_transform(std::move(input), std::move(config));
  }

  /// Runs all inputs, at most `max_concurrency` at once; outcomes in the order of the inputs.
  /// A failing item neither stops the others nor is lost: its error is its outcome.
  [[nodiscard]] Coro<std::vector<Outcome<Out>>> batch(std::vector<In> inputs,
                                                      RunConfig config = RunConfig()) const {
    return collect_batch(self(), std::move(inputs), std::move(config));
  }

  /// The same, each outcome as soon as it is there. Nothing new is started while the consumer is
  /// away, and destroying the stream stops what runs and forgets what waits.
  [[nodiscard]] Stream<BatchItem<Out>> batch_as_completed(std::vector<In> inputs,
                                                          RunConfig config = RunConfig()) const {
    return run_batch(self(), std::move(inputs), std::move(config));
  }

 protected:
  /// What a step does with one whole input.
  [[nodiscard]] virtual Coro<Out> do_invoke(In input, RunConfig config) const = 0;
  /// How a step makes pieces of its output from a whole input.
  [[nodiscard]] virtual Stream<OutputChunk> do_stream(In input, RunConfig config) const {
    return stream_whole(self(), std::move(input), std::move(config));
  }
  /// How a step works on the pieces of its input.
  [[nodiscard]] virtual Stream<OutputChunk> do_transform(Stream<InputChunk> input,
                                                         RunConfig config) const {
    return transform_whole(self(), std::move(input), std::move(config));
  }

  using Self = std::shared_ptr<const Runnable>;
  /// What runs hold on to while they last. The default points here without owning: whoever is
  /// held by value has nothing that could be kept.
  [[nodiscard]] virtual Self self() const { return Self(std::shared_ptr<void>(), this); }

  Runnable() = default;
  Runnable(const Runnable&) = default;
  Runnable(Runnable&&) noexcept = default;
  Runnable& operator=(const Runnable&) = default;
  Runnable& operator=(Runnable&&) noexcept = default;

 private:
  static Stream<OutputChunk> stream_whole(Self self, In input, RunConfig config) {
    Out output = co_await self->do_invoke(std::move(input), std::move(config));
    for (OutputChunk& chunk : ChunkTraits<Out>::split(std::move(output))) {
      co_yield std::move(chunk);
    }
  }

  static Stream<OutputChunk> transform_whole(Self self, Stream<InputChunk> input,
                                             RunConfig config) {
    std::optional<In> whole = co_await fold<In>(std::move(input));
    if (!whole) co_return;
    Stream<OutputChunk> output = self->do_stream(std::move(*whole), std::move(config));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }

  using Finished = Queue<BatchItem<Out>>;

  static Coro<> run_item(Self self, std::size_t index, In input, RunConfig config,
                         Finished& finished) {
    std::exception_ptr error;
    try {
      Out output = co_await self->invoke(std::move(input), std::move(config));
      finished.put_nowait(BatchItem<Out>(index, Outcome<Out>(std::move(output))));
      co_return;
    } catch (...) {
      error = std::current_exception();
    }
    // An item always says how it ended, or the batch would wait for it forever. If its task was
    // asked to stop it stops, too; a CancelledError that only came out of the step is an error.
    finished.put_nowait(BatchItem<Out>(index, Outcome<Out>(error)));
    const bool stopped = current_task().cancelling() > 0 && detail::is_cancelled_error(error);
    if (stopped) std::rethrow_exception(std::move(error));
  }

  static Stream<BatchItem<Out>> run_batch(Self self, std::vector<In> inputs, RunConfig config) {
    const std::size_t limit = config.max_concurrency ? config.max_concurrency : inputs.size();
    Finished finished;  // above the group, which is destroyed first and stops who uses it
    TaskGroup group;
    std::size_t started = 0;
    for (std::size_t given = 0; given < inputs.size(); ++given) {
      for (; started < inputs.size() && started - given < limit; ++started) {
        group.create_task(run_item(self, started, std::move(inputs[started]), config, finished));
      }
      BatchItem<Out> item = co_await finished.get();
      co_yield std::move(item);
    }
    co_await group.join();
  }

  static Coro<std::vector<Outcome<Out>>> collect_batch(Self self, std::vector<In> inputs,
                                                       RunConfig config) {
    std::vector<std::optional<Outcome<Out>>> places(inputs.size());
    Stream<BatchItem<Out>> items = run_batch(std::move(self), std::move(inputs), std::move(config));
    while (auto item = co_await items.next()) places[item->index] = std::move(item->outcome);
    std::vector<Outcome<Out>> outcomes;
    outcomes.reserve(places.size());
    for (std::optional<Outcome<Out>>& place : places) outcomes.push_back(std::move(*place));
    co_return outcomes;
  }
};

}  // namespace cochain
