// Encodings over small vocabularies, beside a reference that merges by definition.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain::testing {
namespace {

using Ranks = std::map<std::string, TokenId>;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Ranks& small_ranks() {
  static const Ranks ranks = trained_ranks(training_text(), 300);
  return ranks;
}

Encoding encoding_of(const Ranks& ranks, PieceRule rule) {
  return Encoding("small", rule, Vocabulary::parse(rank_file(ranks)),
                  {{"<|end|>", 5000}, {"<|end|>more", 5001}, {"<|start|>", 5002}});
}

const Encoding& small_encoding() {
  static const Encoding encoding = encoding_of(small_ranks(), PieceRule::kO200k);
  return encoding;
}

// Letters of the training text in runs, so that long pieces come about that merge in many ways.
std::string random_long_piece(std::mt19937_64& random) {
  const std::string_view letters = random() % 2 == 0 ? "ab" : "ehilorstaz";
  std::string piece(25 + random() % 100, ' ');
  for (char& c : piece) c = letters[random() % letters.size()];
  return piece;
}

void expect_as_reference(const Ranks& ranks, std::uint64_t seed) {
  for (const PieceRule rule : {PieceRule::kR50k, PieceRule::kCl100k, PieceRule::kO200k}) {
    const Encoding encoding = encoding_of(ranks, rule);
    std::mt19937_64 random(seed);
    for (int n = 0; n < 50; ++n) {
      const RandomText text = random_text(random, 60);
      ASSERT_EQ(encoding.encode_ordinary(text.text), reference_encode(ranks, rule, text.mended))
          << "seed " << seed << ", text " << n << ": " << ::testing::PrintToString(text.text);
      const std::string piece = random_long_piece(random);
      ASSERT_EQ(encoding.encode_ordinary(piece), reference_merge(ranks, piece))
          << "seed " << seed << ", piece " << n << ": " << piece;
    }
  }
}

TEST(Bpe, MergesAsByDefinition) { expect_as_reference(small_ranks(), 20262); }

TEST(Bpe, MergesAsByDefinitionWhereRanksAreInNoOrder) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    expect_as_reference(shuffled_ranks(small_ranks(), seed), 20263 + seed);
  }
}

// A long token that comes right behind itself is where the next one may begin to be looked for.
TEST(Bpe, MergesRunsAsByDefinition) {
  constexpr std::uint64_t kSeed = 20265;
  const std::string training = std::string(90, 'a') + "b" + std::string(37, 'a') + "cb" +
                               std::string(21, 'a') + "bc" + std::string(12, 'a');
  const Ranks ranks = trained_ranks(training, 24);
  const auto is_long = [](const auto& rank) { return rank.first.size() > 16; };
  ASSERT_TRUE(std::any_of(ranks.begin(), ranks.end(), is_long));
  const Encoding encoding = encoding_of(ranks, PieceRule::kR50k);
  std::mt19937_64 random(kSeed);
  for (int n = 0; n < 300; ++n) {
    std::string piece;
    for (std::size_t run = 1 + random() % 5; run > 0; --run) {
      piece += std::string(1 + random() % 100, 'a') + "bc"[random() % 2];
    }
    ASSERT_EQ(encoding.encode_ordinary(piece), reference_merge(ranks, piece))
        << "seed " << kSeed << ", piece " << n << ": " << piece;
  }
}

// What a thread has encoded before it may take from memory: pieces of any length and any number of
// tokens, among so many others that they take each other's places.
TEST(Bpe, GivesTheSameForAPieceThatComesAgain) {
  const Encoding encoding = encoding_of(small_ranks(), PieceRule::kR50k);
  std::mt19937_64 random(20264);
  std::vector<std::string> words;
  for (std::size_t size = 1; size <= 70; ++size) {
    for (int n = 0; n < 12; ++n) {
      const std::string_view letters = n % 3 == 0 ? "ab" : n % 3 == 1 ? "qxzj" : "ehilorstaz";
      std::string word(size, ' ');
      for (char& c : word) c = letters[random() % letters.size()];
      words.push_back(std::move(word));
    }
  }
  std::map<std::string, std::vector<TokenId>> first;
  for (int round = 0; round < 4; ++round) {
    std::shuffle(words.begin(), words.end(), random);
    std::string text;
    std::vector<TokenId> ids;
    for (const std::string& word : words) {
      text += ' ' + word;
      std::vector<TokenId>& known = first[word];
      if (known.empty()) known = reference_merge(small_ranks(), ' ' + word);
      ids.insert(ids.end(), known.begin(), known.end());
    }
    ASSERT_EQ(encoding.encode_ordinary(text), ids) << "round " << round;
    EXPECT_EQ(encoding.count(text), ids.size());
  }
}

TEST(Bpe, FindsATokenThatMergingNeverReaches) {
  // No two tokens merge into these; only as whole pieces they are what they are.
  Ranks ranks = small_ranks();
  const auto next = static_cast<TokenId>(ranks.size());
  ranks.emplace("qxq", next);
  ranks.emplace("qxqxqxqxqxqxqxqxqxqxqxqxqxqxqxqx", next + 1);
  const Encoding encoding = encoding_of(ranks, PieceRule::kO200k);
  EXPECT_THAT(encoding.encode_ordinary("qxq"), ElementsAre(next));
  EXPECT_THAT(encoding.encode_ordinary("qxqxqxqxqxqxqxqxqxqxqxqxqxqxqxqx"), ElementsAre(next + 1));
  EXPECT_EQ(encoding.encode_ordinary("qxqq"), reference_merge(ranks, "qxqq"));
  EXPECT_EQ(encoding.encode_ordinary("aqxqxqxqxqxqxqxqxqxqxqxqxqxqxqxqxqx"),
            reference_merge(ranks, "aqxqxqxqxqxqxqxqxqxqxqxqxqxqxqxqxqx"));
  expect_as_reference(ranks, 20270);
}

TEST(Bpe, GivesBackTheTextAndCountsItsTokens) {
  std::mt19937_64 random(20271);
  const Encoding& encoding = small_encoding();
  for (int n = 0; n < 1000; ++n) {
    const RandomText text = random_text(random, 60);
    const std::vector<TokenId> ids = encoding.encode_ordinary(text.text);
    ASSERT_EQ(encoding.decode(ids), text.mended);
    ASSERT_EQ(encoding.decode_bytes(ids), text.mended);
    ASSERT_EQ(encoding.count(text.text), ids.size());
    ASSERT_EQ(encoding.count_up_to(text.text, ids.size()), ids.size());
    if (ids.empty()) continue;
    ASSERT_EQ(encoding.count_up_to(text.text, ids.size() - 1), std::nullopt);
  }
  EXPECT_THAT(encoding.encode(""), IsEmpty());
  EXPECT_EQ(encoding.count(""), 0U);
  EXPECT_EQ(encoding.decode({}), "");
}

TEST(Bpe, MendsWhatIsNoUtf8) {
  const Encoding& encoding = small_encoding();
  EXPECT_EQ(encoding.encode_ordinary("a\xFF\xE2\x82z"), encoding.encode_ordinary("a\uFFFD\uFFFDz"));
  EXPECT_EQ(encoding.encode("\xED\xA0\x80"), encoding.encode("\uFFFD\uFFFD\uFFFD"));
  const TokenId half[] = {0xE2, 0x82, 'a'};  // ids below 256 are bytes here
  EXPECT_EQ(encoding.decode(half), "\uFFFDa");
  EXPECT_EQ(encoding.decode_bytes(half), "\xE2\x82\x61");
}

TEST(Bpe, SaysWhereEachTokenBegins) {
  std::mt19937_64 random(20272);
  const Encoding& encoding = small_encoding();
  for (int n = 0; n < 500; ++n) {
    const std::string text = random_utf8(random, 60);
    const std::vector<TokenId> ids = encoding.encode_ordinary(text);
    const std::vector<std::size_t> offsets = encoding.offsets(text);
    ASSERT_EQ(offsets.size(), ids.size());
    for (std::size_t k = 0; k < ids.size(); ++k) {
      ASSERT_TRUE(text.substr(offsets[k]).starts_with(encoding.vocabulary().bytes(ids[k])));
    }
  }
  // A byte that is wrong is one byte of the text, though three of what is encoded.
  const Encoding bytes = encoding_of(byte_ranks(), PieceRule::kCl100k);
  EXPECT_THAT(bytes.offsets("a\xFF\xE2\x82z"), ElementsAre(0, 1, 1, 1, 2, 2, 2, 4));
  EXPECT_THAT(bytes.offsets("\u00E9z"), ElementsAre(0, 1, 2));
}

TEST(Bpe, TruncatesToWholeCodePointsWithinTheLimit) {
  std::mt19937_64 random(20273);
  for (const PieceRule rule : {PieceRule::kR50k, PieceRule::kCl100k, PieceRule::kO200k}) {
    const Encoding encoding = encoding_of(small_ranks(), rule);
    for (int n = 0; n < 150; ++n) {
      const RandomText text = random_text(random, 60);
      const std::size_t count = encoding.count(text.text);
      for (std::size_t limit = 0; limit <= count + 1; limit += 1 + limit / 8) {
        const std::string_view cut = encoding.truncate(text.text, limit);
        ASSERT_EQ(cut.data(), text.text.data());
        ASSERT_LE(encoding.count(cut), limit);
        ASSERT_TRUE(limit < count || cut == text.text);
        // Whole code points: what was right in the text is right in the cut.
        const std::string mended = encoding.decode(encoding.encode_ordinary(cut));
        ASSERT_TRUE(text.mended.starts_with(mended)) << ::testing::PrintToString(text.text);
      }
    }
  }
  EXPECT_EQ(small_encoding().truncate("values values values", 0), "");
}

TEST(Bpe, TruncatesNoMoreThanItMust) {
  const Encoding bytes = encoding_of(byte_ranks(), PieceRule::kCl100k);
  EXPECT_EQ(bytes.truncate("abc\u00E9z", 3), "abc");
  EXPECT_EQ(bytes.truncate("abc\u00E9z", 4), "abc");
  EXPECT_EQ(bytes.truncate("abc\u00E9z", 5), "abc\u00E9");
}

TEST(Bpe, RefusesSpecialTokensUnlessTheyAreAllowed) {
  const Encoding& encoding = small_encoding();
  try {
    (void)encoding.encode("\xFFz<|end|>");
    FAIL() << "a special token was taken";
  } catch (const SpecialTokenError& error) {
    EXPECT_EQ(error.token(), "<|end|>");
    EXPECT_EQ(error.offset(), 2U);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("<|end|> at byte 2"));
  }
  EXPECT_THROW((void)encoding.encode("<|end|>more"), SpecialTokenError);
  EXPECT_THROW((void)encoding.encode("<|start|>", SpecialTokens().allow("<|end|>")),
               SpecialTokenError);
  EXPECT_NO_THROW((void)encoding.encode("<|end |> <|sta"));
}

TEST(Bpe, TakesAllowedSpecialTokensForWhatTheyAre) {
  const Encoding& encoding = small_encoding();
  const std::vector<TokenId> z = encoding.encode("z");
  ASSERT_EQ(z.size(), 1U);
  EXPECT_THAT(encoding.encode("z<|end|>z<|start|>", SpecialTokens::all_allowed()),
              ElementsAre(z[0], 5000, z[0], 5002));
  EXPECT_THAT(encoding.encode("<|end|><|end|>", SpecialTokens().allow("<|end|>")),
              ElementsAre(5000, 5000));
  // Of those that begin at a place the longest is taken.
  EXPECT_THAT(encoding.encode("<|end|>more", SpecialTokens::all_allowed()), ElementsAre(5001));
  // A special token ends the piece before it, as the end of a text does.
  std::vector<TokenId> ids = encoding.encode_ordinary("z  ");
  ids.push_back(5000);
  ids.push_back(z[0]);
  EXPECT_EQ(encoding.encode("z  <|end|>z", SpecialTokens::all_allowed()), ids);
  EXPECT_EQ(encoding.decode(ids), "z  <|end|>z");
}

TEST(Bpe, TakesSpecialTokensAsTextWhereThatIsAskedFor) {
  const Encoding& encoding = small_encoding();
  const std::string text = "z<|end|>more<|start|>";
  EXPECT_EQ(encoding.encode(text, SpecialTokens::as_text()), encoding.encode_ordinary(text));
  std::vector<TokenId> ids = encoding.encode_ordinary("z<|end|>more");
  ids.push_back(5002);
  EXPECT_EQ(encoding.encode(text, SpecialTokens::as_text().allow("<|start|>")), ids);
}

TEST(Bpe, SaysWhichTokenItDoesNotHave) {
  const TokenId ids[] = {'a', 4999};
  try {
    (void)small_encoding().decode(ids);
    FAIL() << "a token came out of nothing";
  } catch (const UnknownTokenError& error) {
    EXPECT_EQ(error.id(), 4999U);
    EXPECT_STREQ(error.what(), "small has no token 4999");
  }
}

TEST(Bpe, RefusesSpecialTokensThatCannotBe) {
  const Vocabulary vocabulary = Vocabulary::parse(rank_file(byte_ranks()));
  const auto with = [&](std::vector<SpecialToken> tokens) {
    return Encoding("small", PieceRule::kR50k, vocabulary, std::move(tokens));
  };
  EXPECT_THROW(with({{"", 300}}), VocabularyError);
  EXPECT_THROW(with({{"<x>", 300}, {"<x>", 301}}), VocabularyError);
  EXPECT_THROW(with({{"<x>", 255}}), VocabularyError);
  EXPECT_THROW(with({{"\xE6\x97", 300}}), VocabularyError) << "a part of a code point";
  EXPECT_EQ(with({{"<x>", 300}, {"<y>", 300}}).decode(std::vector<TokenId>{300}), "<x>");
}

TEST(BpeThread, ManyThreadsShareOneEncoding) {
  const std::vector<TokenId> expected = small_encoding().encode_ordinary(training_text());
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (int& mine : wrong) {
    threads.emplace_back([&mine, &expected] {
      const Encoding copy = small_encoding();
      for (int n = 0; n < 50; ++n) {
        if (copy.encode_ordinary(training_text()) != expected) ++mine;
        // More encodings than a thread keeps caches for.
        if (n % 10 == 0) (void)encoding_of(byte_ranks(), PieceRule::kR50k).count("values");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::accumulate(wrong.begin(), wrong.end(), 0), 0);
}

}  // namespace
}  // namespace cochain::testing
