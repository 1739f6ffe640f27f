// Finds special tokens in a text. In front of the encoder, which sees only what lies between them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::detail {

/// Where a special token stands in a text; `token` is nullptr if there is none.
struct FoundSpecial {
  const SpecialToken* token = nullptr;
  std::size_t at = 0;
};

/// Whether a token takes just its text, and only where it is allowed.
[[nodiscard]] bool is_plain(const SpecialToken& token) noexcept;

/// The bytes [begin, end) of a text.
struct TextSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What a special token that was found in a text, which is UTF-8, takes of it: with whitespace that
/// it strips, but nothing before `from`. Nothing if it must be a word of its own and is not.
[[nodiscard]] std::optional<TextSpan> span_of(const FoundSpecial& found, std::string_view text,
                                              std::size_t from) noexcept;

/// Shape: at each place of a text the candidates, in sorted order, are narrowed down byte by byte;
///        so even a thousand of them cost little.
/// Lives: as long as the tokens that it was made from, which must not move.
class SpecialFinder {
 public:
  SpecialFinder() = default;
  explicit SpecialFinder(const std::vector<SpecialToken>& tokens);

  /// The first special token from `from` on for which `wanted(token)`; of those that begin there,
  /// the longest.
  template <class Wanted>
  [[nodiscard]] FoundSpecial find(std::string_view text, std::size_t from, Wanted wanted) const {
    for (std::size_t at = next_first(text, from); at < text.size(); at = next_first(text, at + 1)) {
      const SpecialToken* const token = longest_at(text.substr(at), wanted);
      if (token != nullptr) return {token, at};
    }
    return {};
  }

 private:
  using Place = std::vector<const SpecialToken*>::const_iterator;

  /// The next place where a byte stands that some token begins with.
  [[nodiscard]] std::size_t next_first(std::string_view text, std::size_t from) const noexcept;

  /// Leaves of [first, last), which agree in `depth` bytes, those that go on with `byte`.
  static void narrow(Place& first, Place& last, std::size_t depth, char byte);

  template <class Wanted>
  [[nodiscard]] const SpecialToken* longest_at(std::string_view text, Wanted wanted) const {
    const SpecialToken* best = nullptr;
    Place first = sorted_.begin();
    Place last = sorted_.end();
    for (std::size_t depth = 0; depth < text.size(); ++depth) {
      narrow(first, last, depth, text[depth]);
      if (first == last) break;
      if ((*first)->text().size() == depth + 1 && wanted(**first)) best = *first;
    }
    return best;
  }

  std::vector<const SpecialToken*> sorted_;
  std::string firsts_;  // the bytes that tokens begin with
};

}  // namespace cochain::detail
