// What is counted while a batch runs, and the summary at its end. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "latency_histogram.hpp"
#include "progress.hpp"

namespace cochain::cli {

/// The counts of one batch.
/// Shape:    rows_read = ok + failed + bad + rows without a result.
class BatchStats {
 public:
  BatchStats() = default;

  std::optional<std::uint64_t> total;  // rows of the input, if they could be counted beforehand
  std::uint64_t rows_read = 0;
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;  // asked, without an answer
  std::uint64_t bad = 0;     // not asked, since the row is wrong
  std::uint64_t retries = 0;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  LatencyHistogram first_token;  // of the try that succeeded
  LatencyHistogram duration;
  std::map<std::string, std::uint64_t> errors;  // by kind, bad rows included

  [[nodiscard]] std::uint64_t done() const noexcept { return ok + failed + bad; }
  /// Rows that were to be asked and have no line in the output, as far as that is known.
  [[nodiscard]] std::uint64_t without_result() const noexcept;
  [[nodiscard]] ProgressState progress(std::chrono::nanoseconds elapsed) const;
};

/// The summary, in several lines.
[[nodiscard]] std::string format_summary(const BatchStats& stats, std::chrono::nanoseconds elapsed,
                                         const std::string& output);

}  // namespace cochain::cli
