// What the patterns of tokenizers ask of a code point, by a table in two stages (Unicode 16.0).
// Tokenizers are pinned to one version: the split of a text must not change with a library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cochain::detail {

// Bits of a class. A letter that has no case, and a mark, are both upper and lower, because the
// pattern of o200k takes them in both places.
inline constexpr std::uint8_t kLetterClass = 1;
inline constexpr std::uint8_t kNumberClass = 2;
inline constexpr std::uint8_t kSpaceClass = 4;
inline constexpr std::uint8_t kUpperClass = 8;
inline constexpr std::uint8_t kLowerClass = 16;
inline constexpr std::uint8_t kOtherClass = 32;  // neither letter, number nor space
inline constexpr std::uint8_t kAnyClass = 63;

#include "unicode_classes.inc"

/// The class of a code point.
constexpr std::uint8_t class_of(std::uint32_t code_point) noexcept {
  std::uint8_t block = kClassEmptyBlock;
  if (code_point < kClassStageEnd) {
    block = kClassBlock[code_point / 128];
  } else if (code_point >= 0xE0100 && code_point < 0xE0200) {
    block = kClassSelectorBlocks[(code_point - 0xE0100) / 128];
  }
  const auto packed = static_cast<std::uint8_t>(kClassOf[block * 128U + code_point % 128]);
  return packed & kAnyClass;
}

constexpr std::array<std::uint8_t, 128> make_ascii_classes() noexcept {
  std::array<std::uint8_t, 128> result{};
  for (std::uint32_t c = 0; c < 128; ++c) result[c] = class_of(c);
  return result;
}
inline constexpr std::array<std::uint8_t, 128> kAsciiClass = make_ascii_classes();

constexpr std::array<std::uint8_t, 256> make_byte_classes() noexcept {
  std::array<std::uint8_t, 256> result{};
  for (std::size_t c = 0; c < 128; ++c) result[c] = kAsciiClass[c];
  return result;
}
inline constexpr std::array<std::uint8_t, 256> kClassOfByte = make_byte_classes();

constexpr std::array<std::uint8_t, 0x800> make_two_byte_classes() noexcept {
  std::array<std::uint8_t, 0x800> result{};
  for (std::uint32_t c = 0x80; c < 0x800; ++c) result[c] = class_of(c);
  return result;
}
/// Of the code points that have two bytes: the letters of most alphabets.
inline constexpr std::array<std::uint8_t, 0x800> kClassOfTwoBytes = make_two_byte_classes();

/// A code point as the scanners see it.
struct CodePointView {
  std::uint8_t kind;
  std::uint8_t length;
};

/// The code point at `p`, which must begin one of four bytes of a text that is UTF-8.
[[nodiscard]] CodePointView look_at_four_bytes(const char* p) noexcept;

/// The code point at `p`, which must begin one of a text that is UTF-8.
inline CodePointView look_at(const char* p) noexcept {
  const auto byte = [p](std::size_t at) -> std::uint32_t {
    return static_cast<unsigned char>(p[at]);
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {kAsciiClass[first], 1};
  if (first < 0xE0) return {kClassOfTwoBytes[(first & 0x1FU) << 6U | (byte(1) & 0x3FU)], 2};
  if (first >= 0xF0) return look_at_four_bytes(p);
  return {class_of((first & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU)), 3};
}

/// The class of an ASCII byte; 0 for any other.
inline std::uint8_t ascii_class(char c) noexcept {
  return kClassOfByte[static_cast<unsigned char>(c)];
}

}  // namespace cochain::detail
