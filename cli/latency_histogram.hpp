// Percentiles of durations in little memory.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cochain::cli {

/// Counts durations in buckets whose width grows with the value.
/// Units:    microseconds from 0 to about 19 hours (longer ones count as that); a percentile is
///           off by less than 1 %. 18 KiB, whatever the number of samples.
class LatencyHistogram {
 public:
  void add(std::chrono::nanoseconds value) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// The smallest value that at least `percent` of the samples do not exceed; zero if there is
  /// none. 0 gives the smallest sample, 100 the largest.
  [[nodiscard]] std::chrono::microseconds percentile(double percent) const noexcept;

 private:
  // Each power of two is cut into 64 buckets; the middle of one is within 1/128 of its edges.
  static constexpr unsigned kCutBits = 6;
  static constexpr unsigned kCuts = 1U << kCutBits;
  static constexpr unsigned kValueBitsMax = 36;
  static constexpr std::size_t kBuckets = (kValueBitsMax - kCutBits + 1) * kCuts;
  static std::size_t bucket_of(std::uint64_t value) noexcept;
  static std::uint64_t middle_of(std::size_t bucket) noexcept;

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  std::uint64_t least_ = ~std::uint64_t{0};
  std::uint64_t most_ = 0;
};

}  // namespace cochain::cli
