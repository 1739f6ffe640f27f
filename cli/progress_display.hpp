// The progress line on stderr, and messages that do not tear it.
#pragma once

#include <string>
#include <string_view>

#include "progress.hpp"
#include "terminal.hpp"

namespace cochain::cli {

/// Shows how far a batch is: a redrawn line on a terminal, now and then a line elsewhere.
/// Shape:    update() as often as you like, up to ten times a second; note() for a line of text
///           between; finish() takes the drawn line away.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(const TerminalFacts& facts);
  void update(const ProgressState& state);
  void note(std::string_view line);
  void finish();

 private:
  bool redraws_;
  BarGlyphs glyphs_;
  ProgressPacer pacer_;
  std::string drawn_;
};

}  // namespace cochain::cli
