// Text of unknown origin, such as names out of another process, made fit for a terminal and for
// columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cochain::detail {

/// What a terminal shows and does not obey. Control characters become escapes (`\n`, `\x1b`), so do
/// characters that turn the direction of a line or end it (`\u202e`); each byte that belongs to no
/// character becomes U+FFFD.
[[nodiscard]] std::string printable(std::string_view text);

/// How many code points a UTF-8 text has: its columns, where each takes one.
[[nodiscard]] std::size_t columns_of(std::string_view text) noexcept;

/// The text, or, if it has more than `columns` code points, one less of them and an ellipsis.
[[nodiscard]] std::string cut_to(std::string text, std::size_t columns);

}  // namespace cochain::detail
