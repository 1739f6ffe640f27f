// A strict reading of UTF-8: what a lax terminal might take for a control character is none here.

#include "printable_text.hpp"

#include <cstdio>

namespace cochain::detail {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kEllipsis = "…";

struct CodePoint {
  char32_t code = 0;
  std::size_t bytes = 0;  // 0: no character starts here
};

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool continues(unsigned char byte) { return (byte & 0xC0U) == 0x80U; }

/// Source: Unicode 15.0, table 3-7. No needlessly long form, no surrogate, nothing beyond U+10FFFF.
CodePoint code_point_at(std::string_view text, std::size_t at) {
  const unsigned char lead = byte_at(text, at);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() - at < bytes) return {};
  char32_t code = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const unsigned char next = byte_at(text, at + i);
    if (!continues(next)) return {};
    code = (code << 6U) | (next & 0x3FU);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  if (code < kSmallest[bytes] || surrogate || code > 0x10FFFF) return {};
  return {code, bytes};
}

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

/// Seen by nobody, and the rest of the line is not where it seems to be.
bool misleads(char32_t code) {
  return code == 0x61C || code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

std::string escape(char32_t code) {
  switch (code) {
    case U'\n': return "\\n";
    case U'\r': return "\\r";
    case U'\t': return "\\t";
    default: break;
  }
  char text[16];
  std::snprintf(text, sizeof text, code < 0x100 ? "\\x%02x" : "\\u%04x",
                static_cast<unsigned>(code));
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    if (point.bytes == 0) {
      shown += kReplacement;
    } else if (is_control(point.code) || misleads(point.code)) {
      shown += escape(point.code);
    } else {
      shown += text.substr(at, point.bytes);
    }
    at += point.bytes == 0 ? 1 : point.bytes;
  }
  return shown;
}

std::size_t columns_of(std::string_view text) noexcept {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < text.size(); ++at) columns += !continues(byte_at(text, at));
  return columns;
}

std::string cut_to(std::string text, std::size_t columns) {
  if (columns_of(text) <= columns) return text;
  if (columns == 0) return "";
  std::size_t at = 0;
  for (std::size_t kept = 0; at < text.size(); ++at) {
    if (!continues(byte_at(text, at)) && ++kept == columns) break;
  }
  text.resize(at);
  return text.append(kEllipsis);
}

}  // namespace cochain::detail
