// Listeners: observers of one run.

#include "cochain/chains/runnable/binding.hpp"

namespace cochain::detail {
namespace {

class OneRun final : public RunObserver {
 public:
  explicit OneRun(RunListeners listeners) : listeners_(std::move(listeners)) {}
  // The first run that asks is that of the step; all others are inside of it.
  [[nodiscard]] bool wants(const Run&) override { return !std::exchange(taken_, true); }
  [[nodiscard]] bool wants_pieces() const noexcept override { return false; }
  void on_start(const Run& run, const RunValue& input) override {
    if (listeners_.start) listeners_.start(run, input);
  }
  void on_end(const Run& run, const RunValue&, const RunValue& output) override {
    if (listeners_.end) listeners_.end(run, output);
  }
  void on_error(const Run& run, const std::exception_ptr& error) override {
    if (listeners_.error) listeners_.error(run, error);
  }

 private:
  RunListeners listeners_;
  bool taken_ = false;
};

}  // namespace

RunConfig with_listeners_added(RunConfig config, const RunListeners& listeners) {
  config.with_observer(std::make_shared<OneRun>(listeners));
  return config;
}

}  // namespace cochain::detail
