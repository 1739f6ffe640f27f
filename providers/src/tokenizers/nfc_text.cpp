// What combines with what is known to utf8proc. It sorts long runs of marks by swapping neighbours,
// which takes the square of their length, so they are sorted here.

#include "nfc_text.hpp"

#include <utf8proc.h>
#include <algorithm>
#include <array>
#include <cstdint>

#include "code_point.hpp"

namespace cochain::detail {
namespace {

/// Below U+0300 each code point is in normal form, and combines with nothing before it.
bool has_only_low_code_points(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

/// Whether nothing before this code point can change it: it is no mark, nor one of the letters that
/// are the second part of a syllable (Hangul; Kirat Rai, which newer versions of Unicode have).
bool begins_anew(CodePoint code) noexcept {
  if (code < 0x300) return true;
  if ((code >= 0x1160 && code < 0x1200) || (code >= 0x16D60 && code < 0x16D70)) return false;
  const utf8proc_property_t* const property = utf8proc_get_property(code);
  return property->combining_class == 0 && property->category != UTF8PROC_CATEGORY_MN &&
         property->category != UTF8PROC_CATEGORY_MC && property->category != UTF8PROC_CATEGORY_ME;
}

int combining_class(CodePoint code) noexcept {
  return utf8proc_get_property(code)->combining_class;
}

bool decomposes(CodePoint code) noexcept {
  return utf8proc_get_property(code)->decomp_seqindex != UINT16_MAX;
}

std::vector<CodePoint> decomposed(std::string_view text) {
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
  std::vector<CodePoint> codes;
  for (std::size_t at = 0; at < text.size();) {
    const SizedCodePoint here = code_point_at(text, at);
    at += here.size;
    std::array<CodePoint, 32> parts{};  // Unicode needs four
    int last_class = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(here.code, parts.data(),
                                static_cast<utf8proc_ssize_t>(parts.size()), kOptions, &last_class);
    if (count <= 0 || static_cast<std::size_t>(count) > parts.size()) {
      codes.push_back(here.code);
    } else {
      codes.insert(codes.end(), parts.begin(), parts.begin() + count);
    }
  }
  for (auto first = codes.begin(); first != codes.end();) {
    const auto last =
        std::find_if(first, codes.end(), [](CodePoint c) { return combining_class(c) == 0; });
    std::stable_sort(first, last, [](CodePoint a, CodePoint b) {
      return combining_class(a) < combining_class(b);
    });
    first = last == codes.end() ? last : last + 1;
  }
  return codes;
}

std::string normalized(std::string_view text) {
  std::vector<CodePoint> codes = decomposed(text);
  const utf8proc_ssize_t count =
      utf8proc_normalize_utf32(codes.data(), static_cast<utf8proc_ssize_t>(codes.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  codes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  std::string result;
  for (const CodePoint code : codes) {
    std::array<utf8proc_uint8_t, 4> bytes{};
    const utf8proc_ssize_t size = utf8proc_encode_char(code, bytes.data());
    result.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
  }
  return result;
}

}  // namespace

NfcText::NfcText(std::string_view text) : view_(text) {
  if (has_only_low_code_points(text)) return;
  copy_.reserve(text.size());
  for (std::size_t begin = 0; begin < text.size();) {
    const SizedCodePoint first = code_point_at(text, begin);
    std::size_t end = begin + first.size;
    bool is_alone = true;
    while (end < text.size()) {
      const SizedCodePoint next = code_point_at(text, end);
      if (begins_anew(next.code)) break;
      is_alone = false;
      end += next.size;
    }
    if (is_alone && (first.code < 0x300 || !decomposes(first.code))) {
      copy_ += text.substr(begin, end - begin);
    } else {
      add_together(text, begin, end);
    }
    begin = end;
  }
  view_ = copy_;
  if (changes_.empty()) view_ = text;
}

void NfcText::add_together(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view before = text.substr(begin, end - begin);
  const std::string after = normalized(before);
  if (after != before) {
    changes_.push_back({begin, end, copy_.size(), copy_.size() + after.size()});
  }
  copy_ += after;
}

std::size_t NfcText::original(std::size_t place) const noexcept {
  const auto next = std::upper_bound(
      changes_.begin(), changes_.end(), place,
      [](std::size_t wanted, const Change& change) { return wanted < change.view_begin; });
  if (next == changes_.begin()) return place;
  const Change& before = *(next - 1);
  return place < before.view_end ? before.begin : before.end + (place - before.view_end);
}

}  // namespace cochain::detail
