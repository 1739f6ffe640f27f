// Texts that arrive in parts: the tokens are those of the whole text, wherever it was cut.

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/core/error.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::testing {
namespace {

constexpr PieceRule kRules[] = {PieceRule::kR50k,   PieceRule::kCl100k, PieceRule::kO200k,
                                PieceRule::kLlama3, PieceRule::kQwen2,  PieceRule::kTekken};

// Any two bytes merge, so a piece that ends at the wrong place shows.
Encoding pair_encoding(PieceRule rule) {
  return Encoding("pairs", rule, Vocabulary::parse(rank_file(all_pair_ranks())), {});
}

std::vector<TokenId> encode_in_parts(const Encoding& encoding, std::string_view text,
                                     const std::vector<std::size_t>& cuts) {
  const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
  std::vector<TokenId> ids;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    encoder->append(text.substr(begin, cut - begin));
    begin = cut;
    const std::vector<TokenId> settled = encoder->take();
    ids.insert(ids.end(), settled.begin(), settled.end());
  }
  encoder->append(text.substr(begin));
  encoder->finish();
  const std::vector<TokenId> rest = encoder->take();
  ids.insert(ids.end(), rest.begin(), rest.end());
  return ids;
}

TEST(IncrementalEncoder, GivesTheTokensOfTheWholeTextWhereverItIsCut) {
  constexpr std::uint64_t kSeed = 20261128;
  for (const PieceRule rule : kRules) {
    const Encoding encoding = pair_encoding(rule);
    std::mt19937_64 random(kSeed);
    for (int n = 0; n < 150; ++n) {
      const std::string text = random_text(random, 40).text;
      const std::vector<TokenId> whole = encoding.encode_ordinary(text);
      for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        ASSERT_EQ(encode_in_parts(encoding, text, {cut}), whole)
            << "seed " << kSeed << ", text " << n << " cut at " << cut << ": "
            << ::testing::PrintToString(text);
      }
      std::vector<std::size_t> cuts(random() % 20);
      for (std::size_t& cut : cuts) cut = random() % (text.size() + 1);
      std::sort(cuts.begin(), cuts.end());
      ASSERT_EQ(encode_in_parts(encoding, text, cuts), whole)
          << "seed " << kSeed << ", text " << n << ": " << ::testing::PrintToString(text);
    }
  }
}

TEST(IncrementalEncoder, CountsWhatWasAppendedAsIfItEndedThere) {
  constexpr std::uint64_t kSeed = 7;
  for (const PieceRule rule : kRules) {
    const Encoding encoding = pair_encoding(rule);
    std::mt19937_64 random(kSeed);
    for (int n = 0; n < 60; ++n) {
      const std::string text = random_text(random, 40).text;
      const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
      for (std::size_t end = 0; end <= text.size(); ++end) {
        if (end > 0) encoder->append(std::string_view(text).substr(end - 1, 1));
        ASSERT_EQ(encoder->count(), encoding.count(std::string_view(text).substr(0, end)))
            << "seed " << kSeed << ", text " << n << " up to " << end << ": "
            << ::testing::PrintToString(text);
        if (random() % 3 == 0) (void)encoder->take();  // what is taken still counts
      }
      encoder->finish();
      EXPECT_EQ(encoder->count(), encoding.count(text));
    }
  }
}

TEST(IncrementalEncoder, CountsFewerWhenWhatFollowsJoinsWhatWasThere) {
  auto ranks = byte_ranks();
  ranks["ab"] = 256;
  ranks["abc"] = 257;
  const Encoding encoding("small", PieceRule::kO200k, Vocabulary::parse(rank_file(ranks)), {});
  const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
  encoder->append("a");
  encoder->append("b");
  EXPECT_EQ(encoder->count(), 1U);
  encoder->append("x");
  EXPECT_EQ(encoder->count(), 2U);
  encoder->append(" ");
  EXPECT_EQ(encoder->count(), 3U);
  EXPECT_EQ(encoder->take(), (std::vector<TokenId>{256, encoding.encode_ordinary("x")[0]}));
}

TEST(IncrementalEncoder, GivesWordsAsSoonAsTheyEnd) {
  const Encoding encoding = pair_encoding(PieceRule::kO200k);
  const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
  encoder->append("one two");
  EXPECT_EQ(encoder->take(), encoding.encode_ordinary("one"));
  encoder->append("'");  // "two's" would be one word
  EXPECT_TRUE(encoder->take().empty());
  encoder->append("1");
  EXPECT_EQ(encoder->take(), encoding.encode_ordinary(" two'"));
}

TEST(IncrementalEncoder, TakesTimeInProportionToAWordThatDoesNotEnd) {
  constexpr std::size_t kBytes = 200'000;
  const Encoding encoding = pair_encoding(PieceRule::kO200k);
  for (const char c : {'a', ' ', '.', '1', '\n', '\xE6', '\''}) {
    const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
    const std::string_view letter(&c, 1);
    for (std::size_t n = 0; n < kBytes; ++n) encoder->append(letter);
    encoder->finish();
    EXPECT_EQ(encoder->count(), encoding.count(std::string(kBytes, c))) << "letter " << int{c};
  }
}

TEST(IncrementalEncoder, OutlivesItsTokenizer) {
  std::unique_ptr<IncrementalEncoder> encoder;
  std::size_t wanted = 0;
  {
    const Encoding encoding = pair_encoding(PieceRule::kCl100k);
    encoder = encoding.incremental();
    wanted = encoding.count("some words");
  }
  encoder->append("some words");
  encoder->finish();
  EXPECT_EQ(encoder->count(), wanted);
}

TEST(IncrementalEncoder, TakesNothingAfterTheEnd) {
  const std::unique_ptr<IncrementalEncoder> encoder =
      pair_encoding(PieceRule::kO200k).incremental();
  encoder->append("done\xE2\x82");
  encoder->finish();
  encoder->finish();
  EXPECT_EQ(encoder->count(), pair_encoding(PieceRule::kO200k).count("done\uFFFD"));
  EXPECT_THROW(encoder->append("more"), InvalidStateError);
}

}  // namespace
}  // namespace cochain::testing
