// Whether bytes are text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cochain::cli {

/// How many bytes of `text`, counted from its start, are whole UTF-8: all of them if it is valid.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text) noexcept;

/// `text` with U+FFFD in place of each byte that belongs to no character.
[[nodiscard]] std::string with_valid_utf8(std::string_view text);

/// The code point that a lead byte and its followers stand for; `bytes` holds as many as
/// `utf8_length()` of the first says. 0 for surrogates, needlessly long forms and what is too big.
[[nodiscard]] char32_t decode_utf8(std::string_view bytes) noexcept;

/// How long a sequence with this lead byte is; 0 if none begins so.
[[nodiscard]] std::size_t utf8_length(unsigned char lead) noexcept;

}  // namespace cochain::cli
