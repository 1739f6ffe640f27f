// 64 bytes of a text, asked which of them are of a kind: all at once, the answer a mask.
// Below the pretokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace cochain::detail {

/// Bit n is the byte n of a window.
using WindowMask = std::uint64_t;
inline constexpr std::ptrdiff_t kByteWindowSize = 64;

/// The bit alone that is lowest in a mask; 0 if there is none.
constexpr WindowMask lowest_bit(WindowMask mask) noexcept { return mask & (~mask + 1); }

/// `starts`, and what follows one of them in `run` without a gap. Each start is one of the run.
constexpr WindowMask flood(WindowMask starts, WindowMask run) noexcept {
  return (run & ~(run + starts)) | starts;
}

/// The uppermost bit of each of eight bytes that follow each other in memory. For little endian.
constexpr std::uint32_t upper_bits(std::uint64_t bytes) noexcept {
  constexpr std::uint64_t kUpperBits = 0x8080808080808080U;
  constexpr std::uint64_t kGather = 0x0102040810204080U;  // brings bit 8 n to bit 56 + n
  return static_cast<std::uint32_t>(((bytes & kUpperBits) >> 7U) * kGather >> 56U);
}

static_assert(upper_bits(0x80FF7F0080008000U) == 0b11001010U);

class ByteWindow {
 public:
  /// kByteWindowSize may be read at `begin`.
  explicit ByteWindow(const char* begin) noexcept { std::memcpy(lanes_, begin, sizeof lanes_); }

  [[nodiscard]] WindowMask beyond_ascii() const noexcept {
    return where([](Lanes lanes) { return lanes; });
  }
  [[nodiscard]] WindowMask equal(unsigned char byte) const noexcept {
    return where([byte](Lanes lanes) { return lanes == byte; });
  }
  /// One of so many bytes from `first` on.
  [[nodiscard]] WindowMask among(unsigned char first, unsigned char count) const noexcept {
    return where([first, count](Lanes lanes) { return lanes - first < count; });
  }
  /// A letter of ASCII.
  [[nodiscard]] WindowMask letters() const noexcept {
    return where([](Lanes lanes) { return (lanes | 0x20) - 'a' < 26; });
  }

 private:
  // An extension that g++ and clang share: an operator works on each byte, and a comparison gives
  // 0xFF where it holds.
  using Lanes = unsigned char __attribute__((vector_size(16)));

  static std::uint32_t upper_bits_of(Lanes lanes) noexcept {
#if defined(__SSE2__)
    return static_cast<std::uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(lanes)));
#else
    std::uint64_t halves[2];
    std::memcpy(halves, &lanes, sizeof halves);
    return upper_bits(halves[0]) | upper_bits(halves[1]) << 8U;
#endif
  }

  template <class Test>
  [[nodiscard]] WindowMask where(Test test) const noexcept {
    WindowMask mask = 0;
    for (unsigned n = 0; n < 4; ++n) {
      mask |= WindowMask{upper_bits_of(reinterpret_cast<Lanes>(test(lanes_[n])))} << 16U * n;
    }
    return mask;
  }

  Lanes lanes_[4];
};

}  // namespace cochain::detail
