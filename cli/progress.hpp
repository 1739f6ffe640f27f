// How far a batch is, as a line for people. Pure: what is drawn when is decided here, too.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cochain::cli {

/// How far a batch is at one moment.
class ProgressState {
 public:
  ProgressState() = default;
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  // unknown if the input is no regular file
  std::uint64_t errors = 0;
  std::int64_t output_tokens = 0;
  std::chrono::nanoseconds elapsed{0};
};

/// What a bar is drawn with.
enum class BarGlyphs : std::uint8_t { kUnicode, kAscii };

/// The line that is redrawn on a terminal: share, bar, counts, time so far and to go, rates.
/// Shape:    at most `width` columns; the bar is left out first, then the end is cut.
[[nodiscard]] std::string progress_bar_line(const ProgressState& state, BarGlyphs glyphs,
                                            std::size_t width);

/// The same without a bar, for logs.
[[nodiscard]] std::string progress_plain_line(const ProgressState& state);

/// Decides when a log gets its next line: every ten seconds, and at every twentieth of the total
/// unless that comes within a second of the line before.
class ProgressPacer {
 public:
  [[nodiscard]] bool due(const ProgressState& state);

 private:
  std::chrono::nanoseconds last_{0};
  std::uint64_t last_step_ = 0;
};

/// "02:11", or "1:02:11" from an hour on.
[[nodiscard]] std::string format_clock(std::chrono::nanoseconds time);
/// "999", "81k", "1.2M": three digits at most.
[[nodiscard]] std::string format_count(double value);
/// "312 ms", "2.41 s", "3 min 5 s": for latencies.
[[nodiscard]] std::string format_latency(std::chrono::nanoseconds time);
/// The number with a fixed number of decimals.
[[nodiscard]] std::string format_decimal(double value, int decimals);
/// "1 error", "2 errors".
[[nodiscard]] std::string format_number_of(std::uint64_t count, const std::string& noun);

}  // namespace cochain::cli
