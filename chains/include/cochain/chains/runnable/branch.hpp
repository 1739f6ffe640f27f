// Steps that choose one of several.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/runnable/lambda.hpp"

namespace cochain {

namespace detail {

template <class In, class Out>
class BranchArms {
 public:
  using Condition = std::shared_ptr<const Runnable<In, bool>>;
  using Target = std::shared_ptr<const Runnable<In, Out>>;
  std::vector<std::pair<Condition, Target>> arms;
  Target otherwise;
};

/// A condition as a step: one that is a step already, or a function to bool.
template <class In, class C>
std::shared_ptr<const Runnable<In, bool>> share_condition(C condition) {
  if constexpr (StepOf<C>::kIsStep) {
    return StepOf<C>::share(std::move(condition));
  } else {
    return lambda<In>(std::string("condition"), std::move(condition)).steps();
  }
}

template <class First, class In, class Out, class Otherwise>
void add_arms(BranchArms<In, Out>& arms, Otherwise otherwise) {
  add_alternative<First>([&arms](auto step) { arms.otherwise = std::move(step); },
                         std::move(otherwise));
}
template <class First, class In, class Out, class C, class Target, class... Rest>
  requires(sizeof...(Rest) > 0)
void add_arms(BranchArms<In, Out>& arms, C condition, Target target, Rest... rest) {
  const auto add = [&](auto step) {
    arms.arms.emplace_back(share_condition<In>(std::move(condition)), std::move(step));
  };
  add_alternative<First>(add, std::move(target));
  add_arms<First>(arms, std::move(rest)...);
}

template <class In, class Out>
class Branch final : public Runnable<In, Out> {
 public:
  using Arms = std::shared_ptr<const BranchArms<In, Out>>;
  using Target = typename BranchArms<In, Out>::Target;
  explicit Branch(BranchArms<In, Out> arms)
      : arms_(std::make_shared<const BranchArms<In, Out>>(std::move(arms))) {}
  [[nodiscard]] std::string name() const override { return "RunnableBranch"; }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<In, Out>::info().with_shape(StepShape::kChoice);
    std::size_t number = 0;
    for (const auto& [condition, target] : arms_->arms) {
      made.add(target->info(), "branch:" + std::to_string(++number));
    }
    return made.add(arms_->otherwise->info(), "branch:default");
  }

 private:
  // The chosen step, and the configuration that says which it was.
  class Chosen {
   public:
    Chosen() = default;
    Target target;
    RunConfig config;
  };

  [[nodiscard]] Coro<Out> do_invoke(In input, RunConfig config) const override {
    return call(arms_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(In input, RunConfig config) const override {
    return pieces(arms_, std::move(input), std::move(config));
  }
  static Coro<Chosen> choose(Arms arms, In input, RunConfig config) {
    Chosen chosen;
    std::size_t number = 0;
    for (const auto& [condition, target] : arms->arms) {
      ++number;
      In copy = input;
      const bool holds =
          co_await condition->invoke(std::move(copy), config.child("condition", number));
      if (!holds) continue;
      chosen.target = target;
      chosen.config = config.child("branch", number);
      co_return chosen;
    }
    chosen.target = arms->otherwise;
    chosen.config = config.child("branch", "default");
    co_return chosen;
  }
  static Coro<Out> call(Arms arms, In input, RunConfig config) {
    Chosen chosen = co_await choose(std::move(arms), input, std::move(config));
    co_return co_await chosen.target->invoke(std::move(input), std::move(chosen.config));
  }
  static Stream<chunk_of_t<Out>> pieces(Arms arms, In input, RunConfig config) {
    Chosen chosen = co_await choose(std::move(arms), input, std::move(config));
    Stream<chunk_of_t<Out>> output =
        chosen.target->stream(std::move(input), std::move(chosen.config));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }

  Arms arms_;
};

}  // namespace detail

/// The first step whose condition holds, else the last one:
/// `branch(is_question, answer, is_order, obey, small_talk)`.
/// Shape:    a condition is a function `bool(In)`, plain or a coroutine, or a step that gives a
///           bool. All steps take the same input and give the same output. What is chosen is
///           streamed; the input is waited for.
/// Errors:   what the conditions and the chosen step throw.
template <class C, detail::Step Target, class... Rest>
[[nodiscard]] auto branch(C condition, Target target, Rest... rest) {
  static_assert(sizeof...(Rest) % 2 == 1,
                "branch() takes conditions and steps in turn, and one step for all other cases");
  using In = typename detail::StepOf<Target>::Input;
  using Out = typename detail::StepOf<Target>::Output;
  detail::BranchArms<In, Out> arms;
  detail::add_arms<Target>(arms, std::move(condition), std::move(target), std::move(rest)...);
  std::shared_ptr<const Runnable<In, Out>> step =
      std::make_shared<const detail::Branch<In, Out>>(std::move(arms));
  return Chain<In, Out>(std::move(step));
}

/// What a router is given: which step, and what for.
template <class In>
class RouterInput {
 public:
  RouterInput() = default;
  RouterInput(std::string the_key, In the_input)
      : key(std::move(the_key)), input(std::move(the_input)) {}
  std::string key;
  In input;
};

namespace detail {

template <class In, class Out>
class Router final : public Runnable<RouterInput<In>, Out> {
 public:
  using Target = std::shared_ptr<const Runnable<In, Out>>;
  using Targets = std::vector<std::pair<std::string, Target>>;
  explicit Router(Targets targets)
      : targets_(std::make_shared<const Targets>(std::move(targets))) {}
  [[nodiscard]] std::string name() const override { return "RouterRunnable"; }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<RouterInput<In>, Out>::info().with_shape(StepShape::kChoice);
    for (const auto& [key, target] : *targets_) made.add(target->info(), key);
    return made;
  }

 private:
  using Shared = std::shared_ptr<const Targets>;
  [[nodiscard]] Coro<Out> do_invoke(RouterInput<In> input, RunConfig config) const override {
    return call(targets_, std::move(input), std::move(config));
  }
  [[nodiscard]] Stream<chunk_of_t<Out>> do_stream(RouterInput<In> input,
                                                  RunConfig config) const override {
    return pieces(targets_, std::move(input), std::move(config));
  }
  static const Target& find(const Targets& targets, const std::string& key) {
    std::string known;
    for (const auto& [name, target] : targets) {
      if (name == key) return target;
      known += (known.empty() ? "'" : ", '") + name + "'";
    }
    throw InvalidInputError("router(): there is no step '" + key + "', but " + known);
  }
  static Coro<Out> call(Shared targets, RouterInput<In> input, RunConfig config) {
    const Target& target = find(*targets, input.key);
    co_return co_await target->invoke(std::move(input.input), std::move(config));
  }
  static Stream<chunk_of_t<Out>> pieces(Shared targets, RouterInput<In> input, RunConfig config) {
    const Target& target = find(*targets, input.key);
    Stream<chunk_of_t<Out>> output = target->stream(std::move(input.input), std::move(config));
    while (auto chunk = co_await output.next()) co_yield std::move(*chunk);
  }
  Shared targets_;
};

template <class First, class Targets>
void add_routes(Targets&) {}
template <class First, class Targets, class A, class... Rest>
void add_routes(Targets& targets, std::string key, A step, Rest... rest) {
  const auto add = [&](auto shared) { targets.emplace_back(std::move(key), std::move(shared)); };
  add_alternative<First>(add, std::move(step));
  add_routes<First>(targets, std::move(rest)...);
}

}  // namespace detail

/// The step that the input names: `router("math", math_chain, "history", history_chain)`.
/// Errors: InvalidInputError for a name that is not there, with those that are.
template <detail::Step A, class... Rest>
[[nodiscard]] auto router(std::string key, A first, Rest... rest) {
  static_assert(sizeof...(Rest) % 2 == 0, "router() takes names and steps in turn");
  using In = typename detail::StepOf<A>::Input;
  using Out = typename detail::StepOf<A>::Output;
  typename detail::Router<In, Out>::Targets targets;
  detail::add_routes<A>(targets, std::move(key), std::move(first), std::move(rest)...);
  std::shared_ptr<const Runnable<RouterInput<In>, Out>> step =
      std::make_shared<const detail::Router<In, Out>>(std::move(targets));
  return Chain<RouterInput<In>, Out>(std::move(step));
}

}  // namespace cochain
