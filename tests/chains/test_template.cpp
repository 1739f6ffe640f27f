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
  EXPECT_TRUE(values.contains("b"));
  EXPECT_EQ(std::distance(values.begin(), values.end()), 2);
  EXPECT_EQ(values.find("c"), nullptr);
  EXPECT_TRUE(Variables().empty());
}

TEST(Variables, HoldWhateverJsonIsMadeOf) {
  const std::string text = "text";
  const Variables values = variables(
      "literal", "a", "string", text, "view", std::string_view("v"), "number", 3, "half", 0.5,
      "yes", true, "null", nullptr, "array", json_array(1, "b"), "object", json_object("k", 1),
      "list", std::vector<std::string>(2, "x"), "json", parse_json("[1.5,{}]"));
  const auto written = [&](std::string_view name) { return values.find(name)->text(); };
  EXPECT_EQ(written("literal") + written("string") + written("view"), "atextv");
  EXPECT_EQ(written("number"), "3");
  EXPECT_EQ(written("half"), "0.5");
  EXPECT_EQ(written("yes"), "true");
  EXPECT_EQ(written("null"), "null");
  EXPECT_EQ(written("array"), R"([1,"b"])");
  EXPECT_EQ(written("object"), R"({"k":1})");
  EXPECT_EQ(written("list"), R"(["x","x"])");
  EXPECT_EQ(written("json"), "[1.5,{}]");
  EXPECT_TRUE(values.find("null")->if_json()->is_null());
  EXPECT_EQ(values.find("null")->if_messages(), nullptr);
}

TEST(Variables, HoldMessages) {
  const Variables values =
      variables("history", messages("Hi", AIMessage("Hello")), "one", Message(HumanMessage("1")));
  EXPECT_EQ(*values.find("history")->if_messages(), messages("Hi", AIMessage("Hello")));
  EXPECT_EQ(*values.find("one")->if_messages(), messages("1"));
  EXPECT_EQ(values.find("history")->if_json(), nullptr);
  EXPECT_THROW((void)values.find("history")->text(), PromptError);
}

TEST(Variables, NumbersAreWrittenAsPeopleDo) {
  const auto written = [](const Variables::Value& value) { return value.text(); };
  EXPECT_EQ(written(2.5), "2.5");
  EXPECT_EQ(written(3.0), "3.0");
  EXPECT_EQ(written(-0.1), "-0.1");
  EXPECT_EQ(written(1e300), "1e+300");
  EXPECT_EQ(written(std::int64_t{-9'000'000'000}), "-9000000000");
  EXPECT_EQ(written(std::uint64_t{18'000'000'000'000'000'000U}), "18000000000000000000");
}

TEST(Variables, MergeLetsTheOthersWin) {
  Variables values = variables("a", 1, "b", 2);
  values.merge(variables("b", 3, "c", messages("x")));
  EXPECT_EQ(values, variables("a", 1, "b", 3, "c", messages("x")));
}

TEST(Template, WritesStringsAsTheyAreAndTheRestAsJson) {
  EXPECT_EQ(
      format("{s} {o} {a} {n} {b}", variables("s", "\"q\"\n", "o", json_object("k", "\"q\""), "a",
                                              json_array(1, 2.5), "n", nullptr, "b", false)),
      "\"q\"\n {\"k\":\"\\\"q\\\"\"} [1,2.5] null false");
}

TEST(Template, TakesNoMessagesIntoAText) {
  try {
    (void)format("so far: {history}", variables("history", messages("Hi")));
    ADD_FAILURE() << "did not throw";
  } catch (const PromptError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'history'"));
    EXPECT_THAT(error.what(), HasSubstr("placeholder"));
  }
}

TEST(Template, SaysWhyAHoleIsRefused) {
  EXPECT_THAT(refusal("{a.__class__}"), HasSubstr("reaches into its value ('a.'"));
  EXPECT_THAT(refusal("{a[0]}"), HasSubstr("reaches into its value ('a['"));
  EXPECT_THAT(refusal("{a!r}"), HasSubstr("format"));
  EXPECT_THAT(refusal("{a:>10}"), HasSubstr("format"));
  EXPECT_THAT(refusal("{0}"), HasSubstr("not by number"));
  EXPECT_THAT(refusal("{}"), HasSubstr("without a name"));
  EXPECT_THAT(refusal("one\ntwo {0}"), HasSubstr("line 2, character 5 "));
}

TEST(Template, MustacheIsTheOtherFormat) {
  const TextTemplate text("{{#names}}{{{.}}}, {{/names}}{x} {{y}}", TemplateFormat::kMustache);
  EXPECT_EQ(text.format(variables("names", json_array("Ada", "<Bob>"), "x", 1, "y", "<")),
            "Ada, <Bob>, {x} &lt;");
  EXPECT_THAT(text.variable_names(), ElementsAre("names", "y"));
  EXPECT_THROW(TextTemplate("{{#a}}", TemplateFormat::kMustache), PromptError);
}

TEST(Template, MustacheMayHavePartials) {
  const MustachePartials partials = MustachePartials().add("greeting", "Hello {{name}}!");
  const TextTemplate text(MustacheTemplate("{{>greeting}} And {{>greeting}}", partials));
  EXPECT_EQ(text.format(variables("name", "Ada")), "Hello Ada! And Hello Ada!");
  EXPECT_THAT(text.variable_names(), ElementsAre("name"));
}

TEST(Template, MustacheAsksForItsNamesOnlyIfItIsStrict) {
  const TextTemplate text("{{a}}{{#b}}{{c}}{{/b}}", TemplateFormat::kMustache);
  EXPECT_EQ(text.format(Variables()), "");
  EXPECT_THAT(text.missing_names(variables("a", 1)), ElementsAre("b"));
  try {
    (void)text.strict().format(variables("a", 1));
    ADD_FAILURE() << "did not throw";
  } catch (const PromptError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'b'"));
  }
  EXPECT_EQ(text.strict().format(variables("a", 1, "b", false)), "1");
  EXPECT_EQ(text.strict().partial("b", true).format(variables("a", 1)), "1");
}

TEST(Template, PartialValuesAreGivenBeforehand) {
  const TextTemplate text("{a} {b}");
  const TextTemplate partial = text.partial("a", "x");
  EXPECT_EQ(partial.format(variables("b", 1)), "x 1");
  EXPECT_EQ(partial.format(variables("b", 1, "a", "given")), "given 1");  // who asks wins
  EXPECT_EQ(partial.partial("a", "y").format(variables("b", 1)), "y 1");  // and the last
  EXPECT_THAT(partial.variable_names(), ElementsAre("b"));
  EXPECT_THAT(text.variable_names(), ElementsAre("a", "b"));  // the first is as it was
  EXPECT_THROW((void)text.format(variables("b", 1)), PromptError);
}

TEST(Template, PartialFunctionsAreAskedEachTimeUnlessTheValueIsGiven) {
  int asked = 0;
  const TextTemplate text = TextTemplate("{n}").partial("n", [&] { return ++asked; });
  EXPECT_EQ(text.format(Variables()), "1");
  EXPECT_EQ(text.format(Variables()), "2");
  EXPECT_EQ(text.format(variables("n", "mine")), "mine");
  EXPECT_EQ(asked, 2);
  const TextTemplate words = TextTemplate("{n}").partial("n", [] { return std::string("word"); });
  EXPECT_EQ(words.format(Variables()), "word");
  const TextTemplate failing = TextTemplate("{n}").partial(
      "n", []() -> std::string { throw std::runtime_error("no clock"); });
  EXPECT_THROW((void)failing.format(Variables()), std::runtime_error);
}

TEST(Template, PartialValuesAreNoTemplates) {
  EXPECT_EQ(TextTemplate("{a}").partial("a", "{b} {{").format(Variables()), "{b} {{");
}

TEST(Template, OptionalVariablesMayBeLeftOut) {
  const TextTemplate text = TextTemplate("[{a}] {b}").optional("a");
  EXPECT_EQ(text.format(variables("b", 1)), "[] 1");
  EXPECT_EQ(text.format(variables("b", 1, "a", 2)), "[2] 1");
  EXPECT_THAT(text.variable_names(), ElementsAre("b"));
  EXPECT_THROW((void)text.format(Variables()), PromptError);
}

TEST(Template, JoinsWithTextsAndTemplates) {
  const TextTemplate text = TextTemplate("{a}, ") + "{b} " + TextTemplate("{a}{c}");
  EXPECT_EQ(text.format(variables("a", 1, "b", 2, "c", 3)), "1, 2 13");
  EXPECT_THAT(text.variable_names(), ElementsAre("a", "b", "c"));
  const TextTemplate mustache = TextTemplate("{{a}}", TemplateFormat::kMustache) + " {{b}}";
  EXPECT_EQ(mustache.format(variables("a", 1, "b", 2)), "1 2");
  const TextTemplate both = TextTemplate("{a}") + TextTemplate("{{a}}", TemplateFormat::kMustache);
  EXPECT_EQ(both.format(variables("a", 1)), "11");
  TextTemplate twice("{a}");
  twice = twice + twice;
  EXPECT_EQ(twice.format(variables("a", 1)), "11");
}

TEST(Template, JoiningKeepsPartialValuesThatDoNotDiffer) {
  const TextTemplate first = TextTemplate("{a}").partial("a", 1);
  EXPECT_EQ((first + "{b}").format(variables("b", 2)), "12");
  EXPECT_EQ((first + TextTemplate("{a}{b}").partial("b", 2).partial("a", 1)).format(Variables()),
            "112");
  EXPECT_THROW((void)(first + TextTemplate("{a}").partial("a", 2)), PromptError);
  EXPECT_THROW((void)(first + TextTemplate("{a}").partial("a", [] { return 1; })), PromptError);
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

TEST(PromptTemplate, HasAllThatATextTemplateHas) {
  const PromptTemplate prompt = PromptTemplate("{a}{b}").partial("a", 1) + "{c}";
  EXPECT_EQ(prompt.format(variables("b", 2, "c", 3)), "123");
  EXPECT_THAT(prompt.variable_names(), ElementsAre("b", "c"));
  EXPECT_EQ((prompt + PromptTemplate("{d}").optional("d")).format(variables("b", 2, "c", 3)),
            "123");
  const PromptTemplate mustache("{{x}}", TemplateFormat::kMustache);
  EXPECT_EQ(mustache.format(Variables()), "");
  EXPECT_THROW((void)mustache.strict().format(Variables()), PromptError);
}

}  // namespace
}  // namespace cochain::testing
