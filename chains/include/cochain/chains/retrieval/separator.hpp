// Where texts may be cut: separators, and those of programming languages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cochain {

namespace detail {

// One step of a separator after the other; none of them ever goes back.
enum class SeparatorPartKind : std::uint8_t { kText, kRun, kBlanks, kOneOf, kNameEnd };

class SeparatorPart {
 public:
  explicit SeparatorPart(SeparatorPartKind the_kind) : kind(the_kind) {}

  SeparatorPartKind kind;
  std::string text;                // kText
  char byte = 0;                   // kRun
  std::size_t least = 1;           // kRun
  std::size_t most = 1;            // kRun
  std::vector<std::string> words;  // kOneOf
};

}  // namespace detail

/// What may stand between two parts of a text: a fixed text, or one of a few simple shapes.
/// Shape:    `"\n\n"`, or `Separator("\n").run('#', 1, 6).then(" ")`. The empty separator stands
///           between any two characters as people see them (grapheme clusters). A line end in a
///           separator is that of Windows, too.
/// Units:    matched from left to right, each word as far as it goes and never back again: in time
///           proportional to what is tried. So one that begins with a run without an end is slow in
///           a text that is such a run, and nothing behind it: each place in it is tried.
/// Errors:   InvalidStateError for a word after an empty text.
class Separator {
 public:
  static constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

  // Converting on purpose: a list of separators is mostly a list of texts.
  Separator(const char* text) : Separator(std::string(text)) {}
  Separator(std::string text);

  /// Then this text.
  Separator& then(std::string text);
  /// Then this ASCII character, `least` to `most` times; `least` is not 0.
  Separator& run(char byte, std::size_t least, std::size_t most = kAny);
  /// Then blanks, tabs and line ends, at least one.
  Separator& blanks();
  /// Then one of these words, the first that is there.
  Separator& one_of(std::vector<std::string> words);
  /// And no letter, digit or hyphen of ASCII after it: the name of a tag is over.
  Separator& name_end();

  [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }
  /// Where a separator that begins at `at` ends; nothing if there is none.
  [[nodiscard]] std::optional<std::size_t> match(std::string_view text, std::size_t at) const;
  /// Whether one begins at `at`, in time proportional to the least that it takes.
  [[nodiscard]] bool matches(std::string_view text, std::size_t at) const;
  /// What it is made of, for whoever searches a text for many of them at once.
  [[nodiscard]] const std::vector<detail::SeparatorPart>& parts() const noexcept { return parts_; }

 private:
  Separator& add(detail::SeparatorPart part);

  std::vector<detail::SeparatorPart> parts_;
};

using Separators = std::vector<Separator>;

/// Languages whose texts have places that are better to cut at than others.
enum class Language : std::uint8_t {
  kC,
  kCobol,
  kCpp,
  kCSharp,
  kElixir,
  kGo,
  kHaskell,
  kHtml,
  kJava,
  kJavaScript,
  kKotlin,
  kLatex,
  kLua,
  kMarkdown,
  kPerl,
  kPhp,
  kPowerShell,
  kProto,
  kPython,
  kR,
  kRst,
  kRuby,
  kRust,
  kScala,
  kSolidity,
  kSwift,
  kTypeScript,
  kVisualBasic6,
};

/// Paragraphs, lines, words, characters.
[[nodiscard]] Separators default_separators();

/// The separators of a language, coarse ones first; the empty one is the last.
[[nodiscard]] Separators separators_for(Language language);

/// The language that LangChain calls so: "cpp", "js", "markdown".
/// Errors:   InvalidInputError that lists the names.
[[nodiscard]] Language language_named(std::string_view name);

}  // namespace cochain
