// Settings that a step brings along: a configuration, listeners, choices made when it runs.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/json_convert.hpp"
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

/// Says which step a configuration wants.
template <class In, class Out>
class StepChoice {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  StepChoice() = default;
  StepChoice(const StepChoice&) = delete;
  StepChoice& operator=(const StepChoice&) = delete;
  virtual ~StepChoice() = default;
  /// Errors: InvalidInputError for what cannot be had.
  [[nodiscard]] virtual Step choose(const RunConfig& config) const = 0;
  [[nodiscard]] virtual std::string name() const = 0;
  /// What can be said before the choice is made.
  [[nodiscard]] virtual bool streams() const noexcept = 0;
  virtual void add_to(StepInfo& info) const = 0;
};

/// A step that is chosen when it runs; no run of its own.
template <class In, class Out>
class Chosen final : public Runnable<In, Out> {
 public:
  using Choice = std::shared_ptr<const StepChoice<In, Out>>;
  explicit Chosen(Choice choice) : choice_(std::move(choice)) {}
  [[nodiscard]] std::string name() const override { return choice_->name(); }
  [[nodiscard]] bool transparent() const noexcept override { return true; }
  [[nodiscard]] bool streams() const noexcept override { return choice_->streams(); }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, Out>::info().with_shape(StepShape::kChoice);
    choice_->add_to(made);
    return made;
  }

 private:
  using Step = typename StepChoice<In, Out>::Step;
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(choice_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(choice_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return pieces_of_pieces(choice_, std::move(input), std::move(config));
  }
  static Coro<Out> call(Choice choice, In input, RunConfig config) {
    const Step step = choice->choose(config);
    co_return co_await step->invoke(std::move(input), std::move(config));
  }
  static Stream<chunk_of_t<Out>> pieces(Choice choice, In input, RunConfig config) {
    const Step step = choice->choose(config);
    auto output = step->stream(std::move(input), std::move(config));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  static Stream<chunk_of_t<Out>> pieces_of_pieces(Choice choice, Stream<chunk_of_t<In>> input,
                                                  RunConfig config) {
    const Step step = choice->choose(config);
    auto output = step->transform(std::move(input), std::move(config));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  Choice choice_;
};

template <class In, class Out>
Chain<In, Out> make_chosen(std::shared_ptr<const StepChoice<In, Out>> choice) {
  std::shared_ptr<const Runnable<In, Out>> step =
      std::make_shared<const Chosen<In, Out>>(std::move(choice));
  return Chain<In, Out>(std::move(step));
}

/// One of several steps, by its key.
template <class In, class Out>
class Alternatives final : public StepChoice<In, Out> {
 public:
  using Step = typename StepChoice<In, Out>::Step;
  using Steps = std::vector<std::pair<std::string, Step>>;
  Alternatives(std::string id, Steps steps) : id_(std::move(id)), steps_(std::move(steps)) {}
  [[nodiscard]] Step choose(const RunConfig& config) const override {
    const Json chosen = configured(config, id_);
    if (chosen.is_null()) return steps_.front().second;
    std::string known;
    for (const auto& [key, step] : steps_) {
      if (chosen.is_string() && std::string_view(chosen.get_string()) == key) return step;
      known += (known.empty() ? "'" : ", '") + key + "'";
    }
    throw InvalidInputError("configurable '" + id_ + "' is " + json_text(chosen) +
                            ", which is none of " + known);
  }
  [[nodiscard]] std::string name() const override { return "Configurable<" + id_ + ">"; }
  [[nodiscard]] bool streams() const noexcept override {
    return std::all_of(steps_.begin(), steps_.end(),
                       [](const auto& step) { return step.second->streams(); });
  }
  void add_to(StepInfo& info) const override {
    info.with_note("chosen by configurable '" + id_ + "'");
    for (const auto& [key, step] : steps_) info.add(step->info(), key);
  }

 private:
  std::string id_;
  Steps steps_;  // the first is the default
};

/// `defaults`, an object, with those of its members that the configuration says; null if it says
/// nothing of them.
[[nodiscard]] Json configured_members(const RunConfig& config, const Json& defaults);
/// Errors: InvalidInputError that says what is wrong with the members.
[[noreturn]] void throw_bad_members(const DecodeError& error);
[[nodiscard]] std::string member_names(const Json& object);

/// A step that is made of a struct, some of whose members the configuration may set.
template <class Fields, class In, class Out, class Make>
class ChosenFields final : public StepChoice<In, Out> {
 public:
  using Step = typename StepChoice<In, Out>::Step;
  ChosenFields(const Fields& defaults, Make make)
      : defaults_(to_json(defaults)), make_(std::move(make)), usual_(step_of(make_, defaults)) {}
  [[nodiscard]] Step choose(const RunConfig& config) const override {
    const Json chosen = configured_members(config, defaults_);
    if (chosen.is_null()) return usual_;
    return step_of(make_, read(chosen));
  }
  [[nodiscard]] std::string name() const override { return usual_->name(); }
  [[nodiscard]] bool streams() const noexcept override { return usual_->streams(); }
  void add_to(StepInfo& info) const override {
    info.with_note("made of configurable " + member_names(defaults_));
    info.add(usual_->info());
  }

 private:
  static Fields read(const Json& chosen) {
    try {
      return from_json<Fields>(chosen);
    } catch (const DecodeError& error) {
      throw_bad_members(error);
    }
  }
  static Step step_of(const Make& make, const Fields& fields) {
    auto made = make(fields);
    return StepOf<decltype(made)>::share(std::move(made));
  }
  Json defaults_;
  Make make_;
  Step usual_;
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
  return detail::make_chosen<In, Out>(
      std::make_shared<const detail::Alternatives<In, Out>>(std::move(id), std::move(steps)));
}

/// A step that is made of a described struct, whose members may be set for a run by their names:
/// `configurable_fields(Style(), [model](const Style& style) { return with_options(…); })`, and
/// then `RunConfig().with_configurable("temperature", 0.9)`.
/// Shape:  `make(fields)` gives a step, of the same type each time. It is called once with the
///         defaults, and again for each run that sets a member.
/// Errors: InvalidInputError from the run if a member is set to what it cannot hold.
template <class Fields, class Make>
[[nodiscard]] auto configurable_fields(Fields defaults, Make make) {
  using Made = std::remove_cvref_t<decltype(make(std::as_const(defaults)))>;
  detail::check_is_step<Made>();
  using In = typename detail::StepOf<Made>::Input;
  using Out = typename detail::StepOf<Made>::Output;
  return detail::make_chosen<In, Out>(
      std::make_shared<const detail::ChosenFields<Fields, In, Out, Make>>(defaults,
                                                                          std::move(make)));
}

}  // namespace cochain
