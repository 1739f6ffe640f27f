// `prompt | model | parser`: steps become a chain, checked when it is compiled.
#pragma once

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
template <class TheStep, class ItGives, class TheNextStep, class ItWants>
constexpr bool kFit = false;
template <class A, class From, class B, class To>
constexpr bool kFit<Step<A>, Gives<From>, NextStep<B>, Wants<To>> = kStepsMeet<From, To>;
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

template <class In, class Middle, class Wants, class Out>
class Sequence final : public Runnable<In, Out> {
 public:
  using First = std::shared_ptr<const Runnable<In, Middle>>;
  using Second = std::shared_ptr<const Runnable<Wants, Out>>;
  Sequence(First first, Second second) : first_(std::move(first)), second_(std::move(second)) {}

  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return run(first_, second_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return second_->transform(link(first_->stream(std::move(input), config)), config);
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return second_->transform(link(first_->transform(std::move(input), config)), config);
  }

 private:
  static Coro<Out> run(First first, Second second, In input, RunConfig config) {
    Middle middle = co_await first->invoke(std::move(input), config);
    if constexpr (std::is_same_v<Middle, Wants>) {
      co_return co_await second->invoke(std::move(middle), std::move(config));
    } else {
      Wants wanted = StepLink<Middle, Wants>::give(std::move(middle));
      co_return co_await second->invoke(std::move(wanted), std::move(config));
    }
  }
  static Stream<chunk_of_t<Wants>> link(Stream<chunk_of_t<Middle>> chunks) {
    if constexpr (std::is_same_v<Middle, Wants>) {
      return chunks;
    } else {
      return link_whole(std::move(chunks));
    }
  }
  static Stream<chunk_of_t<Wants>> link_whole(Stream<chunk_of_t<Middle>> chunks) {
    std::optional<Middle> whole = co_await fold<Middle>(std::move(chunks));
    if (!whole) co_return;
    Wants wanted = StepLink<Middle, Wants>::give(std::move(*whole));
    for (auto& chunk : ChunkTraits<Wants>::split(std::move(wanted))) co_yield std::move(chunk);
  }

  First first_;
  Second second_;
};

}  // namespace detail

/// Steps joined with `|`: a value that is a Runnable again. A copy shares the steps.
/// Lives: what it returns keeps the steps alive, so `create_task(chain.invoke(x))` may outlive it.
template <class In, class Out>
class Chain final : public Runnable<In, Out> {
 public:
  using Steps = std::shared_ptr<const Runnable<In, Out>>;
  explicit Chain(Steps steps) : steps_(std::move(steps)) {}

  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return keep(steps_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return keep_stream(steps_, steps_->stream(std::move(input), std::move(config)));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig config) const override {
    return keep_stream(steps_, steps_->transform(std::move(input), std::move(config)));
  }
  [[nodiscard]] const Steps& steps() const noexcept { return steps_; }

 protected:
  [[nodiscard]] Steps self() const override { return steps_; }

 private:
  static Coro<Out> keep(Steps steps, In input, RunConfig config) {
    co_return co_await steps->invoke(std::move(input), std::move(config));
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
