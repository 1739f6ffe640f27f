// The oracle takes the patterns as they are published. It shares nothing with the library but the
// mending of UTF-8, which is written a second time here.

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "tokenizer_check.hpp"
#include "tokenizer_file.hpp"

namespace cochain::testing {
namespace {

constexpr std::size_t kTextBytesMax = 512;

constexpr std::string_view kCasedWord =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+)"
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+)"
    R"([\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|)";
constexpr std::string_view kTekkenWord =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|)"
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|)";

/// By PieceRule. PCRE2 takes U+180E for a space, so spaces are named.
std::string pattern_of(PieceRule rule) {
  std::string pattern;
  switch (rule) {
    case PieceRule::kR50k:
      pattern =
          R"('(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++\z|\s+(?!\S)|\s)";
      break;
    case PieceRule::kCl100k:
      pattern = R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+)"
                R"(| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++\z|\s*[\r\n]|\s+(?!\S)|\s)";
      break;
    case PieceRule::kO200k:
      pattern = std::string(kCasedWord) +
                R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
      break;
    case PieceRule::kTekken:
      pattern =
          std::string(kTekkenWord) + R"(\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
      break;
    case PieceRule::kLlama3:
    case PieceRule::kQwen2:
      pattern = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})" +
                std::string(rule == PieceRule::kQwen2 ? "" : "{1,3}") +
                R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
      break;
  }
  const auto replace_all = [&pattern](std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = pattern.find(from, at)) != std::string::npos; at += to.size()) {
      pattern.replace(at, from.size(), to);
    }
  };
  replace_all(R"([^\s\p{L})", R"([^\x09-\x0d\x{85}\p{Z}\p{L})");
  replace_all(R"(\S)", R"([^\x09-\x0d\x{85}\p{Z}])");
  replace_all(R"(\s)", R"([\x09-\x0d\x{85}\p{Z}])");
  return pattern;
}

/// A pattern of PCRE2, as plain as can be.
class OraclePattern {
 public:
  explicit OraclePattern(const std::string& pattern) {
    int error = 0;
    PCRE2_SIZE place = 0;
    code_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                              PCRE2_UTF | PCRE2_UCP, &error, &place, nullptr));
    if (!code_) throw std::logic_error("the oracle's pattern: " + pattern);
    match_.reset(pcre2_match_data_create(1, nullptr));
  }
  /// The match from `at` on, which must be there; empty at the end of the text if there is none.
  std::pair<std::size_t, std::size_t> match(std::string_view text, std::size_t at) const {
    const int answer = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                   text.size(), at, 0, match_.get(), nullptr);
    if (answer < 0) return {text.size(), text.size()};
    const PCRE2_SIZE* const place = pcre2_get_ovector_pointer(match_.get());
    return {place[0], place[1]};
  }

 private:
  struct FreeCode {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  };
  struct FreeMatch {
    void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
  };
  std::unique_ptr<pcre2_code, FreeCode> code_;
  std::unique_ptr<pcre2_match_data, FreeMatch> match_;
};

/// U+FFFD for each byte, or beginning of a code point, that is none.
std::string mend(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = [&](std::size_t n) {
      return at + n < text.size() ? static_cast<unsigned char>(text[at + n]) : 0U;
    };
    const unsigned first = byte(0);
    const std::size_t wanted = first < 0x80                    ? 1
                               : first >= 0xC2 && first < 0xE0 ? 2
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xF0 && first < 0xF5 ? 4
                                                               : 0;
    std::size_t good = wanted == 0 ? 0 : 1;
    while (good != 0 && good < wanted) {
      const unsigned low = good > 1 ? 0x80 : first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
      const unsigned high = good > 1 ? 0xBF : first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
      if (byte(good) < low || byte(good) > high) break;
      ++good;
    }
    const bool is_whole = wanted != 0 && good == wanted;
    result += is_whole ? text.substr(at, wanted) : std::string_view("\uFFFD");
    at += std::max<std::size_t>(good, 1);
  }
  return result;
}

/// One encoding, and how the oracle merges a piece.
struct Candidate {
  std::string name;
  Encoding encoding;
  PieceRule rule;
  std::function<std::vector<TokenId>(std::string_view)> merge;
};

constexpr std::array<PieceRule, 6> kFuzzRules = {PieceRule::kR50k,  PieceRule::kCl100k,
                                                 PieceRule::kO200k, PieceRule::kLlama3,
                                                 PieceRule::kQwen2, PieceRule::kTekken};

/// The merges of ranks as a list, in another order, and with other ways to the same tokens.
TokenizerFile listed_merges(const std::map<std::string, TokenId>& ranks, std::uint64_t seed) {
  TokenizerFile file;
  for (const auto& [bytes, rank] : ranks) {
    if (bytes.size() > 1) file.token(bytes, 5000 + rank);
  }
  std::vector<TokenizerFile::Merge> merges;
  for (const auto& [bytes, rank] : ranks) {
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      const std::string left = bytes.substr(0, cut);
      const std::string right = bytes.substr(cut);
      if (ranks.contains(left) && ranks.contains(right)) merges.emplace_back(left, right);
    }
  }
  std::shuffle(merges.begin(), merges.end(), std::mt19937_64(seed));
  return file.merges(merges);
}

std::vector<Candidate> make_candidates() {
  static const auto ranks = trained_ranks(training_text(), 400);
  static const auto shuffled = shuffled_ranks(ranks, 7);
  std::vector<Candidate> all;
  for (const PieceRule rule : kFuzzRules) {
    for (const auto* const some : {&ranks, &shuffled}) {
      const std::string name = some == &ranks ? "ranks" : "shuffled";
      all.push_back({name, Encoding(name, rule, Vocabulary::parse(rank_file(*some)), {}), rule,
                     [some](std::string_view piece) { return reference_merge(*some, piece); }});
    }
  }
  static TokenizerFile file = listed_merges(ranks, 8);
  const auto merge = [](std::string_view piece) { return file.merged(piece); };
  // With a bracket around it the pattern is not known, and goes to PCRE2 in the library too.
  for (const char* const bracket : {"(?:", "("}) {
    file.member("pre_tokenizer", split_by(std::string(bracket) +
                                          R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+)"
                                          R"(|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+)"
                                          R"(|\s+(?!\S)|\s+)" +
                                          ")"));
    all.push_back({"pattern", Encoding::parse_hugging_face("pattern", file.json()),
                   PieceRule::kLlama3, merge});
  }
  file.member("pre_tokenizer", byte_level(R"("add_prefix_space": false, "use_regex": true)"));
  all.push_back(
      {"listed", Encoding::parse_hugging_face("listed", file.json()), PieceRule::kR50k, merge});
  return all;
}

struct OracleTokens {
  std::vector<TokenId> ids;
  std::string pieces;  // with a | between
};

OracleTokens oracle_tokens(const Candidate& candidate, std::string_view text) {
  static const std::map<PieceRule, OraclePattern> patterns = [] {
    std::map<PieceRule, OraclePattern> all;
    for (const PieceRule rule : kFuzzRules) all.emplace(rule, pattern_of(rule));
    return all;
  }();
  OracleTokens result;
  for (std::size_t at = 0; at < text.size();) {
    const auto [begin, end] = patterns.at(candidate.rule).match(text, at);
    if (begin != at || end == at) throw std::logic_error("the oracle's pattern leaves a gap");
    const std::vector<TokenId> ids = candidate.merge(text.substr(at, end - at));
    result.ids.insert(result.ids.end(), ids.begin(), ids.end());
    result.pieces += std::string(text.substr(at, end - at)) + "|";
    at = end;
  }
  return result;
}

void expect(bool is_true, const std::string& what, const Candidate& candidate,
            std::string_view text) {
  if (is_true) return;
  std::string hex;
  for (const char c : text) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    hex += {'\\', 'x', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
  }
  throw std::logic_error(what + ", " + candidate.name + ", rule " +
                         std::to_string(static_cast<int>(candidate.rule)) + ": \"" + hex + "\"");
}

void check_operations(const Candidate& candidate, std::string_view text,
                      const std::vector<TokenId>& ids, std::size_t part_bytes) {
  const Encoding& encoding = candidate.encoding;
  expect(encoding.count(text) == ids.size(), "count()", candidate, text);
  expect(encoding.decode(ids) == mend(text), "decode()", candidate, text);
  const std::vector<std::size_t> offsets = encoding.offsets(text);
  expect(offsets.size() == ids.size() && std::is_sorted(offsets.begin(), offsets.end()) &&
             (offsets.empty() || (offsets[0] == 0 && offsets.back() < text.size())),
         "offsets()", candidate, text);
  const std::string_view cut = encoding.truncate(text, ids.size() / 2);
  expect(encoding.count(cut) <= ids.size() / 2, "truncate()", candidate, text);
  const auto encoder = encoding.incremental();
  for (std::size_t at = 0; at < text.size(); at += part_bytes) {
    encoder->append(text.substr(at, part_bytes));
  }
  encoder->finish();
  expect(encoder->take() == ids, "incremental()", candidate, text);
}

}  // namespace

void check_tokenizer_input(std::span<const std::uint8_t> input) {
  if (input.size() < kFuzzHeadBytes) return;
  static const std::vector<Candidate> candidates = make_candidates();
  // What PCRE2's version of Unicode does not have yet is another thing to the library's.
  static const OraclePattern unassigned(R"(\p{Cn})");
  const Candidate& candidate = candidates[input[0] % candidates.size()];
  const auto body = input.subspan(kFuzzHeadBytes);
  const std::string_view text(reinterpret_cast<const char*>(body.data()),
                              std::min(body.size(), kTextBytesMax));
  const std::string mended = mend(text);
  if (unassigned.match(mended, 0).first != mended.size()) return;
  const std::vector<TokenId> ids = candidate.encoding.encode_ordinary(text);
  const OracleTokens wanted = oracle_tokens(candidate, mended);
  expect(ids == wanted.ids, "encode_ordinary(), wanted pieces " + wanted.pieces, candidate, text);
  check_operations(candidate, text, ids, 1 + input[1] % 32U);
}

}  // namespace cochain::testing
