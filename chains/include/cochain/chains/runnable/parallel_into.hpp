// Several steps on one input at once: their outputs as the fields of a struct of yours.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/parallel.hpp"

namespace cochain {

namespace detail {

template <class Pointer>
class FieldPointer;
template <class T, class Value>
class FieldPointer<Value T::*> {
 public:
  using Struct = T;
  using Field = Value;
};

/// The name of a field, as its pointer is written: "joke" of `&Answers::joke`.
template <auto Pointer>
std::string field_name() {
  const std::string_view words = __PRETTY_FUNCTION__;
  const std::size_t end = words.find_first_of(";]", words.find("Pointer = "));
  std::size_t start = end;
  while (start > 0 && words[start - 1] != ':' && words[start - 1] != '&') --start;
  std::string name(words.substr(start, end - start));
  std::erase(name, ')');  // some write (&Answers::joke)
  return name;
}

// Words for the first line of the compiler's error, as in compose.hpp.
namespace fit {
template <class T>
class Field;
template <class TheStep, class ItGives, class TheField>
constexpr bool kFills = false;
template <class A, class From, class To>
constexpr bool kFills<Step<A>, Gives<From>, Field<To>> = std::is_convertible_v<From, To>;
template <class T>
class Struct;
template <class T>
class FieldOf;
template <class TheStruct, class TheField>
constexpr bool kHas = false;
template <class T, class Of>
constexpr bool kHas<Struct<T>, FieldOf<Of>> = std::is_base_of_v<Of, T>;
}  // namespace fit

template <class Step, class Gives, class FieldType>
constexpr void check_fills_field() {
  static_assert(fit::kFills<fit::Step<Step>, fit::Gives<Gives>, fit::Field<FieldType>>,
                "the step does not give what the field holds");
}
template <class Struct, class FieldOf>
constexpr void check_has_field() {
  static_assert(fit::kHas<fit::Struct<Struct>, fit::FieldOf<FieldOf>>,
                "the field is that of another struct than the one that is to be filled");
}

/// A step whose output becomes a field of a T.
template <class T, class In>
class FieldStep {
 public:
  explicit FieldStep(std::string the_key) : key(std::move(the_key)) {}
  virtual ~FieldStep() = default;
  /// Both references live in the frame that awaits it.
  [[nodiscard]] virtual Coro<> set(T& whole, const In& input, RunConfig turn) const = 0;
  [[nodiscard]] virtual StepInfo info() const = 0;
  std::string key;
};

template <class T, class In, class Out, auto Pointer>
class FieldStepOf final : public FieldStep<T, In> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  explicit FieldStepOf(Step step)
      : FieldStep<T, In>(field_name<Pointer>()), step_(std::move(step)) {}
  [[nodiscard]] Coro<> set(T& whole, const In& input, RunConfig turn) const override {
    return call(step_, whole, In(input), std::move(turn));
  }
  [[nodiscard]] StepInfo info() const override { return step_->info(); }

 private:
  static Coro<> call(Step step, T& whole, In input, RunConfig turn) {
    Out output = co_await step->invoke(std::move(input), std::move(turn));
    whole.*Pointer = std::move(output);
  }
  Step step_;
};

template <class T, class In>
class ParallelInto final : public Runnable<In, T> {
 public:
  using Steps = std::vector<std::unique_ptr<const FieldStep<T, In>>>;
  explicit ParallelInto(Steps steps) : steps_(std::make_shared<const Steps>(std::move(steps))) {}
  [[nodiscard]] std::string name() const override {
    std::string keys;
    for (const auto& step : *steps_) keys += (keys.empty() ? "" : ",") + step->key;
    return "RunnableParallel<" + keys + ">";
  }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, T>::info().with_shape(StepShape::kParallel);
    for (const auto& step : *steps_) made.add(step->info(), step->key);
    return made;
  }

 private:
  using Shared = std::shared_ptr<const Steps>;
  [[nodiscard]] Coro<T> do_invoke(In input, RunConfig config) const override {
    return fill(steps_, std::move(input), std::move(config));
  }
  static Coro<T> fill(Shared steps, In input, RunConfig config) {
    T whole = T();
    std::vector<ParallelBranch> branches;
    branches.reserve(steps->size());
    for (const auto& step : *steps) {
      branches.emplace_back(step->key, [&step = *step, &whole, &input](RunConfig turn) {
        return step.set(whole, input, std::move(turn));
      });
    }
    Coro<> running = run_branches(std::move(branches), std::move(config));
    co_await std::move(running);
    co_return whole;
  }
  Shared steps_;
};

}  // namespace detail

/// What field() gives: a step, and the field that its output goes to.
template <auto Pointer, class A>
class Field {
 public:
  explicit Field(A the_step) : step(std::move(the_step)) {}
  A step;
};

/// A step whose output becomes a field: `field<&Answers::joke>(joke_chain)`.
/// Errors: does not compile if the field does not take what the step gives, and says which.
template <auto Pointer, detail::Step A>
[[nodiscard]] Field<Pointer, std::remove_cvref_t<A>> field(A&& step) {
  using Given = std::remove_cvref_t<A>;
  detail::check_fills_field<Given, typename detail::StepOf<Given>::Output,
                            typename detail::FieldPointer<decltype(Pointer)>::Field>();
  return Field<Pointer, Given>(std::forward<A>(step));
}

/// All steps at once on the same input, and a struct of what they give:
/// `parallel_into<Answers>(field<&Answers::joke>(joke), field<&Answers::poem>(poem))`.
/// Shape:    the struct is made by its default constructor. In events and drawings a step is called
///           as its field. In a stream it arrives whole.
/// Suspends: as parallel().
/// Errors:   as parallel(). Does not compile if a field is none of the struct.
template <class T, auto Pointer, class A, auto... Pointers, class... Rest>
  requires std::default_initializable<T>
[[nodiscard]] auto parallel_into(Field<Pointer, A> first, Field<Pointers, Rest>... rest) {
  using In = typename detail::StepOf<A>::Input;
  typename detail::ParallelInto<T, In>::Steps steps;
  const auto add = [&steps]<auto P, class B>(Field<P, B> item) {
    using FieldOf = typename detail::FieldPointer<decltype(P)>::Struct;
    using Its = detail::StepOf<B>;
    using FieldType = typename detail::FieldPointer<decltype(P)>::Field;
    detail::check_has_field<T, FieldOf>();
    detail::check_same_input<A, In, B, typename Its::Input>();
    if constexpr (std::is_base_of_v<FieldOf, T> && std::is_same_v<In, typename Its::Input> &&
                  std::is_convertible_v<typename Its::Output, FieldType>) {
      steps.push_back(std::make_unique<const detail::FieldStepOf<T, In, typename Its::Output, P>>(
          Its::share(std::move(item.step))));
    }
  };
  add(std::move(first));
  (add(std::move(rest)), ...);
  std::shared_ptr<const Runnable<In, T>> step =
      std::make_shared<const detail::ParallelInto<T, In>>(std::move(steps));
  return Chain<In, T>(std::move(step));
}

}  // namespace cochain
