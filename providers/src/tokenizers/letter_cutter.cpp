#include "letter_cutter.hpp"

#include "byte_alphabet.hpp"

namespace cochain::detail {

std::span<const char* const> LetterCutter::cut(std::string_view piece) {
  letters_.clear();
  append_letters_of_bytes(piece, letters_);
  const std::string_view letters = letters_;
  ends_.assign(1, letters.size());
  for (const auto& step : steps_) {
    next_.clear();
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      const std::size_t first = next_.size();
      step->split(letters.substr(begin, end - begin), next_);
      for (std::size_t n = first; n < next_.size(); ++n) next_[n] += begin;
      begin = end;
    }
    ends_.swap(next_);
  }
  parts_.clear();
  const char* byte = piece.data();
  std::size_t at = 0;
  for (const std::size_t end : ends_) {
    for (; at < end; ++byte) at += static_cast<unsigned char>(letters[at]) < 0x80 ? 1 : 2;
    parts_.push_back(byte);
  }
  return parts_;
}

}  // namespace cochain::detail
