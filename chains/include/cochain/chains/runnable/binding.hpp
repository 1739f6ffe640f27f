// Settings that a step brings along: a configuration, listeners, choices made when it runs.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/runnable/compose.hpp"

namespace cochain {

/// Who is told how one step went, and of nothing inside of it.
/// Shape: `RunListeners().on_end([](const Run& run, const RunValue& output) { … })`.
class RunListeners {
 public:
  RunListeners() = default;
  RunListeners& on_start(std::function<void(const Run&, const RunValue& input)> value) {
    start = std::move(value);
    return *this;
  }
  RunListeners& on_end(std::function<void(const Run&, const RunValue& output)> value) {
    end = std::move(value);
    return *this;
  }
  RunListeners& on_error(std::function<void(const Run&, const std::exception_ptr&)> value) {
    error = std::move(value);
    return *this;
  }
  std::function<void(const Run&, const RunValue&)> start;
  std::function<void(const Run&, const RunValue&)> end;
  std::function<void(const Run&, const std::exception_ptr&)> error;
};

namespace detail {

/// Changes the configuration of each run of the step inside; no run of its own.
template <class In, class Out>
class Bound final : public Runnable<In, Out> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  using Change = std::function<RunConfig(RunConfig)>;
  Bound(Step step, Change change) : step_(std::move(step)), change_(std::move(change)) {}
  [[nodiscard]] std::string name() const override { return step_->name(); }
  [[nodiscard]] RunKind kind() const noexcept override { return step_->kind(); }
  [[nodiscard]] StepInfo info() const override { return step_->info(); }
  [[nodiscard]] bool streams() const noexcept override { return step_->streams(); }
  [[nodiscard]] Json input_schema() const override { return step_->input_schema(); }
  [[nodiscard]] Json output_schema() const override { return step_->output_schema(); }
  [[nodiscard]] bool transparent() const noexcept override { return true; }

 private:
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(step_, std::move(input), change_(std::move(config)));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(step_, step_->stream(std::move(input), change_(std::move(config))));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return pieces(step_, step_->transform(std::move(input), change_(std::move(config))));
  }
  static Coro<Out> call(Step step, In input, RunConfig config) {
    co_return co_await step->invoke(std::move(input), std::move(config));
  }
  static Stream<chunk_of_t<Out>> pieces([[maybe_unused]] Step step,
                                        Stream<chunk_of_t<Out>> output) {
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  Step step_;
  Change change_;
};

/// A configuration with an observer that hears of the next run alone.
[[nodiscard]] RunConfig with_listeners_added(RunConfig config, const RunListeners& listeners);

/// One of several steps, chosen by the configuration.
template <class In, class Out>
class Alternatives final : public Runnable<In, Out> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  using Steps = std::vector<std::pair<std::string, Step>>;
  class Choices {
   public:
    Choices(std::string the_id, Steps the_steps)
        : id(std::move(the_id)), steps(std::move(the_steps)) {}
    std::string id;
    Steps steps;  // the first is the default
  };
  Alternatives(std::string id, Steps steps)
      : choices_(std::make_shared<const Choices>(std::move(id), std::move(steps))) {}
  [[nodiscard]] std::string name() const override { return "Configurable<" + choices_->id + ">"; }
  [[nodiscard]] bool transparent() const noexcept override { return true; }
  /// What can be said before the choice is made.
  [[nodiscard]] bool streams() const noexcept override {
    return std::all_of(choices_->steps.begin(), choices_->steps.end(),
                       [](const auto& step) { return step.second->streams(); });
  }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, Out>::info().with_shape(StepShape::kChoice);
    made.with_note("chosen by configurable '" + choices_->id + "'");
    for (const auto& [key, step] : choices_->steps) made.add(step->info(), key);
    return made;
  }

 private:
  using Shared = std::shared_ptr<const Choices>;
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(choices_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(choices_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return pieces_of_pieces(choices_, std::move(input), std::move(config));
  }
  static const Step& choose(const Choices& choices, const RunConfig& config) {
    const Json chosen = configured(config, choices.id);
    if (chosen.is_null()) return choices.steps.front().second;
    std::string known;
    for (const auto& [key, step] : choices.steps) {
      if (chosen.is_string() && std::string_view(chosen.get_string()) == key) return step;
      known += (known.empty() ? "'" : ", '") + key + "'";
    }
    throw InvalidInputError("configurable '" + choices.id + "' is " + json_text(chosen) +
                            ", which is none of " + known);
  }
  static Coro<Out> call(Shared choices, In input, RunConfig config) {
    const Step& step = choose(*choices, config);
    co_return co_await step->invoke(std::move(input), std::move(config));
  }
  static Stream<chunk_of_t<Out>> pieces(Shared choices, In input, RunConfig config) {
    const Step& step = choose(*choices, config);
    auto output = step->stream(std::move(input), std::move(config));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  static Stream<chunk_of_t<Out>> pieces_of_pieces(Shared choices, Stream<chunk_of_t<In>> input,
                                                  RunConfig config) {
    const Step& step = choose(*choices, config);
    auto output = step->transform(std::move(input), std::move(config));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  Shared choices_;
};

template <class First, class Steps>
void add_alternatives(Steps&) {}
template <class First, class Steps, class A, class... Rest>
void add_alternatives(Steps& steps, std::string key, A step, Rest... rest) {
  const auto add = [&](auto shared) { steps.emplace_back(std::move(key), std::move(shared)); };
  add_alternative<First>(add, std::move(step));
  add_alternatives<First>(steps, std::move(rest)...);
}

template <class In, class Out>
Chain<In, Out> bind_config(std::shared_ptr<const Runnable<In, Out>> step,
                           std::function<RunConfig(RunConfig)> change) {
  std::shared_ptr<const Runnable<In, Out>> bound =
      std::make_shared<const Bound<In, Out>>(std::move(step), std::move(change));
  return Chain<In, Out>(std::move(bound));
}

}  // namespace detail

/// The step with a configuration of its own: a name, tags, metadata, observers.
/// Shape: what the caller says is added, and holds where both say something.
template <detail::Step A>
[[nodiscard]] auto with_config(A&& step, RunConfig config) {
  using Step = detail::StepOf<std::remove_cvref_t<A>>;
  return detail::bind_config<typename Step::Input, typename Step::Output>(
      Step::share(std::forward<A>(step)),
      [config = std::move(config)](RunConfig given) { return given.with_defaults(config); });
}

/// The step, and listeners that hear how it goes.
/// Errors: what a listener throws goes to the loop's exception handler.
template <detail::Step A>
[[nodiscard]] auto with_listeners(A&& step, RunListeners listeners) {
  using Step = detail::StepOf<std::remove_cvref_t<A>>;
  return detail::bind_config<typename Step::Input, typename Step::Output>(
      Step::share(std::forward<A>(step)), [listeners = std::move(listeners)](RunConfig given) {
        return detail::with_listeners_added(std::move(given), listeners);
      });
}

/// A step that is chosen when it runs, by `RunConfig().with_configurable("model", "large")`:
/// `configurable_alternatives("model", "small", small, "large", large)`; the first is the default.
/// Errors: InvalidInputError for a choice that is not there, with those that are.
template <class A, class... Rest>
[[nodiscard]] auto configurable_alternatives(std::string id, std::string key, A first,
                                             Rest... rest) {
  static_assert(sizeof...(Rest) % 2 == 0,
                "configurable_alternatives() takes names and steps in turn");
  using In = typename detail::StepOf<A>::Input;
  using Out = typename detail::StepOf<A>::Output;
  typename detail::Alternatives<In, Out>::Steps steps;
  detail::add_alternatives<A>(steps, std::move(key), std::move(first), std::move(rest)...);
  std::shared_ptr<const Runnable<In, Out>> step =
      std::make_shared<const detail::Alternatives<In, Out>>(std::move(id), std::move(steps));
  return Chain<In, Out>(std::move(step));
}

}  // namespace cochain
