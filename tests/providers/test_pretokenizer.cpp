// Where pieces end, seen through a vocabulary in which any two neighbouring bytes merge.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::testing {
namespace {

constexpr PieceRule kRules[] = {PieceRule::kR50k,   PieceRule::kCl100k, PieceRule::kO200k,
                                PieceRule::kLlama3, PieceRule::kQwen2,  PieceRule::kTekken};

const std::map<std::string, TokenId>& pair_ranks() {
  static const std::map<std::string, TokenId> ranks = all_pair_ranks();
  return ranks;
}

const Encoding& pair_encoding(PieceRule rule) {
  static const Vocabulary vocabulary = Vocabulary::parse(rank_file(pair_ranks()));
  static const Encoding encodings[] = {Encoding("pairs_r50k", kRules[0], vocabulary, {}),
                                       Encoding("pairs_cl100k", kRules[1], vocabulary, {}),
                                       Encoding("pairs_o200k", kRules[2], vocabulary, {}),
                                       Encoding("pairs_llama3", kRules[3], vocabulary, {}),
                                       Encoding("pairs_qwen2", kRules[4], vocabulary, {}),
                                       Encoding("pairs_tekken", kRules[5], vocabulary, {})};
  return encodings[static_cast<std::size_t>(rule)];
}

void expect_pieces(PieceRule rule, const std::vector<std::string>& pieces) {
  std::string text;
  std::vector<TokenId> ids;
  for (const std::string& piece : pieces) {
    text += piece;
    const std::vector<TokenId> more = reference_merge(pair_ranks(), piece);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  SCOPED_TRACE(text);
  EXPECT_EQ(reference_pieces(rule, text), pieces);
  EXPECT_EQ(pair_encoding(rule).encode_ordinary(text), ids);
}

TEST(Pretokenizer, CutsAsThePatternsSayOnRandomTexts) {
  constexpr std::uint64_t kSeed = 20261;
  std::mt19937_64 random(kSeed);
  for (int n = 0; n < 1000; ++n) {
    const RandomText text = random_text(random, 40);
    for (const PieceRule rule : kRules) {
      ASSERT_EQ(pair_encoding(rule).encode_ordinary(text.text),
                reference_encode(pair_ranks(), rule, text.mended))
          << "seed " << kSeed << ", text " << n << ", rule " << static_cast<int>(rule) << ": "
          << ::testing::PrintToString(text.text);
    }
  }
}

void expect_as_the_reference(const std::string& text) {
  for (const PieceRule rule : kRules) {
    ASSERT_EQ(pair_encoding(rule).encode_ordinary(text), reference_encode(pair_ranks(), rule, text))
        << "rule " << static_cast<int>(rule) << ": " << ::testing::PrintToString(text);
  }
}

TEST(Pretokenizer, CutsLongStretchesOfAsciiAsThePatternsSay) {
  constexpr std::uint64_t kSeed = 20262;
  std::mt19937_64 random(kSeed);
  for (int n = 0; n < 250; ++n) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + ", text " + std::to_string(n));
    ASSERT_NO_FATAL_FAILURE(expect_as_the_reference(random_ascii_text(random, 90)));
  }
}

TEST(Pretokenizer, CutsTheSameWhereverInALongStretchItIs) {
  for (const std::string_view words :
       {"don't", " 'tis", "x'y", "it'\u017F", "\n  \n", "\n  x", ";\n//\n// y", "12345678",
        ".\n/.b", " \t foo", "fooBar", "\u00E9e\u00E9", " \u00A0x", "1\u00BD", ".\u2014", "'"}) {
    std::string behind;
    while (behind.size() < 66) behind += "b c; ";
    for (std::size_t before = 0; before <= 66; ++before) {
      if (before == 4) before = 48;
      std::string text;
      while (text.size() < before) text += text.size() + 1 == before ? "." : "x ";
      ASSERT_NO_FATAL_FAILURE(expect_as_the_reference(text + std::string(words) + behind));
    }
  }
}

TEST(Pretokenizer, EndsAContractionWhereItsCaseIsRight) {
  expect_pieces(PieceRule::kR50k, {"de", "'s", " ades", "'", "S", "'ll", "'"});
}

TEST(Pretokenizer, TakesTheLongSForAnS) {
  expect_pieces(PieceRule::kCl100k, {"x", "'\u017F", "'S", "'vE", "'RE", "xr"});
  expect_pieces(PieceRule::kO200k, {"x've", "'\u017F's", " x'\u017F"});
  expect_pieces(PieceRule::kTekken, {"x", "'ve", "'\u017F", "'s", " x", "'\u017F"});
}

TEST(Pretokenizer, LeavesTheLastSpaceToTheWord) {
  expect_pieces(PieceRule::kR50k, {"a", "  ", " a", " ", "\t", "a", "   "});
  expect_pieces(PieceRule::kCl100k, {"a", "  ", " a", " ", "\ta", "   "});
  expect_pieces(PieceRule::kO200k, {"a", "  ", " a", " ", "\ta", "   "});
}

TEST(Pretokenizer, EndsARunOfSpacesBehindItsLastLineBreak) {
  expect_pieces(PieceRule::kCl100k, {"a", " \n \n", " ", " a", "\n  "});
  expect_pieces(PieceRule::kO200k, {"a", " \n \n", " ", " a", "\n", "  "});
  expect_pieces(PieceRule::kLlama3, {"a", " \n \n", " ", " a", "\n", "  "});
  expect_pieces(PieceRule::kO200k, {"//\n/\r\n/", "a", ".\n", "\t", ".\r"});
}

TEST(Pretokenizer, CutsNumbersByThree) {
  expect_pieces(PieceRule::kR50k, {"1790179"});
  expect_pieces(PieceRule::kCl100k, {"179", "017", "9", "a", "\u00BD\u2167\u0663"});
  expect_pieces(PieceRule::kO200k, {"179", "017", "9", " ", "01"});
  expect_pieces(PieceRule::kLlama3, {"179", "017", "9", "a", "\u00BD\u2167\u0663"});
  expect_pieces(PieceRule::kTekken, {"1", "7", " ", "9", "\u00BD"});
  expect_pieces(PieceRule::kQwen2, {"1", "7", "9", "a", "\u00BD", "\u2167", "\u0663"});
}

TEST(Pretokenizer, BacktracksBetweenLettersOfNoCase) {
  expect_pieces(PieceRule::kO200k, {"\u65E5", "AZ"});
  expect_pieces(PieceRule::kO200k, {"A\u02B0", "Z"});
  expect_pieces(PieceRule::kO200k, {"AZa", "Za", "A\u65E5az", "Z"});
  expect_pieces(PieceRule::kO200k, {"\u0301", "A"});
  expect_pieces(PieceRule::kO200k, {"'e\u0301\u0301", "T", " \u0301"});
}

}  // namespace
}  // namespace cochain::testing
