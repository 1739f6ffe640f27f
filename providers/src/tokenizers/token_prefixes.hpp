// Whether a text ends inside a token, as far as can be told.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::detail {

/// The beginnings of those tokens that are taken in every text.
class TokenPrefixes {
 public:
  TokenPrefixes() = default;
  explicit TokenPrefixes(const std::vector<SpecialToken>& tokens);

  /// Whether the text ends with the beginning of a token, but not all of it.
  [[nodiscard]] bool ends(std::string_view text) const noexcept;
  /// Whether that may be so of the text in NFC.
  [[nodiscard]] bool may_end_in_nfc(std::string_view text) const noexcept;

 private:
  std::vector<std::string> texts_;  // sorted
  std::size_t size_max_ = 0;  // of such a beginning
  bool is_ascii_ = true;
  std::array<bool, 256> begins_one_{};  // a byte
};

}  // namespace cochain::detail
