// A tokenizer small enough to count by hand, with the ways of large ones that splitters trip over.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/tokenizer.hpp"
#include "cochain/core/error.hpp"

namespace cochain {

/// Words are cut into tokens of three letters from their begin on, so that a word that is cut has
/// other tokens than it had. A run of blanks or line ends is one token. Any other byte is a token,
/// so a character may be several.
class TinyTokenizer final : public Tokenizer {
 public:
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

  [[nodiscard]] std::vector<std::size_t> offsets(std::string_view text) const override {
    bytes_read += text.size();
    std::vector<std::size_t> begins;
    for (std::size_t at = 0; at < text.size();) {
      begins.push_back(at);
      std::size_t end = at + 1;
      if (is_letter(text[at])) {
        while (end < text.size() && end - at < 3 && is_letter(text[end])) ++end;
      } else if (is_blank(text[at])) {
        while (end < text.size() && is_blank(text[end])) ++end;
      }
      at = end;
    }
    return begins;
  }

  [[nodiscard]] std::vector<TokenId> encode_ordinary(std::string_view text) const override {
    return std::vector<TokenId>(offsets(text).size());
  }
  [[nodiscard]] std::string decode(std::span<const TokenId>) const override {
    throw InvalidStateError("TinyTokenizer has no words");
  }
  [[nodiscard]] std::size_t count(std::string_view text) const override {
    return offsets(text).size();
  }
  [[nodiscard]] std::optional<std::size_t> count_up_to(std::string_view text,
                                                       std::size_t limit) const override {
    const std::size_t count = offsets(text).size();
    return count <= limit ? std::optional(count) : std::nullopt;
  }
  [[nodiscard]] std::string_view truncate(std::string_view text, std::size_t limit) const override {
    const std::vector<std::size_t> begins = offsets(text);
    std::size_t end = begins.size() <= limit ? text.size() : begins[limit];
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end);
  }
  [[nodiscard]] std::unique_ptr<IncrementalEncoder> incremental() const override {
    throw InvalidStateError("TinyTokenizer does nothing by and by");
  }

  /// Of all calls together.
  mutable std::atomic<std::size_t> bytes_read = 0;

 private:
  static bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }
  static bool is_blank(char c) noexcept { return c == ' ' || c == '\n' || c == '\r'; }

  std::string name_ = "tiny";
};

}  // namespace cochain
