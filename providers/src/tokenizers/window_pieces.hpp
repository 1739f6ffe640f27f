// Where pieces begin in 64 bytes of ASCII, found for all of them at once: by no loop and no branch
// that a word decides, which is what cutting them one by one costs.
#pragma once

#include <bit>
#include <cstdint>

#include "byte_window.hpp"

namespace cochain::detail {

/// What a contraction ('s, 'll) is: a piece, part of the word before it, or nothing of its own.
enum class Contraction : std::uint8_t { kPiece, kOfWord, kNone };

/// In what the rules differ that windows are cut by.
struct WindowRule {
  unsigned digits = 3;         // of a piece, at most: 3 or 1
  bool splits_case = false;    // a capital behind a small letter begins a word
  bool slash_goes_on = false;  // with the line breaks that belong to the characters before them
  Contraction contraction = Contraction::kPiece;
};

struct WindowPieces {
  WindowMask begins = 0;    // of pieces; none is told of the first byte, where one begins
  bool is_unclear = false;  // how the piece that begins last goes on
};

/// The masks of one window and what follows from them. A piece must begin with its first byte.
/// What is told holds whatever follows the window: whether a piece begins with a byte depends on
/// it, on those before it in the window and, of blanks, on the one behind it; in the other cases
/// nothing is told.
template <WindowRule kRule>
class WindowCutter {
 public:
  explicit WindowCutter(const char* begin) noexcept : window_(begin) {
    const WindowMask beyond = window_.beyond_ascii();
    letter_ = window_.letters();
    digit_ = window_.among('0', 10);
    newline_ = window_.equal('\n') | window_.equal('\r');
    space_ = window_.equal(' ');
    white_ = window_.among('\t', 5) | space_;
    other_ = ~(letter_ | digit_ | white_ | beyond);
    // The last byte never is: so each run of known bytes ends inside the mask.
    if (beyond != 0) known_ &= lowest_bit(beyond) - 1;
    drop_tails();
  }

  [[nodiscard]] WindowPieces cut() const noexcept {
    const WindowMask told = known_ & told_whitespace() & told_contractions();
    const WindowMask begins =
        word_begins() | number_begins() | other_begins() | whitespace_begins();
    return {begins & told & ~WindowMask{1}, told != kAllKnown};
  }

 private:
  static constexpr WindowMask kAllKnown = ~WindowMask{0} >> 1U;

  /// Line breaks that follow other characters are of their piece; so they are none for the rest.
  void drop_tails() noexcept {
    WindowMask run = newline_;
    if constexpr (kRule.slash_goes_on) run |= window_.equal('/');
    const WindowMask tails = flood(other_ << 1U & newline_, run);
    other_ &= ~tails;
    newline_ &= ~tails;
    white_ &= ~tails;
  }

  /// A word takes one blank or other character before it, if that begins a piece.
  [[nodiscard]] WindowMask word_begins() const noexcept {
    WindowMask begins = letter_ & ~((letter_ | blanks() | other_begins()) << 1U);
    if constexpr (kRule.splits_case) {
      const WindowMask upper = window_.among('A', 26);
      begins |= upper & (letter_ & ~upper) << 1U;
    }
    return begins;
  }

  [[nodiscard]] WindowMask number_begins() const noexcept {
    static_assert(kRule.digits == 1 || kRule.digits == 3);
    if constexpr (kRule.digits == 1) return digit_;
    WindowMask begins = digit_ & ~(digit_ << 1U);
    const WindowMask fourth = digit_ & digit_ << 1U & digit_ << 2U & digit_ << 3U;
    for (WindowMask next = begins << 3U & fourth; next != 0; next = next << 3U & fourth) {
      begins |= next;
    }
    return begins;
  }

  /// A space before other characters is of their piece.
  [[nodiscard]] WindowMask other_begins() const noexcept {
    return other_ & ~((other_ | space_) << 1U);
  }

  /// Of whitespace up to its last line break, of the blanks behind it, and of the last one.
  [[nodiscard]] WindowMask whitespace_begins() const noexcept {
    const WindowMask last_blanks = blanks() & ~white_ >> 1U & known_ >> 1U;
    return white_begins() | behind_newlines() | last_blanks;
  }

  [[nodiscard]] WindowMask white_begins() const noexcept { return white_ & ~(white_ << 1U); }
  [[nodiscard]] WindowMask blanks() const noexcept { return white_ & ~newline_; }
  [[nodiscard]] WindowMask behind_newlines() const noexcept { return newline_ << 1U & blanks(); }

  /// Blanks between two line breaks begin no piece. Where blanks that follow one end at another, or
  /// where nothing is known, nothing is told of this whitespace but where it begins.
  [[nodiscard]] WindowMask told_whitespace() const noexcept {
    const WindowMask run = blanks() & known_;
    const WindowMask unclear = (behind_newlines() + run) & ~run & (newline_ | ~known_);
    if (behind_newlines() == 0 || unclear == 0) return kAllKnown;
    const WindowMask before = white_begins() & (lowest_bit(unclear) - 1);
    return before == 0 ? WindowMask{1} : ~WindowMask{0} >> std::countl_zero(before);
  }

  /// An apostrophe that may begin a contraction is seldom enough to be left to the rule.
  [[nodiscard]] WindowMask told_contractions() const noexcept {
    if constexpr (kRule.contraction == Contraction::kNone) return kAllKnown;
    const WindowMask apostrophe = window_.equal('\'');
    const WindowMask before_letter = (letter_ | ~known_) >> 1U;
    if constexpr (kRule.contraction == Contraction::kOfWord) {
      const WindowMask unclear = apostrophe & letter_ << 1U & before_letter;
      return unclear == 0 ? kAllKnown : lowest_bit(unclear) - 1;
    } else {
      const WindowMask unclear = apostrophe & other_begins() & before_letter;
      return unclear == 0 ? kAllKnown : (lowest_bit(unclear) << 1U) - 1;
    }
  }

  ByteWindow window_;
  WindowMask letter_ = 0;
  WindowMask digit_ = 0;
  WindowMask newline_ = 0;
  WindowMask space_ = 0;
  WindowMask white_ = 0;
  WindowMask other_ = 0;
  WindowMask known_ = kAllKnown;  // ASCII, as all before it
};

}  // namespace cochain::detail
