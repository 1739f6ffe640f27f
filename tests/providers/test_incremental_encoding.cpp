// Texts that arrive in parts: the tokens are those of the whole text, wherever it was cut.

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/core/error.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "tokenizer_file.hpp"

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

/// Cut once at each byte, and at some places at random.
void expect_the_whole_in_parts(const Encoding& encoding, const std::string& text,
                               std::mt19937_64& random) {
  const std::vector<TokenId> whole = encoding.encode_ordinary(text);
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    ASSERT_EQ(encode_in_parts(encoding, text, {cut}), whole)
        << "cut at " << cut << ": " << ::testing::PrintToString(text);
  }
  std::vector<std::size_t> cuts(random() % 20);
  for (std::size_t& cut : cuts) cut = random() % (text.size() + 1);
  std::sort(cuts.begin(), cuts.end());
  ASSERT_EQ(encode_in_parts(encoding, text, cuts), whole) << ::testing::PrintToString(text);
}

TEST(IncrementalEncoder, GivesTheTokensOfTheWholeTextWhereverItIsCut) {
  constexpr std::uint64_t kSeed = 20261128;
  for (const PieceRule rule : kRules) {
    const Encoding encoding = pair_encoding(rule);
    std::mt19937_64 random(kSeed);
    for (int n = 0; n < 200; ++n) {
      const std::string text =
          n % 2 == 0 ? random_text(random, 40).text : random_ascii_text(random, 20);
      SCOPED_TRACE("seed " + std::to_string(kSeed) + ", text " + std::to_string(n));
      ASSERT_NO_FATAL_FAILURE(expect_the_whole_in_parts(encoding, text, random));
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

/// A tokenizer file in which each byte merges with every fourth.
Encoding file_encoding(const std::string& pre_tokenizer, const std::string& normalizer = "null") {
  TokenizerFile file;
  for (const auto& [bytes, id] : all_pair_ranks()) {
    if (bytes.size() == 2 && id % 4 == 0) file.merge(bytes.substr(0, 1), bytes.substr(1));
  }
  file.member("pre_tokenizer", pre_tokenizer).member("normalizer", normalizer);
  file.added("<tool>", 90'000, R"("special": false, "normalized": false)");
  file.added("<tool_2", 90'001, R"("special": false, "normalized": true)");
  file.added("e 1", 90'002, R"("special": false, "normalized": true)");
  file.added("<|end|>", 90'003, R"("special": true)");
  return Encoding::parse_hugging_face("file", file.json());
}

std::string steps(const std::string& first, const std::string& byte_level_flags) {
  return R"({"type": "Sequence", "pretokenizers": [)" + first + byte_level(byte_level_flags) + "]}";
}

std::vector<Encoding> file_encodings() {
  const std::string plain = R"("add_prefix_space": false, "use_regex": false)";
  const std::string qwen =
      R"({"type": "Split", "behavior": "Isolated", "pattern": {"Regex": )"
      R"("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+)"
      R"([\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"}}, )";
  std::vector<Encoding> encodings;
  encodings.push_back(file_encoding(steps(qwen, plain), R"({"type": "NFC"})"));
  const std::string split = R"({"type": "Split", "behavior": "Isolated", "pattern": {"Regex": ")";
  const std::string deepseek = split + R"(\\p{N}{1,3}"}}, )" + split +
                               "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+\"}}, " + split +
                               R"([!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+)"
                               R"(|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+)"
                               R"(| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"}}, )";
  encodings.push_back(file_encoding(steps(deepseek, plain)));
  encodings.push_back(file_encoding(byte_level(R"("add_prefix_space": true, "use_regex": true)")));
  encodings.push_back(file_encoding(steps(R"({"type": "Digits"}, {"type": "Punctuation"}, )",
                                          R"("add_prefix_space": false, "use_regex": true)")));
  return encodings;
}

TEST(IncrementalEncoder, GivesTheTokensOfTokenizerFilesWhereverATextIsCut) {
  constexpr std::uint64_t kSeed = 20261129;
  const char* const parts[] = {"<tool>",  "<tool_2", "<too",         "e 1",     " 1",
                               "<|end|>", "e",       "\u0301",       "=\u0338", "1 ",
                               "\u212A",  ", ",      "\u65E5\u30FB", "\u65E5"};
  for (const Encoding& encoding : file_encodings()) {
    std::mt19937_64 random(kSeed);
    for (int n = 0; n < 40; ++n) {
      std::string text;
      for (int part = 0; part < 8; ++part) {
        text += parts[random() % std::size(parts)] + random_text(random, 4).text;
      }
      SCOPED_TRACE("seed " + std::to_string(kSeed) + ", text " + std::to_string(n));
      ASSERT_NO_FATAL_FAILURE(expect_the_whole_in_parts(encoding, text, random));
    }
  }
}

/// How many bytes of the tokens are there, before the end of the text is told.
std::size_t settled_bytes(const Encoding& encoding, IncrementalEncoder& encoder) {
  return encoding.decode_bytes(encoder.take()).size();
}

TEST(IncrementalEncoder, KeepsLittleOfATextThatHasWords) {
  std::vector<Encoding> encodings = file_encodings();
  for (const PieceRule rule : kRules) encodings.push_back(pair_encoding(rule));
  for (const Encoding& encoding : encodings) {
    for (const std::string line : {"\u4F60 \u597D\uFF0C\u4E16\u754C\u3002\n", "- item one\n",
                                   "    x = {\"a\": 1};\n", "1,234.5 "}) {
      const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
      std::string text;
      std::size_t settled = 0;
      for (int n = 0; n < 50; ++n) {
        encoder->append(line);
        text += line;
        settled += settled_bytes(encoding, *encoder);
        EXPECT_GE(settled + 2 * line.size(), text.size()) << encoding.name() << ": " << line;
      }
    }
  }
}

TEST(IncrementalEncoder, KeepsLittleOfATextThatHasNoBlanks) {
  std::vector<Encoding> encodings = {file_encodings()[0]};
  for (const PieceRule rule : kRules) encodings.push_back(pair_encoding(rule));
  for (const Encoding& encoding : encodings) {
    for (const std::string line : {"'a','sc','d1',", "{\n}\n", "--\n[\n]\n", "it's''3'"}) {
      for (const std::size_t part : {std::size_t{1}, line.size()}) {
        const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
        std::size_t settled = 0;
        for (std::size_t size = 0; size < 40 * line.size(); size += part) {
          encoder->append(line.substr(size % line.size(), part));
          settled += settled_bytes(encoding, *encoder);
          EXPECT_GE(settled + 2 * line.size(), size) << encoding.name() << ": " << line;
        }
      }
    }
  }
}

TEST(IncrementalEncoder, FindsTheBeginningOfOneAmongTenThousandTokensAtOnce) {
  TokenizerFile file;
  file.member("pre_tokenizer", byte_level(R"("add_prefix_space": false, "use_regex": true)"));
  for (TokenId n = 0; n < 10'000; ++n) {
    const std::string name = "<extra_" + std::to_string(n) + ">";
    file.added(name, 90'000 + n, R"("special": false, "normalized": false)");
  }
  const Encoding encoding = Encoding::parse_hugging_face("many", file.json());
  std::string text;
  while (text.size() < 100'000) text += "< ";
  text += "<extra_77><extra_123";
  const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
  for (std::size_t at = 0; at < text.size(); at += 1000) encoder->append(text.substr(at, 1000));
  encoder->append(">");
  encoder->finish();
  EXPECT_EQ(encoder->take(), encoding.encode_ordinary(text + ">"));
}

TEST(IncrementalEncoder, GivesALongRunOnceItEnds) {
  constexpr std::size_t kBytes = 10'000;
  const Encoding encoding = pair_encoding(PieceRule::kO200k);
  for (const char c : {'a', '.', '1'}) {
    const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
    encoder->append(std::string(kBytes, c));
    encoder->append(" ");
    EXPECT_EQ(settled_bytes(encoding, *encoder), kBytes) << c;
    encoder->append("word ");
    EXPECT_EQ(settled_bytes(encoding, *encoder), 5U) << c;
  }
}

TEST(IncrementalEncoder, IsAsItWasWhereATextTakesTooLong) {
  TokenizerFile file;
  file.member("pre_tokenizer", split_by("a.*?b|a+?"));
  const Encoding encoding = Encoding::parse_hugging_face("slow", file.json());
  const std::string slow(20'000, 'a');
  const std::unique_ptr<IncrementalEncoder> encoder = encoding.incremental();
  encoder->append(slow + "\xC3");
  EXPECT_THROW((void)encoder->count(), TokenizerError);
  EXPECT_THROW(encoder->finish(), TokenizerError);
  EXPECT_THROW(encoder->finish(), TokenizerError);
  const std::unique_ptr<IncrementalEncoder> other = encoding.incremental();
  other->append(slow + "\xC3");
  EXPECT_THROW((void)other->count(), TokenizerError);
  other->append(
      "\xA9"
      "b");
  other->finish();
  EXPECT_EQ(encoding.decode(other->take()), slow + "\u00E9b");
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
