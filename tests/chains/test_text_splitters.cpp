// Splitters of plain texts: chunks as LangChain's rules give them, and where those rules break
// something, chunks that do not.

#include "cochain/chains/retrieval/text_splitters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Recursive = RecursiveCharacterTextSplitter;

std::vector<std::string> recursive(std::string_view text, ChunkOptions options) {
  return Recursive(std::move(options)).split_text(text);
}

TEST(CharacterSplitter, FillsChunksWithWholePiecesAndRepeatsWholePieces) {
  const CharacterTextSplitter plain(ChunkOptions(7), " ");
  EXPECT_THAT(plain.split_text("foo bar baz 123"), ElementsAre("foo bar", "baz 123"));
  const CharacterTextSplitter overlapping(ChunkOptions(7, 3), " ");
  EXPECT_THAT(overlapping.split_text("foo bar baz 123"),
              ElementsAre("foo bar", "bar baz", "baz 123"));
}

TEST(CharacterSplitter, KeepsASeparatorWhereItWasTold) {
  const auto split = [](KeepSeparator keep) {
    return CharacterTextSplitter(ChunkOptions(3).keep_separator(keep), ".").split_text("a.b.c");
  };
  EXPECT_THAT(split(KeepSeparator::kNone), ElementsAre("a.b", "c"));
  EXPECT_THAT(split(KeepSeparator::kStart), ElementsAre("a.b", ".c"));
  EXPECT_THAT(split(KeepSeparator::kEnd), ElementsAre("a.", "b.c"));
}

TEST(CharacterSplitter, ASeparatorThatIsAShapeIsOne) {
  const CharacterTextSplitter splitter(ChunkOptions(4).keep_separator(KeepSeparator::kStart),
                                       Separator("-").run('-', 1));
  EXPECT_THAT(splitter.split_text("a-b---c--d"), ElementsAre("a-b", "---c", "--d"));
}

// LangChain joins what is left with one separator each, so these bytes are not in the text.
TEST(CharacterSplitter, SeparatorsInARowStayInTheMiddleOfAChunk) {
  const CharacterTextSplitter splitter(ChunkOptions(8), ",");
  EXPECT_THAT(splitter.split_text("a,,,b,c,,dddd"), ElementsAre("a,,,b,c", "dddd"));
}

// LangChain gives the long piece as it is, with a warning.
TEST(CharacterSplitter, APieceThatIsTooLongIsCutAndNotOnlyWarnedOf) {
  const CharacterTextSplitter splitter(ChunkOptions(4), "\n\n");
  EXPECT_THAT(splitter.split_text("ab\n\nabcdefghij\n\ncd"),
              ElementsAre("ab", "abcd", "efgh", "ij", "cd"));
}

TEST(RecursiveSplitter, GoesFromParagraphsToLinesToWordsToCharacters) {
  const std::string text =
      "Hi.\n\nI'm Harrison.\n\nHow? Are? You?\nOkay then f f f f.\nThis is a weird "
      "text to write, but gotta test the splittingggg some how.\n\nBye!\n\n-H.";
  EXPECT_THAT(recursive(text, ChunkOptions(10, 1)),
              ElementsAre("Hi.", "I'm", "Harrison.", "How? Are?", "You?", "Okay then", "f f f f.",
                          "This is a", "weird", "text to", "write,", "but gotta", "test the",
                          "splitting", "gggg", "some how.", "Bye!", "-H."));
}

TEST(RecursiveSplitter, OverlapIsOfWholePiecesThatLeaveRoomForTheNext) {
  EXPECT_THAT(recursive("aa bb cc dd ee", ChunkOptions(8, 6)),
              ElementsAre("aa bb cc", "cc dd", "dd ee"));
  EXPECT_THAT(recursive("aa bb cccc dd", ChunkOptions(8, 6)),
              ElementsAre("aa bb", "bb cccc", "cccc dd"));
}

// LangChain compares with < and would cut these once more.
TEST(RecursiveSplitter, APieceThatIsAsLongAsTheSizeIsNotCutFurther) {
  const ChunkOptions options = ChunkOptions(4).keep_whitespace();
  const Recursive splitter(options, Separators{"\n", "-", ""});
  EXPECT_THAT(splitter.split_text("ab-c\nde-\nfg-hi"), ElementsAre("ab-c", "\nde-", "\nfg", "-hi"));
}

TEST(RecursiveSplitter, WhatNeedsNoCutIsOneChunk) {
  EXPECT_THAT(recursive("", ChunkOptions(5)), IsEmpty());
  EXPECT_THAT(recursive(" \n\n\t ", ChunkOptions(2)), IsEmpty());
  EXPECT_THAT(recursive(" ab ", ChunkOptions(5)), ElementsAre("ab"));
  EXPECT_THAT(recursive(" ab ", ChunkOptions(5).keep_whitespace()), ElementsAre(" ab "));
}

TEST(RecursiveSplitter, OffsetsAreThoseOfTheChunkAndNotOfTheFirstTextLikeIt) {
  const std::string text = "  ab ab\n\nab  ab ";
  const TextChunks chunks = Recursive(ChunkOptions(3)).split(text);
  EXPECT_THAT(chunks, ElementsAre(TextChunk(text, 2, 4), TextChunk(text, 5, 7),
                                  TextChunk(text, 9, 11), TextChunk(text, 13, 15)));
}

TEST(RecursiveSplitter, CharactersAreCodePointsAndBytesAreBytes) {
  const std::string text = "äöü 漢字仮名";
  EXPECT_THAT(recursive(text, ChunkOptions(8)), ElementsAre(text));
  EXPECT_THAT(recursive(text, ChunkOptions(4)), ElementsAre("äöü", "漢字仮", "名"));
  EXPECT_THAT(recursive(text, ChunkOptions(6).bytes()), ElementsAre("äöü", "漢", "字仮", "名"));
}

TEST(RecursiveSplitter, ACharacterAsPeopleSeeItStaysWhole) {
  const std::string family = "👨‍👩‍👧‍👦";  // seven code points
  const std::string flags = "🇫🇷🇩🇪";
  EXPECT_THAT(recursive(family + flags, ChunkOptions(7)), ElementsAre(family, flags));
  EXPECT_THAT(recursive(family + flags, ChunkOptions(3)), ElementsAre(family, "🇫🇷", "🇩🇪"));
  EXPECT_THAT(recursive("e\u0301e\u0301e\u0301", ChunkOptions(3)),
              ElementsAre("e\u0301", "e\u0301", "e\u0301"));
  EXPECT_THAT(recursive("각각", ChunkOptions(1)), ElementsAre("각", "각"));
}

TEST(RecursiveSplitter, ABlankWithAnAccentIsNeitherASeparatorNorWhitespace) {
  EXPECT_THAT(recursive("ab \u0301cd", ChunkOptions(4)), ElementsAre("ab \u0301", "cd"));
  EXPECT_THAT(recursive(" \u0301 ", ChunkOptions(9)), ElementsAre(" \u0301"));
}

TEST(RecursiveSplitter, ALineEndOfWindowsIsNotCutInTwo) {
  const ChunkOptions options = ChunkOptions(6).keep_whitespace();
  EXPECT_THAT(recursive("abc\r\n\r\ndef\r\nghi", options),
              ElementsAre("abc", "\r\n", "\r\ndef", "\r\nghi"));
  EXPECT_THAT(recursive("abc\r\n\r\ndef\r\nghi", ChunkOptions(12)),
              ElementsAre("abc", "def\r\nghi"));
  EXPECT_THAT(recursive("\r\n\r\n", ChunkOptions(1).keep_whitespace()),
              ElementsAre("\r\n", "\r\n"));
}

TEST(RecursiveSplitter, BytesThatAreNoUtf8AreCharactersOfTheirOwn) {
  EXPECT_THAT(recursive("\xFF\xFE\xC3", ChunkOptions(2)), ElementsAre("\xFF\xFE", "\xC3"));
  EXPECT_THAT(recursive("\xE6\xBC|\xA2", ChunkOptions(1)),
              ElementsAre("\xE6", "\xBC", "|", "\xA2"));
  EXPECT_THAT(recursive("ab\xF0\x9F\x98 cd", ChunkOptions(5)), ElementsAre("ab\xF0\x9F\x98", "cd"));
}

// In LangChain a paragraph that is longer than the overlap is not repeated, and nothing else is.
TEST(RecursiveSplitter, OverlapCanBeHadWhereNoWholePieceIsShortEnough) {
  const std::string text = "one two three four\n\nfive six seven eight";
  EXPECT_THAT(recursive(text, ChunkOptions(24, 10)),
              ElementsAre("one two three four", "five six seven eight"));
  const TextChunks chunks = Recursive(ChunkOptions(34, 10).always_overlap()).split(text);
  EXPECT_THAT(chunks, ElementsAre(TextChunk(text, 0, 18), TextChunk(text, 8, 40)));
  const std::string run = "abcdefghij";
  EXPECT_THAT(recursive(run, ChunkOptions(5, 2).always_overlap()),
              ElementsAre("abc", "bcdef", "efghi", "hij"));
  EXPECT_THAT(recursive("漢字仮名漢字", ChunkOptions(4, 1).always_overlap()),
              ElementsAre("漢字仮", "仮名漢字"));
}

TEST(RecursiveSplitter, AFunctionMeasuresTheChunkThatIsGivenAndNotItsPieces) {
  // Quotes cost two more: what pieces cost alone is more than what they cost together.
  std::size_t calls = 0;
  const auto quoted = [&calls](std::string_view slice) {
    ++calls;
    return slice.size() + 2;
  };
  EXPECT_THAT(recursive("aa bb cc dd", ChunkOptions(8).length_function(quoted)),
              ElementsAre("aa bb", "cc dd"));
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "word ";
  calls = 0;
  const std::size_t chunks = recursive(text, ChunkOptions(502).length_function(quoted)).size();
  EXPECT_EQ(chunks, 20u);
  EXPECT_LT(calls, 2000u * 2 + 60 * chunks);
}

TEST(RecursiveSplitter, WhatAFunctionThrowsComesThrough) {
  const auto fails = [](std::string_view) -> std::size_t { throw InvalidInputError("no scale"); };
  EXPECT_THROW(recursive("abc", ChunkOptions(2).length_function(fails)), InvalidInputError);
}

TEST(RecursiveSplitter, CallsLeaveNothingBehind) {
  const Recursive splitter(ChunkOptions(6, 3));
  const std::string text = "aa bb cc dd";
  const TextChunks first = splitter.split(text);
  (void)splitter.split("xx\n\nyyyyyyyyyyyyyyyyy zz");
  EXPECT_EQ(splitter.split(text), first);
}

TEST(SentenceSplitter, PutsWholeSentencesTogether) {
  const SentenceTextSplitter splitter(ChunkOptions(30));
  EXPECT_THAT(splitter.split_text("It rains. Take a coat! Do you have one? I have 3.5 of them."),
              ElementsAre("It rains. Take a coat!", "Do you have one?", "I have 3.5 of them."));
  EXPECT_THAT(splitter.split_text(
                  "東京は雨です。傘を持って行きましょう。大丈夫ですか？はい、もちろん大丈夫です。"),
              ElementsAre("東京は雨です。傘を持って行きましょう。大丈夫ですか？",
                          "はい、もちろん大丈夫です。"));
}

TEST(SentenceSplitter, RepeatsWholeSentences) {
  const SentenceTextSplitter splitter(ChunkOptions(12, 6));
  EXPECT_THAT(splitter.split_text("One a. Two b. Three."),
              ElementsAre("One a.", "Two b.", "Three."));
  const SentenceTextSplitter wider(ChunkOptions(14, 7));
  EXPECT_THAT(wider.split_text("One a. Two b. Three."),
              ElementsAre("One a. Two b.", "Two b. Three."));
}

TEST(SentenceSplitter, ASentenceThatIsTooLongIsCutAtItsWords) {
  const SentenceTextSplitter splitter(ChunkOptions(10));
  EXPECT_THAT(splitter.split_text("Go. This one is a bit too long. Stop."),
              ElementsAre("Go.", "This one", "is a bit", "too long.", "Stop."));
}

TEST(SentenceSplitter, ALineEndIsTheEndOfASentenceUnlessLinesWereWrapped) {
  const std::string text = "One.\nTwo three\nfour five.";
  SentenceTextSplitter splitter(ChunkOptions(20));
  EXPECT_THAT(splitter.split_text(text), ElementsAre("One.\nTwo three", "four five."));
  splitter.line_ends(LineEnds::kWrapSentences);
  EXPECT_THAT(splitter.split_text(text), ElementsAre("One.", "Two three\nfour five."));
  EXPECT_THAT(splitter.split_text("One two\r\n \r\nthree\r\nfour."),
              ElementsAre("One two", "three\r\nfour."));
}

TEST(SentenceSplitter, AbbreviationsAreThoseOfTheLocale) {
  const std::string text = "Yes. Ask Mr. Smith.";
  SentenceTextSplitter splitter(ChunkOptions(14));
  EXPECT_THAT(splitter.split_text(text), ElementsAre("Yes. Ask Mr.", "Smith."));
  EXPECT_THAT(splitter.locale("en@ss=standard").split_text(text),
              ElementsAre("Yes.", "Ask Mr. Smith."));
}

TEST(SentenceSplitter, BytesThatAreNoUtf8AreKept) {
  const SentenceTextSplitter splitter(ChunkOptions(6));
  EXPECT_THAT(splitter.split_text("A \xFF b. \xC3 C."), ElementsAre("A \xFF b.", "\xC3 C."));
}

}  // namespace
}  // namespace cochain
