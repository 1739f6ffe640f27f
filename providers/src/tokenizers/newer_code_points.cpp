#include "newer_code_points.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "code_point.hpp"

namespace cochain::detail {
namespace {

struct NewerCodePoints {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t older;
};
#include "newer_code_points.inc"

// Whether a block of code points has newer ones: most have none.
constexpr std::uint32_t kBlock = 128;
constexpr std::size_t kBlocks = std::rbegin(kNewerCodePoints)->last / kBlock + 1;
constexpr std::array<bool, kBlocks> make_blocks() {
  std::array<bool, kBlocks> blocks{};
  for (const NewerCodePoints& range : kNewerCodePoints) {
    for (std::uint32_t n = range.first / kBlock; n <= range.last / kBlock; ++n) blocks[n] = true;
  }
  return blocks;
}
constexpr std::array<bool, kBlocks> kHasNewer = make_blocks();

/// The stand-in for a code point; itself if it is not newer.
std::uint32_t older_of(std::uint32_t code) noexcept {
  if (code / kBlock >= kBlocks || !kHasNewer[code / kBlock]) return code;
  const auto* const range =
      std::lower_bound(std::begin(kNewerCodePoints), std::end(kNewerCodePoints), code,
                       [](const NewerCodePoints& r, std::uint32_t c) { return r.last < c; });
  const bool is_newer = range != std::end(kNewerCodePoints) && range->first <= code;
  return is_newer ? range->older : code;
}

}  // namespace

std::string_view with_older_code_points(std::string_view text, std::string& copy) {
  bool is_copied = false;
  for (std::size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0xE0) {  // all of one or two bytes are old
      ++at;
      continue;
    }
    const SizedCodePoint here = code_point_at(text, at);
    const auto code = static_cast<std::uint32_t>(here.code);
    if (const std::uint32_t older = older_of(code); older != code) {
      if (!is_copied) copy = text;
      is_copied = true;
      utf8proc_encode_char(static_cast<CodePoint>(older),
                           reinterpret_cast<utf8proc_uint8_t*>(copy.data() + at));
    }
    at += here.size;
  }
  return is_copied ? std::string_view(copy) : text;
}

}  // namespace cochain::detail
