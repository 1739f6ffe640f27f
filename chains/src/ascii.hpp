// Kinds of ASCII characters, whatever the locale says.
#pragma once

namespace cochain::detail {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

}  // namespace cochain::detail
