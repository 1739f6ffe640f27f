// Sums of tokens.

#include "cochain/chains/runnable/usage_observer.hpp"

#include "cochain/chains/model/message.hpp"

namespace cochain {

void UsageObserver::on_end(const Run& run, const RunValue&, const RunValue& output) {
  ++calls_;
  const AIMessage* answer = output.get_if<AIMessage>();
  if (answer == nullptr || !answer->usage.known) {
    ++unknown_;
    return;
  }
  by_model_[answer->model.empty() ? run.name() : answer->model] += answer->usage;
}

void UsageObserver::on_error(const Run&, const std::exception_ptr&) {
  ++calls_;
  ++unknown_;
}

Usage UsageObserver::total() const {
  Usage sum;
  for (const auto& [model, usage] : by_model_) sum += usage;
  return sum;
}

}  // namespace cochain
