// Keeps keys and control characters out of texts that end in logs, errors and terminals.
// Every error message and error body passes through here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cochain {

/// The text with everything that looks like a key blotted out: `sk-***`, `Bearer ***`.
/// Shape:    knows the key shapes of model providers and code hosts: sk-, pk-, rk-, gsk_, xai-,
///           hf_, r8_, pplx-, nvapi-, AIza, ya29., AKIA, ASIA, xox?-, gh?_, github_pat_, and the
///           word after Bearer or Basic. A shape counts at the start of a word only, with at least
///           six characters after it.
/// Errors:   never. A key of no known shape passes: do not put secrets in.
[[nodiscard]] std::string redact_keys(std::string_view text);

/// At most `bytes_max` of the text, cut between code points, in one line: control characters and
/// broken UTF-8 become a space or '?'.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t bytes_max);

}  // namespace cochain
