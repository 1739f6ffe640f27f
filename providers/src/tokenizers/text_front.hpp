// What tokenizers of other makers do to a text before its pieces are merged: they look for tokens
// that are in no vocabulary, normalise what lies between, and cut that in several steps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "bpe_tables.hpp"
#include "piece_splitter.hpp"
#include "special_finder.hpp"
#include "token_prefixes.hpp"

namespace cochain::detail {

enum class TextForm : std::uint8_t { kAsItIs, kNfc };
/// Whether a piece that does not begin with a space is given one.
enum class PrefixSpace : std::uint8_t { kNone, kAdded };

/// What a front is made of.
struct FrontParts {
  TextForm form = TextForm::kAsItIs;
  PieceSplitters splitters;
  PrefixSpace prefix_space = PrefixSpace::kNone;  // behind all splitters,
  std::optional<PieceRule> last_rule;             // this behind it,
  PieceSplitters letter_splitters;                // and these, which see bytes as letters
  std::vector<SpecialToken> raw_tokens;           // looked for in the text,
  std::vector<SpecialToken> normal_tokens;        // and in what is left, normalised
};

/// Where the tokens of a text go.
struct TokenSink {
  std::vector<TokenId>& ids;
  std::vector<std::size_t>* begins;  // in the text, if they are wanted
  std::size_t size_max;              // of ids: more are not needed
  [[nodiscard]] bool is_full() const noexcept { return ids.size() > size_max; }
};

/// Lives: never changes; any number of threads may use it.
class TextFront {
 public:
  /// Which of the tokens that are looked for are wanted.
  using Wanted = std::function<bool(const SpecialToken&)>;

  explicit TextFront(FrontParts parts);
  TextFront(const TextFront&) = delete;
  TextFront& operator=(const TextFront&) = delete;
  ~TextFront() = default;

  /// Appends the tokens of a text that is UTF-8; stops behind a piece with which there are enough.
  void encode(const BpeTables& tables, std::string_view text, const Wanted& wanted,
              TokenSink& sink) const;

  /// Whether a text, of which no token is wanted that is not in every text, may be cut at all.
  [[nodiscard]] bool is_in_parts() const noexcept { return cuts_ != Cuts::kNever; }
  /// Whether the tokens of such a text are those of its two parts, if it is cut at a
  /// sure_boundary(), whatever is appended.
  [[nodiscard]] bool may_cut(std::string_view text, std::size_t at) const noexcept;

 private:
  class Run;
  enum class Cuts : std::uint8_t { kNever, kAtBlanks, kAtPieces };
  [[nodiscard]] Cuts find_cuts() const;

  FrontParts parts_;
  SpecialFinder raw_finder_;
  SpecialFinder normal_finder_;
  CutPieces cut_last_ = keep_whole;
  Cuts cuts_ = Cuts::kNever;
  TokenPrefixes raw_prefixes_;  // of tokens that every text may have
  TokenPrefixes normal_prefixes_;
};

}  // namespace cochain::detail
