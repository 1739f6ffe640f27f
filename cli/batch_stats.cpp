// The last words of a batch: what became of each row, how fast, and where it is.

#include "batch_stats.hpp"

#include <algorithm>
#include <string_view>

namespace cochain::cli {
namespace {

void add_percentiles(std::string& text, std::string_view name, const LatencyHistogram& histogram) {
  if (histogram.count() == 0) return;
  text.append("  ").append(name);
  for (const int percent : {50, 95, 99}) {
    text += " p" + std::to_string(percent) + " " + format_latency(histogram.percentile(percent));
    if (percent != 99) text += ",";
  }
  text.push_back('\n');
}

}  // namespace

std::uint64_t BatchStats::without_result() const noexcept {
  const std::uint64_t known = std::max(rows_read, total.value_or(0));
  return known - std::min(known, done());
}

ProgressState BatchStats::progress(std::chrono::nanoseconds elapsed) const {
  ProgressState state;
  state.done = done();
  state.total = total;
  state.errors = failed + bad;
  state.output_tokens = output_tokens;
  state.elapsed = elapsed;
  return state;
}

std::string format_summary(const BatchStats& stats, std::chrono::nanoseconds elapsed,
                           const std::string& output) {
  const double seconds = std::max(1e-9, std::chrono::duration<double>(elapsed).count());
  std::string text = "batch: " + format_number_of(stats.done(), "row") + ": ";
  text += std::to_string(stats.ok) + " ok, " + std::to_string(stats.failed) + " failed, ";
  text += std::to_string(stats.bad) + " bad; ";
  text += stats.retries == 1 ? "1 retry\n" : std::to_string(stats.retries) + " retries\n";
  text += "  time             " + format_latency(elapsed) + ", ";
  text += format_decimal(double(stats.done()) / seconds, 1) + " req/s\n";
  text += "  tokens           " + std::to_string(stats.input_tokens) + " in, ";
  text += std::to_string(stats.output_tokens) + " out, ";
  text += format_count(double(stats.output_tokens) / seconds) + " tok/s out\n";
  add_percentiles(text, "first token     ", stats.first_token);
  add_percentiles(text, "duration        ", stats.duration);
  if (!stats.errors.empty()) {
    text += "  errors          ";
    for (const auto& [kind, count] : stats.errors) {
      text += " " + kind + " " + std::to_string(count) + ",";
    }
    text.back() = '\n';
  }
  return text + "  output           " + output + "\n";
}

}  // namespace cochain::cli
