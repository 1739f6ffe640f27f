// Tokenizer files of Hugging Face: merges, added tokens, normal forms and prefixes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "bpe_reference.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "temporary_folder.hpp"
#include "tokenizer_file.hpp"

namespace cochain::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Encoding encoding_of_file(const TokenizerFile& file) {
  return Encoding::parse_hugging_face("small", file.json());
}

/// Merges as a trainer would find them, over a few letters; and then more ways to the same tokens,
/// and tokens to which there is none.
TokenizerFile random_file(std::mt19937_64& random) {
  TokenizerFile file;
  std::vector<std::string> parts = {"a", "b", "c", "d", " ", "\xC3", "\xA9"};
  for (int n = 0; n < 60; ++n) {
    const std::string left = parts[random() % parts.size()];
    const std::string right = parts[random() % parts.size()];
    if (left.size() + right.size() > 12) continue;
    file.merge(left, right);
    parts.push_back(left + right);
  }
  std::vector<TokenizerFile::Merge> merges = file.merges();
  for (const std::string& token : parts) {
    for (std::size_t cut = 1; cut < token.size(); ++cut) {
      const std::string left = token.substr(0, cut);
      const std::string right = token.substr(cut);
      const bool both = file.vocab().contains(left) && file.vocab().contains(right);
      if (both && random() % 3 == 0) merges.emplace_back(left, right);
    }
  }
  if (random() % 2 == 0) std::shuffle(merges.begin(), merges.end(), random);
  merges.resize(merges.size() - random() % 10);
  return file.merges(merges);
}

std::string random_piece(std::mt19937_64& random) {
  static constexpr std::string_view kParts[] = {"a", "b", "c", "d", " ", "\u00E9", "aa", "ab"};
  std::string piece;
  for (std::size_t n = 1 + random() % (random() % 4 == 0 ? 60 : 12); n > 0; --n) {
    piece += kParts[random() % std::size(kParts)];
  }
  return piece;
}

TEST(HuggingFace, MergesPairsInTheOrderOfTheList) {
  constexpr std::uint64_t kSeed = 20291;
  std::mt19937_64 random(kSeed);
  for (int n = 0; n < 60; ++n) {
    TokenizerFile file = random_file(random);
    if (n % 3 == 0) file.ignore_merges();
    if (n % 2 == 0) file.merges_as_strings();
    const Encoding encoding = encoding_of_file(file);
    for (int k = 0; k < 60; ++k) {
      const std::string piece = random_piece(random);
      const std::vector<TokenId> ids = encoding.encode_ordinary(piece);
      ASSERT_EQ(ids, file.merged(piece)) << "seed " << kSeed << ", file " << n << ": " << piece;
      ASSERT_EQ(encoding.decode_bytes(ids), piece);
    }
  }
}

TEST(HuggingFace, MergesOneWayToATokenAndNotAnother) {
  // "bc" is merged before "ab", so only a and bc ever meet.
  const TokenizerFile file =
      TokenizerFile().merge("b", "c").merge("a", "b").merge("ab", "c").merge("ab", "ab");
  const Encoding encoding = encoding_of_file(file);
  EXPECT_THAT(encoding.encode("abc"), ElementsAre(file.id("a"), file.id("bc")));
  EXPECT_THAT(encoding.encode("ababc"), ElementsAre(file.id("ab"), file.id("a"), file.id("bc")));
  EXPECT_EQ(encoding.vocabulary().find("abc"), file.id("abc"));
  EXPECT_EQ(encoding.decode(std::vector<TokenId>{file.id("abc")}), "abc");
}

TEST(HuggingFace, TakesAWholePieceForATokenWhereMergesAreIgnored) {
  TokenizerFile file =
      TokenizerFile().merge("b", "c").token("abc").token("abcabcabcabcabcabcabcab");
  EXPECT_EQ(encoding_of_file(file).encode("abc").size(), 2U);
  EXPECT_EQ(encoding_of_file(file).encode("abcabcabcabcabcabcabcab").size(), 16U);
  file.ignore_merges();
  EXPECT_THAT(encoding_of_file(file).encode("abc"), ElementsAre(file.id("abc")));
  EXPECT_EQ(encoding_of_file(file).encode("abcabcabcabcabcabcabcab").size(), 1U);
  EXPECT_EQ(encoding_of_file(file).encode("abca").size(), 3U);
}

TEST(HuggingFace, HasIdsThatAreNoRanks) {
  const TokenizerFile file =
      TokenizerFile().token("ab", 7).token("abc", 3).merge("a", "b").merge("ab", "c");
  const Encoding encoding = encoding_of_file(file);
  EXPECT_THAT(encoding.encode("ababc"), ElementsAre(7, 3));
  EXPECT_EQ(encoding.vocabulary().id_end(), 1256U);
  EXPECT_EQ(encoding.vocabulary().bytes(3), "abc");
  EXPECT_EQ(encoding.vocabulary().bytes(4), "");
  EXPECT_THROW((void)encoding.decode(std::vector<TokenId>{4}), UnknownTokenError);
  EXPECT_THROW((void)encoding.decode(std::vector<TokenId>{1256}), UnknownTokenError);
  const TemporaryFolder folder;
  const fs::path path = folder / "small_ids.cochain";
  encoding.vocabulary().save_compiled(path);
  const Encoding mapped("mapped", PieceRule::kLlama3, Vocabulary::open(path), {});
  fs::remove(path);  // what is mapped stays
  EXPECT_THAT(mapped.encode("ababc"), ElementsAre(7, 3));
  EXPECT_EQ(mapped.decode(std::vector<TokenId>{3, 7}), "abcab");
}

TEST(HuggingFace, GivesAPieceASpaceToBeginWith) {
  TokenizerFile file = TokenizerFile().merge(" ", "a").merge(" ", " ");
  file.member("pre_tokenizer", byte_level(R"("add_prefix_space": true, "use_regex": true)"));
  file.added("<x>", 5000, R"("special": false, "normalized": false)");
  const Encoding encoding = encoding_of_file(file);
  const TokenId space_a = file.id(" a");
  EXPECT_THAT(encoding.encode("a"), ElementsAre(space_a));
  EXPECT_THAT(encoding.encode(" a"), ElementsAre(space_a));
  EXPECT_THAT(encoding.encode("\ta"), ElementsAre(file.id(" "), file.id("\t"), file.id("a")));
  EXPECT_THAT(encoding.encode("a<x>a"), ElementsAre(space_a, 5000, space_a));
  EXPECT_THAT(encoding.encode(""), ElementsAre());
  EXPECT_EQ(encoding.count("a<x>a"), 3U);
  EXPECT_THAT(encoding.offsets("a<x>a"), ElementsAre(0, 1, 4));
  EXPECT_THAT(encoding.offsets("\u00E9 a"), ElementsAre(0, 0, 1, 2));
  EXPECT_EQ(encoding.truncate("a<x>a", 2), "a<x>");
  EXPECT_EQ(encoding.decode(encoding.encode("a<x>a")), " a<x> a");
}

/// Two tokens that overlap, one of them special; and one that is found in every text.
TokenizerFile file_with_added_tokens() {
  return TokenizerFile()
      .merge("a", "b")
      .added("<end>", 5000, R"("special": true, "normalized": false)")
      .added("a<e", 5001, R"("special": false, "normalized": false)")
      .added("<end>>", 5002, R"("special": false, "normalized": false)");
}

TEST(HuggingFace, FindsAddedTokensThatAreNotSpecialInEveryText) {
  const TokenizerFile file = file_with_added_tokens();
  const Encoding encoding = encoding_of_file(file);
  const TokenId b = file.id("b");
  const std::string text = "b<end>>b";
  EXPECT_THAT(encoding.encode(text), ElementsAre(b, 5002, b));
  EXPECT_THAT(encoding.encode_ordinary(text), ElementsAre(b, 5002, b));
  EXPECT_EQ(encoding.count(text), 3U);
  EXPECT_EQ(encoding.count_up_to(text, 2), std::nullopt);
  EXPECT_THAT(encoding.offsets(text), ElementsAre(0, 1, 7));
  EXPECT_EQ(encoding.truncate(text, 2), "b<end>>");
  EXPECT_EQ(encoding.decode(encoding.encode(text)), text);
  EXPECT_EQ(encoding.special_tokens().size(), 3U);
}

TEST(HuggingFace, TakesTheLeftmostAddedTokenAndOfThoseTheLongest) {
  const TokenizerFile file = file_with_added_tokens();
  const Encoding encoding = encoding_of_file(file);
  const SpecialTokens all = SpecialTokens::all_allowed();
  const auto id = [&](const char* bytes) { return file.id(bytes); };
  EXPECT_THAT(encoding.encode("a<end>", all), ElementsAre(5001, id("n"), id("d"), id(">")));
  EXPECT_THAT(encoding.encode("b<end>", all), ElementsAre(id("b"), 5000));
  EXPECT_THAT(encoding.encode("b<end>>", all), ElementsAre(id("b"), 5002));
  EXPECT_THROW((void)encoding.encode("b<end>b"), SpecialTokenError);
  EXPECT_THAT(encoding.encode("a<e<end>>"), ElementsAre(5001, 5002));  // no special one is there
  EXPECT_EQ(encoding.encode("b<end>b", SpecialTokens::as_text()).size(), 7U);
}

TEST(HuggingFace, TakesTheWhitespaceBesideATokenThatStripsIt) {
  const TokenizerFile file = TokenizerFile()
                                 .merge(" ", " ")
                                 .added("<l>", 5000, R"("lstrip": true)")
                                 .added("<r>", 5001, R"("rstrip": true)")
                                 .added("<b>", 5002, R"("lstrip": true, "rstrip": true)");
  const Encoding encoding = encoding_of_file(file);
  const TokenId a = file.id("a");
  const TokenId spaces = file.id("  ");
  EXPECT_THAT(encoding.encode("a \n<l>  a"), ElementsAre(a, 5000, spaces, a));
  EXPECT_THAT(encoding.encode("a  <r>\t\u3000\u0085a"), ElementsAre(a, spaces, 5001, a));
  EXPECT_THAT(encoding.encode("  <b>  "), ElementsAre(5002));
  EXPECT_THAT(encoding.encode("a <r>  <l> <b>a"), ElementsAre(a, file.id(" "), 5001, 5000, 5002, a))
      << "what one has taken is not there for the next";
  EXPECT_THAT(encoding.encode("\u200B<l>"), SizeIs(4)) << "that is no whitespace";
  EXPECT_THAT(encoding.offsets("a  <l> a<r>  a"), ElementsAre(0, 1, 6, 7, 8, 13));
  EXPECT_EQ(encoding.truncate("a  <l> a", 2), "a  <l>");
  EXPECT_EQ(encoding.count_up_to("a  <b>  a", 3), 3U);
  EXPECT_EQ(encoding.decode(encoding.encode("a  <b>  a")), "a<b>a");
}

TEST(HuggingFace, TakesATokenThatIsASingleWordForNoPartOfOne) {
  const TokenizerFile file = TokenizerFile()
                                 .added("do", 5000, R"("single_word": true)")
                                 .added("don", 5001, R"("special": true)");
  const Encoding encoding = encoding_of_file(file);
  for (const char* text : {"do", "-do.", " do\n", "do\u00B2", "do\u2460", "do do", "do\u00A9"}) {
    EXPECT_EQ(encoding.encode_ordinary(text)[std::string_view(text).find("do")], 5000U) << text;
  }
  for (const char* text : {"ado", "do1", "_do", "do\u0301", "do\u24B6", "do\u2160", "do\u203F",
                           "dodo", "do\u200D", "\u65E5do", "do\U0001F170", "do\U00010D40"}) {
    EXPECT_EQ(encoding.count(text), std::string_view(text).size()) << text;
  }
}

TEST(HuggingFace, StripsAroundASpecialTokenOnlyWhereThatIsAllowed) {
  const Encoding plain = encoding_of_file(TokenizerFile().merge("a", "b"));
  const std::vector<SpecialToken> tokens = {SpecialToken("<|im_start|>", 5000).rstrip(true)};
  const Encoding encoding("own", PieceRule::kCl100k, plain.vocabulary(), tokens);
  EXPECT_THAT(encoding.encode("<|im_start|> \n", SpecialTokens::all_allowed()), ElementsAre(5000));
  EXPECT_EQ(encoding.count("<|im_start|> \n"), 14U);
  EXPECT_THROW((void)encoding.encode("<|im_start|> "), SpecialTokenError);
}

TEST(HuggingFace, RefusesASpecialTokenThatIsASingleWordOnlyWhereItIsOne) {
  const Encoding encoding = encoding_of_file(
      TokenizerFile().added("end", 5000, R"("special": true, "single_word": true)"));
  EXPECT_THROW((void)encoding.encode("the end"), SpecialTokenError);
  EXPECT_THROW((void)encoding.encode("ending end"), SpecialTokenError);
  EXPECT_THAT(encoding.encode("bend, ending"), SizeIs(12));
}

TEST(HuggingFace, NormalisesAndLeadsBackToTheText) {
  TokenizerFile file = TokenizerFile().merge("\xC3", "\xA9");
  file.member("normalizer", R"({"type": "Sequence", "normalizers": [{"type": "NFC"}]})");
  file.added("\u00E9l", 5000, R"("special": false, "normalized": true)");
  file.added("e\u0301x", 5001, R"("special": false, "normalized": false)");
  const Encoding encoding = encoding_of_file(file);
  const TokenId e = file.id("\u00E9");
  EXPECT_THAT(encoding.encode("e\u0301"), ElementsAre(e));
  EXPECT_THAT(encoding.encode("e\u0301le"), ElementsAre(5000, file.id("e")));
  EXPECT_THAT(encoding.encode("e\u0301x\u00E9x"), ElementsAre(5001, e, file.id("x")));
  EXPECT_THAT(encoding.offsets("ae\u0301\u0301b"), ElementsAre(0, 1, 1, 1, 6));
  EXPECT_THAT(encoding.offsets("a\u00E9b"), ElementsAre(0, 1, 3));
  EXPECT_THAT(encoding.offsets("xe\u0301le\u0301xe\u0301"), ElementsAre(0, 1, 5, 9));
  EXPECT_EQ(encoding.truncate("ae\u0301b", 2), "ae\u0301");
  EXPECT_EQ(encoding.truncate("ae\u0301b", 1), "a");
  // Hangul, signs that are other code points, and marks in the wrong order.
  EXPECT_EQ(encoding.decode(encoding.encode("\u1100\u1161\u11A8 \u212B q\u0301\u0323")),
            "\uAC01 \u00C5 q\u0323\u0301");
}

TEST(HuggingFace, NormalisesManyMarksInLittleTime) {
  TokenizerFile file;
  file.member("normalizer", R"({"type": "NFC"})");
  const Encoding encoding = encoding_of_file(file);
  std::string marks = "q";
  for (int n = 0; n < 50'000; ++n) marks += n % 2 == 0 ? "\u0301" : "\u0323";
  EXPECT_EQ(encoding.count(marks), marks.size());
}

TEST(HuggingFace, EncodesInPartsWhatItEncodesAtOnce) {
  std::vector<TokenizerFile> files(4);
  files[0].member("normalizer", R"({"type": "NFC"})");
  files[0].member("pre_tokenizer",
                  split_by(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|)"
                           R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"));
  files[1].member("pre_tokenizer", split_by(R"(\p{N}|\s+)"));
  files[2].member("pre_tokenizer", byte_level(R"("add_prefix_space": true, "use_regex": true)"));
  files[3].member("pre_tokenizer",
                  split_by(R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|)"
                           R"( ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"));
  std::mt19937_64 random(20292);
  for (TokenizerFile& file : files) {
    file.merge("a", "b").merge("\n", "\n").merge(" ", " ").merge("\n", "a");
    if (&file == &files.back()) {
      file.added("<b", 5000, R"("lstrip": true, "rstrip": true)");
    } else {
      file.added("ab\nb", 5000, R"("special": false, "normalized": false)");
    }
    if (&file == files.data()) file.added("<b", 5001, R"("special": false, "normalized": true)");
    const Encoding encoding = encoding_of_file(file);
    for (int n = 0; n < 100; ++n) {
      std::string text;
      static constexpr std::string_view kParts[] = {
          "ab", "\n", "a", "b", "ab\n", " ", "<b", "e\u0301", "\u0301", "\r\n", "1", "\n\n"};
      for (std::size_t k = random() % 40; k > 0; --k) text += kParts[random() % std::size(kParts)];
      const auto encoder = encoding.incremental();
      std::vector<TokenId> ids;
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t size = 1 + random() % 9;
        encoder->append(std::string_view(text).substr(at, size));
        at += std::min(size, text.size() - at);
        const std::vector<TokenId> more = encoder->take();
        ids.insert(ids.end(), more.begin(), more.end());
        ASSERT_EQ(encoder->count(), encoding.count(std::string_view(text).substr(0, at)));
      }
      encoder->finish();
      const std::vector<TokenId> more = encoder->take();
      ids.insert(ids.end(), more.begin(), more.end());
      ASSERT_EQ(ids, encoding.encode_ordinary(text)) << ::testing::PrintToString(text);
    }
  }
}

TEST(HuggingFace, TruncatesWithinTheLimitWhateverTheFrontDoes) {
  TokenizerFile file = TokenizerFile().merge(" ", "a").merge("\xC3", "\xA9").merge(" ", " ");
  file.member("normalizer", R"({"type": "NFC"})");
  file.member("pre_tokenizer", byte_level(R"("add_prefix_space": true, "use_regex": true)"));
  file.added("<x>", 5000, R"("special": false, "normalized": true)");
  const Encoding encoding = encoding_of_file(file);
  std::mt19937_64 random(20293);
  for (int n = 0; n < 200; ++n) {
    std::string text = random_text(random, 30).text;
    if (n % 2 == 0) text += "<x>e\u0301\u0301" + text + "<x>";
    const std::size_t count = encoding.count(text);
    for (std::size_t limit = 0; limit <= count + 1; limit += 1 + limit / 8) {
      const std::string_view cut = encoding.truncate(text, limit);
      ASSERT_EQ(cut.data(), text.data());
      ASSERT_LE(encoding.count(cut), limit);
      ASSERT_TRUE(limit < count || cut == text);
    }
    const std::vector<std::size_t> offsets = encoding.offsets(text);
    ASSERT_EQ(offsets.size(), count);
    ASSERT_TRUE(std::is_sorted(offsets.begin(), offsets.end()));
    ASSERT_TRUE(offsets.empty() || offsets.back() < text.size());
  }
}

TEST(HuggingFace, OpensAFile) {
  const TemporaryFolder folder;
  const fs::path path = folder / "cochain_tokenizer.json";
  std::ofstream(path) << TokenizerFile().merge("a", "b").json();
  EXPECT_EQ(Encoding::open_hugging_face(path).name(), "cochain_tokenizer.json");
  EXPECT_EQ(Encoding::open_hugging_face(path).count("abab"), 2U);
  std::ofstream(path) << "{}";
  try {
    (void)Encoding::open_hugging_face(path);
    FAIL() << "there is no tokenizer";
  } catch (const VocabularyError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cochain_tokenizer.json: the tokenizer file: its pre_tok"));
  }
  fs::remove(path);
  EXPECT_THROW((void)Encoding::open_hugging_face(path), VocabularyError);
}

}  // namespace
}  // namespace cochain::testing
