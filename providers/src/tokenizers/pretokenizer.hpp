// Cuts a text into the pieces inside which bytes are merged, as the patterns of encodings say.
// Between the text and the merges; hand-written, because the patterns backtrack and these do not.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::detail {

/// So many pieces at most are cut before they are encoded.
inline constexpr std::size_t kPiecesAhead = 128;
using PieceEnds = std::array<const char*, kPiecesAhead>;

/// Cuts some pieces at once: writes where they end and returns how many they are, at least one.
/// `begin != end`, a piece begins at `begin`, and all of it is UTF-8. The rules look at what
/// follows a piece, so `end` must be the end of the text. A whole text takes time in proportion to
/// it.
using CutPieces = std::size_t (*)(const char* begin, const char* end, PieceEnds& ends) noexcept;
[[nodiscard]] CutPieces cut_pieces_of(PieceRule rule) noexcept;
/// For what is one piece, whatever it is.
std::size_t keep_whole(const char* begin, const char* end, PieceEnds& ends) noexcept;

/// Pieces of a text that follow each other without a gap.
struct Pieces {
  const char* begin = nullptr;
  std::span<const char* const> ends;  // of each; not empty
  const char* text_end = nullptr;     // of what may be read
};

/// Goes through a text, some pieces at a time.
class PieceCutter {
 public:
  PieceCutter(CutPieces cut, std::string_view text) noexcept
      : cut_(cut), at_(text.data()), end_(text.data() + text.size()) {}

  [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
  /// Lives: until the next call. Not at the end.
  [[nodiscard]] Pieces next() noexcept {
    const std::span<const char* const> ends(ends_.data(), cut_(at_, end_, ends_));
    return {std::exchange(at_, ends.back()), ends, end_};
  }

 private:
  CutPieces cut_;
  const char* at_;
  const char* end_;
  PieceEnds ends_;
};

/// The last place of a text, which is UTF-8, at `from` or behind it where one piece ends and the
/// next begins by every rule, in NFC too, and whatever is appended. 0 if none is sure.
[[nodiscard]] std::size_t sure_boundary(std::string_view text, std::size_t from) noexcept;

}  // namespace cochain::detail
