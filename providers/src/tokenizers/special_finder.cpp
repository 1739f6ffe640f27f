// Binary search, one byte further with each step; and what stands beside what was found.

#include "special_finder.hpp"

#include <algorithm>

#include <utf8proc.h>

#include "unicode_classes.hpp"
#include "utf8.hpp"

namespace cochain::detail {
namespace {

// What a token has at a depth; one that ended before comes first.
int special_byte_at(const SpecialToken& token, std::size_t depth) {
  return depth < token.text().size() ? static_cast<unsigned char>(token.text()[depth]) : -1;
}

/// Where the code point before a place begins.
std::size_t before(std::string_view text, std::size_t at) noexcept {
  return code_point_begin(text, at - 1);
}

bool is_space_at(std::string_view text, std::size_t at) noexcept {
  return (look_at(text.data() + at).kind & kSpaceClass) != 0;
}

// What \w matches in the regular expressions of Rust.
bool is_word_at(std::string_view text, std::size_t at) noexcept {
  const std::uint8_t kind = look_at(text.data() + at).kind;
  const bool is_mark = (kind & kOtherClass) != 0 && (kind & kUpperClass) != 0;
  if ((kind & kLetterClass) != 0 || is_mark) return true;
  utf8proc_int32_t code_point = 0;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                   static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
  const utf8proc_category_t category = utf8proc_category(code_point);
  const auto is_among = [=](utf8proc_int32_t first, utf8proc_int32_t last) {
    return code_point >= first && code_point <= last;
  };
  // Digits that utf8proc does not know yet, but no fractions and the like.
  const bool is_newer = category == UTF8PROC_CATEGORY_CN && (kind & kNumberClass) != 0;
  return is_newer || category == UTF8PROC_CATEGORY_ND || category == UTF8PROC_CATEGORY_NL ||
         category == UTF8PROC_CATEGORY_PC || is_among(0x200C, 0x200D) ||
         // Letters in circles and squares, which are symbols and yet alphabetic.
         is_among(0x24B6, 0x24E9) || is_among(0x1F130, 0x1F149) || is_among(0x1F150, 0x1F169) ||
         is_among(0x1F170, 0x1F189);
}

}  // namespace

bool is_plain(const SpecialToken& token) noexcept {
  return token.match() == TokenMatch::kWhereAllowed && !token.lstrip() && !token.rstrip() &&
         !token.single_word();
}

std::optional<TextSpan> span_of(const FoundSpecial& found, std::string_view text,
                                std::size_t from) noexcept {
  TextSpan span{found.at, found.at + found.token->text().size()};
  if (found.token->single_word() &&
      ((span.begin > 0 && is_word_at(text, before(text, span.begin))) ||
       (span.end < text.size() && is_word_at(text, span.end)))) {
    return std::nullopt;
  }
  while (found.token->lstrip() && span.begin > from &&
         is_space_at(text, before(text, span.begin))) {
    span.begin = before(text, span.begin);
  }
  while (found.token->rstrip() && span.end < text.size() && is_space_at(text, span.end)) {
    span.end += look_at(text.data() + span.end).length;
  }
  return span;
}

SpecialFinder::SpecialFinder(const std::vector<SpecialToken>& tokens) {
  for (const SpecialToken& token : tokens) {
    sorted_.push_back(&token);
    if (firsts_.find(token.text()[0]) == std::string::npos) firsts_ += token.text()[0];
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [](const SpecialToken* a, const SpecialToken* b) { return a->text() < b->text(); });
}

// Nearly always the only one is '<', for which find() takes many bytes at once.
std::size_t SpecialFinder::next_first(std::string_view text, std::size_t from) const noexcept {
  return firsts_.size() == 1 ? text.find(firsts_[0], from) : text.find_first_of(firsts_, from);
}

void SpecialFinder::narrow(Place& first, Place& last, std::size_t depth, char byte) {
  const int wanted = static_cast<unsigned char>(byte);
  first = std::partition_point(first, last, [=](const SpecialToken* token) {
    return special_byte_at(*token, depth) < wanted;
  });
  last = std::partition_point(first, last, [=](const SpecialToken* token) {
    return special_byte_at(*token, depth) == wanted;
  });
}

}  // namespace cochain::detail
