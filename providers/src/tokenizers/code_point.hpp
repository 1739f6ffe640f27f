// The code points of a text that is UTF-8.
#pragma once

#include <utf8proc.h>

#include <cstddef>
#include <string_view>

namespace cochain::detail {

using CodePoint = utf8proc_int32_t;

struct SizedCodePoint {
  CodePoint code;
  std::size_t size;
};

/// The one at `at`, where one must begin, and its length.
inline SizedCodePoint code_point_at(std::string_view text, std::size_t at) noexcept {
  CodePoint code = 0;
  const utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                       static_cast<utf8proc_ssize_t>(text.size() - at), &code);
  return {code, size > 0 ? static_cast<std::size_t>(size) : 1};
}

}  // namespace cochain::detail
