// Percentiles within one percent, whatever the durations.

#include "latency_histogram.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace cochain::cli {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

TEST(LatencyHistogram, IsEmptyAtFirst) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(50), microseconds(0));
}

TEST(LatencyHistogram, GivesBackASingleSample) {
  LatencyHistogram histogram;
  histogram.add(microseconds(123'457));
  for (const double percent : {0.0, 1.0, 50.0, 99.9, 100.0}) {
    EXPECT_EQ(histogram.percentile(percent), microseconds(123'457)) << percent;
  }
}

TEST(LatencyHistogram, IsExactForSmallValues) {
  LatencyHistogram histogram;
  for (int i = 0; i < 64; ++i) histogram.add(microseconds(i));
  EXPECT_EQ(histogram.percentile(50), microseconds(31));
  EXPECT_EQ(histogram.percentile(0), microseconds(0));
  EXPECT_EQ(histogram.percentile(100), microseconds(63));
}

TEST(LatencyHistogram, StaysWithinOnePercentOfTheTruth) {
  constexpr std::uint32_t kSeed = 20240607;
  std::mt19937 random(kSeed);
  std::lognormal_distribution<double> spread(11.0, 2.5);  // from microseconds to minutes
  LatencyHistogram histogram;
  std::vector<std::int64_t> all;
  for (int i = 0; i < 20'000; ++i) {
    const auto sample = static_cast<std::int64_t>(spread(random));
    all.push_back(sample);
    histogram.add(microseconds(sample));
  }
  std::sort(all.begin(), all.end());
  for (const double percent : {0.1, 1.0, 10.0, 50.0, 90.0, 95.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(percent / 100 * double(all.size())));
    const auto truth = double(all[std::max<std::size_t>(rank, 1) - 1]);
    const auto told = double(histogram.percentile(percent).count());
    EXPECT_LE(std::abs(told - truth), 0.01 * truth + 0.5) << percent << " seed " << kSeed;
  }
}

TEST(LatencyHistogram, TakesWhatNoClockShouldGive) {
  LatencyHistogram histogram;
  histogram.add(nanoseconds(-5));
  histogram.add(hours(24 * 365));
  EXPECT_EQ(histogram.count(), 2U);
  EXPECT_EQ(histogram.percentile(0), microseconds(0));
  EXPECT_GE(histogram.percentile(100), hours(19));
}

}  // namespace
}  // namespace cochain::cli
