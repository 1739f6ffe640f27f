// One pass each, linear.

#include "utf8.hpp"

#include <simdjson.h>

#include <cstdint>

namespace cochain::detail {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::uint8_t byte_at(std::string_view text, std::size_t at) noexcept {
  return at < text.size() ? static_cast<std::uint8_t>(text[at]) : std::uint8_t{0};
}

// The value of a \uXXXX at `at`, or -1.
int escape_at(std::string_view json, std::size_t at) noexcept {
  if (at + 6 > json.size() || json[at] != '\\' || json[at + 1] != 'u') return -1;
  int value = 0;
  for (std::size_t n = 2; n < 6; ++n) {
    const char c = json[at + n];
    int digit = -1;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

}  // namespace

Utf8Step utf8_step_at(std::string_view text, std::size_t at) noexcept {
  const std::uint8_t first = byte_at(text, at);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;   // overlong
    if (first == 0xED) high = 0x9F;  // surrogates
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;   // overlong
    if (first == 0xF4) high = 0x8F;  // beyond U+10FFFF
  } else {
    return {};
  }
  for (std::size_t n = 1; n < length; ++n) {
    const std::uint8_t next = byte_at(text, at + n);
    if (next < low || next > high) return {n, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

bool is_utf8(std::string_view text) noexcept {
  return simdjson::validate_utf8(text.data(), text.size());
}

std::string mend_utf8(std::string_view text) {
  std::string result;
  result.reserve(text.size() + 16);
  std::size_t at = 0;
  while (at < text.size()) {
    const Utf8Step step = utf8_step_at(text, at);
    result.append(step.is_valid ? text.substr(at, step.length) : kReplacement);
    at += step.length;
  }
  return result;
}

std::string mend_surrogates(std::string_view json) {
  std::string result;
  result.reserve(json.size());
  std::size_t at = 0;
  while (at < json.size()) {
    if (json[at] != '\\') {
      result += json[at++];
      continue;
    }
    const int unit = escape_at(json, at);
    if (unit < 0) {
      // Any other escape is two bytes; taken together, so that `\\u` is not misread.
      result.append(json.substr(at, 2));
      at += 2;
    } else if (unit >= 0xD800 && unit <= 0xDBFF) {
      const int next = escape_at(json, at + 6);
      const bool pair = next >= 0xDC00 && next <= 0xDFFF;
      result.append(pair ? json.substr(at, 12) : "\\ufffd");
      at += pair ? 12 : 6;
    } else {
      result.append(unit >= 0xDC00 && unit <= 0xDFFF ? "\\ufffd" : json.substr(at, 6));
      at += 6;
    }
  }
  return result;
}

}  // namespace cochain::detail
