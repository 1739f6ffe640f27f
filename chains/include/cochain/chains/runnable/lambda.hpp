// Functions as steps: plain ones, coroutines, and functions from stream to stream.
#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "cochain/chains/runnable/compose.hpp"

namespace cochain {

namespace detail {

// What a callable takes and gives, read off its call operator.
template <class F>
class CallableTraits : public CallableTraits<decltype(&F::operator())> {};
template <class R, class A, class... More>
class CallableTraits<R (*)(A, More...)> {
 public:
  using Argument = std::remove_cvref_t<A>;
  using Result = R;
};
template <class C, class R, class A, class... More>
class CallableTraits<R (C::*)(A, More...) const> : public CallableTraits<R (*)(A, More...)> {};
template <class C, class R, class A, class... More>
class CallableTraits<R (C::*)(A, More...)> : public CallableTraits<R (*)(A, More...)> {};

template <class T>
class CoroValue {
 public:
  using Type = T;
  static constexpr bool kIsCoro = false;
};
template <class T>
class CoroValue<Coro<T>> {
 public:
  using Type = T;
  static constexpr bool kIsCoro = true;
};

// What a lambda step gives: that of its function, of the coroutine it returns, or of the step.
template <class R>
class LambdaResult {
 public:
  using Value = typename CoroValue<R>::Type;
  using Output = Value;
};
template <class R>
  requires StepOf<std::remove_cvref_t<typename CoroValue<R>::Type>>::kIsStep
class LambdaResult<R> {
 public:
  using Value = typename CoroValue<R>::Type;
  using Output = typename StepOf<std::remove_cvref_t<Value>>::Output;
};

template <class F, class In>
decltype(auto) call_lambda(const F& function, In input, const RunConfig& config) {
  if constexpr (std::is_invocable_v<const F&, In, RunConfig>) {
    return function(std::move(input), config);
  } else {
    return function(std::move(input));
  }
}

/// The configuration for a step that a step returned: one less of these may follow.
/// Errors: RecursionError when the limit is reached.
[[nodiscard]] RunConfig one_deeper(const RunConfig& config);

template <class In, class Out, class F>
class Lambda final : public Runnable<In, Out> {
 public:
  Lambda(std::string name, F function)
      : name_(std::move(name)), function_(std::make_shared<const F>(std::move(function))) {}
  [[nodiscard]] std::string name() const override { return name_; }

 private:
  using Function = std::shared_ptr<const F>;
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(function_, std::move(input), std::move(config));
  }
  // Of a step that the function gives, the pieces go through.
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    using Returned = decltype(call_lambda<F, In>(*function_, std::declval<In>(), config));
    if constexpr (StepOf<std::remove_cvref_t<typename LambdaResult<Returned>::Value>>::kIsStep) {
      return pieces(function_, std::move(input), std::move(config));
    } else {
      return Runnable<In, Out>::do_stream(std::move(input), std::move(config));
    }
  }
  static Stream<chunk_of_t<Out>> pieces(Function function, In input, RunConfig config) {
    using Returned = decltype(call_lambda<F, In>(*function, std::declval<In>(), config));
    using Given = StepOf<std::remove_cvref_t<typename LambdaResult<Returned>::Value>>;
    In again = input;
    auto given = co_await value_of<Returned>(function, std::move(input), config);
    auto step = Given::share(std::move(given));
    RunConfig deeper = one_deeper(config);
    auto output = step->stream(std::move(again), std::move(deeper));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  static Coro<Out> call(Function function, In input, RunConfig config) {
    using Returned = decltype(call_lambda<F, In>(*function, std::declval<In>(), config));
    using Value = typename LambdaResult<Returned>::Value;
    if constexpr (StepOf<std::remove_cvref_t<Value>>::kIsStep) {
      In again = input;
      auto given = co_await value_of<Returned>(function, std::move(input), config);
      auto step = StepOf<std::remove_cvref_t<Value>>::share(std::move(given));
      RunConfig deeper = one_deeper(config);
      co_return co_await step->invoke(std::move(again), std::move(deeper));
    } else if constexpr (CoroValue<Returned>::kIsCoro) {
      Returned running = call_lambda<F, In>(*function, std::move(input), config);
      co_return co_await std::move(running);
    } else {
      co_return call_lambda<F, In>(*function, std::move(input), config);
    }
  }
  template <class Returned>
  static Coro<typename CoroValue<Returned>::Type> value_of(Function function, In input,
                                                           RunConfig config) {
    if constexpr (CoroValue<Returned>::kIsCoro) {
      Returned running = call_lambda<F, In>(*function, std::move(input), config);
      co_return co_await std::move(running);
    } else {
      co_return call_lambda<F, In>(*function, std::move(input), config);
    }
  }

  std::string name_;
  Function function_;
};

template <class In, class Out, class F>
class Generator final : public Runnable<In, Out> {
 public:
  Generator(std::string name, F function)
      : name_(std::move(name)), function_(std::make_shared<const F>(std::move(function))) {}
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] bool streams() const noexcept override { return true; }

 private:
  using Function = std::shared_ptr<const F>;
  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig) const override {
    return whole(function_, std::move(input));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig) const override {
    return pieces(function_, pieces_of(std::move(input)));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_transform(Stream<chunk_of_t<In>> input,
                                                     RunConfig) const override {
    return pieces(function_, std::move(input));
  }
  static Stream<chunk_of_t<In>> pieces_of(In input) {
    for (auto& chunk : ChunkTraits<In>::split(std::move(input))) co_yield std::move(chunk);
  }
  static Stream<chunk_of_t<Out>> pieces(Function function, Stream<chunk_of_t<In>> input) {
    Stream<chunk_of_t<Out>> output = (*function)(std::move(input));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  static Coro<Out> whole(Function function, In input) {
    std::optional<Out> sum =
        co_await fold<Out>(pieces(std::move(function), pieces_of(std::move(input))));
    co_return sum ? std::move(*sum) : Out();
  }

  std::string name_;
  Function function_;
};

}  // namespace detail

/// A function as a step: `prompt | model | lambda("shout", [](AIMessage m) { … })`.
/// Shape:    `f(In)` or `f(In, RunConfig)`, plain or a coroutine. It waits for all of its input. If
///           it gives a step, that one is run on the same input: a chain that chooses its way.
///           Where `f` is generic, say what it takes: `lambda<std::string>("name", f)`.
/// Suspends: as `f` does; a plain function that blocks, blocks the loop: see to_thread().
/// Lives:    the step keeps `f` while it runs, so a coroutine lambda may capture.
/// Errors:   what `f` throws; RecursionError if steps give steps without end.
template <class In, class F>
[[nodiscard]] auto lambda(std::string name, F function) {
  using Returned = decltype(detail::call_lambda<F, In>(function, std::declval<In>(), RunConfig()));
  using Out = typename detail::LambdaResult<Returned>::Output;
  std::shared_ptr<const Runnable<In, Out>> step =
      std::make_shared<const detail::Lambda<In, Out, F>>(std::move(name), std::move(function));
  return Chain<In, Out>(std::move(step));
}
template <class F>
[[nodiscard]] auto lambda(std::string name, F function) {
  using In = typename detail::CallableTraits<F>::Argument;
  return lambda<In, F>(std::move(name), std::move(function));
}
template <class F>
  requires(!std::convertible_to<F, std::string>)
[[nodiscard]] auto lambda(F function) {
  return lambda(std::string("RunnableLambda"), std::move(function));
}

/// A function from the pieces of an In to the pieces of an Out: the step of your own that streams.
/// Shape:    `generator<std::string, std::string>("upper", [](Stream<std::string> in) ->
///           Stream<std::string> { while (auto s = co_await in.next()) co_yield upper(*s); })`.
/// Lives:    as lambda(); but a coroutine lambda that captures must not be a temporary inside of
///           its own call: it is kept by the step.
template <class In, class Out, class F>
[[nodiscard]] Chain<In, Out> generator(std::string name, F function) {
  std::shared_ptr<const Runnable<In, Out>> step =
      std::make_shared<const detail::Generator<In, Out, F>>(std::move(name), std::move(function));
  return Chain<In, Out>(std::move(step));
}

}  // namespace cochain
