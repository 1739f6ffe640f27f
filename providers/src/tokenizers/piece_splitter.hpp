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

/// What becomes of a match beside what lies between matches.
enum class SplitBehavior : std::uint8_t {
  kIsolated,            // a piece of its own
  kContiguous,          // one piece with the matches beside it
  kMergedWithPrevious,  // the end of the piece before it, unless that is a match
  kMergedWithNext,      // the beginning of the piece behind it, unless that is a match
};

/// What a step makes of a place that is a sure_boundary() of its text.
enum class SureBoundary : std::uint8_t {
  kMade,          // one of its pieces ends there
  kMadeAtBlanks,  // if a blank is behind it
  kKept,          // whatever is behind it, the cuts before it are the same
  kKeptAtBlanks,  // if a blank is behind it
  kLost,          // nothing is known
};

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
  [[nodiscard]] virtual SureBoundary sure_boundary() const noexcept { return SureBoundary::kLost; }
};

/// Steps that follow one another: each cuts the pieces of the last.
using PieceSplitters = std::vector<std::unique_ptr<const PieceSplitter>>;

/// By a rule that is written by hand.
class RuleSplitter final : public PieceSplitter {
 public:
  explicit RuleSplitter(PieceRule rule) : rule_(rule), cut_pieces_(cut_pieces_of(rule)) {}
  [[nodiscard]] PieceRule rule() const noexcept { return rule_; }
  void split(std::string_view text, std::vector<std::size_t>& ends) const override;
  [[nodiscard]] SureBoundary sure_boundary() const noexcept override { return SureBoundary::kMade; }

 private:
  PieceRule rule_;
  CutPieces cut_pieces_;
};

/// What is looked for one by one.
enum class CodePointKind : std::uint8_t { kNumber, kPunctuation };

/// Each code point of a kind is a match.
class CodePointSplitter final : public PieceSplitter {
 public:
  CodePointSplitter(CodePointKind kind, SplitBehavior behavior)
      : kind_(kind), behavior_(behavior) {}
  void split(std::string_view text, std::vector<std::size_t>& ends) const override;
  [[nodiscard]] SureBoundary sure_boundary() const noexcept override {
    const bool is_merged = behavior_ == SplitBehavior::kMergedWithPrevious ||
                           behavior_ == SplitBehavior::kMergedWithNext;
    return is_merged ? SureBoundary::kLost : SureBoundary::kKept;
  }

 private:
  CodePointKind kind_;
  SplitBehavior behavior_;
};

/// How a pattern is to be read.
enum class PatternKind : std::uint8_t { kRegex, kLiteral };

/// What becomes of what a pattern finds.
struct PatternUse {
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool is_inverted = false;  // what it finds lies between the matches
  SureBoundary sure_boundary = SureBoundary::kLost;
};

/// By a pattern, with PCRE2.
/// Units:  takes time in proportion to the text, or fails.
/// Errors: VocabularyError if the pattern is wrong or not supported.
[[nodiscard]] std::unique_ptr<const PieceSplitter> make_pattern_splitter(PatternKind kind,
                                                                         std::string_view pattern,
                                                                         PatternUse use = {});

}  // namespace cochain::detail
