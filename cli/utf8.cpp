// UTF-8 by utf8proc, which knows the forms that are none: surrogates, and those longer than needed.

#include "utf8.hpp"

#include <utf8proc.h>

namespace cochain::cli {
namespace {

/// The code point at the start of `bytes` and its length; a length below 0 if there is none.
utf8proc_ssize_t next_code_point(std::string_view bytes, utf8proc_int32_t& code) noexcept {
  return utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()),
                          static_cast<utf8proc_ssize_t>(bytes.size()), &code);
}

}  // namespace

std::size_t utf8_length(unsigned char lead) noexcept {
  return static_cast<std::size_t>(utf8proc_utf8class[lead]);
}

char32_t decode_utf8(std::string_view bytes) noexcept {
  utf8proc_int32_t code = 0;
  const utf8proc_ssize_t length = next_code_point(bytes, code);
  const bool whole = length > 0 && static_cast<std::size_t>(length) == bytes.size();
  return whole ? static_cast<char32_t>(code) : 0;
}

std::string with_valid_utf8(std::string_view text) {
  std::string valid;
  for (;;) {
    const std::size_t bytes = valid_utf8_prefix(text);
    valid += text.substr(0, bytes);
    if (bytes == text.size()) return valid;
    valid += "\xEF\xBF\xBD";
    text.remove_prefix(bytes + 1);
  }
}

std::size_t valid_utf8_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    utf8proc_int32_t code = 0;
    const utf8proc_ssize_t length = next_code_point(text.substr(at), code);
    if (length <= 0) break;
    at += static_cast<std::size_t>(length);
  }
  return at;
}

}  // namespace cochain::cli
