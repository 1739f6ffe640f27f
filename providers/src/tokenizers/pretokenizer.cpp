// One function for each pattern. They follow its alternatives in order, and never look at a code
// point more often than a few times, whatever the text. Where that is ASCII, windows are faster.

#include "pretokenizer.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "unicode_classes.hpp"
#include "utf8.hpp"
#include "window_pieces.hpp"

namespace cochain::detail {

CodePointView look_at_four_bytes(const char* p) noexcept {
  const auto byte = [p](std::size_t at) -> std::uint32_t {
    return static_cast<unsigned char>(p[at]);
  };
  return {class_of((byte(0) & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U |
                   (byte(3) & 0x3FU)),
          4};
}

namespace {

/// Where the piece that begins at `begin` ends, by one rule.
using PieceEnd = const char* (*)(const char* begin, const char* end) noexcept;

bool is_newline(char c) noexcept { return c == '\n' || c == '\r'; }

/// Behind the run of code points that have a bit of `kMask`.
template <std::uint8_t kMask>
const char* skip_run(const char* p, const char* end) noexcept {
  while (p != end) {
    if ((ascii_class(*p) & kMask) != 0) {
      ++p;
      continue;
    }
    const CodePointView here = look_at(p);
    if ((here.kind & kMask) == 0) break;
    p += here.length;
  }
  return p;
}

/// \p{N}{1,3} at a number, or as many as are taken at once.
template <int kMost = 3>
const char* skip_numbers(const char* p, const char* end) noexcept {
  for (int count = 0; count < kMost && p != end; ++count) {
    const CodePointView here = look_at(p);
    if ((here.kind & kNumberClass) == 0) break;
    p += here.length;
  }
  return p;
}

/// \s+(?!\S) or else one \s, for the run of spaces from `p` to `run_end`: the last of them is left
/// to the word that follows.
const char* leave_last_space(const char* p, const char* run_end, const char* end) noexcept {
  if (run_end == end) return run_end;
  const char* last = run_end - 1;
  while ((static_cast<unsigned char>(*last) & 0xC0U) == 0x80U) --last;
  return last == p ? run_end : last;
}

/// Behind the last line break of a run of spaces; nullptr if it has none.
const char* behind_last_newline(const char* p, const char* run_end) noexcept {
  while (run_end != p) {
    if (is_newline(run_end[-1])) return run_end;
    --run_end;
  }
  return nullptr;
}

/// The length of 's 't 're 've 'm 'll 'd, in small letters; 0 if none is here.
std::size_t plain_contraction(const char* p, const char* end) noexcept {
  const std::ptrdiff_t left = end - p;
  if (left < 2 || p[0] != '\'') return 0;
  const char a = p[1];
  if (a == 's' || a == 'd' || a == 'm' || a == 't') return 2;
  if (left < 3) return 0;
  const char b = p[2];
  return (a == 'l' && b == 'l') || (a == 'v' && b == 'e') || (a == 'r' && b == 'e') ? 3 : 0;
}

/// The same in any case. The long s (U+017F) is an s in that sense.
std::size_t any_contraction(const char* p, const char* end) noexcept {
  const std::ptrdiff_t left = end - p;
  if (left < 2 || p[0] != '\'') return 0;
  const int a = p[1] | 0x20;
  if (a == 's' || a == 'd' || a == 'm' || a == 't') return 2;
  if (left < 3) return 0;
  if (p[1] == '\xC5' && p[2] == '\xBF') return 3;
  const int b = p[2] | 0x20;
  return (a == 'l' && b == 'l') || (a == 'v' && b == 'e') || (a == 'r' && b == 'e') ? 3 : 0;
}

// '(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s
const char* r50k_piece_end(const char* begin, const char* end) noexcept {
  const std::size_t contraction = plain_contraction(begin, end);
  if (contraction != 0) return begin + contraction;
  const char* p = begin;
  CodePointView here = look_at(p);
  if (*p == ' ' && p + 1 != end) {
    const CodePointView next = look_at(p + 1);
    if ((next.kind & kSpaceClass) == 0) {
      ++p;
      here = next;
    }
  }
  p += here.length;
  if ((here.kind & kLetterClass) != 0) return skip_run<kLetterClass>(p, end);
  if ((here.kind & kNumberClass) != 0) return skip_run<kNumberClass>(p, end);
  if ((here.kind & kOtherClass) != 0) return skip_run<kOtherClass>(p, end);
  return leave_last_space(begin, skip_run<kSpaceClass>(p, end), end);
}

/// The alternatives of cl100k but for those of spaces; nullptr if none matches. Behind the first
/// code point, whose view is `here`, lies `next`.
template <int kNumbers>
const char* cl100k_word_end(const char* begin, CodePointView here, const char* next,
                            const char* end) noexcept {
  const char* p = next;
  if ((here.kind & kLetterClass) != 0) return skip_run<kLetterClass>(p, end);
  const std::size_t contraction = any_contraction(begin, end);
  if (contraction != 0) return begin + contraction;
  if ((here.kind & kNumberClass) != 0) return skip_numbers<kNumbers>(begin, end);
  const std::uint8_t kind = p == end ? std::uint8_t{0} : look_at(p).kind;
  if ((kind & kLetterClass) != 0 && !is_newline(*begin)) return skip_run<kLetterClass>(p, end);
  if ((here.kind & kOtherClass) != 0 || (*begin == ' ' && (kind & kOtherClass) != 0)) {
    p = skip_run<kOtherClass>(p, end);
    while (p != end && is_newline(*p)) ++p;
    return p;
  }
  return nullptr;
}

// '(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+
// |\s++$|\s*[\r\n]|\s+(?!\S)|\s
const char* cl100k_piece_end(const char* begin, const char* end) noexcept {
  const CodePointView here = look_at(begin);
  const char* const next = begin + here.length;
  const char* const word_end = cl100k_word_end<3>(begin, here, next, end);
  if (word_end != nullptr) return word_end;
  const char* const run_end = skip_run<kSpaceClass>(next, end);
  if (run_end == end) return end;
  const char* const behind = behind_last_newline(begin, run_end);
  return behind != nullptr ? behind : leave_last_space(begin, run_end, end);
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*
// |\s*[\r\n]+|\s+(?!\S)|\s+
// Qwen2 has \p{N} in place of \p{N}{1,3}. A run of spaces that ends the text is cut behind its last
// line break here, and is one piece for cl100k.
template <int kNumbers>
const char* llama3_piece_end(const char* begin, const char* end) noexcept {
  const CodePointView here = look_at(begin);
  const char* const next = begin + here.length;
  const char* const word_end = cl100k_word_end<kNumbers>(begin, here, next, end);
  if (word_end != nullptr) return word_end;
  const char* const run_end = skip_run<kSpaceClass>(next, end);
  const char* const behind = behind_last_newline(begin, run_end);
  return behind != nullptr ? behind : leave_last_space(begin, run_end, end);
}

/// What [upper]*[lower]+ and [upper]+[lower]* match.
struct CasedWord {
  const char* lower_end;  // nullptr if the first does not match
  const char* upper_end;  // the second, where the first does not match
};

/// Backtracking, done forwards: [upper]* gives back as much as [lower]+ needs, which is all behind
/// the last code point that is both.
CasedWord match_cased_word(const char* p, const char* end) noexcept {
  const char* behind_both = nullptr;
  // In ASCII no letter is both, so runs of each are all there is.
  while (p != end && (ascii_class(*p) & kUpperClass) != 0) ++p;
  if (p != end && (ascii_class(*p) & kLowerClass) != 0) {
    return {skip_run<kLowerClass>(p, end), p};
  }
  while (p != end) {
    const CodePointView here = look_at(p);
    if ((here.kind & kUpperClass) == 0) {
      if ((here.kind & kLowerClass) != 0) behind_both = skip_run<kLowerClass>(p, end);
      break;
    }
    p += here.length;
    if ((here.kind & kLowerClass) != 0) behind_both = p;
  }
  return {behind_both, p};
}

/// The first two alternatives of o200k; nullptr if neither matches.
const char* o200k_word_end(const char* begin, CodePointView here, const char* end) noexcept {
  const char* const next = begin + here.length;
  const bool is_prefix = (here.kind & (kLetterClass | kNumberClass)) == 0 && !is_newline(*begin);
  CasedWord behind{nullptr, next};
  if (is_prefix) {
    behind = match_cased_word(next, end);
    if (behind.lower_end != nullptr) return behind.lower_end;
  }
  if ((here.kind & (kUpperClass | kLowerClass)) != 0) {
    const CasedWord word = match_cased_word(begin, end);
    if (word.lower_end != nullptr) return word.lower_end;
    if (!is_prefix) return word.upper_end;
  }
  return behind.upper_end != next ? behind.upper_end : nullptr;
}

// [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|...)?
// |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|...)?
// |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
// Tekken has \p{N} in place of \p{N}{1,3}, and no contractions.
template <int kNumbers, Contraction kContraction>
const char* o200k_piece_end(const char* begin, const char* end) noexcept {
  const CodePointView here = look_at(begin);
  const char* const word_end = o200k_word_end(begin, here, end);
  if (word_end != nullptr) {
    return kContraction == Contraction::kNone ? word_end
                                              : word_end + any_contraction(word_end, end);
  }
  if ((here.kind & kNumberClass) != 0) return skip_numbers<kNumbers>(begin, end);
  const char* p = begin + here.length;
  const bool before_other = *begin == ' ' && p != end && (look_at(p).kind & kOtherClass) != 0;
  if ((here.kind & kOtherClass) != 0 || before_other) {
    p = skip_run<kOtherClass>(p, end);
    while (p != end && (is_newline(*p) || *p == '/')) ++p;
    return p;
  }
  const char* const run_end = skip_run<kSpaceClass>(p, end);
  const char* const behind = behind_last_newline(begin, run_end);
  return behind != nullptr ? behind : leave_last_space(begin, run_end, end);
}

template <PieceEnd kPieceEnd>
std::size_t cut_one_by_one(const char* begin, const char* end, PieceEnds& ends) noexcept {
  std::size_t count = 0;
  while (begin != end && count != ends.size()) {
    begin = kPieceEnd(begin, end);
    ends[count++] = begin;
  }
  return count;
}

bool begins_with_ascii(const char* p) noexcept {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, p, sizeof bytes);
  return (bytes & 0x8080808080808080U) == 0;
}

/// By windows where the text is ASCII. What they do not tell is cut by the rule.
template <PieceEnd kPieceEnd, WindowRule kRule>
std::size_t cut_by_windows(const char* begin, const char* end, PieceEnds& ends) noexcept {
  static_assert(kPiecesAhead > kByteWindowSize);
  std::size_t count = 0;
  while (begin != end && count < ends.size() - kByteWindowSize) {
    if (end - begin >= kByteWindowSize && begins_with_ascii(begin)) {
      const WindowPieces pieces = WindowCutter<kRule>(begin).cut();
      const char* const window = begin;
      for (WindowMask left = pieces.begins; left != 0; left &= left - 1) {
        begin = window + std::countr_zero(left);
        ends[count++] = begin;
      }
      if (begin != window && !pieces.is_unclear) continue;
    }
    begin = kPieceEnd(begin, end);
    ends[count++] = begin;
  }
  return count;
}

constexpr WindowRule kCl100kWindows{};
constexpr WindowRule kQwen2Windows{.digits = 1};
constexpr WindowRule kO200kWindows{
    .splits_case = true, .slash_goes_on = true, .contraction = Contraction::kOfWord};
constexpr WindowRule kTekkenWindows{
    .digits = 1, .splits_case = true, .slash_goes_on = true, .contraction = Contraction::kNone};

}  // namespace

CutPieces cut_pieces_of(PieceRule rule) noexcept {
  switch (rule) {
    case PieceRule::kR50k: return cut_one_by_one<r50k_piece_end>;
    case PieceRule::kCl100k: return cut_by_windows<cl100k_piece_end, kCl100kWindows>;
    // They differ from cl100k at the end of a text alone, which is in no window.
    case PieceRule::kLlama3: return cut_by_windows<llama3_piece_end<3>, kCl100kWindows>;
    case PieceRule::kQwen2: return cut_by_windows<llama3_piece_end<1>, kQwen2Windows>;
    case PieceRule::kTekken:
      return cut_by_windows<o200k_piece_end<1, Contraction::kNone>, kTekkenWindows>;
    case PieceRule::kO200k: break;
  }
  return cut_by_windows<o200k_piece_end<3, Contraction::kOfWord>, kO200kWindows>;
}

std::size_t keep_whole(const char*, const char* end, PieceEnds& ends) noexcept {
  ends[0] = end;
  return 1;
}

namespace {

constexpr std::uint8_t kMarkClass = kUpperClass | kOtherClass;  // both, as only marks are

/// Whether a piece surely ends between two code points, of which the second begins with `c`.
bool is_sure_boundary(std::uint8_t before, std::uint8_t behind, char c) noexcept {
  constexpr std::uint8_t kWordClass = kLetterClass | kNumberClass;
  // Marks go on with what is before them, apostrophes may, and of spaces the last may go on with
  // what is behind them.
  if ((behind & kMarkClass) == kMarkClass || c == '\'' || (before & kSpaceClass) != 0) return false;
  if ((behind & kSpaceClass) != 0) return (before & kWordClass) != 0 || !is_newline(c);
  if ((behind & kNumberClass) != 0) return (before & kNumberClass) == 0;
  if ((behind & kLetterClass) != 0) return (before & kNumberClass) != 0;
  return (before & kWordClass) != 0;
}

/// The same of an apostrophe behind a word or a number, if what follows makes no contraction of it.
bool is_sure_apostrophe(std::string_view text, std::size_t at, std::uint8_t before) noexcept {
  constexpr std::string_view kContractionsBegin = "sStTrRvVmMlLdD\xC5";  // U+017F is an s
  return text[at] == '\'' && (before & (kLetterClass | kNumberClass)) != 0 &&
         at + 1 < text.size() && kContractionsBegin.find(text[at + 1]) == std::string_view::npos;
}

/// The same of the beginning of a line, if one line break and no other space is before it.
bool is_sure_line(std::string_view text, std::size_t at, std::uint8_t behind) noexcept {
  if (at < 2 || text[at - 1] != '\n' || text[at] == '/' || (behind & kSpaceClass) != 0 ||
      (behind & kMarkClass) == kMarkClass) {
    return false;
  }
  const std::size_t before_break = code_point_begin(text, at - 2);
  return (look_at(text.data() + before_break).kind & kSpaceClass) == 0;
}

}  // namespace

std::size_t sure_boundary(std::string_view text, std::size_t from) noexcept {
  std::uint8_t behind = 0;
  std::size_t boundary = 0;  // in front of it
  for (std::size_t at = text.size(); at > 0;) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) continue;
    const std::uint8_t kind = look_at(text.data() + at).kind;
    if (boundary != 0 &&
        (is_sure_boundary(kind, behind, text[boundary]) ||
         is_sure_apostrophe(text, boundary, kind) || is_sure_line(text, boundary, behind))) {
      return boundary;
    }
    if (at + 1 < from) break;  // an apostrophe may have waited for what follows it
    behind = kind;
    boundary = at;
  }
  return 0;
}

}  // namespace cochain::detail
