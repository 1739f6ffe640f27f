// One pass over the text; linear, since a shape is tried only at the start of a word.

#include "cochain/chains/model/redact.hpp"

#include <array>
#include <cstdint>

namespace cochain {
namespace {

// '?' stands for one letter or digit.
constexpr std::array<std::string_view, 17> kShapes = {
    "sk-",  "pk-",   "rk-",  "gsk_", "xai-",  "hf_",  "r8_",         "pplx-", "nvapi-",
    "AIza", "ya29.", "AKIA", "ASIA", "xox?-", "gh?_", "github_pat_", "lsv2_"};
constexpr std::size_t kKeyBytesMin = 6;

bool is_alnum(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Providers show keys half masked themselves, hence the '*'.
bool is_key_char(char c) noexcept {
  return is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '*' || c == '~' || c == '+' ||
         c == '/' || c == '=';
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::size_t key_run(std::string_view text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && is_key_char(text[n])) ++n;
  return n;
}

// The length of the shape at the start of the text, 0 if there is none.
std::size_t shape_at(std::string_view text) noexcept {
  for (const std::string_view shape : kShapes) {
    if (text.size() < shape.size()) continue;
    std::size_t i = 0;
    while (i < shape.size() && (shape[i] == '?' ? is_alnum(text[i]) : shape[i] == text[i])) ++i;
    if (i == shape.size()) return i;
  }
  return 0;
}

// The length of "Bearer " or "Basic " at the start of the text, in any case; 0 if there is none.
std::size_t scheme_at(std::string_view text) noexcept {
  for (const std::string_view scheme : {"bearer", "basic"}) {
    if (text.size() <= scheme.size()) continue;
    std::size_t i = 0;
    while (i < scheme.size() && lower(text[i]) == scheme[i]) ++i;
    if (i < scheme.size()) continue;
    const std::size_t word = i;
    while (i < text.size() && (text[i] == ' ' || text[i] == ':')) ++i;
    if (i > word) return i;
  }
  return 0;
}

}  // namespace

std::string redact_keys(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  std::size_t at = 0;
  while (at < text.size()) {
    const bool word_start = at == 0 || !is_alnum(text[at - 1]);
    if (word_start) {
      const std::string_view rest = text.substr(at);
      std::size_t keep = shape_at(rest);
      std::size_t min = kKeyBytesMin;
      if (keep == 0) {
        keep = scheme_at(rest);
        min = 8;  // "Basic plan" is no credential
      }
      if (keep > 0) {
        const std::size_t run = key_run(rest.substr(keep));
        if (run >= min) {
          result.append(rest.substr(0, keep)).append("***");
          at += keep + run;
          continue;
        }
      }
    }
    result += text[at++];
  }
  return result;
}

std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string result;
  const bool cut = text.size() > bytes_max;
  if (cut) {
    text = text.substr(0, bytes_max);
    // Do not leave half a code point at the end.
    while (!text.empty() && (static_cast<std::uint8_t>(text.back()) & 0xC0U) == 0x80U) {
      text.remove_suffix(1);
    }
    if (!text.empty() && static_cast<std::uint8_t>(text.back()) >= 0xC0U) text.remove_suffix(1);
  }
  result.reserve(text.size() + 3);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7F) {
      if (!result.empty() && result.back() != ' ') result += ' ';
    } else if (byte == 0xC2 && i + 1 < text.size() &&
               static_cast<std::uint8_t>(text[i + 1]) < 0xA0) {
      ++i;  // U+0080 to U+009F: terminals obey them as they obey ESC
      result += '?';
    } else if (byte >= 0xC0) {
      const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;
      std::size_t n = 1;
      while (n < length && i + n < text.size() &&
             (static_cast<std::uint8_t>(text[i + n]) & 0xC0U) == 0x80U) {
        ++n;
      }
      if (n == length) {
        result.append(text.substr(i, n));
      } else {
        result += '?';
      }
      i += n - 1;
    } else if (byte >= 0x80) {
      result += '?';
    } else {
      result += text[i];
    }
  }
  if (cut) result += "…";
  return result;
}

}  // namespace cochain
