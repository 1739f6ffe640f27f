// What is in Unicode 15 and 16 alone. Tokenizers are pinned to 16; PCRE2 of Debian 12 has 14.
#pragma once

#include <string>
#include <string_view>

namespace cochain::detail {

/// A text that is UTF-8, with an older code point in place of each newer one: of the same category
/// and length, and of the same script where there is such.
/// Lives: as long as `text` and `copy`, which is written only if something is newer.
[[nodiscard]] std::string_view with_older_code_points(std::string_view text, std::string& copy);

}  // namespace cochain::detail
