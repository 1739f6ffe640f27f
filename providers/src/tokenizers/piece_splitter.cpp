// The steps that need no pattern.

#include "piece_splitter.hpp"

#include "unicode_classes.hpp"

namespace cochain::detail {

void RuleSplitter::split(std::string_view text, std::vector<std::size_t>& ends) const {
  PieceCutter cutter(cut_pieces_, text);
  while (!cutter.at_end()) {
    for (const char* const end : cutter.next().ends) {
      ends.push_back(static_cast<std::size_t>(end - text.data()));
    }
  }
}

void DigitSplitter::split(std::string_view text, std::vector<std::size_t>& ends) const {
  bool was_digit = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePointView here = look_at(text.data() + at);
    const bool is_digit = (here.kind & kNumberClass) != 0;
    const bool is_cut = is_digit != was_digit || (is_digit && pieces_ == DigitPieces::kEach);
    if (at != 0 && is_cut) ends.push_back(at);
    was_digit = is_digit;
    at += here.length;
  }
  ends.push_back(text.size());
}

}  // namespace cochain::detail
