// Where a text may be cut without harm to a character. UTF-8 that is broken is taken byte by byte:
// each byte that belongs to no code point is a character of its own.
#pragma once

#include <cstddef>
#include <string_view>

#include "cochain/chains/retrieval/document.hpp"

namespace cochain::detail {

/// The end of the code point, or of the byte that is none, at `at`, which is below the size.
[[nodiscard]] std::size_t code_point_end(std::string_view text, std::size_t at) noexcept;

/// The end of the grapheme cluster that begins at `at`, which is below the size.
[[nodiscard]] std::size_t grapheme_end(std::string_view text, std::size_t at) noexcept;

/// Whether a grapheme cluster begins or ends at `at`.
[[nodiscard]] bool is_grapheme_boundary(std::string_view text, std::size_t at) noexcept;

/// The last boundary at or before `at`, and the first one at or after it.
[[nodiscard]] std::size_t grapheme_floor(std::string_view text, std::size_t at) noexcept;
[[nodiscard]] std::size_t grapheme_ceil(std::string_view text, std::size_t at) noexcept;

/// The same slice without whitespace (as str.strip() of Python has it) at its ends. A blank that
/// carries a combining mark is no whitespace.
[[nodiscard]] TextChunk without_whitespace(std::string_view text, std::size_t begin,
                                           std::size_t end) noexcept;

/// Whether a whitespace character ends right before `at`.
[[nodiscard]] bool is_after_whitespace(std::string_view text, std::size_t at) noexcept;

}  // namespace cochain::detail
