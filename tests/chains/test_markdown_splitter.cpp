// Markdown in sections: which lines are headings, what is above each section, and that its text is
// as it was.

#include "cochain/chains/retrieval/markdown_splitter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/retrieval/text_splitters.hpp"
#include "process_state.hpp"

namespace cochain {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Splitter = MarkdownHeaderTextSplitter;

// "text {headings}" of each section.
std::vector<std::string> told(std::string_view text, const Splitter& splitter = Splitter()) {
  std::vector<std::string> all;
  for (const MarkdownSection& section : splitter.split(text)) {
    EXPECT_EQ(section.text, text.substr(section.begin, section.end - section.begin));
    std::string headings;
    for (const auto& heading : section.headings) {
      headings += (headings.empty() ? "" : ", ") + std::string(heading.key()) + ": " +
                  std::string(heading.value().as_string());
    }
    all.push_back(std::string(section.text) + " {" + headings + "}");
  }
  return all;
}

Splitter titles() { return Splitter().header(1, "T").header(2, "P"); }

TEST(MarkdownSplitter, ASectionKnowsTheHeadingsAboveIt) {
  EXPECT_THAT(told("before\n\n# One\n\na\n\n## Two\n\nb\n\n## Three\nc\n# Four\nd\n", titles()),
              ElementsAre("before {}", "a {T: One}", "b {T: One, P: Two}", "c {T: One, P: Three}",
                          "d {T: Four}"));
}

TEST(MarkdownSplitter, AHigherHeadingEndsAllBelowIt) {
  EXPECT_THAT(told("# A\n### B\nb\n## C\nc\n# D\nd"),
              ElementsAre("b {Header 1: A, Header 3: B}", "c {Header 1: A, Header 2: C}",
                          "d {Header 1: D}"));
}

TEST(MarkdownSplitter, HeadingsOfOtherLevelsAreText) {
  EXPECT_THAT(told("# A\na\n### B\nb", titles()), ElementsAre("a\n### B\nb {T: A}"));
}

TEST(MarkdownSplitter, HeadingsInCodeListsAndQuotesAreNone) {
  EXPECT_THAT(told("# A\n```sh\n# not\n```\n~~~\n# not\n```\n~~~\n    # not\n\n> # not\n\n- # "
                   "not\n\n#not\n\\# not\n"),
              ElementsAre("```sh\n# not\n```\n~~~\n# not\n```\n~~~\n    # not\n\n> # not\n\n- # "
                          "not\n\n#not\n\\# not {Header 1: A}"));
}

TEST(MarkdownSplitter, AFenceThatIsNeverClosedKeepsWhatIsInIt) {
  EXPECT_THAT(told("# A\n```\ncode\n# not\n\nmore"),
              ElementsAre("```\ncode\n# not\n\nmore {Header 1: A}"));
}

TEST(MarkdownSplitter, TabsBlanksAndIndentationStayAsTheyAre) {
  const std::string body = "    indented code\n\n\tx\u00A0=\t1  \nsecond  line\n\n\n* a\n    * b";
  EXPECT_THAT(told("# A\n\n" + body + "\n\n"), ElementsAre(body + " {Header 1: A}"));
}

TEST(MarkdownSplitter, UnderlinedHeadingsAreHeadings) {
  EXPECT_THAT(told("Title of\ntwo lines\n===\na\n\nPart\n----\nb\n\n---\nc\n"),
              ElementsAre("a {Header 1: Title of two lines}",
                          "b\n\n---\nc {Header 1: Title of two lines, Header 2: Part}"));
}

TEST(MarkdownSplitter, TheTextOfAHeadingIsAsItIsWritten) {
  EXPECT_THAT(told("# **A** `b` &amp; [c](d) ##\nx\n## C# \ny\n"),
              ElementsAre("x {Header 1: **A** `b` &amp; [c](d)}",
                          "y {Header 1: **A** `b` &amp; [c](d), Header 2: C#}"));
}

TEST(MarkdownSplitter, HeadingsWithoutATextAreFound) {
  EXPECT_THAT(told("a\n# \nb\n# ![](logo.png)\nc\n#\nd\n\n![](e.png)\n===\nf"),
              ElementsAre("a {}", "b {Header 1: }", "c {Header 1: ![](logo.png)}", "d {Header 1: }",
                          "f {Header 1: ![](e.png)}"));
}

TEST(MarkdownSplitter, HeadingsWithoutATextInListsAndQuotesAreNone) {
  EXPECT_THAT(told("- a\n\n  #\n\n#\n\nbody\n"), ElementsAre("- a\n\n  # {}", "body {Header 1: }"));
  EXPECT_THAT(told("1. item\n\n   ##\n\n##\n\nbody"),
              ElementsAre("1. item\n\n   ## {}", "body {Header 2: }"));
  EXPECT_THAT(told("> #\n\n- #\n- # a\n\n#\nb"),
              ElementsAre("> #\n\n- #\n- # a {}", "b {Header 1: }"));
  EXPECT_THAT(told("- # a\n# B\nb"), ElementsAre("- # a {}", "b {Header 1: B}"));
}

TEST(MarkdownSplitter, AHeadingWithNothingUnderItIsNotLost) {
  EXPECT_THAT(told("# A\n# B\nb\n## C"), ElementsAre("# A {Header 1: A}", "b {Header 1: B}",
                                                     "## C {Header 1: B, Header 2: C}"));
  EXPECT_THAT(told("# A\n"), ElementsAre("# A {Header 1: A}"));
}

TEST(MarkdownSplitter, KeptHeadingsAreInTheTextOfTheirSection) {
  EXPECT_THAT(told("# A\n\n## B\nb\n# C\n", titles().keep_headers()),
              ElementsAre("# A\n\n## B\nb {T: A, P: B}", "# C {T: C}"));
}

TEST(MarkdownSplitter, LineEndsOfWindowsAreLineEnds) {
  EXPECT_THAT(told("# A\r\n\r\na\r\nb\r\n\r\nC\r\n---\r\nc\r\n"),
              ElementsAre("a\r\nb {Header 1: A}", "c {Header 1: A, Header 2: C}"));
}

TEST(MarkdownSplitter, ACarriageReturnAloneIsALineEnd) {
  EXPECT_THAT(told("# A\rbody a\r# B\rbody b\r"),
              ElementsAre("body a {Header 1: A}", "body b {Header 1: B}"));
  EXPECT_THAT(told("# A\rtext\n\nbody\n# B\nb"),
              ElementsAre("text\n\nbody {Header 1: A}", "b {Header 1: B}"));
  EXPECT_THAT(told("A\r===\ra\r\r\nB\r\n---\rb"),
              ElementsAre("a {Header 1: A}", "b {Header 1: A, Header 2: B}"));
  EXPECT_THAT(told("# a\r\r\rb"), ElementsAre("b {Header 1: a}"));
  std::string many;
  for (int n = 0; n < 5000; ++n) many += "# a\rb\r";
  EXPECT_EQ(Splitter().split(many).size(), 5000U);
}

TEST(MarkdownSplitter, AMarkOfByteOrderHidesNoHeading) {
  EXPECT_THAT(told("\uFEFF# A\nbody\n"), ElementsAre("body {Header 1: A}"));
  EXPECT_THAT(told("\uFEFF# A\nbody", titles().keep_headers()),
              ElementsAre("\uFEFF# A\nbody {T: A}"));
  EXPECT_THAT(told("\uFEFFtext\n# A\nb"), ElementsAre("\uFEFFtext {}", "b {Header 1: A}"));
}

TEST(MarkdownSplitter, TextsWithoutHeadingsOrWithoutTextAreTaken) {
  EXPECT_THAT(told("just\n\ntext\n"), ElementsAre("just\n\ntext {}"));
  EXPECT_THAT(told(""), IsEmpty());
  EXPECT_THAT(told("\n \n"), IsEmpty());
  EXPECT_THAT(told("# \xFF\n\xC3 x"), ElementsAre("\xC3 x {Header 1: \xFF}"));
}

TEST(MarkdownSplitter, CallsLeaveNothingBehind) {
  const Splitter splitter = titles();
  EXPECT_THAT(told("# A\n```\nnever closed", splitter), ElementsAre("```\nnever closed {T: A}"));
  EXPECT_THAT(told("b\n# C\nc", splitter), ElementsAre("b {}", "c {T: C}"));
}

TEST(MarkdownSplitter, BadLevelsAndNamesAreRefused) {
  EXPECT_THROW(Splitter().header(0, "x"), InvalidStateError);
  EXPECT_THROW(Splitter().header(7, "x"), InvalidStateError);
  EXPECT_THROW(Splitter().header(1, ""), InvalidStateError);
}

TEST(MarkdownSplitter, SectionsAreCutFurtherWithTheirHeadingsAndPlaces) {
  const std::string text = "# A\n\none two\n\n## B\n\nthree four\n";
  const Documents sections = titles().add_start_index().split_text(text);
  const RecursiveCharacterTextSplitter words(ChunkOptions(5).add_start_index());
  EXPECT_THAT(words.split_documents(sections),
              ElementsAre(Document("one", json_object("T", "A", "start_index", 5u)),
                          Document("two", json_object("T", "A", "start_index", 9u)),
                          Document("three", json_object("T", "A", "P", "B", "start_index", 20u)),
                          Document("four", json_object("T", "A", "P", "B", "start_index", 26u))));
}

TEST(MarkdownSplitter, ManyHeadingsWithoutTextTakeNoLongTime) {
  // The address sanitizer's strict checks of strings read all of the text in each call of md4c.
  const std::size_t count = testing::sanitized() ? 5'000 : 100'000;
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "![](x)\n===\n#\n";
  EXPECT_EQ(Splitter().split(text).size(), 2 * count);
}

}  // namespace
}  // namespace cochain
