// A megabyte of what makes other tokenizers hang or fail. What is not linear never comes to the
// end.

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "process_state.hpp"

namespace cochain::testing {
namespace {

// Where nothing is optimised and everything is checked, a tenth shows the same.
constexpr bool kIsChecked = sanitized_by(Sanitizer::kAddress) || sanitized_by(Sanitizer::kThread);
constexpr std::size_t kSize = kIsChecked ? 100000 : 1000000;

std::string repeated(std::string_view part) {
  std::string text;
  while (text.size() < kSize) text += part;
  return text;
}

std::string random_of(std::string_view letters) {
  std::mt19937_64 random(20280);
  std::string text(kSize, ' ');
  for (char& c : text) c = letters[random() % letters.size()];
  return text;
}

std::string random_bytes() {
  std::mt19937_64 random(20281);
  std::string text(kSize, ' ');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

const std::vector<Encoding>& encodings() {
  static const std::vector<Encoding> all = [] {
    const auto ranks = trained_ranks(training_text(), 300);
    const Vocabulary ordered = Vocabulary::parse(rank_file(ranks));
    const Vocabulary shuffled = Vocabulary::parse(rank_file(shuffled_ranks(ranks, 1)));
    return std::vector<Encoding>{Encoding("r50k", PieceRule::kR50k, ordered, {}),
                                 Encoding("cl100k", PieceRule::kCl100k, ordered, {}),
                                 Encoding("o200k", PieceRule::kO200k, ordered, {}),
                                 Encoding("shuffled", PieceRule::kO200k, shuffled, {})};
  }();
  return all;
}

void expect_done(const std::string& text) {
  const Encoding& o200k = encodings()[2];
  const std::vector<TokenId> ids = o200k.encode_ordinary(text);
  EXPECT_LE(o200k.count(o200k.truncate(text, ids.size() / 2)), ids.size() / 2);
  EXPECT_GT(encodings()[0].count(text), 0U);
  EXPECT_GT(encodings()[1].count(text), 0U);
  // The heap is for few vocabularies, and slower.
  EXPECT_GT(encodings()[3].count(std::string_view(text).substr(0, text.size() / 8)), 0U);
}

TEST(BpeLarge, OneLetter) { expect_done(repeated("a")); }
TEST(BpeLarge, Spaces) { expect_done(repeated(" ")); }
TEST(BpeLarge, SpacesBeforeALetter) { expect_done(repeated(" ") + "x"); }
TEST(BpeLarge, LineBreaks) { expect_done(repeated("\n")); }
TEST(BpeLarge, SpacesAndLineBreaks) { expect_done(repeated(" \n\t ")); }
TEST(BpeLarge, LineBreakBeforeManySpaces) { expect_done("\n" + repeated(" ") + "x"); }
TEST(BpeLarge, AlternatingCase) { expect_done(repeated("aA")); }
TEST(BpeLarge, CapitalsBehindALetterOfNoCase) { expect_done("\u65E5" + repeated("A") + " "); }
TEST(BpeLarge, Contractions) { expect_done(repeated("'s")); }
TEST(BpeLarge, Marks) { expect_done(repeated("\u0301")); }
TEST(BpeLarge, MarksAndCapitals) { expect_done(repeated("\u0301A")); }
TEST(BpeLarge, Ideographs) { expect_done(repeated("\u4E2D\u65E5")); }
TEST(BpeLarge, Digits) { expect_done(repeated("0")); }
TEST(BpeLarge, Slashes) { expect_done(repeated("/\n")); }
TEST(BpeLarge, TwoLetters) { expect_done(random_of("ab")); }
TEST(BpeLarge, Letters) { expect_done(random_of("abcdefghijklmnopqrstuvwxyz")); }
TEST(BpeLarge, RandomBytes) { expect_done(random_bytes()); }

TEST(BpeLarge, BeginningsOfSpecialTokens) {
  std::vector<SpecialToken> tokens;
  for (TokenId n = 1000; n < 2000; ++n) {
    tokens.emplace_back("<|reserved_" + std::to_string(n) + "|>", n);
  }
  const Encoding encoding("special", PieceRule::kO200k, encodings()[0].vocabulary(), tokens);
  const std::string text = repeated("<|reserved_1<");
  EXPECT_EQ(encoding.encode(text), encoding.encode_ordinary(text));
  EXPECT_EQ(encoding.encode(text, SpecialTokens::all_allowed()), encoding.encode_ordinary(text));
}

}  // namespace
}  // namespace cochain::testing
