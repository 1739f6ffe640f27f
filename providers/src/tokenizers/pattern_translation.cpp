// A reader of patterns that goes from left to right, and writes as it reads.

#include "pattern_translation.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kPatternBytesMax = 4096;
constexpr std::size_t kGroupsMax = 32;     // inside each other
constexpr std::size_t kEndlessMax = 2;     // in one alternative
constexpr std::uint32_t kCountMax = 1000;  // of a repetition

// PCRE2 takes U+180E for a space too, which it was until Unicode 6.3.
constexpr std::string_view kSpaces = R"(\x09-\x0d\x{85}\p{Z})";

bool is_pattern_digit(char c) { return c >= '0' && c <= '9'; }
bool is_pattern_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_pattern_hex(char c) {
  return is_pattern_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
char in_small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

class PatternTranslator {
 public:
  explicit PatternTranslator(std::string_view pattern) : text_(pattern) {}

  std::string translate() {
    if (text_.empty()) fail("an empty pattern");
    if (text_.size() > kPatternBytesMax) fail("a pattern of more than 4096 bytes");
    read_alternatives(Case::kAsWritten);
    if (at_ != text_.size()) fail("a ) without its (");
    return std::move(out_);
  }

 private:
  enum class Case : std::uint8_t { kAsWritten, kIgnored };

  [[noreturn]] void fail(const std::string& what) const {
    throw VocabularyError("at byte " + std::to_string(at_) + " of the pattern " +
                          std::string(text_.substr(0, 200)) + ": " + what + " is not supported");
  }
  [[nodiscard]] bool here(std::string_view wanted) const {
    return text_.substr(at_).starts_with(wanted);
  }
  bool take(std::string_view wanted) {
    if (!here(wanted)) return false;
    at_ += wanted.size();
    return true;
  }
  char next() {
    if (at_ == text_.size()) fail("a pattern that ends here");
    return text_[at_++];
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  /// Returns how many repetitions without an end the worst alternative has.
  std::size_t read_alternatives(Case letter_case) {
    std::size_t worst = 0;
    while (true) {
      worst = std::max(worst, read_alternative(letter_case));
      if (!take("|")) return worst;
      out_ += '|';
    }
  }

  std::size_t read_alternative(Case letter_case) {
    std::size_t endless = 0;
    char before = '\0';
    while (at_ != text_.size() && peek() != '|' && peek() != ')') {
      const std::size_t item_begin = at_;
      const std::size_t inside = read_item(letter_case);
      if (letter_case == Case::kIgnored) check_folding(before, item_begin);
      endless += read_repetition(inside);
      if (endless > kEndlessMax) fail("more than two repetitions without an end in an alternative");
    }
    return endless;
  }

  /// Oniguruma lets ss, ff, fi, fl and st match one letter where case is ignored.
  void check_folding(char& before, std::size_t item_begin) {
    const std::string_view item = text_.substr(item_begin, at_ - item_begin);
    if (static_cast<unsigned char>(item[0]) >= 0x80) fail("a letter beyond ASCII in (?i:");
    const char now = item.size() == 1 ? in_small(item[0]) : '\0';
    static constexpr std::array<std::string_view, 5> kFolded = {"ss", "ff", "fi", "fl", "st"};
    const std::array<char, 2> pair = {before, now};
    for (const std::string_view folded : kFolded) {
      if (folded == std::string_view(pair.data(), 2)) fail("'" + std::string(folded) + "' in (?i:");
    }
    before = now;
  }

  /// Returns how many repetitions without an end are inside.
  std::size_t read_item(Case letter_case) {
    const char c = peek();
    if (take("(")) return read_group(letter_case);
    if (take("[")) {
      read_class();
    } else if (take("\\")) {
      read_escape();
    } else if (c == '^' || c == '$' || c == '*' || c == '+' || c == '?' || c == '{') {
      fail(std::string(1, c) + " at this place");
    } else if (take(".")) {
      out_ += '.';
    } else {
      add_literal(take_code_point());
    }
    return 0;
  }

  std::size_t read_group(Case letter_case) {
    if (++groups_ > kGroupsMax) fail("so many groups inside each other");
    static constexpr std::array<std::string_view, 5> kKinds = {"?:", "?=", "?!", "?<=", "?<!"};
    std::string_view opened = "?:";  // what a group matched is not asked for
    if (take("?i:")) {
      letter_case = Case::kIgnored;
      opened = "?i:";
    } else if (peek() == '?') {
      const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                     [this](std::string_view wanted) { return take(wanted); });
      if (kind == kKinds.end()) fail("this kind of group");
      opened = *kind;
    } else if (peek() == '*') {
      fail("(*");
    }
    out_ += "(" + std::string(opened);
    const std::size_t inside = read_alternatives(letter_case);
    if (!take(")")) fail("a ( without its )");
    out_ += ')';
    --groups_;
    return inside;
  }

  /// Returns how many repetitions without an end there are, with those inside.
  std::size_t read_repetition(std::size_t inside) {
    const std::size_t begin = at_;
    bool is_endless = false;
    bool is_optional = false;
    bool is_braced = false;
    if (take("*") || take("+")) {
      is_endless = true;
    } else if (take("?")) {
      is_optional = true;
    } else if (peek() == '{') {
      is_braced = true;
      is_endless = read_counts();
    } else {
      return inside;
    }
    if (inside != 0 && !is_optional) fail("a repetition of a repetition without an end");
    // The two disagree about a + or ? behind braces.
    if (!is_braced && !take("?") && peek() == '+') {
      if (is_endless) fail("a possessive repetition");
      ++at_;
    }
    if (peek() == '*' || peek() == '+' || peek() == '?' || peek() == '{') {
      fail("a repetition of a repetition");
    }
    out_ += text_.substr(begin, at_ - begin);
    return inside + (is_endless ? 1U : 0U);
  }

  /// {n}, {n,m} or {n,}. True if it has no end, or one that is far away.
  bool read_counts() {
    ++at_;
    const std::uint32_t least = read_count();
    std::uint32_t most = least;
    if (take(",")) most = peek() == '}' ? kCountMax : read_count();
    if (!take("}")) fail("a { that begins no repetition");
    if (most < least || most > kCountMax) fail("this repetition");
    return most > 16;
  }
  std::uint32_t read_count() {
    std::uint32_t count = 0;
    if (!is_pattern_digit(peek())) fail("a { that begins no repetition");
    while (is_pattern_digit(peek())) {
      count = count * 10 + static_cast<std::uint32_t>(next() - '0');
      if (count > kCountMax) fail("so many repetitions");
    }
    return count;
  }

  void read_escape() {
    const char c = next();
    if (c == 's' || c == 'S') {
      out_ += (c == 's' ? "[" : "[^") + std::string(kSpaces) + "]";
    } else if (c == 'd' || c == 'D') {
      out_ += c == 'd' ? "\\p{Nd}" : "\\P{Nd}";
    } else if (c == 'p' || c == 'P') {
      read_property(c);
    } else {
      add_literal(read_escaped_literal(c));
    }
  }

  /// \p{L}, \P{Lu}, \p{^L}, \p{Han}: categories and scripts.
  void read_property(char letter) {
    if (!take("{")) fail("\\p without braces");
    const bool is_not = take("^") != (letter == 'P');
    std::string name;
    while (is_pattern_letter(peek()) || peek() == '_') name += next();
    if (name.empty() || !take("}")) fail("this name of a property");
    // A script is meant, and not the scripts that also use the letter.
    if (name.size() > 2) name.insert(0, "sc:");
    out_ += (is_not ? "\\P{" : "\\p{") + name + "}";
  }

  /// The code point behind a backslash, as it is written in a pattern of PCRE2.
  std::string read_escaped_literal(char c) {
    static constexpr std::string_view kNamed = "nrt";
    if (kNamed.find(c) != std::string_view::npos) return std::string("\\") + c;
    if (c == 'x' || c == 'u') return read_hex(c);
    const bool is_plain = static_cast<unsigned char>(c) < 0x80 && !is_pattern_letter(c) &&
                          !is_pattern_digit(c) && c >= ' ';
    if (!is_plain) fail("\\" + std::string(1, c));
    return escaped(std::string_view(&c, 1));
  }
  std::string read_hex(char letter) {
    std::string digits;
    if (letter == 'x' && take("{")) {
      while (is_pattern_hex(peek())) digits += next();
      if (!take("}")) fail("this \\x");
    } else {
      const std::size_t wanted = letter == 'x' ? 2 : 4;
      while (digits.size() < wanted && is_pattern_hex(peek())) digits += next();
      if (digits.size() != wanted) fail("this \\" + std::string(1, letter));
    }
    if (digits.empty() || digits.size() > 6) fail("this \\x");
    // Bytes of UTF-8, to one of the two.
    if (letter == 'x' && digits.size() == 2 && digits[0] > '7') fail("\\x beyond 7f");
    return "\\x{" + digits + "}";
  }

  void read_class() {
    out_ += take("^") ? "[^" : "[";
    if (peek() == ']') fail("a ] that begins a class");
    while (!take("]")) {
      if (peek() == '[') fail("a class in a class");
      if (here("&&")) fail("&& in a class");
      if (take("\\")) {
        const char c = next();
        if (c == 's' || c == 'd' || c == 'p' || c == 'P') {
          if (c == 's') out_ += kSpaces;
          if (c == 'd') out_ += "\\p{Nd}";
          if (c == 'p' || c == 'P') read_property(c);
          if (peek() == '-' && !here("-]")) fail("a range that begins with a class");
          continue;
        }
        read_range(read_escaped_literal(c));
      } else {
        read_range(escaped(take_code_point()));
      }
    }
    out_ += ']';
  }

  void read_range(const std::string& first) {
    out_ += first;
    if (peek() != '-' || here("-]") || first == "\\-") return;
    ++at_;
    if (peek() == '[' || here("&&")) fail("this range");
    out_ += '-';
    if (!take("\\")) {
      out_ += escaped(take_code_point());
      return;
    }
    const char c = next();
    if (c == 's' || c == 'd' || c == 'p' || c == 'P') fail("a range that ends with a class");
    out_ += read_escaped_literal(c);
  }

  std::string_view take_code_point() {
    if (at_ == text_.size()) fail("a pattern that ends here");
    const std::size_t begin = at_++;
    while (at_ < text_.size() && (static_cast<unsigned char>(text_[at_]) & 0xC0U) == 0x80U) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  static std::string escaped(std::string_view code_point) {
    const char c = code_point[0];
    const bool is_plain = static_cast<unsigned char>(c) >= 0x80 || is_pattern_letter(c) ||
                          is_pattern_digit(c) || c < ' ';
    return is_plain ? std::string(code_point) : "\\" + std::string(code_point);
  }
  void add_literal(std::string_view code_point) {
    out_ += code_point.size() > 1 && code_point[0] == '\\' ? std::string(code_point)
                                                           : escaped(code_point);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t groups_ = 0;
  std::string out_;
};

}  // namespace

std::string translate_pattern(std::string_view pattern) {
  return PatternTranslator(pattern).translate();
}

}  // namespace cochain::detail
