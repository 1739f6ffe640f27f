// Bytes need no counting, nor do the characters of a text in ASCII. Other characters, and tokens,
// are marked where they begin; a length is then the difference of two ranks.

#include "retrieval/text_measure.hpp"

#include <bit>
#include <cstring>

#include "retrieval/graphemes.hpp"

namespace cochain::detail {
namespace {

// How many bytes of ASCII there are from `at` on.
std::size_t ascii_run(std::string_view text, std::size_t at) noexcept {
  const std::size_t begin = at;
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  for (; at + 32 <= text.size(); at += 32) {
    std::uint64_t words[4];
    std::memcpy(words, text.data() + at, sizeof words);
    if (((words[0] | words[1] | words[2] | words[3]) & kHighBits) != 0) break;
  }
  while (at < text.size() && static_cast<unsigned char>(text[at]) < 0x80) ++at;
  return at - begin;
}

RankedBits characters_of(std::string_view text) {
  RankedBits marks(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (at % 64 == 0 && at + 64 <= text.size() && ascii_run(text.substr(at, 64), 0) == 64) {
      marks.mark_block(at);
      at += 64;
    } else {
      marks.mark(at);
      at = static_cast<unsigned char>(text[at]) < 0x80 ? at + 1 : code_point_end(text, at);
    }
  }
  marks.sum();
  return marks;
}

}  // namespace

void RankedBits::mark(std::span<const std::size_t> places) {
  std::size_t block = 0;
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (; block <= places[i] / 64; ++block) before_[block] = i;
    mark(places[i]);
  }
  for (; block < before_.size(); ++block) before_[block] = places.size();
}

void RankedBits::sum() noexcept {
  std::size_t sum = 0;
  for (std::size_t block = 0; block < bits_.size(); ++block) {
    before_[block] = sum;
    sum += static_cast<std::size_t>(std::popcount(bits_[block]));
  }
  before_[bits_.size()] = sum;
}

std::size_t RankedBits::before(std::size_t place) const noexcept {
  const std::uint64_t below = (std::uint64_t{1} << place % 64) - 1;
  const auto here = static_cast<std::size_t>(std::popcount(bits_[place / 64] & below));
  return before_[place / 64] + here;
}

TextMeasure::TextMeasure(std::string_view text, const ChunkOptions& options)
    : text_(text), options_(options) {
  switch (options.unit()) {
    case LengthUnit::kBytes: break;
    case LengthUnit::kCharacters:
      if (ascii_run(text, 0) < text.size()) {
        unit_ = Unit::kMarks;
        marks_ = characters_of(text);
      }
      break;
    case LengthUnit::kTokens:
      unit_ = Unit::kTokens;
      marks_ = RankedBits(text.size());
      marks_.mark(options.tokenizer()->offsets(text));
      break;
    case LengthUnit::kFunction: unit_ = Unit::kFunction; break;
  }
}

std::size_t TextMeasure::length(std::size_t begin, std::size_t end) const {
  if (unit_ == Unit::kBytes) return end - begin;
  if (unit_ == Unit::kFunction) return options_.length_function()(text_.substr(begin, end - begin));
  const std::size_t starts = marks_.before(end) - marks_.before(begin);
  // A slice may begin inside a token.
  return unit_ == Unit::kTokens && end > begin && !marks_.is_marked(begin) ? starts + 1 : starts;
}

bool TextMeasure::fits(std::size_t begin, std::size_t end, std::size_t limit) const {
  if (is_exact()) return length(begin, end) <= limit;
  return options_.tokenizer()->count_up_to(text_.substr(begin, end - begin), limit).has_value();
}

std::size_t TextMeasure::reach(std::size_t begin, std::size_t end, std::size_t limit) const {
  return begin + options_.tokenizer()->truncate(text_.substr(begin, end - begin), limit).size();
}

}  // namespace cochain::detail
