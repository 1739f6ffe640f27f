// What the Punctuation step of Hugging Face's tokenizers takes for punctuation.
#pragma once

#include <cstdint>

namespace cochain::detail {

/// What C calls punctuation in ASCII, and what Unicode 8.0 does in the rest: the table of that step
/// has stayed as old as that, and files mean what it has.
[[nodiscard]] bool is_punctuation(std::uint32_t code_point) noexcept;

}  // namespace cochain::detail
