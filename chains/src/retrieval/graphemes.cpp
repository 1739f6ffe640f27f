// Grapheme clusters by utf8proc. Where both neighbours are ASCII, which is nearly everywhere, no
// table is asked: only CR LF belongs together there.

#include "retrieval/graphemes.hpp"

#include <utf8proc.h>

namespace cochain::detail {
namespace {

constexpr utf8proc_int32_t kNoCodePoint = -1;

bool is_ascii_byte(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }
bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// A code point, or a byte that is none.
class TextUnit {
 public:
  std::size_t begin = 0;
  std::size_t end = 0;
  utf8proc_int32_t code = kNoCodePoint;
};

TextUnit unit_at(std::string_view text, std::size_t at) noexcept {
  TextUnit unit;
  unit.begin = at;
  if (is_ascii_byte(text[at])) {
    unit.end = at + 1;
    unit.code = text[at];
    return unit;
  }
  const std::string_view rest = text.substr(at, 4);
  const utf8proc_ssize_t length =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()),
                       static_cast<utf8proc_ssize_t>(rest.size()), &unit.code);
  if (length <= 0) unit.code = kNoCodePoint;
  unit.end = at + (length > 0 ? static_cast<std::size_t>(length) : 1);
  return unit;
}

// The unit that ends at `at`, which is not 0 and not inside a code point.
TextUnit unit_before(std::string_view text, std::size_t at) noexcept {
  std::size_t lead = at - 1;
  while (at - lead < 4 && lead > 0 && is_continuation(text[lead])) --lead;
  const TextUnit whole = unit_at(text, lead);
  return whole.end == at ? whole : unit_at(text, at - 1);
}

bool is_inside_code_point(std::string_view text, std::size_t at) noexcept {
  if (!is_continuation(text[at])) return false;
  std::size_t lead = at - 1;
  while (at - lead < 3 && lead > 0 && is_continuation(text[lead])) --lead;
  return unit_at(text, lead).end > at;
}

auto break_class(utf8proc_int32_t code) noexcept { return utf8proc_get_property(code)->boundclass; }

// Of flags in a row, each pair belongs together: whether the row before `at` has a single one.
bool is_second_of_flag(std::string_view text, std::size_t at) noexcept {
  std::size_t count = 0;
  while (at > 0) {
    const TextUnit unit = unit_before(text, at);
    if (unit.code == kNoCodePoint) break;
    if (break_class(unit.code) != UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR) break;
    ++count;
    at = unit.begin;
  }
  return count % 2 == 1;
}

// Whether what is joined by the joiner before `at` is a picture.
bool joins_pictures(std::string_view text, std::size_t at) noexcept {
  at = unit_before(text, at).begin;
  while (at > 0) {
    const TextUnit unit = unit_before(text, at);
    if (unit.code == kNoCodePoint) return false;
    const auto kind = break_class(unit.code);
    if (kind == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC) return true;
    if (kind != UTF8PROC_BOUNDCLASS_EXTEND) return false;
    at = unit.begin;
  }
  return false;
}

// Those of Unicode, and the separators of files, groups, records and units that Python takes for
// whitespace.
bool is_whitespace(utf8proc_int32_t code) noexcept {
  if (code <= 0x20) return code == 0x20 || (code >= 0x09 && code <= 0x0D) || code >= 0x1C;
  if (code < 0x1680) return code == 0x85 || code == 0xA0;
  return code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_whitespace_unit(const TextUnit& unit) noexcept {
  return unit.code != kNoCodePoint && is_whitespace(unit.code);
}

// Both neighbours are ASCII: nothing but CR LF belongs together.
bool between_ascii(std::string_view text, std::size_t at) noexcept {
  return is_ascii_byte(text[at - 1]) && is_ascii_byte(text[at]);
}

}  // namespace

std::size_t code_point_end(std::string_view text, std::size_t at) noexcept {
  return unit_at(text, at).end;
}

std::size_t grapheme_end(std::string_view text, std::size_t at) noexcept {
  if (at + 1 == text.size()) return at + 1;
  if (between_ascii(text, at + 1)) return at + (text[at] == '\r' && text[at + 1] == '\n' ? 2 : 1);
  TextUnit unit = unit_at(text, at);
  utf8proc_int32_t state = 0;
  while (unit.code != kNoCodePoint && unit.end < text.size()) {
    const TextUnit next = unit_at(text, unit.end);
    if (next.code == kNoCodePoint) break;
    if (utf8proc_grapheme_break_stateful(unit.code, next.code, &state)) break;
    unit = next;
  }
  return unit.end;
}

bool is_grapheme_boundary(std::string_view text, std::size_t at) noexcept {
  if (at == 0 || at >= text.size()) return true;
  if (between_ascii(text, at)) return text[at - 1] != '\r' || text[at] != '\n';
  if (is_inside_code_point(text, at)) return false;
  const TextUnit left = unit_before(text, at);
  const TextUnit right = unit_at(text, at);
  if (left.code == kNoCodePoint || right.code == kNoCodePoint) return true;
  const auto kind = break_class(right.code);
  const auto kind_before = break_class(left.code);
  if (kind == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR && kind_before == kind) {
    return !is_second_of_flag(text, at);
  }
  if (kind == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC && kind_before == UTF8PROC_BOUNDCLASS_ZWJ) {
    return !joins_pictures(text, at);
  }
  return utf8proc_grapheme_break(left.code, right.code);
}

std::size_t grapheme_floor(std::string_view text, std::size_t at) noexcept {
  while (!is_grapheme_boundary(text, at)) --at;
  return at;
}

std::size_t grapheme_ceil(std::string_view text, std::size_t at) noexcept {
  while (!is_grapheme_boundary(text, at)) ++at;
  return at;
}

TextChunk without_whitespace(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  while (begin < end) {
    const TextUnit unit = unit_at(text, begin);
    if (unit.end > end || !is_whitespace_unit(unit)) break;
    const std::size_t after = grapheme_end(text, begin);
    // CR LF is one cluster of two; any other that has more in it than a blank shows something.
    if (after != unit.end && text[begin] != '\r') break;
    begin = after;
  }
  while (end > begin) {
    const TextUnit unit = unit_before(text, end);
    if (unit.begin < begin || !is_whitespace_unit(unit)) break;
    const bool windows =
        text[unit.begin] == '\n' && unit.begin > begin && text[unit.begin - 1] == '\r';
    const std::size_t before = windows ? unit.begin - 1 : unit.begin;
    if (!is_grapheme_boundary(text, before)) break;
    end = before;
  }
  return TextChunk(text, begin, end);
}

bool is_after_whitespace(std::string_view text, std::size_t at) noexcept {
  return at > 0 && is_whitespace_unit(unit_before(text, at));
}

}  // namespace cochain::detail
