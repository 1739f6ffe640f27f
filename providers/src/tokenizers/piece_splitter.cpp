// The steps that need no pattern.

#include "piece_splitter.hpp"

#include "code_point.hpp"
#include "punctuation.hpp"
#include "split_ends.hpp"
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

namespace {

template <class IsMatch>
void split_at(std::string_view text, SplitEnds& ends, IsMatch is_match) {
  std::size_t begin = 0;  // of what lies between
  for (std::size_t at = 0; at < text.size();) {
    const SizedCodePoint here = code_point_at(text, at);
    if (is_match(static_cast<std::uint32_t>(here.code))) {
      if (begin != at) ends.add(at, false);
      begin = at + here.size;
      ends.add(begin, true);
    }
    at += here.size;
  }
  if (begin != text.size()) ends.add(text.size(), false);
}

bool is_number(std::uint32_t code_point) noexcept {
  return (class_of(code_point) & kNumberClass) != 0;
}

}  // namespace

void CodePointSplitter::split(std::string_view text, std::vector<std::size_t>& ends) const {
  SplitEnds pieces(behavior_, ends);
  switch (kind_) {
    case CodePointKind::kNumber: return split_at(text, pieces, is_number);
    case CodePointKind::kPunctuation: return split_at(text, pieces, is_punctuation);
  }
}

}  // namespace cochain::detail
