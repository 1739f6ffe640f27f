// Templates: what is a hole, what is refused and where, and that values are only ever values.
#include "cochain/chains/prompts/template.hpp"

#include <random>

#include <gmock/gmock.h>

#include "async_test.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string format(std::string_view text, const Variables& values = Variables()) {
  return TextTemplate(text).format(values);
}

/// What the error of taking `text` apart says; empty if there is none.
std::string refusal(std::string_view text) {
  try {
    const TextTemplate made(text);
    return "";
  } catch (const PromptError& error) {
    return error.what();
  }
}

TEST(Template, ReplacesHolesByVariables) {
  EXPECT_EQ(
      format("Translate to {language}: {text}", variables("language", "French", "text", "Hi")),
      "Translate to French: Hi");
}

TEST(Template, WithoutHolesIsItself) {
  EXPECT_EQ(format(""), "");
  EXPECT_EQ(format("no hole"), "no hole");
  EXPECT_EQ(format("two\nlines\t"), "two\nlines\t");
}

TEST(Template, FillsOneHoleManyTimesAndHolesThatTouch) {
  EXPECT_EQ(format("{a}{b}{a}", variables("a", "1", "b", "2")), "121");
}

TEST(Template, TakesLettersDigitsAndUnderscoresAsNames) {
  EXPECT_EQ(format("{_}{a1}{A_b}", variables("_", "x", "a1", "y", "A_b", "z")), "xyz");
}

TEST(Template, DoubledBracesAreText) {
  EXPECT_EQ(format("{{}}"), "{}");
  EXPECT_EQ(format("{{name}}"), "{name}");
  EXPECT_EQ(format("{{{name}}}", variables("name", "x")), "{x}");
  EXPECT_EQ(format(R"({{"role": "{role}"}})", variables("role", "user")), R"({"role": "user"})");
}

TEST(Template, NamesTheVariableThatIsMissing) {
  const TextTemplate text("{here} and {there}");
  try {
    (void)text.format(variables("here", "1", "their", "2"));
    ADD_FAILURE() << "did not throw";
  } catch (const PromptError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'there'"));
  }
}

TEST(Template, IgnoresVariablesThatItDoesNotName) {
  EXPECT_EQ(format("{a}", variables("a", "1", "b", "2")), "1");
}

TEST(Template, RefusesLoneBracesAndSaysWhere) {
  EXPECT_THAT(refusal("{"), HasSubstr("character 1 "));
  EXPECT_THAT(refusal("ab{name"), HasSubstr("character 3 "));
  EXPECT_THAT(refusal("ab}"), HasSubstr("character 3 "));
  EXPECT_THAT(refusal("{a}}"), HasSubstr("character 4 "));
  EXPECT_THAT(refusal("{{{"), HasSubstr("character 3 "));
}

TEST(Template, CountsCharactersAndNotBytesWhenItSaysWhere) {
  EXPECT_THAT(refusal("äöü}"), HasSubstr("character 4 "));
  EXPECT_THAT(refusal("日本{"), HasSubstr("character 3 "));
}

TEST(Template, RefusesWhateverReachesFurtherThanAName) {
  for (const std::string_view text :
       {"{user.name}", "{items[0]}", "{n:>10}", "{n!r}", "{ name }", "{}", "{1st}", "{a-b}",
        "{a{b}}", "{ä}", "{a\nb}", "{name.__class__}"}) {
    EXPECT_THAT(refusal(text), HasSubstr("character 1 ")) << text;
  }
}

TEST(Template, NeverReadsAValueAsATemplateAgain) {
  const std::string evil = "{secret} {{ }} } {";
  EXPECT_EQ(format("say {text}", variables("text", evil, "secret", "s3cret")), "say " + evil);
}

TEST(Template, KeepsUnicodeAndZeroBytes) {
  EXPECT_EQ(format("grüß {wen} 👋", variables("wen", "日本")), "grüß 日本 👋");
  const std::string zero("a\0{x}\0", 6);
  EXPECT_EQ(format(zero, variables("x", "")), std::string("a\0\0", 3));
}

TEST(Template, NamesItsHolesOnceAndInOrder) {
  EXPECT_THAT(TextTemplate("{b} {a} {b} {{c}}").variable_names(), ElementsAre("b", "a"));
  EXPECT_THAT(TextTemplate("none").variable_names(), IsEmpty());
}

TEST(Variables, KeepsTheLastValueOfAName) {
  const Variables values = variables("a", "1", "b", "2", "a", "3");
  EXPECT_EQ(*values.find("a"), "3");
  EXPECT_EQ(std::distance(values.begin(), values.end()), 2);
  EXPECT_EQ(values.find("c"), nullptr);
  EXPECT_TRUE(Variables().empty());
}

std::string escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    escaped += c;
    if (c == '{' || c == '}') escaped += c;
  }
  return escaped;
}

TEST(Template, PropertyEscapedTextComesBackAndValuesPassUnchanged) {
  constexpr unsigned kSeed = 20260;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  constexpr std::string_view kLetters = "{}{}ab_1 \n\xC3\xA9";
  const auto any_text = [&] {
    std::string text(random() % 12, ' ');
    for (char& c : text) c = kLetters[random() % kLetters.size()];
    return text;
  };
  for (int round = 0; round < 20'000; ++round) {
    const std::string before = any_text();
    const std::string value = any_text();
    const std::string after = any_text();
    const Variables values = variables("hole", value);
    ASSERT_EQ(format(escape(before)), before);
    ASSERT_EQ(format(escape(before) + " {hole} " + escape(after), values),
              before + " " + value + " " + after);
  }
}

TEST(Template, PropertyAnyTextIsTakenOrRefusedButNeverHalfRead) {
  constexpr unsigned kSeed = 20261;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  constexpr std::string_view kLetters = "{}a.";
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 8, ' ');
    for (char& c : text) c = kLetters[random() % kLetters.size()];
    if (!refusal(text).empty()) continue;
    // What was taken has, each hole filled by itself and all braces doubled, the same meaning.
    const std::string filled =
        format(text, variables("a", "{a}", "aa", "{aa}", "aaa", "{aaa}", "aaaa", "{aaaa}", "aaaaa",
                               "{aaaaa}", "aaaaaa", "{aaaaaa}"));
    ASSERT_EQ(format(escape(filled)), filled) << text;
  }
}

ASYNC_TEST(PromptTemplate, GivesItsTextAsAStep) {
  const PromptTemplate prompt("Hello {name}");
  const std::string text = co_await prompt.invoke(variables("name", "Ada"));
  EXPECT_EQ(text, "Hello Ada");
  EXPECT_EQ(prompt.format(variables("name", "Bob")), "Hello Bob");
  EXPECT_THAT(prompt.variable_names(), ElementsAre("name"));
}

ASYNC_TEST(PromptTemplate, StreamsItsTextInOnePiece) {
  const PromptTemplate prompt("Hello {name}");
  Stream<std::string> stream = prompt.stream(variables("name", "Ada"));
  const std::vector<std::string> pieces = co_await std::move(stream).collect();
  EXPECT_THAT(pieces, ElementsAre("Hello Ada"));
}

}  // namespace
}  // namespace cochain::testing
