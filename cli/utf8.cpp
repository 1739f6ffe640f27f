// Checked by hand and not by a library: the program links no decoder of its own, and this is all.

#include "utf8.hpp"

#include <array>
#include <cstdint>
#include <cstring>

namespace cochain::cli {

std::size_t utf8_length(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

char32_t decode_utf8(std::string_view bytes) noexcept {
  constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  constexpr std::array<unsigned, 5> kLeadMask = {0, 0x7F, 0x1F, 0x0F, 0x07};
  const std::size_t length = bytes.size() < kLeast.size() ? bytes.size() : 0;
  char32_t code = static_cast<unsigned char>(bytes.front()) & kLeadMask[length];
  for (const char byte : bytes.substr(1)) {
    if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80) return 0;
    code = (code << 6) | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < kLeast[length] || code > 0x10FFFF || surrogate ? 0 : code;
}

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8) {  // most text is ASCII: eight bytes at once
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + at, 8);
      if ((word & kHighBits) == 0) {
        at += 8;
        continue;
      }
    }
    const std::size_t length = utf8_length(static_cast<unsigned char>(text[at]));
    if (length == 0 || text.size() - at < length) return at;
    if (length > 1 && decode_utf8(text.substr(at, length)) == 0) return at;
    at += length;
  }
  return at;
}

}  // namespace cochain::cli
