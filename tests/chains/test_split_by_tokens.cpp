// Lengths in tokens: of the chunk and not the sum of its pieces, never inside a character, and at a
// cost that does not depend on the size of chunks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "cochain/chains/retrieval/text_splitters.hpp"
#include "tiny_tokenizer.hpp"

namespace cochain {
namespace {

using ::testing::ElementsAre;

ChunkOptions tiny(std::size_t size, std::size_t overlap = 0) {
  return ChunkOptions(size, overlap).tokens(std::make_shared<const TinyTokenizer>());
}

std::vector<std::string> recursive(std::string_view text, const ChunkOptions& options) {
  return RecursiveCharacterTextSplitter(options).split_text(text);
}

std::vector<std::string> windows(std::string_view text, const ChunkOptions& options) {
  return TokenTextSplitter(options).split_text(text);
}

TEST(TokenLengths, ChunksAreFilledUpToTheTokensOfTheChunk) {
  // a blank is a token, a word of up to three letters too
  EXPECT_THAT(recursive("aa bb cc dd ee", tiny(5)), ElementsAre("aa bb cc", "dd ee"));
  EXPECT_THAT(recursive("aa bb cc dd ee", tiny(5, 4)), ElementsAre("aa bb cc", "cc dd", "dd ee"));
}

// Three pieces of three tokens each ("\n", "ab", ".") are eight together: the first line end is
// stripped. And "a" + "b" + ... of one token each are fewer.
TEST(TokenLengths, WhatIsStrippedIsNotCounted) {
  EXPECT_THAT(recursive("ab.\nab.\nab.", tiny(8)), ElementsAre("ab.\nab.\nab."));
  EXPECT_THAT(recursive("ab.\nab.\nab.", tiny(7)), ElementsAre("ab.\nab.", "ab."));
}

// In the text "abcdefgh" is abc def gh; what is left of it after a cut is counted anew.
TEST(TokenLengths, AWordThatIsCutIsCountedAsItIsThen) {
  const ChunkOptions options = tiny(1);
  EXPECT_THAT(recursive("abcdefgh", options), ElementsAre("abc", "def", "gh"));
  const RecursiveCharacterTextSplitter odd(tiny(2, 1), Separators{"d", ""});
  for (const TextChunk& chunk : odd.split("abcdefghidefdefgabcdabcdddd")) {
    EXPECT_LE(TinyTokenizer().count(chunk.text), 2u) << chunk.text;
  }
}

TEST(TokenLengths, NoCharacterIsCutWhereATokenEndsInside) {
  // each of these has three bytes, which are three tokens
  EXPECT_THAT(recursive("漢字仮名", tiny(7)), ElementsAre("漢字", "仮名"));
  EXPECT_THAT(windows("漢字仮名", tiny(7)), ElementsAre("漢字", "仮名"));
  EXPECT_THAT(windows("漢字仮名", tiny(2)), ElementsAre("漢", "字", "仮", "名"));
}

TEST(TokenLengths, TheCostDoesNotGrowWithTheSizeOfChunks) {
  std::string text;
  for (int i = 0; i < 4000; ++i) text += i % 11 == 0 ? "paragraph.\n\n" : "some words, ";
  for (const std::size_t size : {16U, 128U, 1024U, 8192U}) {
    const auto tokenizer = std::make_shared<const TinyTokenizer>();
    const RecursiveCharacterTextSplitter splitter(ChunkOptions(size).tokens(tokenizer));
    EXPECT_GT(splitter.split(text).size(), 1u);
    // whether it fits whole, where its tokens are, and whether each chunk fits
    EXPECT_LE(tokenizer->bytes_read, text.size() * 4) << size;
  }
}

TEST(TokenSplitter, WindowsHaveAsManyTokensAsFitAndRepeatSome) {
  EXPECT_THAT(windows("aa bb cc dd", tiny(3)), ElementsAre("aa bb", " cc ", "dd"));
  EXPECT_THAT(windows("aa bb cc dd", tiny(3, 1)), ElementsAre("aa bb", "bb cc", "cc dd"));
  EXPECT_THAT(windows("aa bb cc dd", tiny(4, 2)), ElementsAre("aa bb ", "bb cc ", "cc dd"));
}

TEST(TokenSplitter, TheLastWindowEndsWithTheTextAndIsNotRepeated) {
  EXPECT_THAT(windows("aa bb", tiny(3, 2)), ElementsAre("aa bb"));
  EXPECT_THAT(windows("aa bb ", tiny(3, 2)), ElementsAre("aa bb", " bb "));
  EXPECT_THAT(windows("", tiny(3, 2)), ElementsAre());
}

TEST(TokenSplitter, AWindowThatBeginsInsideAWordIsStillNotTooLong) {
  const std::string text = "e\u0301abcdefg e\u0301bcdefghi 👨‍👩‍👧 abcdabcd";
  for (std::size_t size = 1; size < 12; ++size) {
    for (std::size_t overlap = 0; overlap < size; ++overlap) {
      std::size_t done = 0;
      for (const TextChunk& window : TokenTextSplitter(tiny(size, overlap)).split(text)) {
        const bool is_long_character =
            window.text == "👨‍👩‍👧" || window.text == "e\u0301";
        if (!is_long_character) {
          EXPECT_LE(TinyTokenizer().count(window.text), size) << window.text;
        }
        EXPECT_LE(window.begin, done);
        EXPECT_GT(window.end, done);
        EXPECT_NE(text[window.begin], '\xCC') << "an accent without its letter";
        done = window.end;
      }
      EXPECT_EQ(done, text.size());
    }
  }
}

TEST(TokenWindows, ARunOfFlagsTakesNoLongTime) {
  std::string flags;
  for (int n = 0; n < 20'000; ++n) flags += "\U0001F1EB\U0001F1F7";
  std::size_t size = 0;
  for (const std::string& window : windows(flags, tiny(20))) {
    EXPECT_EQ(window.size() % 8, 0U);  // whole flags
    size += window.size();
  }
  EXPECT_EQ(size, flags.size());
}

// A word that is cut has other tokens alone than in the text, so what is repeated may have more.
TEST(TokenLengths, NoMoreIsRepeatedThanWasSaid) {
  std::mt19937 random(5);
  for (int n = 0; n < 300; ++n) {
    std::string text;
    for (int word = 0; word < 40; ++word) {
      text += std::string(1 + random() % 7, 'a') + (random() % 4 == 0 ? "\n\n" : " ");
    }
    const std::size_t overlap = 1 + random() % 4;
    for (const bool always : {false, true}) {
      ChunkOptions options = tiny(overlap + 2 + random() % 6, overlap);
      if (always) options.always_overlap();
      const auto chunks = RecursiveCharacterTextSplitter(options).split(text);
      for (std::size_t i = 1; i < chunks.size(); ++i) {
        const std::size_t end = chunks[i - 1].end;
        if (chunks[i].begin >= end) continue;
        const auto repeated = std::string_view(text).substr(chunks[i].begin, end - chunks[i].begin);
        EXPECT_LE(options.tokenizer()->count(repeated), overlap) << n << ": " << repeated;
      }
    }
  }
}

}  // namespace
}  // namespace cochain
