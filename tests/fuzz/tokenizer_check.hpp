// One input of the fuzzers of tokenizers, and what must be true of it. Shared by the fuzzer that
// looks for inputs and by the short run that makes them up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cochain::testing {

/// How many bytes of an input choose what is done; the rest is the text.
inline constexpr std::size_t kFuzzHeadBytes = 3;

/// Encodes the text of an input, and compares with pieces by PCRE2 and merges by definition.
/// Units:  at most 512 bytes of text are looked at.
/// Errors: std::logic_error that says what differs, for which text.
void check_tokenizer_input(std::span<const std::uint8_t> input);

}  // namespace cochain::testing
