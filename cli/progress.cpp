// Numbers for people: short, and of the same width from one moment to the next where that is easy.

#include "progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string_view>

namespace cochain::cli {
namespace {

using std::chrono::duration_cast;
using std::chrono::nanoseconds;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kBarCells = 10;

double share_of(const ProgressState& state) {
  if (!state.total || *state.total == 0) return 0;
  return std::min(1.0, double(state.done) / double(*state.total));
}

std::string bar(double share, BarGlyphs glyphs) {
  constexpr std::array<std::string_view, 8> kEighths = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  std::string cells;
  if (glyphs == BarGlyphs::kAscii) {
    const auto full = static_cast<std::size_t>(share * double(kBarCells));
    cells.assign(full, '#').append(kBarCells - full, ' ');
    return cells;
  }
  const auto eighths = static_cast<std::size_t>(share * double(kBarCells) * 8);
  const std::size_t full = eighths / 8;
  for (std::size_t cell = 0; cell < full; ++cell) cells += "█";
  if (full < kBarCells) {
    cells += kEighths.at(eighths % 8);
    cells.append(kBarCells - full - 1, ' ');
  }
  return cells;
}

std::string percent(double share) {
  std::string text = std::to_string(static_cast<int>(share * 100)) + "%";
  return std::string(4 - std::min<std::size_t>(4, text.size()), ' ') + text;
}

std::string counts(const ProgressState& state) {
  std::string text = std::to_string(state.done);
  if (state.total) text += "/" + std::to_string(*state.total);
  return text;
}

std::string rates(const ProgressState& state) {
  const double seconds = Seconds(state.elapsed).count();
  const double rows_per_second = seconds > 0 ? double(state.done) / seconds : 0;
  std::string text = "[" + format_clock(state.elapsed);
  if (state.total && rows_per_second > 0) {
    const double left = double(*state.total - std::min(*state.total, state.done));
    text += "<" + format_clock(duration_cast<nanoseconds>(Seconds(left / rows_per_second)));
  }
  text += ", " + format_decimal(rows_per_second, 1) + " req/s, ";
  text += format_count(seconds > 0 ? double(state.output_tokens) / seconds : 0) + " tok/s";
  if (state.errors > 0) text += ", " + format_number_of(state.errors, "error");
  return text + "]";
}

}  // namespace

std::string progress_bar_line(const ProgressState& state, BarGlyphs glyphs, std::size_t width) {
  std::string start = "batch ";
  std::string drawn;
  std::size_t drawn_columns = 0;
  if (state.total) {
    const double share = share_of(state);
    start += percent(share);
    drawn = "|" + bar(share, glyphs) + "|";
    drawn_columns = kBarCells + 2;
  }
  const std::string end = (state.total ? " " : "") + counts(state) + " " + rates(state);
  std::string line = start;
  if (start.size() + drawn_columns + end.size() <= width) line += drawn;
  line += end;
  // Only the bar has characters of several bytes, and it is left out before anything is cut.
  if (start.size() + end.size() > width) line.resize(width);
  return line;
}

std::string progress_plain_line(const ProgressState& state) {
  std::string line = "batch ";
  if (state.total) line += percent(share_of(state)) + " ";
  return line + counts(state) + " " + rates(state);
}

bool ProgressPacer::due(const ProgressState& state) {
  constexpr double kSteps = 20;
  const auto step = static_cast<std::uint64_t>(share_of(state) * kSteps);
  const bool finished = state.total && state.done >= *state.total;  // the summary says that
  if (finished) return false;
  const nanoseconds quiet = state.elapsed - last_;
  const bool next_step = step > last_step_ && quiet >= std::chrono::seconds(1);
  if (!next_step && quiet < std::chrono::seconds(10)) return false;
  last_step_ = std::max(last_step_, step);
  last_ = state.elapsed;
  return true;
}

std::string format_clock(nanoseconds time) {
  const auto seconds = duration_cast<std::chrono::seconds>(time).count();
  std::array<char, 32> text{};
  if (seconds < 3600) {
    std::snprintf(text.data(), text.size(), "%02d:%02d", int(seconds / 60), int(seconds % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02d:%02d",
                  static_cast<long long>(seconds / 3600), int(seconds / 60 % 60),
                  int(seconds % 60));
  }
  return text.data();
}

std::string format_decimal(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string format_count(double value) {
  constexpr std::array<const char*, 4> kUnits = {"", "k", "M", "G"};
  std::size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  const bool whole = unit == 0 || value >= 9.95;
  return format_decimal(value, whole ? 0 : 1) + kUnits.at(unit);
}

std::string format_latency(nanoseconds time) {
  const double seconds = Seconds(time).count();
  if (seconds < 0.01) return format_decimal(seconds * 1000, 2) + " ms";
  if (seconds < 1) return format_decimal(seconds * 1000, 0) + " ms";
  if (seconds < 60) return format_decimal(seconds, 2) + " s";
  const auto whole = static_cast<long long>(seconds);
  return std::to_string(whole / 60) + " min " + std::to_string(whole % 60) + " s";
}

std::string format_number_of(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace cochain::cli
