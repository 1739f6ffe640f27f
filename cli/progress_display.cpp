// One write for each change: erase, text and line together, so that nothing flickers.

#include "progress_display.hpp"

namespace cochain::cli {
namespace {

constexpr std::string_view kErase = "\r\x1b[K";

}  // namespace

ProgressDisplay::ProgressDisplay(const TerminalFacts& facts)
    : redraws_(facts.can_redraw()),
      glyphs_(facts.speaks_utf8 ? BarGlyphs::kUnicode : BarGlyphs::kAscii) {}

void ProgressDisplay::update(const ProgressState& state) {
  if (!redraws_) {
    if (pacer_.due(state)) say(progress_plain_line(state));
    return;
  }
  // One column is left free: a full line would wrap on some terminals.
  std::string line = progress_bar_line(state, glyphs_, terminal_width() - 1);
  if (line == drawn_) return;
  write_stderr(std::string(kErase) + line);
  drawn_ = std::move(line);
}

void ProgressDisplay::note(std::string_view line) {
  if (drawn_.empty()) return say(line);
  write_stderr(std::string(kErase).append(line) + "\n" + drawn_);
}

void ProgressDisplay::finish() {
  if (!drawn_.empty()) write_stderr(kErase);
  drawn_.clear();
}

}  // namespace cochain::cli
