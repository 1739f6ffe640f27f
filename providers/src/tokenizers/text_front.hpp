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

  /// Whether the tokens of a text are those of its two parts, if it is cut between a line break and
  /// a letter of ASCII.
  [[nodiscard]] bool cuts_at_lines() const noexcept { return cuts_at_lines_; }

 private:
  class Run;
  [[nodiscard]] bool find_cuts_at_lines() const;

  FrontParts parts_;
  SpecialFinder raw_finder_;
  SpecialFinder normal_finder_;
  CutPieces cut_last_ = keep_whole;
  bool cuts_at_lines_ = false;
};

}  // namespace cochain::detail
