// One step for each item of a list.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/runnable/compose.hpp"

namespace cochain {

namespace detail {

template <class In, class Out>
class Each final : public Runnable<std::vector<In>, std::vector<Out>> {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  explicit Each(Step step) : step_(std::move(step)) {}
  [[nodiscard]] std::string name() const override { return "RunnableEach<" + step_->name() + ">"; }
  [[nodiscard]] StepInfo info() const override {
    StepInfo made = Runnable<std::vector<In>, std::vector<Out>>::info();
    return made.with_shape(StepShape::kWrapper).add(step_->info(), "each");
  }

 private:
  [[nodiscard]] Coro<std::vector<Out>> do_invoke(std::vector<In> inputs,
                                                 RunConfig config) const override {
    return call(step_, std::move(inputs), std::move(config));
  }
  static Coro<std::vector<Out>> call(Step step, std::vector<In> inputs, RunConfig config) {
    Turns turns(std::move(config));  // the own turn is taken again before an error goes on
    std::vector<std::optional<Out>> places(inputs.size());
    std::exception_ptr error;
    {
      Stream<BatchItem<Out>> items = step->batch_as_completed(std::move(inputs), turns.config());
      while (auto item = co_await items.next()) {
        if (!item->outcome) {
          error = item->outcome.error();
          break;  // drops the stream, and with it the items that still run
        }
        places[item->index] = std::move(item->outcome).value();
      }
    }
    co_await turns.done();
    if (error) std::rethrow_exception(std::move(error));
    std::vector<Out> outputs;
    outputs.reserve(places.size());
    for (std::optional<Out>& place : places) outputs.push_back(std::move(*place));
    co_return outputs;
  }
  Step step_;
};

}  // namespace detail

/// The step for each item of a list, at once: LangChain's `.map()`.
/// Shape:  outputs in the order of the inputs.
/// Errors: the first error of an item: the others are stopped, and it is thrown.
template <detail::Step A>
[[nodiscard]] auto each(A&& step) {
  using Step = detail::StepOf<std::remove_cvref_t<A>>;
  using In = typename Step::Input;
  using Out = typename Step::Output;
  std::shared_ptr<const Runnable<std::vector<In>, std::vector<Out>>> made =
      std::make_shared<const detail::Each<In, Out>>(Step::share(std::forward<A>(step)));
  return Chain<std::vector<In>, std::vector<Out>>(std::move(made));
}

}  // namespace cochain
