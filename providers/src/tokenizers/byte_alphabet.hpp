// The letters by which tokenizer files write bytes: GPT-2's, in which every byte can be seen.
#pragma once

#include <string>
#include <string_view>

namespace cochain::detail {

/// Appends the bytes that a token of a file stands for. False if it is not in the alphabet; then
/// nothing is appended.
[[nodiscard]] bool append_bytes_of_letters(std::string_view letters, std::string& bytes);

/// Appends the letters of some bytes: one for each, of one or two bytes in UTF-8.
void append_letters_of_bytes(std::string_view bytes, std::string& letters);

}  // namespace cochain::detail
