#include "token_prefixes.hpp"

#include <algorithm>

namespace cochain::detail {
namespace {

bool has_only_ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string_view last_bytes(std::string_view text, std::size_t size) noexcept {
  return text.substr(text.size() - std::min(text.size(), size));
}

// All that NFC makes ASCII of: the Kelvin sign, the Greek question mark and the Greek varia.
constexpr std::array<std::string_view, 3> kBecomeAscii = {"\u212A", "\u037E", "\u1FEF"};
constexpr std::size_t kBecomeAsciiBytes = 3;  // for one byte, at most

}  // namespace

TokenPrefixes::TokenPrefixes(const std::vector<SpecialToken>& tokens) {
  for (const SpecialToken& token : tokens) {
    if (token.match() != TokenMatch::kAlways) continue;
    texts_.push_back(token.text());
    size_max_ = std::max(size_max_, token.text().size() - 1);
    is_ascii_ = is_ascii_ && has_only_ascii(token.text());
    begins_one_[static_cast<unsigned char>(token.text()[0])] = true;
  }
  std::ranges::sort(texts_);
}

bool TokenPrefixes::ends(std::string_view text) const noexcept {
  const std::string_view end = last_bytes(text, size_max_);
  for (std::size_t at = 0; at < end.size(); ++at) {
    if (!begins_one_[static_cast<unsigned char>(end[at])]) continue;
    const std::string_view beginning = end.substr(at);
    // Those that go on with it stand right behind where it would.
    const auto next = std::upper_bound(texts_.begin(), texts_.end(), beginning);
    if (next != texts_.end() && next->starts_with(beginning)) return true;
  }
  return false;
}

bool TokenPrefixes::may_end_in_nfc(std::string_view text) const noexcept {
  const std::string_view end = last_bytes(text, kBecomeAsciiBytes * size_max_);
  const auto is_in_end = [end](std::string_view other) { return end.find(other) != end.npos; };
  if (is_ascii_ ? std::ranges::any_of(kBecomeAscii, is_in_end) : !has_only_ascii(end)) return true;
  return ends(text);
}

}  // namespace cochain::detail
