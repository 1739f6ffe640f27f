// A logarithm without logarithms: the highest bit chooses the octave, the next six the bucket.

#include "latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cochain::cli {

std::size_t LatencyHistogram::bucket_of(std::uint64_t value) noexcept {
  if (value < kCuts) return value;
  const auto octave = static_cast<unsigned>(std::bit_width(value)) - 1 - kCutBits;
  return std::size_t{octave + 1} * kCuts + ((value >> octave) - kCuts);
}

std::uint64_t LatencyHistogram::middle_of(std::size_t bucket) noexcept {
  if (bucket < kCuts) return bucket;
  const std::size_t octave = bucket / kCuts - 1;
  const std::uint64_t low = (std::uint64_t{kCuts} + bucket % kCuts) << octave;
  return low + ((std::uint64_t{1} << octave) >> 1U);
}

void LatencyHistogram::add(std::chrono::nanoseconds value) noexcept {
  constexpr std::uint64_t kMost = (std::uint64_t{1} << kValueBitsMax) - 1;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  const std::uint64_t sample =
      std::min(kMost, static_cast<std::uint64_t>(std::max<std::int64_t>(micros, 0)));
  ++counts_[bucket_of(sample)];
  ++count_;
  least_ = std::min(least_, sample);
  most_ = std::max(most_, sample);
}

std::chrono::microseconds LatencyHistogram::percentile(double percent) const noexcept {
  if (count_ == 0) return std::chrono::microseconds(0);
  const double wanted = std::ceil(std::clamp(percent, 0.0, 100.0) / 100.0 * double(count_));
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t value = most_;
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) {
      value = middle_of(bucket);
      break;
    }
  }
  if (percent <= 0) value = least_;
  if (percent >= 100) value = most_;
  return std::chrono::microseconds(std::clamp(value, least_, most_));
}

}  // namespace cochain::cli
