// Mending text that is not UTF-8. Off the fast path: callers validate first.
#pragma once

#include <string>
#include <string_view>

namespace cochain::detail {

/// The text with U+FFFD for each maximal piece that is not UTF-8, as browsers do it.
std::string mend_utf8(std::string_view text);

/// JSON text with `\ufffd` for each escaped surrogate that has no partner.
std::string mend_surrogates(std::string_view json);

}  // namespace cochain::detail
