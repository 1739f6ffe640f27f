// `prompt | model | parser`: steps become a chain, checked when it is compiled.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

/// How the output of one step becomes the input of the next where the types differ.
/// Shape: specialise `give(From) -> To` to let two types of your own meet. Streams are added up
///        first, since a piece of one type is no piece of another.
template <class From, class To>
class StepLink {
 public:
  static constexpr bool kMeets = false;
};
template <class From, class To>
  requires(!std::is_same_v<From, To> && std::is_convertible_v<From, To>)
class StepLink<From, To> {
 public:
  static constexpr bool kMeets = true;
  static To give(From value) { return To(std::move(value)); }
};
/// Text given to a chat model is what the user says.
template <>
class StepLink<std::string, Messages> {
 public:
  static constexpr bool kMeets = true;
  static Messages give(std::string text) { return messages(HumanMessage(std::move(text))); }
};

namespace detail {

// The functions of other headers, for the members of Chain: they are looked up when they are used,
// and then their header must have been included.
template <class Step, class... Args>
auto call_with_retry(const Step& step, Args&&... args) {
  return with_retry(step, std::forward<Args>(args)...);
}
template <class Step, class... Args>
auto call_with_fallbacks(const Step& step, Args&&... args) {
  return with_fallbacks(step, std::forward<Args>(args)...);
}
template <class Step, class... Args>
auto call_with_timeout(const Step& step, Args&&... args) {
  return with_timeout(step, std::forward<Args>(args)...);
}
template <class Step, class... Args>
auto call_with_config(const Step& step, Args&&... args) {
  return with_config(step, std::forward<Args>(args)...);
}
template <class Step, class... Args>
auto call_with_listeners(const Step& step, Args&&... args) {
  return with_listeners(step, std::forward<Args>(args)...);
}
template <class Step>
auto call_explain(const Step& step) {
  return explain(step);
}
template <class Step>
auto call_each(const Step& step) {
  return each(step);
}

template <class From, class To>
constexpr bool kStepsMeet = std::is_same_v<From, To> || StepLink<From, To>::kMeets;

// Words for the first line of the compiler's error. g++ writes what the parameters of the failing
// function stand for, and clang the condition with all types put in: both come out as words.
namespace fit {
template <class T>
class Step;
template <class T>
class Gives;
template <class T>
class NextStep;
template <class T>
class Wants;
template <class T>
class Takes;
template <class T>
class OtherStep;
template <class TheStep, class ItGives, class TheNextStep, class ItWants>
constexpr bool kFit = false;
template <class A, class From, class B, class To>
constexpr bool kFit<Step<A>, Gives<From>, NextStep<B>, Wants<To>> = kStepsMeet<From, To>;
template <class TheStep, class Its, class TheOtherStep, class TheOthers>
constexpr bool kSame = false;
template <class A, class B, template <class> class Its, class T>
constexpr bool kSame<Step<A>, Its<T>, OtherStep<B>, Its<T>> = true;
}  // namespace fit

template <class Step, class Gives, class NextStep, class Wants>
constexpr void check_steps_fit() {
  static_assert(
      fit::kFit<fit::Step<Step>, fit::Gives<Gives>, fit::NextStep<NextStep>, fit::Wants<Wants>>,
      "these two steps do not fit together: in `Step | NextStep`, what Step gives is not what "
      "NextStep wants; put a step between them that turns the one into the other");
}

/// A type that is, or points to, a Runnable.
template <class T>
class StepOf {
 public:
  static constexpr bool kIsStep = false;
};
template <class T>
  requires requires {
    typename T::Input;
    typename T::Output;
    requires std::is_base_of_v<Runnable<typename T::Input, typename T::Output>, T>;
  }
class StepOf<T> {
 public:
  static constexpr bool kIsStep = true;
  using Input = typename T::Input;
  using Output = typename T::Output;
  static std::shared_ptr<const Runnable<Input, Output>> share(T step) {
    return std::make_shared<const T>(std::move(step));
  }
};
template <class T>
  requires StepOf<std::remove_const_t<T>>::kIsStep
class StepOf<std::shared_ptr<T>> {
 public:
  static constexpr bool kIsStep = true;
  using Input = typename T::Input;
  using Output = typename T::Output;
  static std::shared_ptr<const Runnable<Input, Output>> share(std::shared_ptr<T> step) {
    if (!step) throw InvalidStateError("a chain was given an empty pointer as a step");
    return step;
  }
};

template <class T>
concept Step = StepOf<std::remove_cvref_t<T>>::kIsStep;

template <class Given>
constexpr void check_is_step() {
  static_assert(StepOf<Given>::kIsStep,
                "what was given here is no step: give a Runnable, a shared_ptr to one, or a "
                "function as lambda(function)");
}
template <class Step, class Takes, class OtherStep, class OtherTakes>
constexpr void check_same_input() {
  static_assert(fit::kSame<fit::Step<Step>, fit::Takes<Takes>, fit::OtherStep<OtherStep>,
                           fit::Takes<OtherTakes>>,
                "these steps are given the same input, but they do not take the same type");
}
template <class Step, class Gives, class OtherStep, class OtherGives>
constexpr void check_same_output() {
  static_assert(fit::kSame<fit::Step<Step>, fit::Gives<Gives>, fit::OtherStep<OtherStep>,
                           fit::Gives<OtherGives>>,
                "one of these steps is run in place of the other, but they do not give the same "
                "type");
}
/// Adds `step` to `steps`, which can stand for each other: same input, same output as `First`.
template <class First, class Add, class Other>
void add_alternative(Add add, Other step) {
  check_is_step<Other>();
  if constexpr (StepOf<Other>::kIsStep) {
    using Mine = StepOf<First>;
    using Its = StepOf<Other>;
    check_same_input<First, typename Mine::Input, Other, typename Its::Input>();
    check_same_output<First, typename Mine::Output, Other, typename Its::Output>();
    if constexpr (std::is_same_v<typename Mine::Input, typename Its::Input> &&
                  std::is_same_v<typename Mine::Output, typename Its::Output>) {
      add(Its::share(std::move(step)));
    }
  }
}

/// A sequence as a part of a longer one, which numbers the steps through.
template <class In, class Out>
class NumberedSteps : public Runnable<In, Out> {
 public:
  [[nodiscard]] virtual std::size_t count() const noexcept = 0;
  [[nodiscard]] virtual Coro<Out> invoke_from(std::size_t number, In input,
                                              RunConfig config) const = 0;
  [[nodiscard]] virtual Stream<chunk_of_t<Out>> stream_from(std::size_t number, In input,
                                                            RunConfig config) const = 0;
  [[nodiscard]] virtual Stream<chunk_of_t<Out>> transform_from(std::size_t number,
                                                               Stream<chunk_of_t<In>> input,
                                                               RunConfig config) const = 0;
};

/// One of the two sides of a `|`: a step, or a sequence whose steps are steps of this one, too.
template <class In, class Out>
class Side {
 public:
  explicit Side(std::shared_ptr<const Runnable<In, Out>> step)
      : step_(std::move(step)), steps_(dynamic_cast<const NumberedSteps<In, Out>*>(step_.get())) {}

  [[nodiscard]] std::size_t count() const noexcept { return steps_ ? steps_->count() : 1; }
  [[nodiscard]] Coro<Out> invoke(std::size_t number, In input, const RunConfig& config) const {
    if (steps_) return steps_->invoke_from(number, std::move(input), config);
    return step_->invoke(std::move(input), config.child("seq:step", number));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> stream(std::size_t number, In input,
                                               const RunConfig& config) const {
    if (steps_) return steps_->stream_from(number, std::move(input), config);
    return step_->stream(std::move(input), config.child("seq:step", number));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> transform(std::size_t number, Stream<chunk_of_t<In>> input,
                                                  const RunConfig& config) const {
    if (steps_) return steps_->transform_from(number, std::move(input), config);
    return step_->transform(std::move(input), config.child("seq:step", number));
  }
  void add_to(StepInfo& info) const {
    StepInfo mine = step_->info();
    if (!steps_) {
      info.add(std::move(mine));
      return;
    }
    for (StepInfo& part : mine.parts) info.add(std::move(part));
  }
  [[nodiscard]] bool streams() const noexcept { return step_->streams(); }
  [[nodiscard]] const RunnableBase& step() const noexcept { return *step_; }

 private:
  std::shared_ptr<const Runnable<In, Out>> step_;
  const NumberedSteps<In, Out>* steps_;  // step_, if it is a sequence itself
};

template <class In, class Middle, class Wants, class Out>
class Sequence final : public NumberedSteps<In, Out> {
 public:
  using First = std::shared_ptr<const Runnable<In, Middle>>;
  using Second = std::shared_ptr<const Runnable<Wants, Out>>;
  Sequence(First first, Second second) : first_(std::move(first)), second_(std::move(second)) {}

  [[nodiscard]] std::string name() const override { return "RunnableSequence"; }
  [[nodiscard]] std::size_t count() const noexcept override {
    return first_.count() + second_.count();
  }
  [[nodiscard]] bool streams() const noexcept override {
    return std::is_same_v<Middle, Wants> && first_.streams() && second_.streams();
  }
  [[nodiscard]] Json input_schema() const override { return first_.step().input_schema(); }
  [[nodiscard]] Json output_schema() const override { return second_.step().output_schema(); }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = NumberedSteps<In, Out>::info().with_shape(StepShape::kSequence);
    first_.add_to(made);
    second_.add_to(made);
    return made;
  }

  [[nodiscard]] Coro<Out> invoke_from(std::size_t number, In input,
                                      RunConfig config) const override {
    return run(first_, second_, number, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> stream_from(std::size_t number, In input,
                                                    RunConfig config) const override {
    auto middle = link(first_.stream(number, std::move(input), config));
    return second_.transform(number + first_.count(), std::move(middle), config);
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> transform_from(std::size_t number,
                                                       Stream<chunk_of_t<In>> input,
                                                       RunConfig config) const override {
    auto middle = link(first_.transform(number, std::move(input), config));
    return second_.transform(number + first_.count(), std::move(middle), config);
  }

 protected:
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return run(first_, second_, 1, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return stream_from(1, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return transform_from(1, std::move(input), std::move(config));
  }

 private:
  // The sides by value: what this returns keeps the steps alive.
  static Coro<Out> run(Side<In, Middle> first, Side<Wants, Out> second, std::size_t number,
                       In input, RunConfig config) {
    Middle middle = co_await first.invoke(number, std::move(input), config);
    number += first.count();
    if constexpr (std::is_same_v<Middle, Wants>) {
      co_return co_await second.invoke(number, std::move(middle), config);
    } else {
      Wants wanted = StepLink<Middle, Wants>::give(std::move(middle));
      co_return co_await second.invoke(number, std::move(wanted), config);
    }
  }
  static Stream<chunk_of_t<Wants>> link(Stream<chunk_of_t<Middle>> chunks) {
    if constexpr (std::is_same_v<Middle, Wants>) {
      return chunks;
    } else {
      return link_whole(std::move(chunks));
    }
  }
  static Stream<chunk_of_t<Wants>> link_whole(Stream<chunk_of_t<Middle>> chunks)
    requires(!std::is_same_v<Middle, Wants>)
  {
    std::optional<Middle> whole = co_await fold<Middle>(std::move(chunks));
    if (!whole) co_return;
    Wants wanted = StepLink<Middle, Wants>::give(std::move(*whole));
    for (auto& chunk : ChunkTraits<Wants>::split(std::move(wanted))) co_yield std::move(chunk);
  }

  Side<In, Middle> first_;
  Side<Wants, Out> second_;
};

}  // namespace detail

/// Steps joined with `|`: a value that is a Runnable again. A copy shares the steps.
/// Lives: what it returns keeps the steps alive, so `create_task(chain.invoke(x))` may outlive it.
template <class In, class Out>
class Chain final : public Runnable<In, Out> {
 public:
  using Steps = std::shared_ptr<const Runnable<In, Out>>;
  explicit Chain(Steps steps) : steps_(std::move(steps)) {}

  [[nodiscard]] const Steps& steps() const noexcept { return steps_; }
  [[nodiscard]] std::string name() const override { return steps_->name(); }
  [[nodiscard]] RunKind kind() const noexcept override { return steps_->kind(); }
  [[nodiscard]] StepInfo info() const override { return steps_->info(); }
  [[nodiscard]] bool streams() const noexcept override { return steps_->streams(); }
  [[nodiscard]] Json input_schema() const override { return steps_->input_schema(); }
  [[nodiscard]] Json output_schema() const override { return steps_->output_schema(); }
  [[nodiscard]] bool transparent() const noexcept override { return steps_->transparent(); }

  /// The functions of the same names with this chain as their first argument; include their
  /// headers: resilience.hpp, binding.hpp, each.hpp, graph_view.hpp, or all with chains.hpp.
  template <class... Args>
  [[nodiscard]] auto with_retry(Args&&... args) const {
    return detail::call_with_retry(*this, std::forward<Args>(args)...);
  }
  template <class... Others>
  [[nodiscard]] auto with_fallbacks(Others&&... others) const {
    return detail::call_with_fallbacks(*this, std::forward<Others>(others)...);
  }
  template <class Limit>
  [[nodiscard]] auto with_timeout(Limit limit) const {
    return detail::call_with_timeout(*this, limit);
  }
  template <class Config>
  [[nodiscard]] auto with_config(Config config) const {
    return detail::call_with_config(*this, std::move(config));
  }
  template <class Listeners>
  [[nodiscard]] auto with_listeners(Listeners listeners) const {
    return detail::call_with_listeners(*this, std::move(listeners));
  }
  /// each(chain): a list in, a list out.
  template <class Self = Chain>
  [[nodiscard]] auto map() const {
    return detail::call_each(static_cast<const Self&>(*this));
  }
  template <class Self = Chain>
  [[nodiscard]] std::string explain() const {
    return detail::call_explain(static_cast<const Self&>(*this));
  }

 protected:
  using Held = typename Runnable<In, Out>::Held;
  [[nodiscard]] Steps self() const override { return steps_; }
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return keep(steps_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return keep_stream(steps_, Held::stream(*steps_, std::move(input), std::move(config)));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return keep_stream(steps_, Held::transform(*steps_, std::move(input), std::move(config)));
  }

 private:
  static Coro<Out> keep(Steps steps, In input, RunConfig config) {
    co_return co_await Held::invoke(*steps, std::move(input), std::move(config));
  }
  static Stream<chunk_of_t<Out>> keep_stream([[maybe_unused]] Steps steps,
                                             Stream<chunk_of_t<Out>> output) {
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }

  Steps steps_;
};

namespace detail {

template <class In, class Out>
class StepOf<Chain<In, Out>> {
 public:
  static constexpr bool kIsStep = true;
  using Input = In;
  using Output = Out;
  static std::shared_ptr<const Runnable<In, Out>> share(Chain<In, Out> chain) {
    return chain.steps();
  }
};

}  // namespace detail

/// Gives the output of `first` to `second`, piece by piece where both can.
/// Shape:  a step is a Runnable, or a shared_ptr to one; the result is a Chain.
/// Errors: does not compile if the types do not meet, and says which.
template <detail::Step A, detail::Step B>
[[nodiscard]] auto operator|(A&& first, B&& second) {
  using First = detail::StepOf<std::remove_cvref_t<A>>;
  using Second = detail::StepOf<std::remove_cvref_t<B>>;
  using Gives = typename First::Output;
  using Wants = typename Second::Input;
  detail::check_steps_fit<std::remove_cvref_t<A>, Gives, std::remove_cvref_t<B>, Wants>();
  using In = typename First::Input;
  using Out = typename Second::Output;
  if constexpr (detail::kStepsMeet<Gives, Wants>) {
    return Chain<In, Out>(std::make_shared<const detail::Sequence<In, Gives, Wants, Out>>(
        First::share(std::forward<A>(first)), Second::share(std::forward<B>(second))));
  } else {
    return Chain<In, Out>(nullptr);  // the error is said already; let none follow from it
  }
}

}  // namespace cochain
