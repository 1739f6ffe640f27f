// How one run of a chain goes: what the caller says, and every step hears.
#pragma once

#include <cstddef>

namespace cochain {

/// Settings of one run, handed down to all steps.
/// Shape: setters chain: `RunConfig().with_max_concurrency(64)`.
class RunConfig {
 public:
  RunConfig() = default;
  /// At most this many items of a batch run at once; 0 means all.
  RunConfig& with_max_concurrency(std::size_t value) {
    max_concurrency = value;
    return *this;
  }
  std::size_t max_concurrency = 0;
};

}  // namespace cochain
