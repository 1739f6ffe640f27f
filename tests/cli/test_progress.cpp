// The words about a running batch, and its summary.

#include "progress.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "batch_stats.hpp"

namespace cochain::cli {
namespace {

using namespace std::chrono_literals;

ProgressState sample() {
  ProgressState state;
  state.done = 6200;
  state.total = 10000;
  state.errors = 3;
  state.output_tokens = 10'611'000;
  state.elapsed = 131s;
  return state;
}

TEST(Progress, DrawsABar) {
  EXPECT_EQ(progress_bar_line(sample(), BarGlyphs::kUnicode, 200),
            "batch  62%|██████▏   | 6200/10000 [02:11<01:20, 47.3 req/s, 81k tok/s, 3 errors]");
  EXPECT_EQ(progress_bar_line(sample(), BarGlyphs::kAscii, 200),
            "batch  62%|######    | 6200/10000 [02:11<01:20, 47.3 req/s, 81k tok/s, 3 errors]");
}

TEST(Progress, DrawsTheEndsOfTheBar) {
  ProgressState state = sample();
  state.errors = 0;
  state.done = 0;
  state.output_tokens = 0;
  EXPECT_EQ(progress_bar_line(state, BarGlyphs::kUnicode, 200),
            "batch   0%|          | 0/10000 [02:11, 0.0 req/s, 0 tok/s]");
  state.done = 10000;
  EXPECT_EQ(progress_bar_line(state, BarGlyphs::kUnicode, 200),
            "batch 100%|██████████| 10000/10000 [02:11<00:00, 76.3 req/s, 0 tok/s]");
  state.done = 10500;  // the file grew while it was read
  EXPECT_EQ(progress_bar_line(state, BarGlyphs::kUnicode, 200),
            "batch 100%|██████████| 10500/10000 [02:11<00:00, 80.2 req/s, 0 tok/s]");
}

TEST(Progress, DoesWithoutATotal) {
  ProgressState state = sample();
  state.total.reset();
  state.errors = 1;
  EXPECT_EQ(progress_bar_line(state, BarGlyphs::kUnicode, 200),
            "batch 6200 [02:11, 47.3 req/s, 81k tok/s, 1 error]");
  EXPECT_EQ(progress_plain_line(state), "batch 6200 [02:11, 47.3 req/s, 81k tok/s, 1 error]");
}

TEST(Progress, FitsTheTerminal) {
  for (std::size_t width = 1; width < 100; ++width) {
    const std::string line = progress_bar_line(sample(), BarGlyphs::kAscii, width);
    EXPECT_LE(line.size(), width);
  }
  EXPECT_EQ(progress_bar_line(sample(), BarGlyphs::kUnicode, 70),
            "batch  62% 6200/10000 [02:11<01:20, 47.3 req/s, 81k tok/s, 3 errors]");
}

TEST(Progress, HasALineForLogs) {
  EXPECT_EQ(progress_plain_line(sample()),
            "batch  62% 6200/10000 [02:11<01:20, 47.3 req/s, 81k tok/s, 3 errors]");
}

TEST(ProgressPacer, SpeaksEveryTenSecondsAndEveryTwentieth) {
  ProgressPacer pacer;
  ProgressState state = sample();
  state.done = 100;
  state.elapsed = 9s;
  EXPECT_FALSE(pacer.due(state));
  state.elapsed = 10s;
  EXPECT_TRUE(pacer.due(state));
  EXPECT_FALSE(pacer.due(state));
  state.elapsed = 12s;
  state.done = 500;
  EXPECT_TRUE(pacer.due(state));
  state.elapsed = 12500ms;
  state.done = 1000;
  EXPECT_FALSE(pacer.due(state)) << "not twice in a second";
  state.elapsed = 13s;
  EXPECT_TRUE(pacer.due(state));
  state.done = 10000;
  state.elapsed = 60s;
  EXPECT_FALSE(pacer.due(state)) << "the end is told by the summary";
}

TEST(Progress, WritesNumbersForPeople) {
  EXPECT_EQ(format_clock(0s), "00:00");
  EXPECT_EQ(format_clock(59min + 59s), "59:59");
  EXPECT_EQ(format_clock(100h + 2min + 3s), "100:02:03");
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1234), "1.2k");
  EXPECT_EQ(format_count(81'234), "81k");
  EXPECT_EQ(format_count(999'999), "1.0M");
  EXPECT_EQ(format_latency(3410us), "3.41 ms");
  EXPECT_EQ(format_latency(312ms), "312 ms");
  EXPECT_EQ(format_latency(2410ms), "2.41 s");
  EXPECT_EQ(format_latency(185s), "3 min 5 s");
  EXPECT_EQ(format_number_of(1, "row"), "1 row");
  EXPECT_EQ(format_number_of(0, "row"), "0 rows");
}

TEST(BatchStats, KnowsHowManyRowsHaveNoResult) {
  BatchStats stats;
  stats.rows_read = 10;
  stats.ok = 6;
  stats.failed = 1;
  EXPECT_EQ(stats.without_result(), 3U);
  stats.total = 100;
  EXPECT_EQ(stats.without_result(), 93U);
  stats.total = 5;  // the file grew
  EXPECT_EQ(stats.without_result(), 3U);
}

TEST(BatchStats, SumsUp) {
  BatchStats stats;
  stats.rows_read = 4;
  stats.ok = 2;
  stats.failed = 1;
  stats.bad = 1;
  stats.retries = 1;
  stats.input_tokens = 20;
  stats.output_tokens = 400;
  stats.errors["rate_limit"] = 1;
  stats.errors["invalid_json"] = 1;
  stats.first_token.add(50us);
  stats.duration.add(60us);
  EXPECT_EQ(format_summary(stats, 2s, "out.jsonl"),
            "batch: 4 rows: 2 ok, 1 failed, 1 bad; 1 retry\n"
            "  time             2.00 s, 2.0 req/s\n"
            "  tokens           20 in, 400 out, 200 tok/s out\n"
            "  first token      p50 0.05 ms, p95 0.05 ms, p99 0.05 ms\n"
            "  duration         p50 0.06 ms, p95 0.06 ms, p99 0.06 ms\n"
            "  errors           invalid_json 1, rate_limit 1\n"
            "  output           out.jsonl\n");
}

TEST(BatchStats, LeavesOutWhatThereIsNone) {
  const std::string text = format_summary(BatchStats(), 0s, "o");
  EXPECT_EQ(text.find("duration"), std::string::npos);
  EXPECT_EQ(text.find("errors"), std::string::npos);
  EXPECT_EQ(text.find("nan"), std::string::npos);
}

}  // namespace
}  // namespace cochain::cli
