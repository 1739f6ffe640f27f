// Cuts a text into the pieces inside which bytes are merged, as the patterns of encodings say.
// Between the text and the merges; hand-written, because the patterns backtrack and these do not.
#pragma once

#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::detail {

/// Where the piece that begins at `begin` ends. `begin != end`, and all of it is UTF-8.
/// The rules look at what follows a piece, so `end` must be the end of the text.
using PieceEnd = const char* (*)(const char* begin, const char* end) noexcept;

/// Calls over a whole text together take time in proportion to its length.
[[nodiscard]] PieceEnd piece_end_of(PieceRule rule) noexcept;

/// A place of the text [begin, end) such that pieces that end there or before are pieces whatever
/// is appended. `begin` if none was found; places before `tried` are known to be of no use.
[[nodiscard]] const char* settled_end(const char* begin, const char* tried,
                                      const char* end) noexcept;

}  // namespace cochain::detail
