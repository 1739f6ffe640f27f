// What reaches a terminal of what a model says, however it was cut into chunks.

#include "terminal_text.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "utf8.hpp"

namespace cochain::cli {
namespace {

std::string filtered(std::string_view text) { return TerminalText().feed(text); }

TEST(TerminalText, LeavesPlainTextAlone) {
  const std::string text = "Grüße, 世界 🎉\n\tnew line and tab ~";
  EXPECT_EQ(filtered(text), text);
}

TEST(TerminalText, TakesOutWholeSequencesAndNotTheirFirstByteOnly) {
  EXPECT_EQ(filtered("a\x1b[31mred\x1b[0m b"), "ared b");
  EXPECT_EQ(filtered("a\x1b]0;title\x07z"), "az");
  EXPECT_EQ(filtered("a\x1b]8;;http://x.test\x1b\\link\x1b]8;;\x1b\\z"), "alinkz");
  EXPECT_EQ(filtered("a\x1bP+q544e\x1b\\z"), "az");
  EXPECT_EQ(filtered("a\x1b(Bz"), "az");
  EXPECT_EQ(filtered("a\x1b"
                     "7z\x1b"
                     "8"),
            "az");
  EXPECT_EQ(filtered("a\x1b[2J\x1b[Hz"), "az");
}

TEST(TerminalText, TakesOutControlCharactersButNewlineAndTab) {
  EXPECT_EQ(filtered(std::string_view("a\0b\rc\bd\x7f"
                                      "e\x07"
                                      "f\vg",
                                      14)),
            "abcdefg");
  EXPECT_EQ(filtered("one\r\ntwo\n\tthree"), "one\ntwo\n\tthree");
}

TEST(TerminalText, KnowsTheControlsOfTwoBytes) {
  EXPECT_EQ(filtered("a\xC2\x9B"
                     "31mred"),
            "ared");
  EXPECT_EQ(filtered("a\xC2\x9D"
                     "0;title\xC2\x9Cz"),
            "az");
  EXPECT_EQ(filtered("a\xC2\x85z"), "az");
  EXPECT_EQ(filtered("\xC2\xA0"
                     "z"),
            "\xC2\xA0"
            "z");  // the first that is none
}

TEST(TerminalText, DropsBytesThatAreNoText) {
  EXPECT_EQ(filtered("a\x9B"
                     "31mz"),
            "a31mz");                           // a lone byte: no control in UTF-8
  EXPECT_EQ(filtered("a\xE0\x80\x9Bz"), "az");  // ESC [ in a needlessly long form
  EXPECT_EQ(filtered("a\xC0\x9Bz"), "az");
  EXPECT_EQ(filtered("a\xED\xA0\x80z"), "az");  // a surrogate
  EXPECT_EQ(filtered("a\xE4\xB8z"), "az");      // cut short
}

TEST(TerminalText, ResumesAtANewlineAfterASequenceWithoutEnd) {
  EXPECT_EQ(filtered("a\x1b]0;never ends\nnext"), "a\nnext");
  EXPECT_EQ(filtered("a\x1bPnever ends\nnext"), "a\nnext");
  EXPECT_EQ(filtered("a\x1b[12;\nnext"), "a\nnext");
}

TEST(TerminalText, GivesTheSameHoweverTheTextIsCut) {
  const std::string text =
      "Grüße\x1b[1;31m世界\x1b[0m\x1b]8;;u\x1b\\🎉\x1b]0;t\x07\xC2\x9B"
      "3mx\r\n\ty\x1b(0z";
  const std::string whole = filtered(text);
  EXPECT_EQ(whole, "Grüße世界🎉x\n\tyz");
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    TerminalText filter;
    std::string parts = filter.feed(std::string_view(text).substr(0, cut));
    parts += filter.feed(std::string_view(text).substr(cut));
    EXPECT_EQ(parts, whole) << "cut at " << cut;
  }
  TerminalText byte_by_byte;
  std::string parts;
  for (const char byte : text) parts += byte_by_byte.feed(std::string_view(&byte, 1));
  EXPECT_EQ(parts, whole);
}

TEST(TerminalText, NeverLetsAControlThrough) {
  // Every pair of bytes, after each of some beginnings.
  for (const std::string start : {"", "\x1b", "\x1b[", "\x1b]", "\xC2", "\xE2", "\x1b]x\x1b"}) {
    for (int first = 0; first < 256; ++first) {
      for (int second = 0; second < 256; ++second) {
        const std::string text =
            start + static_cast<char>(first) + static_cast<char>(second) + "\nend";
        const std::string out = filtered(text);
        ASSERT_EQ(valid_utf8_prefix(out), out.size());
        for (const char byte : out) {
          const auto code = static_cast<unsigned char>(byte);
          ASSERT_TRUE(code >= 0x20 || byte == '\n' || byte == '\t') << first << ' ' << second;
          ASSERT_NE(code, 0x7F);
        }
        ASSERT_TRUE(out.ends_with("\nend")) << first << ' ' << second;
      }
    }
  }
}

TEST(Utf8, MeasuresHowFarTextIsValid) {
  const std::vector<std::pair<std::string, std::size_t>> cases = {
      {"", 0},
      {"plain ascii, longer than eight bytes", 36},
      {"12345678\xC3\xA9", 10},
      {"12345678\xC3", 8},
      {"ab\xFF", 2},
      {"ab\xED\xA0\x80", 2},
      {"\xF0\x9F\x8E\x89", 4},
      {"\xF4\x90\x80\x80", 0},
      {"\xC0\x80", 0},
      {"abc\xE2\x82z", 3},
  };
  for (const auto& [text, valid] : cases) EXPECT_EQ(valid_utf8_prefix(text), valid) << text;
}

TEST(Utf8, ReplacesEachByteThatBelongsToNoCharacter) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(with_valid_utf8(""), "");
  EXPECT_EQ(with_valid_utf8("gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(with_valid_utf8("\xFF"), replacement);
  EXPECT_EQ(with_valid_utf8("a\xC3"), "a" + replacement);
  EXPECT_EQ(with_valid_utf8("\xE2\x82z"), replacement + replacement + "z");
  EXPECT_EQ(with_valid_utf8("\xED\xA0\x80"), replacement + replacement + replacement);
}

}  // namespace
}  // namespace cochain::cli
