// Source: openai/gpt-2, src/encoder.py, bytes_to_unicode().

#include "byte_alphabet.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace cochain::detail {
namespace {

constexpr std::size_t kLetterEnd = 0x144;
constexpr std::uint16_t kNoByte = 0xFFFF;

/// What can be seen stands for itself, the rest for the letters from U+0100 on.
constexpr std::array<std::uint16_t, kLetterEnd> make_bytes_of_letters() {
  std::array<std::uint16_t, kLetterEnd> bytes{};
  bytes.fill(kNoByte);
  std::size_t next = 0x100;
  for (std::uint16_t byte = 0; byte < 256; ++byte) {
    const bool is_seen = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
    bytes[is_seen ? byte : next++] = byte;
  }
  return bytes;
}
constexpr std::array<std::uint16_t, kLetterEnd> kByteOfLetter = make_bytes_of_letters();

constexpr std::array<std::uint16_t, 256> make_letters_of_bytes() {
  std::array<std::uint16_t, 256> letters{};
  for (std::uint16_t letter = 0; letter < kLetterEnd; ++letter) {
    if (kByteOfLetter[letter] != kNoByte) letters[kByteOfLetter[letter]] = letter;
  }
  return letters;
}
constexpr std::array<std::uint16_t, 256> kLetterOfByte = make_letters_of_bytes();

}  // namespace

bool append_bytes_of_letters(std::string_view letters, std::string& bytes) {
  const std::size_t before = bytes.size();
  for (std::size_t at = 0; at < letters.size();) {
    const auto first = static_cast<unsigned char>(letters[at]);
    std::size_t letter = first;
    std::size_t size = 1;
    if (first >= 0x80) {
      // Only letters of two bytes are in the alphabet.
      const bool is_two = first >= 0xC2 && first < 0xE0 && at + 1 < letters.size();
      letter = is_two
                   ? (first & 0x1FU) << 6U | (static_cast<unsigned char>(letters[at + 1]) & 0x3FU)
                   : kLetterEnd;
      size = 2;
    }
    if (letter >= kLetterEnd || kByteOfLetter[letter] == kNoByte) {
      bytes.resize(before);
      return false;
    }
    bytes += static_cast<char>(kByteOfLetter[letter]);
    at += size;
  }
  return true;
}

void append_letters_of_bytes(std::string_view bytes, std::string& letters) {
  for (const char byte : bytes) {
    const std::uint16_t letter = kLetterOfByte[static_cast<unsigned char>(byte)];
    if (letter < 0x80) {
      letters += static_cast<char>(letter);
    } else {
      letters += static_cast<char>(0xC0U | letter >> 6U);
      letters += static_cast<char>(0x80U | (letter & 0x3FU));
    }
  }
}

}  // namespace cochain::detail
