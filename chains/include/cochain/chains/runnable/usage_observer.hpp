// What a run costs: tokens summed per model, over everything that was called in it.
#pragma once

#include <map>
#include <string>

#include "cochain/chains/model/usage.hpp"
#include "cochain/chains/runnable/run.hpp"

namespace cochain {

/// Sums the tokens of all model calls of the runs that it observes.
/// Shape: `auto usage = std::make_shared<UsageObserver>();` given to `RunConfig().with_observer()`,
///        then `usage->total()` or `usage->by_model()`. Calls that failed or were left early are
///        counted apart: what they cost is known to the provider alone.
class UsageObserver final : public RunObserver {
 public:
  [[nodiscard]] bool wants(const Run& run) override { return run.kind() == RunKind::kChatModel; }
  /// A sum needs no pieces: nothing is streamed for its sake.
  [[nodiscard]] bool wants_pieces() const noexcept override { return false; }
  void on_end(const Run& run, const RunValue& input, const RunValue& output) override;
  void on_error(const Run& run, const std::exception_ptr& error) override;

  /// Tokens by the name of the model that answered.
  [[nodiscard]] const std::map<std::string, Usage>& by_model() const noexcept { return by_model_; }
  [[nodiscard]] Usage total() const;
  [[nodiscard]] std::size_t calls() const noexcept { return calls_; }
  [[nodiscard]] std::size_t calls_without_usage() const noexcept { return unknown_; }

 private:
  std::map<std::string, Usage> by_model_;
  std::size_t calls_ = 0;
  std::size_t unknown_ = 0;
};

}  // namespace cochain
