// Rank files: good ones, bad ones, and those that OpenAI's encodings have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "bpe_reference.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "cochain/providers/tokenizers/vocabulary.hpp"
#include "temporary_folder.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;

/// What is wrong with the 256 bytes and these lines, which are 257 and on.
std::string error_of_lines(std::string_view lines) {
  try {
    (void)Vocabulary::parse(rank_file(byte_ranks()) + std::string(lines));
  } catch (const VocabularyError& error) {
    return error.what();
  }
  return "none";
}

TEST(BpeVocabulary, ReadsARankFile) {
  std::string text = rank_file(byte_ranks()) + base64("ab") + " 300\r\n\n" + base64("abc") + " 256";
  const Vocabulary vocabulary = Vocabulary::parse(text);
  EXPECT_EQ(vocabulary.size(), 258U);
  EXPECT_EQ(vocabulary.id_end(), 301U);
  EXPECT_EQ(vocabulary.bytes(300), "ab");
  EXPECT_EQ(vocabulary.bytes(256), "abc");
  EXPECT_EQ(vocabulary.bytes(299), "");  // left out
  EXPECT_EQ(vocabulary.bytes(301), "");
  EXPECT_EQ(vocabulary.find("abc"), TokenId{256});
  EXPECT_EQ(vocabulary.find("abcd"), std::nullopt);
  EXPECT_EQ(vocabulary.find(""), std::nullopt);
  EXPECT_EQ(vocabulary.find(std::string(5000, 'a')), std::nullopt);
  EXPECT_GT(vocabulary.memory_bytes(), 0U);
}

TEST(BpeVocabulary, NamesTheLineThatIsWrong) {
  EXPECT_EQ(error_of_lines("YWI= 256\n"), "none");
  EXPECT_THAT(error_of_lines("YWI= 256\nYWI=\n"), HasSubstr("line 258"));
  EXPECT_THAT(error_of_lines("YWI 256\n"),
              HasSubstr("line 257 of the rank file: the token is not"));
  EXPECT_THAT(error_of_lines("YW?= 256\n"), HasSubstr("not base64"));
  EXPECT_THAT(error_of_lines("Y=I= 256\n"), HasSubstr("not base64"));
  EXPECT_THAT(error_of_lines("==== 256\n"), HasSubstr("not base64"));
  EXPECT_THAT(error_of_lines("YWJ= 256\n"),
              HasSubstr("not base64"));  // bits that stand for nothing
  EXPECT_THAT(error_of_lines(" 256\n"), HasSubstr("not base64"));
  EXPECT_THAT(error_of_lines("YWI= \n"), HasSubstr("the rank is not a number"));
  EXPECT_THAT(error_of_lines("YWI= -1\n"), HasSubstr("not a number"));
  EXPECT_THAT(error_of_lines("YWI= 256 \n"), HasSubstr("not a number"));
  EXPECT_THAT(error_of_lines("YWI= 2097151\n"), HasSubstr("line 257"));
  EXPECT_THAT(error_of_lines("YWI= 99999999999999\n"), HasSubstr("beyond 2097150"));
  EXPECT_THAT(error_of_lines("YWI= 7\n"), HasSubstr("line 257 of the rank file: rank 7 is that"));
  EXPECT_THAT(error_of_lines("YWI= 256\nYWI= 257\n"), HasSubstr("line 258"));
  EXPECT_THAT(error_of_lines(base64(std::string(1025, 'a')) + " 256\n"), HasSubstr("1024 bytes"));
  EXPECT_EQ(error_of_lines(base64(std::string(1024, 'a')) + " 256\n"), "none");
}

TEST(BpeVocabulary, WantsATokenForEachByte) {
  std::map<std::string, TokenId> ranks = byte_ranks();
  ranks.erase("a");
  try {
    (void)Vocabulary::parse(rank_file(ranks));
    FAIL() << "a byte cannot be encoded";
  } catch (const VocabularyError& error) {
    EXPECT_STREQ(error.what(), "the rank file has no token for the byte 97");
  }
  EXPECT_THROW((void)Vocabulary::parse(""), VocabularyError);
}

TEST(BpeVocabulary, IsMadeOfAListOfTokens) {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  tokens.insert(tokens.end(), {"ab", "abc"});
  const Vocabulary vocabulary = Vocabulary::from_tokens(tokens);
  EXPECT_EQ(vocabulary.size(), 258U);
  EXPECT_EQ(vocabulary.find("abc"), 257U);
  const auto error_with = [&tokens](std::string added) -> std::string {
    std::vector<std::string> list = tokens;
    list.push_back(std::move(added));
    try {
      (void)Vocabulary::from_tokens(list);
    } catch (const VocabularyError& error) {
      return error.what();
    }
    return "none";
  };
  EXPECT_EQ(error_with(""), "line 259 of the rank file: the token is empty");
  EXPECT_THAT(error_with("ab"), HasSubstr("line 259"));
  EXPECT_THAT(error_with(std::string(1025, 'x')), HasSubstr("more than 1024 bytes"));
  EXPECT_THROW((void)Vocabulary::from_tokens({}), VocabularyError);
}

TEST(BpeVocabulary, NamesTheFileThatIsWrong) {
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "wrong.tiktoken";
  EXPECT_THROW((void)Vocabulary::open(path / "none"), VocabularyError);
  std::ofstream(path) << "<!DOCTYPE html>\n";
  try {
    (void)Encoding::open("r50k_base", path);
    FAIL() << "a page is no rank file";
  } catch (const VocabularyError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/wrong.tiktoken: line 1"));
  }
}

TEST(BpeVocabulary, KnowsTheEncodingsByName) {
  EXPECT_THAT(Encoding::known_names(), ::testing::Contains("o200k_harmony"));
  const std::string ranks = rank_file(byte_ranks());
  try {
    (void)Encoding::parse("o300k", ranks);
    FAIL() << "there is no such encoding";
  } catch (const VocabularyError& error) {
    EXPECT_THAT(error.what(), HasSubstr("o300k; known are r50k_base"));
  }
  try {
    (void)Encoding::parse("cl100k_base", ranks);
    FAIL() << "these are not its ranks";
  } catch (const VocabularyError& error) {
    EXPECT_STREQ(error.what(), "cl100k_base has 100256 tokens, but the rank file has 256");
  }
}

}  // namespace
}  // namespace cochain::testing
