// Text that should be UTF-8: where it is not, and mending it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cochain::detail {

/// What stands at a place of a text: a code point, or a maximal piece that is not UTF-8.
struct Utf8Step {
  std::size_t length = 1;
  bool is_valid = false;
};
[[nodiscard]] Utf8Step utf8_step_at(std::string_view text, std::size_t at) noexcept;

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Where the code point begins that a place of a text lies in, or at.
[[nodiscard]] constexpr std::size_t code_point_begin(std::string_view text,
                                                     std::size_t at) noexcept {
  while (at > 0 && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) {
    --at;
  }
  return at;
}

/// The text with U+FFFD for each maximal piece that is not UTF-8, as browsers do it.
std::string mend_utf8(std::string_view text);

/// JSON text with `\ufffd` for each escaped surrogate that has no partner.
std::string mend_surrogates(std::string_view json);

}  // namespace cochain::detail
