// Separators: texts, runs, words and names, line ends of Windows, and the lists of languages.

#include "cochain/chains/retrieval/separator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/retrieval/text_splitters.hpp"

namespace cochain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The text cut before each separator.
std::vector<std::string> cut(std::string_view text, const Separator& separator) {
  std::vector<std::string> pieces;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = separator.match(text, at);
    if (!end) {
      ++at;
      continue;
    }
    pieces.emplace_back(text.substr(begin, at - begin));
    begin = at;
    at = *end;
  }
  pieces.emplace_back(text.substr(begin));
  return pieces;
}

std::vector<std::string> chunks_in(Language language, std::string_view text, std::size_t size) {
  return RecursiveCharacterTextSplitter(ChunkOptions(size), language).split_text(text);
}

TEST(Separator, ARunIsTakenAsFarAsItGoesAndNoFurtherThanItsMost) {
  const Separator heading = Separator("\n").run('#', 1, 6).then(" ");
  EXPECT_EQ(heading.match("\n# a", 0), 3);
  EXPECT_EQ(heading.match("\n###### a", 0), 8);
  EXPECT_EQ(heading.match("\n####### a", 0), std::nullopt);
  EXPECT_EQ(heading.match("\n#a", 0), std::nullopt);
  EXPECT_EQ(heading.match("\n ", 0), std::nullopt);
  EXPECT_EQ(heading.match("\n#", 0), std::nullopt);
}

TEST(Separator, ALineEndIsThatOfWindowsToo) {
  const Separator paragraph("\n\n");
  EXPECT_EQ(paragraph.match("a\n\nb", 1), 3);
  EXPECT_EQ(paragraph.match("a\r\n\r\nb", 1), 5);
  EXPECT_EQ(paragraph.match("a\r\n\nb", 1), 4);
  EXPECT_EQ(paragraph.match("a\r\rb", 1), std::nullopt);
  EXPECT_EQ(paragraph.match("a\r\n\r", 1), std::nullopt);
  EXPECT_EQ(Separator("\nclass ").match("\r\nclass x", 0), 8);
  const Separator lines = Separator("\n").run('\n', 1, 2);
  EXPECT_EQ(lines.match("\r\n\r\nx", 0), 4);
  EXPECT_EQ(lines.match("\n\r\n\n\n", 0), 4);
  EXPECT_EQ(lines.match("\r\n\rx", 0), std::nullopt);
  EXPECT_THAT(RecursiveCharacterTextSplitter(ChunkOptions(9), {lines, " "})
                  .split_text("aa bb\r\n\r\ncc dd\r\n\r\nee"),
              ElementsAre("aa bb", "cc dd", "ee"));
}

TEST(Separator, BeginsWhereItMatches) {
  const Separator shapes[] = {Separator("\n").run('\n', 2), Separator("a").blanks(),
                              Separator("a").run('b', 2, 3).then("c"), Separator("<p").name_end(),
                              Separator("\n").one_of({"x", "\n"})};
  const std::string_view text = "\n\n\n\na  b abbc abbbbc <p> <pr\n\r\n\nx a";
  for (const Separator& shape : shapes) {
    for (std::size_t at = 0; at < text.size(); ++at) {
      EXPECT_EQ(shape.matches(text, at), shape.match(text, at).has_value()) << at;
    }
  }
}

// In the square of their length it would take minutes.
TEST(Separator, LongRunsTakeNoLongTime) {
  const std::string lines(300'000, '\n');
  for (const Separator& separator : {Separator("\n").run('\n', 1), Separator("\n").blanks()}) {
    const RecursiveCharacterTextSplitter splitter(ChunkOptions(100).keep_whitespace(),
                                                  {separator, ""});
    EXPECT_EQ(splitter.split(lines).size(), lines.size() / 100);
  }
}

TEST(Separator, WordsAndBlanksFollowEachOther) {
  const Separator sub = Separator("\n").one_of({"Public", "Private"}).blanks().then("Sub").blanks();
  EXPECT_EQ(sub.match("\nPrivate\t Sub x", 0), 14);
  EXPECT_EQ(sub.match("\nPrivateSub x", 0), std::nullopt);
  EXPECT_EQ(sub.match("\nEnd Sub\n", 0), std::nullopt);
}

TEST(Separator, ANameEndsWhereNoLetterFollows) {
  const Separator paragraph = Separator("<p").name_end();
  EXPECT_EQ(paragraph.match("<p>", 0), 2);
  EXPECT_EQ(paragraph.match("<p class='x'>", 0), 2);
  EXPECT_EQ(paragraph.match("<p", 0), 2);
  EXPECT_EQ(paragraph.match("<pre>", 0), std::nullopt);
  EXPECT_EQ(paragraph.match("<p-list>", 0), std::nullopt);
}

TEST(Separator, TheEmptyOneTakesNothingAndHasNothingAfterIt) {
  EXPECT_TRUE(Separator("").empty());
  EXPECT_EQ(Separator("").match("abc", 1), 1);
  EXPECT_THROW(Separator("").then("x"), InvalidStateError);
  EXPECT_THROW(Separator("\n").run('#', 0), InvalidStateError);
  EXPECT_THROW(Separator("\n").run('#', 3, 2), InvalidStateError);
}

TEST(Separator, TheRunsOfMarkdownAreRulesOfThreeOrMore) {
  Separators all = separators_for(Language::kMarkdown);
  EXPECT_THAT(cut("a\n# b\n####### c\n## d", all[0]),
              ElementsAre("a", "\n# b\n####### c", "\n## d"));
  EXPECT_THAT(cut("a\n**\nb\n***\nc\n*****\nd", all[2]),
              ElementsAre("a\n**\nb", "\n***\nc", "\n*****\nd"));
  EXPECT_THAT(cut("a\n---\n---\nb", all[3]), ElementsAre("a", "\n---\n---\nb"));
}

TEST(Languages, DeclarationsComeFirstAndCharactersLast) {
  for (int i = 0; i <= static_cast<int>(Language::kVisualBasic6); ++i) {
    const Separators all = separators_for(static_cast<Language>(i));
    EXPECT_GE(all.size(), 7u) << i;
    EXPECT_TRUE(all.back().empty()) << i;
    EXPECT_FALSE(all.front().empty()) << i;
  }
}

TEST(Languages, AreNamedAsInLangChain) {
  EXPECT_EQ(language_named("cpp"), Language::kCpp);
  EXPECT_EQ(language_named("js"), Language::kJavaScript);
  EXPECT_EQ(language_named("visualbasic6"), Language::kVisualBasic6);
  try {
    (void)language_named("C++");
    FAIL() << "no error";
  } catch (const InvalidInputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no language is named 'C++'"));
    EXPECT_THAT(error.what(), HasSubstr("cpp"));
  }
}

TEST(Languages, CppIsCutAtItsClassesAndFunctions) {
  const std::string text =
      "int a;\nclass B {\n  int c;\n};\nvoid f() {\n  g();\n}\nint main() {}\n";
  EXPECT_THAT(
      chunks_in(Language::kCpp, text, 32),
      ElementsAre("int a;", "class B {\n  int c;\n};", "void f() {\n  g();\n}", "int main() {}"));
}

TEST(Languages, PythonIsCutAtItsMethods) {
  const std::string text = "class A:\n\tdef f(self):\n\t\treturn 1\n\tdef g(self):\n\t\treturn 2\n";
  EXPECT_THAT(chunks_in(Language::kPython, text, 32),
              ElementsAre("class A:", "def f(self):\n\t\treturn 1", "def g(self):\n\t\treturn 2"));
}

TEST(Languages, LatexIsCutAtDollarsAndNotAtTheEndsOfLines) {
  const std::string text = "We know\n$$a^2+b^2=c^2$$\nand also $x$ by heart";
  EXPECT_THAT(chunks_in(Language::kLatex, text, 20),
              ElementsAre("We know", "$$a^2+b^2=c^2", "$$\nand also $x", "$ by heart"));
}

TEST(Languages, HtmlIsCutAtTheTagAndNotAtOneThatBeginsLikeIt) {
  const std::string text = "<pre>one two three</pre><p>four</p><p>five</p>";
  EXPECT_THAT(chunks_in(Language::kHtml, text, 24),
              ElementsAre("<pre>one two three</pre>", "<p>four</p><p>five</p>"));
}

TEST(Languages, RestructuredTextIsCutAtUnderlinesAndEmptyComments) {
  const std::string text = "Title\n=====\none two three\n\n..\n\nfour five six\n\nab\n\nseven";
  EXPECT_THAT(chunks_in(Language::kRst, text, 20),
              ElementsAre("Title", "=====\none two three", "..\n\nfour five six", "ab\n\nseven"));
}

TEST(Languages, VisualBasicIsNotCutWhereASubEnds) {
  const std::string text =
      "Option Explicit\nPublic Sub A()\n  x\nEnd Sub\nPrivate Function B()\nEnd Function";
  EXPECT_THAT(chunks_in(Language::kVisualBasic6, text, 36),
              ElementsAre("Option Explicit", "Public Sub A()\n  x\nEnd Sub",
                          "Private Function B()\nEnd Function"));
}

TEST(Languages, HaskellIsCutAtAGuardAndNotAtEveryBlank) {
  const std::string text = "f x\n| x > 0 = one two\n| otherwise = three";
  EXPECT_THAT(chunks_in(Language::kHaskell, text, 24),
              ElementsAre("f x\n| x > 0 = one two", "| otherwise = three"));
}

}  // namespace
}  // namespace cochain
