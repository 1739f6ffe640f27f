// The patterns are data here: sequences of classes with counts, tried with backtracking.

#include "bpe_reference.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <numeric>
#include <optional>
#include <set>

namespace cochain::testing {
namespace {

using Character = KnownCharacter;
using Test = std::function<bool(const Character&)>;

bool is_letter(const Character& c) { return c.category[0] == 'L'; }
bool is_number(const Character& c) { return c.category[0] == 'N'; }
bool is_white(const Character& c) { return c.category[0] == 'Z' || c.category == "White"; }
bool is_mark(const Character& c) { return c.category[0] == 'M'; }
bool is_break(const Character& c) { return c.bytes == "\r" || c.bytes == "\n"; }
bool is_other(const Character& c) { return !is_white(c) && !is_letter(c) && !is_number(c); }
bool is_prefix(const Character& c) { return !is_break(c) && !is_letter(c) && !is_number(c); }
bool is_blank(const Character& c) { return c.bytes == " "; }
bool is_break_or_slash(const Character& c) { return is_break(c) || c.bytes == "/"; }
bool is_upper(const Character& c) {
  return c.category == "Lu" || c.category == "Lt" || c.category == "Lm" || c.category == "Lo" ||
         is_mark(c);
}
bool is_lower(const Character& c) {
  return c.category == "Ll" || c.category == "Lm" || c.category == "Lo" || is_mark(c);
}
Test exactly(std::string_view bytes) {
  return [bytes](const Character& c) { return c.bytes == bytes; };
}
Test letter_any_case(char small) {
  return [small](const Character& c) {
    const std::string large(1, static_cast<char>(small - 'a' + 'A'));
    return c.bytes == std::string(1, small) || c.bytes == large ||
           (small == 's' && c.bytes == "\xC5\xBF");
  };
}

enum class Greed : std::uint8_t { kGreedy, kPossessive };
enum class Ahead : std::uint8_t { kAny, kEnd, kNoWord };  // nothing, $, (?!\S)

struct Item {
  Test test;
  std::size_t least = 1;
  std::size_t most = 1;
  Greed greed = Greed::kGreedy;
};
struct Alternative {
  std::vector<Item> items;
  Ahead ahead = Ahead::kAny;
};
using Pattern = std::vector<Alternative>;

constexpr std::size_t kMany = 1000000;
constexpr Greed kAtomic = Greed::kPossessive;

std::vector<std::vector<Item>> contractions(bool any_case) {
  std::vector<std::vector<Item>> result;
  for (const std::string_view word : {"s", "d", "m", "t", "ll", "ve", "re"}) {
    std::vector<Item> items{{exactly("'")}};
    for (std::size_t n = 0; n < word.size(); ++n) {
      items.push_back({any_case ? letter_any_case(word[n]) : exactly(word.substr(n, 1))});
    }
    result.push_back(items);
  }
  return result;
}

Pattern make_pattern(PieceRule rule) {
  Pattern pattern;
  if (rule == PieceRule::kR50k) {
    for (const auto& items : contractions(false)) pattern.push_back({items});
    for (const auto& test : {is_letter, is_number, is_other}) {
      pattern.push_back({{{is_blank, 0, 1}, {test, 1, kMany, kAtomic}}});
    }
    pattern.push_back({{{is_white, 1, kMany, kAtomic}}, Ahead::kEnd});
    pattern.push_back({{{is_white, 1, kMany}}, Ahead::kNoWord});
    pattern.push_back({{{is_white}}});
  } else if (rule == PieceRule::kLlama3 || rule == PieceRule::kQwen2) {
    for (const auto& items : contractions(true)) pattern.push_back({items});
    pattern.push_back({{{is_prefix, 0, 1}, {is_letter, 1, kMany}}});
    pattern.push_back({{{is_number, 1, rule == PieceRule::kQwen2 ? 1U : 3U}}});
    pattern.push_back({{{is_blank, 0, 1}, {is_other, 1, kMany}, {is_break, 0, kMany}}});
    pattern.push_back({{{is_white, 0, kMany}, {is_break, 1, kMany}}});
    pattern.push_back({{{is_white, 1, kMany}}, Ahead::kNoWord});
    pattern.push_back({{{is_white, 1, kMany}}});
  } else if (rule == PieceRule::kCl100k) {
    for (const auto& items : contractions(true)) pattern.push_back({items});
    pattern.push_back({{{is_prefix, 0, 1, kAtomic}, {is_letter, 1, kMany, kAtomic}}});
    pattern.push_back({{{is_number, 1, 3, kAtomic}}});
    pattern.push_back(
        {{{is_blank, 0, 1}, {is_other, 1, kMany, kAtomic}, {is_break, 0, kMany, kAtomic}}});
    pattern.push_back({{{is_white, 1, kMany, kAtomic}}, Ahead::kEnd});
    pattern.push_back({{{is_white, 0, kMany}, {is_break}}});
    pattern.push_back({{{is_white, 1, kMany}}, Ahead::kNoWord});
    pattern.push_back({{{is_white}}});
  } else {
    // What follows a word is taken by reference_pieces().
    for (const std::size_t least_upper : {std::size_t{0}, std::size_t{1}}) {
      const std::vector<Item> word = {
          {is_prefix, 0, 1}, {is_upper, least_upper, kMany}, {is_lower, 1 - least_upper, kMany}};
      pattern.push_back({word});
    }
    pattern.push_back({{{is_number, 1, rule == PieceRule::kTekken ? 1U : 3U}}});
    pattern.push_back({{{is_blank, 0, 1}, {is_other, 1, kMany}, {is_break_or_slash, 0, kMany}}});
    pattern.push_back({{{is_white, 0, kMany}, {is_break, 1, kMany}}});
    pattern.push_back({{{is_white, 1, kMany}}, Ahead::kNoWord});
    pattern.push_back({{{is_white, 1, kMany}}});
  }
  return pattern;
}

using Characters = std::vector<Character>;

std::optional<std::size_t> match_from(const Alternative& alternative, const Characters& text,
                                      std::size_t item, std::size_t at) {
  if (item == alternative.items.size()) {
    if (alternative.ahead == Ahead::kEnd && at != text.size()) return std::nullopt;
    if (alternative.ahead == Ahead::kNoWord && at != text.size() && !is_white(text[at])) {
      return std::nullopt;
    }
    return at;
  }
  const Item& now = alternative.items[item];
  std::size_t count = 0;
  while (count < now.most && at + count < text.size() && now.test(text[at + count])) ++count;
  while (count >= now.least) {
    const auto end = match_from(alternative, text, item + 1, at + count);
    if (end) return end;
    if (now.greed == Greed::kPossessive || count == 0) break;
    --count;
  }
  return std::nullopt;
}

Characters characters_of(std::string_view text) {
  Characters result;
  while (!text.empty()) {
    const auto& known = known_characters();
    const auto found = std::find_if(known.begin(), known.end(), [text](const Character& c) {
      return text.starts_with(c.bytes);
    });
    if (found == known.end()) throw std::logic_error("a character that the reference lacks");
    result.push_back(*found);
    text.remove_prefix(found->bytes.size());
  }
  return result;
}

}  // namespace

const std::vector<KnownCharacter>& known_characters() {
  static const std::array<char, 128> kAllAscii = [] {
    std::array<char, 128> all{};
    std::iota(all.begin(), all.end(), '\0');
    return all;
  }();
  static const std::vector<KnownCharacter> known = [] {
    std::vector<KnownCharacter> all;
    static constexpr std::string_view kAscii = "aelmrstvdxyzSTDMLVERAZ0179.,'!-_/\\(@#$+<~";
    for (std::size_t n = 0; n < kAscii.size(); ++n) {
      const char c = kAscii[n];
      const bool small = c >= 'a' && c <= 'z';
      const bool large = c >= 'A' && c <= 'Z';
      const bool digit = c >= '0' && c <= '9';
      all.push_back({kAscii.substr(n, 1), small ? "Ll" : large ? "Lu" : digit ? "Nd" : "Po"});
    }
    const std::vector<KnownCharacter> others = {
        {" ", "Zs"},
        {"\n", "White"},
        {"\r", "White"},
        {"\t", "White"},
        {"\v", "White"},
        {"\f", "White"},
        {"\u0085", "White"},
        {"\u00A0", "Zs"},
        {"\u1680", "Zs"},
        {"\u2003", "Zs"},
        {"\u2028", "Zl"},
        {"\u2029", "Zp"},
        {"\u3000", "Zs"},
        {"\u001C", "Cc"},
        {"\u180E", "Cf"},
        {"\u200B", "Cf"},
        {"\u200D", "Cf"},
        {"\uFEFF", "Cf"},
        {"\uFFFD", "So"},
        {"\u00E9", "Ll"},
        {"\u00DF", "Ll"},
        {"\u017F", "Ll"},
        {"\u0130", "Lu"},
        {"\u0416", "Lu"},
        {"\u0436", "Ll"},
        {"\u01C5", "Lt"},
        {"\u1FBC", "Lt"},
        {"\u02B0", "Lm"},
        {"\u3005", "Lm"},
        {"\u00AA", "Lo"},
        {"\u05D0", "Lo"},
        {"\u4E2D", "Lo"},
        {"\u65E5", "Lo"},
        {"\uD55C", "Lo"},
        {"\u3042", "Lo"},
        {"\u0301", "Mn"},
        {"\u0903", "Mc"},
        {"\u20DD", "Me"},
        {"\uFE0F", "Mn"},
        {"\u00BD", "No"},
        {"\u2167", "Nl"},
        {"\u0663", "Nd"},
        {"\u0969", "Nd"},
        {"\u20AC", "Sc"},
        {"\u00AB", "Pi"},
        {"\u2014", "Pd"},
        {"\uE000", "Co"},
        {"\U0001F600", "So"},
        {"\U0001F3FD", "Sk"},
        {"\U0001D400", "Lu"},
        {"\U0001D41A", "Ll"},
        {"\U0001D7CE", "Nd"},
        {"\U00020000", "Lo"},
        {"\U000E0101", "Mn"},
        {"\U0010FFFD", "Co"},
        // New in Unicode 16.
        {"\u1C89", "Lu"},
        {"\u1C8A", "Ll"},
        {"\U00010D40", "Nd"},
        {"\U00010D50", "Lu"},
    };
    all.insert(all.end(), others.begin(), others.end());
    for (std::size_t c = 0; c < kAllAscii.size(); ++c) {
      const std::string_view bytes(&kAllAscii[c], 1);
      const bool is_there = std::any_of(
          all.begin(), all.end(), [bytes](const KnownCharacter& k) { return k.bytes == bytes; });
      if (is_there) continue;
      const int byte = kAllAscii[c];
      all.push_back({bytes, std::islower(byte) != 0   ? "Ll"
                            : std::isupper(byte) != 0 ? "Lu"
                            : std::isdigit(byte) != 0 ? "Nd"
                            : std::iscntrl(byte) != 0 ? "Cc"
                                                      : "Po"});
    }
    return all;
  }();
  return known;
}

RandomText random_text(std::mt19937_64& random, std::size_t units_max) {
  // Each of these stays as many U+FFFD as it is here, whatever follows.
  static const std::vector<std::pair<std::string_view, std::size_t>> kWrong = {
      {"\xFF", 1}, {"\xC0\xAF", 2}, {"\xED\xA0\x80", 3}, {"\xF8", 1}, {"\xE2\x28", 0}};
  RandomText result;
  const auto& known = known_characters();
  const auto pick = [&random](std::size_t size) {
    return std::uniform_int_distribution<std::size_t>(0, size - 1)(random);
  };
  const std::size_t units = pick(units_max + 1);
  const bool has_wrong = pick(4) == 0;
  std::vector<std::string_view> favourites;
  for (int n = 0; n < 4; ++n) favourites.push_back(known[pick(known.size())].bytes);
  for (std::size_t n = 0; n < units; ++n) {
    if (has_wrong && pick(8) == 0) {
      const auto& [bytes, count] = kWrong[pick(kWrong.size())];
      result.text += bytes;
      for (std::size_t k = 0; k < count; ++k) result.mended += "\uFFFD";
      if (count == 0) result.mended += "\uFFFD(";  // a cut sequence, and what cut it
      continue;
    }
    const std::size_t kind = pick(4);
    const std::string_view bytes = kind == 0   ? favourites[pick(favourites.size())]
                                   : kind == 1 ? known[pick(41)].bytes
                                   : kind == 2 ? known[41 + pick(8)].bytes
                                               : known[pick(known.size())].bytes;
    const std::size_t times = pick(6) == 0 ? 1 + pick(5) : 1;
    for (std::size_t k = 0; k < times; ++k) {
      result.text += bytes;
      result.mended += bytes;
    }
    if (pick(12) == 0) {
      result.text += '\'';
      result.mended += '\'';
    }
  }
  return result;
}

std::string random_utf8(std::mt19937_64& random, std::size_t units_max) {
  return random_text(random, units_max).mended;
}

std::string random_ascii_text(std::mt19937_64& random, std::size_t units_max) {
  static const std::vector<std::string_view> kUnits = {
      "a",   "word", " word", "B",  "fooBar",     "HTTPServer", "don't", "it's ",
      "'LL", "'",    " ",     "  ", "    ",       "\t",         "\n",    "\r\n",
      " \n", "\n\n", "\n  ",  "1",  "23",         "4567",       "/",     ";\n//",
      ".\n", "...",  " = ",   "_",  "1234567890", "(x)",        "','",   "{\n"};
  const auto pick = [&random](std::size_t size) {
    return std::uniform_int_distribution<std::size_t>(0, size - 1)(random);
  };
  std::vector<std::string_view> favourites;
  for (int n = 0; n < 4; ++n) favourites.push_back(kUnits[pick(kUnits.size())]);
  const bool has_others = pick(2) == 0;
  std::string text;
  for (std::size_t n = pick(units_max + 1); n > 0; --n) {
    const auto& known = known_characters();
    text += has_others && pick(16) == 0 ? std::string_view(known[pick(known.size())].bytes)
            : pick(2) == 0              ? favourites[pick(favourites.size())]
                                        : kUnits[pick(kUnits.size())];
  }
  return text;
}

std::vector<std::string> reference_pieces(PieceRule rule, std::string_view text) {
  static const Pattern patterns[] = {
      make_pattern(PieceRule::kR50k),  make_pattern(PieceRule::kCl100k),
      make_pattern(PieceRule::kO200k), make_pattern(PieceRule::kLlama3),
      make_pattern(PieceRule::kQwen2), make_pattern(PieceRule::kTekken)};
  const Pattern& pattern = patterns[static_cast<std::size_t>(rule)];
  const Characters characters = characters_of(text);
  std::vector<std::string> pieces;
  std::size_t at = 0;
  while (at != characters.size()) {
    std::optional<std::size_t> end;
    for (std::size_t n = 0; n < pattern.size() && !end; ++n) {
      end = match_from(pattern[n], characters, 0, at);
      // The first two of o200k end with a contraction, if one is there.
      if (!end || rule != PieceRule::kO200k || n > 1) continue;
      for (const auto& items : contractions(true)) {
        const auto longer = match_from({items}, characters, 0, *end);
        if (!longer) continue;
        end = longer;
        break;
      }
    }
    std::string piece;
    for (; at != end.value(); ++at) piece += characters[at].bytes;
    pieces.push_back(piece);
  }
  return pieces;
}

std::vector<TokenId> reference_merge(const std::map<std::string, TokenId>& ranks,
                                     std::string_view piece) {
  const auto whole = ranks.find(std::string(piece));
  if (whole != ranks.end()) return {whole->second};
  std::vector<std::string> parts;
  for (const char c : piece) parts.emplace_back(1, c);
  while (true) {
    std::size_t best = 0;
    std::optional<TokenId> lowest;
    for (std::size_t n = 0; n + 1 < parts.size(); ++n) {
      const auto found = ranks.find(parts[n] + parts[n + 1]);
      if (found == ranks.end() || (lowest && found->second >= *lowest)) continue;
      lowest = found->second;
      best = n;
    }
    if (!lowest) break;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  std::vector<TokenId> ids;
  for (const std::string& part : parts) ids.push_back(ranks.at(part));
  return ids;
}

std::vector<TokenId> reference_encode(const std::map<std::string, TokenId>& ranks, PieceRule rule,
                                      std::string_view text) {
  std::vector<TokenId> ids;
  for (const std::string& piece : reference_pieces(rule, text)) {
    const std::vector<TokenId> more = reference_merge(ranks, piece);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  return ids;
}

std::map<std::string, TokenId> byte_ranks() {
  std::map<std::string, TokenId> ranks;
  for (TokenId n = 0; n < 256; ++n) ranks.emplace(std::string(1, static_cast<char>(n)), n);
  return ranks;
}

std::map<std::string, TokenId> trained_ranks(std::string_view text, std::size_t merges) {
  std::map<std::string, TokenId> ranks = byte_ranks();
  std::vector<std::string> parts;
  for (const char c : text) parts.emplace_back(1, c);
  while (ranks.size() < 256 + merges) {
    std::map<std::string, std::size_t> counts;
    for (std::size_t n = 0; n + 1 < parts.size(); ++n) ++counts[parts[n] + parts[n + 1]];
    std::erase_if(counts, [&](const auto& count) { return ranks.contains(count.first); });
    if (counts.empty()) break;
    const std::string best =
        std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
          return a.second < b.second;
        })->first;
    ranks.emplace(best, static_cast<TokenId>(ranks.size()));
    std::vector<std::string> merged;
    for (std::size_t n = 0; n < parts.size(); ++n) {
      if (n + 1 < parts.size() && parts[n] + parts[n + 1] == best) {
        merged.push_back(best);
        ++n;
      } else {
        merged.push_back(parts[n]);
      }
    }
    parts = std::move(merged);
  }
  return ranks;
}

std::map<std::string, TokenId> all_pair_ranks() {
  std::map<std::string, TokenId> ranks = byte_ranks();
  for (unsigned n = 0; n < 65536; ++n) {
    const unsigned pair = n * 40503U % 65536U;
    const char bytes[2] = {static_cast<char>(pair >> 8U), static_cast<char>(pair & 0xFFU)};
    ranks.emplace(std::string(bytes, 2), static_cast<TokenId>(256 + n));
  }
  return ranks;
}

std::map<std::string, TokenId> shuffled_ranks(std::map<std::string, TokenId> ranks,
                                              std::uint64_t seed) {
  std::vector<TokenId> ids;
  for (const auto& [bytes, rank] : ranks) ids.push_back(rank);
  std::shuffle(ids.begin(), ids.end(), std::mt19937_64(seed));
  std::size_t n = 0;
  for (auto& [bytes, rank] : ranks) rank = ids[n++];
  return ranks;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t n = 0; n < bytes.size(); n += 3) {
    unsigned bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (n + k < bytes.size() ? static_cast<unsigned char>(bytes[n + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += n + k > bytes.size() ? '=' : kAlphabet[bits >> (18 - 6 * k) & 63U];
    }
  }
  return text;
}

std::string rank_file(const std::map<std::string, TokenId>& ranks) {
  std::string text;
  for (const auto& [bytes, rank] : ranks) text += base64(bytes) + " " + std::to_string(rank) + "\n";
  return text;
}

std::string_view training_text() {
  return "The lazy loop runs what is ready, and nothing else. It's the loop's hand that resumes "
         "a task; don't call it twice. We've seen THAT before, they'll say: 'A task waits.'\n"
         "std::vector<int> values = {1, 22, 333}; for (auto& x : values) { x += 2; } // add two\n"
         "if (values.empty()) {\n    return values;\n        }\n\n\t\tHTTPServer httpServer;\r\n"
         "\u65E5\u672C\u8A9E\u306E\u6587\u7AE0\u3068\u4E2D\u6587\u5B57\u7B26\u65E5\u672C\u8A9E "
         "\u041F\u0440\u0438\u0432\u0435\u0442 \u043C\u0438\u0440, \u043C\u0438\u0440 \u0438 "
         "\u043F\u0440\u0438\u0432\u0435\u0442 "
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
         "abababababababababababababababababab                                        "
         "zzz\n\n\n\n\n\n"
         "e\u0301e\u0301 \U0001F600\U0001F600\U0001F3FD 1234567890 0000000000 3.14159 ----====----";
}

}  // namespace cochain::testing
