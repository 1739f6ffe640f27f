// Listeners: observers of one run. What a configuration chooses.

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

Json configured_members(const RunConfig& config, const Json& defaults) {
  Json chosen;
  for (const auto& [name, value] : defaults.get_object()) {
    Json given = configured(config, std::string_view(name));
    if (given.is_null()) continue;
    if (chosen.is_null()) chosen = defaults;
    chosen.get_object().insert_or_assign(name, std::move(given));
  }
  return chosen;
}

void throw_bad_members(const DecodeError& error) {
  throw InvalidInputError(std::string("what was configured does not fit: ") + error.what());
}

std::string member_names(const Json& object) {
  std::string names;
  for (const auto& [name, value] : object.get_object()) {
    names += (names.empty() ? "'" : ", '") + std::string(std::string_view(name)) + "'";
  }
  return names;
}

}  // namespace cochain::detail
