// Steps that cut a text into pieces, for tokenizers that have several of them or other patterns
// than those that are written by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pretokenizer.hpp"

namespace cochain::detail {

/// Lives: never changes; any number of threads may use it.
class PieceSplitter {
 public:
  PieceSplitter() = default;
  PieceSplitter(const PieceSplitter&) = delete;
  PieceSplitter& operator=(const PieceSplitter&) = delete;
  virtual ~PieceSplitter() = default;

  /// Appends where the pieces of a text, which is UTF-8 and not empty, end. None is empty.
  /// Errors: TokenizerError if it would take too long.
  virtual void split(std::string_view text, std::vector<std::size_t>& ends) const = 0;
};

/// By a rule that is written by hand.
class RuleSplitter final : public PieceSplitter {
 public:
  explicit RuleSplitter(PieceRule rule) : rule_(rule), cut_pieces_(cut_pieces_of(rule)) {}
  [[nodiscard]] PieceRule rule() const noexcept { return rule_; }
  void split(std::string_view text, std::vector<std::size_t>& ends) const override;

 private:
  PieceRule rule_;
  CutPieces cut_pieces_;
};

/// What numbers become: a piece each, or one for all that stand together.
enum class DigitPieces : std::uint8_t { kTogether, kEach };

class DigitSplitter final : public PieceSplitter {
 public:
  explicit DigitSplitter(DigitPieces pieces) : pieces_(pieces) {}
  void split(std::string_view text, std::vector<std::size_t>& ends) const override;

 private:
  DigitPieces pieces_;
};

/// How a pattern is to be read.
enum class PatternKind : std::uint8_t { kRegex, kLiteral };

/// Pieces are what matches a pattern, and what lies between, by PCRE2.
/// Units:  takes time in proportion to the text, or fails.
/// Errors: VocabularyError if the pattern is wrong or not supported.
[[nodiscard]] std::unique_ptr<const PieceSplitter> make_pattern_splitter(PatternKind kind,
                                                                         std::string_view pattern);

}  // namespace cochain::detail
