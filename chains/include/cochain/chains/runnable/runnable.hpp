// Runnable<In, Out>: what every step of a chain is, and a whole chain again.
// What is written outside of the class is compiled once for the library's own types: where a header
// says `extern template class Runnable<…>`, files that include it do not compile it again.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/active_run.hpp"
#include "cochain/chains/runnable/chunk.hpp"
#include "cochain/chains/runnable/config.hpp"
#include "cochain/chains/runnable/events.hpp"
#include "cochain/chains/runnable/step_info.hpp"
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

namespace detail {

/// One configuration for all items of a batch, or one for each.
class BatchConfigs {
 public:
  explicit BatchConfigs(RunConfig common) : common_(std::move(common)) {}
  BatchConfigs(std::vector<RunConfig> each, std::size_t items) : each_(std::move(each)) {
    if (each_.size() != items) {
      throw InvalidStateError("a batch of " + std::to_string(items) + " inputs was given " +
                              std::to_string(each_.size()) + " configurations");
    }
    if (!each_.empty()) {
      common_.with_max_concurrency(each_.front().max_concurrency());
    }
  }
  [[nodiscard]] const RunConfig& common() const noexcept { return common_; }
  /// That of item `index`, where `complete` is the common one, completed.
  [[nodiscard]] RunConfig of(std::size_t index, const RunConfig& complete) const {
    RunConfig config = each_.empty() ? complete : complete.merged_with(each_[index]);
    if (index > 0 && each_.empty() && !config.run_id().empty()) config.with_run_id(std::string());
    return config;
  }

 private:
  RunConfig common_;
  std::vector<RunConfig> each_;
};

}  // namespace detail

/// A step that turns an In into an Out, whole or piece by piece.
/// Shape:    derive and write do_invoke(); write do_transform() too if the step can work on pieces,
///           and do_stream() if it makes pieces from a whole input. Join steps with `|`.
/// Suspends: as its steps do; everything is cancellable. Destroying a stream stops its steps.
/// Lives:    longer than what it returned, unless it is a Chain, which keeps itself alive.
/// Threads:  has no state that a run changes, so many runs may share it, each on its own loop.
template <class In, class Out>
class Runnable : public RunnableBase {
 public:
  using Input = In;
  using Output = Out;
  using InputChunk = chunk_of_t<In>;
  using OutputChunk = chunk_of_t<Out>;

  /// The whole output for one whole input.
  [[nodiscard]] Coro<Out> invoke(In input, RunConfig config = RunConfig()) const {
    if (!this->must_be_told(config)) return do_invoke(std::move(input), std::move(config));
    return invoke_heard(self(), std::move(input), std::move(config));
  }
  /// The output in pieces as they come; by default, the whole one in one piece.
  [[nodiscard]] Stream<OutputChunk> stream(In input, RunConfig config = RunConfig()) const {
    if (!this->must_be_told(config)) return do_stream(std::move(input), std::move(config));
    return stream_heard(self(), std::move(input), std::move(config));
  }
  /// Pieces in, pieces out; by default, waits for all of the input. No input, no output.
  [[nodiscard]] Stream<OutputChunk> transform(Stream<InputChunk> input,
                                              RunConfig config = RunConfig()) const {
    if (!this->must_be_told(config)) return do_transform(std::move(input), std::move(config));
    return transform_heard(self(), std::move(input), std::move(config));
  }

  /// Runs all inputs, at most `max_concurrency` at once; outcomes in the order of the inputs.
  /// A failing item neither stops the others nor is lost: its error is its outcome. Each item is a
  /// run of its own; a `run_id` is that of the first.
  [[nodiscard]] Coro<std::vector<Outcome<Out>>> batch(std::vector<In> inputs,
                                                      RunConfig config = RunConfig()) const {
    return collect_batch(self(), std::move(inputs), detail::BatchConfigs(std::move(config)));
  }
  /// The same with a configuration for each item; the limit is that of the first.
  /// Errors: InvalidStateError if there are not as many as inputs.
  [[nodiscard]] Coro<std::vector<Outcome<Out>>> batch(std::vector<In> inputs,
                                                      std::vector<RunConfig> configs) const {
    detail::BatchConfigs each(std::move(configs), inputs.size());
    return collect_batch(self(), std::move(inputs), std::move(each));
  }

  /// The same, each outcome as soon as it is there. Nothing new is started while the consumer is
  /// away, and destroying the stream stops what runs and forgets what waits.
  [[nodiscard]] Stream<BatchItem<Out>> batch_as_completed(std::vector<In> inputs,
                                                          RunConfig config = RunConfig()) const {
    return run_batch(self(), std::move(inputs), detail::BatchConfigs(std::move(config)));
  }

  /// What happens in the run and in all of its parts: starts, pieces, ends, errors, custom events.
  /// Suspends: until something happened. The run goes on beside its consumer, ahead of it by
  ///           `events_max` events at most.
  /// Errors:   what the run threw, after its events. Dropping the stream stops the run.
  [[nodiscard]] Stream<RunEvent> stream_events(In input, RunConfig config = RunConfig(),
                                               EventOptions options = EventOptions()) const {
    return run_events(self(), std::move(input), std::move(config), std::move(options));
  }

  [[nodiscard]] Json input_schema() const override;
  [[nodiscard]] Json output_schema() const override;
  [[nodiscard]] StepInfo info() const override;

 protected:
  /// What a step does with one whole input.
  [[nodiscard]] virtual Coro<Out> do_invoke(In input, RunConfig config) const = 0;
  /// How a step makes pieces of its output from a whole input.
  [[nodiscard]] virtual Stream<OutputChunk> do_stream(In input, RunConfig config) const;
  /// How a step works on the pieces of its input.
  [[nodiscard]] virtual Stream<OutputChunk> do_transform(Stream<InputChunk> input,
                                                         RunConfig config) const;

  /// For steps that stand for one other: calls what it does, as a part of their own run.
  class Held {
   public:
    [[nodiscard]] static Coro<Out> invoke(const Runnable& step, In input, RunConfig config) {
      return step.do_invoke(std::move(input), std::move(config));
    }
    [[nodiscard]] static Stream<OutputChunk> stream(const Runnable& step, In input,
                                                    RunConfig config) {
      return step.do_stream(std::move(input), std::move(config));
    }
    [[nodiscard]] static Stream<OutputChunk> transform(const Runnable& step,
                                                       Stream<InputChunk> input, RunConfig config) {
      return step.do_transform(std::move(input), std::move(config));
    }
  };

  using Self = std::shared_ptr<const Runnable>;
  /// What runs hold on to while they last. The default points here without owning: whoever is
  /// held by value has nothing that could be kept.
  [[nodiscard]] virtual Self self() const;

  Runnable() = default;
  Runnable(const Runnable&) = default;
  Runnable(Runnable&&) noexcept = default;
  Runnable& operator=(const Runnable&) = default;
  Runnable& operator=(Runnable&&) noexcept = default;

 private:
  [[nodiscard]] bool must_be_told(const RunConfig& config) const noexcept {
    return ActiveRun::needed(config) && !this->transparent();
  }

  // Somebody hears of these runs, or the task must know of a limit or a choice while they last.
  static Coro<Out> invoke_heard(Self self, In input, RunConfig config);
  static Stream<OutputChunk> stream_heard(Self self, In input, RunConfig config);
  static Stream<OutputChunk> transform_heard(Self self, Stream<InputChunk> input, RunConfig config);
  // The pieces that came before this run, seen from outside of it: those who make them are none of
  // its parts. `run` and `whole` live in the frame that owns this stream.
  static Stream<InputChunk> hear_input(ActiveRun& run, std::optional<In>& whole,
                                       std::optional<InputChunk> first, Stream<InputChunk> input);

  using Events = std::shared_ptr<detail::EventQueue>;
  static Stream<RunEvent> run_events(Self self, In input, RunConfig config, EventOptions options);
  static Coro<> run_beside(Self self, In input, RunConfig config, Events events);
  static void hear(ActiveRun& run, std::optional<Out>& sum, const OutputChunk& chunk) {
    add_copy<Out>(sum, chunk);
    run.stream(RunValue::view(chunk));
  }
  // What cannot be copied is told of without its value at the end.
  template <class T>
  static std::optional<T> copy_of(const T& value) {
    if constexpr (std::is_copy_constructible_v<T>) return value;
    return std::nullopt;
  }
  template <class T>
  static void add_copy(std::optional<T>& sum, const chunk_of_t<T>& chunk) {
    if constexpr (std::is_copy_constructible_v<chunk_of_t<T>>) {
      ChunkTraits<T>::add(sum, chunk_of_t<T>(chunk));
    }
  }
  template <class T>
  static RunValue view(const std::optional<T>& value) {
    return value ? RunValue::view(*value) : RunValue();
  }

  static Stream<OutputChunk> stream_whole(Self self, In input, RunConfig config);
  static Stream<OutputChunk> transform_whole(Self self, Stream<InputChunk> input, RunConfig config);

  using Finished = Queue<BatchItem<Out>>;
  static Coro<> run_item(Self self, std::size_t index, In input, RunConfig config,
                         Finished& finished);
  static Stream<BatchItem<Out>> run_batch(Self self, std::vector<In> inputs,
                                          detail::BatchConfigs configs);
  static Coro<std::vector<Outcome<Out>>> collect_batch(Self self, std::vector<In> inputs,
                                                       detail::BatchConfigs configs);
};

template <class In, class Out>
Json Runnable<In, Out>::input_schema() const {
  return detail::schema_or_name<In>();
}

template <class In, class Out>
Json Runnable<In, Out>::output_schema() const {
  return detail::schema_or_name<Out>();
}

template <class In, class Out>
StepInfo Runnable<In, Out>::info() const {
  StepInfo made(this->name(), type_name<In>(), type_name<Out>());
  made.kind = this->kind();
  made.streams = this->streams();
  return made;
}

template <class In, class Out>
auto Runnable<In, Out>::do_stream(In input, RunConfig config) const -> Stream<OutputChunk> {
  return stream_whole(self(), std::move(input), std::move(config));
}

template <class In, class Out>
auto Runnable<In, Out>::do_transform(Stream<InputChunk> input, RunConfig config) const
    -> Stream<OutputChunk> {
  return transform_whole(self(), std::move(input), std::move(config));
}

template <class In, class Out>
auto Runnable<In, Out>::self() const -> Self {
  return Self(std::shared_ptr<void>(), this);
}

template <class In, class Out>
Coro<Out> Runnable<In, Out>::invoke_heard(Self self, In input, RunConfig config) {
  ActiveRun run(std::move(config));
  run.begin(self->kind(), self->name());
  run.start(RunValue::view(input));
  const std::optional<In> kept = run.heard() ? copy_of(input) : std::nullopt;
  try {
    run.enter();
    Out output = co_await self->do_invoke(std::move(input), run.config());
    run.leave();
    run.end(view(kept), RunValue::view(output));
    co_return output;
  } catch (...) {
    run.leave();
    run.fail(std::current_exception());
    throw;
  }
}

template <class In, class Out>
auto Runnable<In, Out>::stream_heard(Self self, In input, RunConfig config) -> Stream<OutputChunk> {
  ActiveRun run(std::move(config));
  run.begin(self->kind(), self->name());
  run.start(RunValue::view(input));
  const std::optional<In> kept = run.heard() ? copy_of(input) : std::nullopt;
  std::optional<Out> sum;
  try {
    run.enter();
    Stream<OutputChunk> output = self->do_stream(std::move(input), run.config());
    while (auto chunk = co_await output.next()) {
      run.leave();
      if (run.heard()) hear(run, sum, *chunk);
      if (run.full()) co_await run.wait_for_room();
      co_yield std::move(*chunk);
      run.enter();
    }
    run.leave();
  } catch (...) {
    run.leave();
    run.fail(std::current_exception());
    throw;
  }
  run.end(view(kept), view(sum));
}

template <class In, class Out>
auto Runnable<In, Out>::transform_heard(Self self, Stream<InputChunk> input, RunConfig config)
    -> Stream<OutputChunk> {
  // The input is looked at first: so the steps of a chain start from its beginning on.
  std::optional<InputChunk> first = co_await input.next();
  ActiveRun run(std::move(config));
  run.begin(self->kind(), self->name());
  run.start(RunValue());
  std::optional<In> whole;
  std::optional<Out> sum;
  try {
    run.enter();
    Stream<OutputChunk> output = self->do_transform(
        hear_input(run, whole, std::move(first), std::move(input)), run.config());
    while (auto chunk = co_await output.next()) {
      run.leave();
      if (run.heard()) hear(run, sum, *chunk);
      if (run.full()) co_await run.wait_for_room();
      co_yield std::move(*chunk);
      run.enter();
    }
    run.leave();
  } catch (...) {
    run.leave();
    run.fail(std::current_exception());
    throw;
  }
  run.end(view(whole), view(sum));
}

template <class In, class Out>
auto Runnable<In, Out>::hear_input(ActiveRun& run, std::optional<In>& whole,
                                   std::optional<InputChunk> first, Stream<InputChunk> input)
    -> Stream<InputChunk> {
  while (first) {
    if (run.heard()) add_copy<In>(whole, *first);
    co_yield std::move(*first);
    const ActiveRun::Outside outside(run);
    first = co_await input.next();
  }
}

template <class In, class Out>
Stream<RunEvent> Runnable<In, Out>::run_events(Self self, In input, RunConfig config,
                                               EventOptions options) {
  const Events events = std::make_shared<detail::EventQueue>(std::move(options));
  config.with_observer(events);
  TaskGroup group;
  group.create_task(run_beside(self, std::move(input), std::move(config), events));
  for (;;) {
    while (RunEvent* event = events->take()) co_yield std::move(*event);
    const bool more = co_await events->wait();
    if (!more) break;
  }
  co_await group.join();
}

template <class In, class Out>
Coro<> Runnable<In, Out>::run_beside(Self self, In input, RunConfig config, Events events) {
  std::exception_ptr error;
  try {
    Stream<OutputChunk> output = self->stream(std::move(input), std::move(config));
    while (auto chunk = co_await output.next()) {
    }
  } catch (...) {
    error = std::current_exception();
  }
  events->finish(error);
  const bool stopped = error && current_task().cancelling() > 0;
  if (stopped) std::rethrow_exception(std::move(error));
}

template <class In, class Out>
auto Runnable<In, Out>::stream_whole(Self self, In input, RunConfig config) -> Stream<OutputChunk> {
  Out output = co_await self->do_invoke(std::move(input), std::move(config));
  for (auto&& chunk : ChunkTraits<Out>::split(std::move(output))) {
    OutputChunk piece = std::move(chunk);  // a vector of bools gives no references
    co_yield std::move(piece);
  }
}

template <class In, class Out>
auto Runnable<In, Out>::transform_whole(Self self, Stream<InputChunk> input, RunConfig config)
    -> Stream<OutputChunk> {
  std::optional<In> whole = co_await fold<In>(std::move(input));
  if (!whole) co_return;
  Stream<OutputChunk> output = self->do_stream(std::move(*whole), std::move(config));
  while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
}

template <class In, class Out>
Coro<> Runnable<In, Out>::run_item(Self self, std::size_t index, In input, RunConfig config,
                                   Finished& finished) {
  std::exception_ptr error;
  try {
    const Turn turn = co_await Turns::take(std::move(config));
    Out output = co_await self->invoke(std::move(input), turn.config());
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

template <class In, class Out>
Stream<BatchItem<Out>> Runnable<In, Out>::run_batch(Self self, std::vector<In> inputs,
                                                    detail::BatchConfigs configs) {
  Turns turns(configs.common());
  const std::size_t limit = turns.config().max_concurrency();
  const std::size_t window = limit ? limit : inputs.size();
  Finished finished;  // above the group, which is destroyed first and stops who uses it
  TaskGroup group;
  std::size_t started = 0;
  for (std::size_t given = 0; given < inputs.size(); ++given) {
    for (; started < inputs.size() && started - given < window; ++started) {
      RunConfig config = configs.of(started, turns.config());
      group.create_task(
          run_item(self, started, std::move(inputs[started]), std::move(config), finished));
    }
    BatchItem<Out> item = co_await finished.get();
    co_yield std::move(item);
  }
  co_await group.join();
  co_await turns.done();
}

template <class In, class Out>
Coro<std::vector<Outcome<Out>>> Runnable<In, Out>::collect_batch(Self self, std::vector<In> inputs,
                                                                 detail::BatchConfigs configs) {
  std::vector<std::optional<Outcome<Out>>> places(inputs.size());
  Stream<BatchItem<Out>> items = run_batch(std::move(self), std::move(inputs), std::move(configs));
  while (auto item = co_await items.next()) places[item->index] = std::move(item->outcome);
  std::vector<Outcome<Out>> outcomes;
  outcomes.reserve(places.size());
  for (std::optional<Outcome<Out>>& place : places) outcomes.push_back(std::move(*place));
  co_return outcomes;
}

}  // namespace cochain
