// Patterns as tokenizer files have them (Oniguruma, in Ruby's syntax) in the words of PCRE2.
#pragma once

#include <string>
#include <string_view>

namespace cochain::detail {

/// Shape:  what the two libraries take differently is put in words that mean the same to PCRE2 (\s,
///         scripts), or refused. So is what may take more than the square of a piece's length: more
///         than two repetitions without an end in one alternative, and one inside another.
/// Errors: VocabularyError that names the place and what is not supported there.
[[nodiscard]] std::string translate_pattern(std::string_view pattern);

}  // namespace cochain::detail
