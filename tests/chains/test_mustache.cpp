// Mustache: the specification's own cases, what bad templates say, and that nothing is without end.
#include "cochain/chains/prompts/mustache.hpp"

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include <gmock/gmock.h>

#include "cochain/chains/model/json.hpp"

namespace cochain::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string render(std::string_view text, const Json& data = JsonObject(),
                   const MustachePartials& partials = MustachePartials()) {
  return MustacheTemplate(text, partials).render(data);
}

/// What the error of taking `text` apart, or of rendering it, says; empty if there is none.
std::string refusal(std::string_view text, const Json& data = JsonObject(),
                    const MustachePartials& partials = MustachePartials()) {
  try {
    (void)render(text, data, partials);
    return "";
  } catch (const PromptError& error) {
    return error.what();
  }
}

Json read_module(const std::string& name) {
  std::ifstream file(std::filesystem::path(COCHAIN_TEST_DATA) / "mustache" / (name + ".json"));
  std::ostringstream text;
  text << file.rdbuf();
  return parse_json(text.str());
}

std::string text_of(const Json& value) { return std::string(value.as_string()); }

class MustacheSpecification : public ::testing::TestWithParam<std::pair<std::string, int>> {};

TEST_P(MustacheSpecification, EveryCaseOfTheModule) {
  const Json module = read_module(GetParam().first);
  const JsonArray& cases = module.at("tests").as_array();
  int passed = 0;
  for (const Json& each : cases) {
    SCOPED_TRACE(text_of(each.at("name")));
    MustachePartials partials;
    if (const Json* given = each.as_object().if_contains("partials")) {
      for (const auto& [name, text] : given->as_object()) {
        partials.add(std::string(name), text_of(text));
      }
    }
    const MustacheTemplate made(text_of(each.at("template")), partials);
    const std::string expected = text_of(each.at("expected"));
    EXPECT_EQ(made.render(each.at("data")), expected);
    passed += made.render(each.at("data")) == expected ? 1 : 0;
    // As a user gives them: by name. `{{.}}` outside of sections has no meaning then.
    if (const JsonObject* data = each.at("data").if_object()) {
      Variables variables;
      for (const auto& [name, value] : *data) variables.set(std::string(name), value);
      EXPECT_EQ(made.render(variables), expected);
    }
  }
  EXPECT_EQ(passed, GetParam().second);  // all, and as many as there were when this was written
}

INSTANTIATE_TEST_SUITE_P(Core, MustacheSpecification,
                         ::testing::Values(std::pair("comments", 12), std::pair("delimiters", 14),
                                           std::pair("interpolation", 42),
                                           std::pair("inverted", 22), std::pair("partials", 12),
                                           std::pair("sections", 34)),
                         [](const auto& module) { return module.param.first; });

TEST(Mustache, WithoutTagsIsItself) {
  for (const std::string_view text : {"", "a", "}} { } {", "a\r\nb\n", "  \n\t"}) {
    EXPECT_EQ(render(text), text);
  }
}

TEST(Mustache, IsRenderedManyTimes) {
  const MustacheTemplate made("{{#items}}{{name}};{{/items}}");
  EXPECT_EQ(made.render(json_object("items", json_array(json_object("name", "a")))), "a;");
  EXPECT_EQ(made.render(json_object("items", json_array())), "");
  EXPECT_EQ(made.render(variables("items", json_array(json_object("name", "b")))), "b;");
}

TEST(Mustache, EscapesForHtmlUnlessItIsToldNotTo) {
  const Json data = json_object("x", R"(<a href="1">&'</a>)");
  EXPECT_EQ(render("{{x}}", data), "&lt;a href=&quot;1&quot;&gt;&amp;'&lt;/a&gt;");
  EXPECT_EQ(render("{{{x}}}|{{& x }}", data), R"(<a href="1">&'</a>|<a href="1">&'</a>)");
  EXPECT_EQ(render("{{=<% %>=}}<%{x}%><%&x%>", data), R"(<a href="1">&'</a><a href="1">&'</a>)");
}

TEST(Mustache, WritesNumbersAsPeopleDoAndTheRestAsJson) {
  const Json data = json_object("i", 3, "d", 2.5, "w", 3.0, "t", true, "n", nullptr, "a",
                                json_array(1, 0.5, "x"), "o", json_object("k", JsonArray()));
  EXPECT_EQ(render("{{i}} {{d}} {{w}} {{t}} [{{n}}] {{{a}}} {{{o}}}", data),
            R"(3 2.5 3.0 true [] [1,0.5,"x"] {"k":[]})");
  EXPECT_EQ(render("{{a}}", data), "[1,0.5,&quot;x&quot;]");
}

TEST(Mustache, TakesTheseForFalse) {
  const Json data = json_object("null", nullptr, "no", false, "zero", 0, "point", 0.0, "empty", "",
                                "list", JsonArray());
  for (const std::string name : {"null", "no", "zero", "point", "empty", "list", "missing"}) {
    EXPECT_EQ(
        render("{{#" + name + "}}yes{{/" + name + "}}{{^" + name + "}}no{{/" + name + "}}", data),
        "no")
        << name;
  }
  EXPECT_EQ(render("{{#o}}yes{{/o}}", json_object("o", JsonObject())), "yes");
}

TEST(Mustache, MessagesAreOnlyThereOrNot) {
  const MustacheTemplate made("{{#history}}as before{{/history}}{{^history}}first{{/history}}");
  EXPECT_EQ(made.render(variables("history", messages("Hi"))), "as before");
  EXPECT_EQ(made.render(variables("history", Messages())), "first");
  try {
    (void)MustacheTemplate("{{history}}").render(variables("history", messages("Hi")));
    ADD_FAILURE() << "did not throw";
  } catch (const PromptError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("'history'"), HasSubstr("placeholder")));
  }
}

TEST(Mustache, NeverReadsAValueAsATemplate) {
  const Json data =
      json_object("x", "{{secret}} {{#secret}}", "secret", "s3cret", "l", json_array("{{secret}}"));
  EXPECT_EQ(render("{{{x}}}", data), "{{secret}} {{#secret}}");
  EXPECT_EQ(render("{{#l}}{{.}}{{/l}}", data), "{{secret}}");
  EXPECT_EQ(render("{{=| |=}}|x|", data), "{{secret}} {{#secret}}");
}

TEST(Mustache, ReachesNothingButTheGivenJson) {
  const Json data = json_object("a", json_object("b", "deep"), "s", "text", "l", json_array(1, 2));
  for (const std::string_view text :
       {"{{a.__class__}}", "{{s.length}}", "{{l.0}}", "{{__class__}}", "{{s.__class__.__mro__}}",
        "{{a.b.c}}", "{{constructor}}", "{{> /etc/passwd}}", "{{> ../../secret}}", "{{()}}"}) {
    EXPECT_EQ(render(text, data), "") << text;
  }
}

TEST(Mustache, BadTemplatesSayWhatIsWrongAndWhere) {
  EXPECT_THAT(refusal("a\nbc {{x"), AllOf(HasSubstr("'}}'"), HasSubstr("line 2, character 4")));
  EXPECT_THAT(refusal("{{{x}}"), HasSubstr("'}}}'"));
  EXPECT_THAT(refusal("{{=<% %>}}"), HasSubstr("'=}}'"));
  EXPECT_THAT(refusal("{{}}"), HasSubstr("without a name"));
  EXPECT_THAT(refusal("{{#}}{{/}}"), HasSubstr("without a name"));
  EXPECT_THAT(refusal("{{a b}}"), HasSubstr("blank"));
  EXPECT_THAT(refusal("{{a..b}}"), HasSubstr("dot"));
  EXPECT_THAT(refusal("{{.a}}"), HasSubstr("dot"));
  EXPECT_THAT(refusal("ä{{#a}}"), AllOf(HasSubstr("'a'"), HasSubstr("line 1, character 2")));
  EXPECT_THAT(refusal("\n\n{{/a}}"), AllOf(HasSubstr("'a'"), HasSubstr("line 3, character 1")));
  EXPECT_THAT(refusal("{{#a}}{{#b}}{{/a}}{{/b}}"), AllOf(HasSubstr("'a'"), HasSubstr("'b'")));
  for (const std::string_view text : {"{{= =}}", "{{=a=}}", "{{=a b c=}}", "{{== ==}}"}) {
    EXPECT_THAT(refusal(text), HasSubstr("delimiters")) << text;
  }
}

TEST(Mustache, ABadPartialNamesItself) {
  EXPECT_THAT(refusal("{{>p}}", JsonObject(), MustachePartials().add("p", "\n{{#x}}")),
              AllOf(HasSubstr("partial 'p'"), HasSubstr("line 2, character 1")));
}

TEST(Mustache, PartialsOfAFunctionAreAskedForOnceAndOnlyByTheirNames) {
  std::vector<std::string> asked;
  const MustachePartials partials([&](const std::string& name) -> std::optional<std::string> {
    asked.push_back(name);
    if (name == "a") return "{{>b}}{{>b}}{{>none}}";
    if (name == "b") return "{{x}}";
    return std::nullopt;
  });
  const MustacheTemplate made("{{>a}}{{>a}}", partials);
  EXPECT_EQ(made.render(json_object("x", 1)), "1111");
  EXPECT_EQ(made.render(json_object("x", 2)), "2222");
  EXPECT_THAT(asked, ElementsAre("a", "b", "none"));
}

TEST(Mustache, IndentsEachLineOfAPartialButNoValue) {
  const MustachePartials partials = MustachePartials()
                                        .add("list", "{{#items}}\n- {{{.}}}\n{{/items}}\nend\n")
                                        .add("outer", "a\n  {{>list}}\nb\n");
  EXPECT_EQ(render("\t{{>outer}}\n", json_object("items", json_array("x\ny", "z")), partials),
            "\ta\n\t  - x\ny\n\t  - z\n\t  end\n\tb\n");
}

TEST(Mustache, NestsSectionsUpToALimit) {
  const auto nested = [](int depth) {
    std::string open;
    std::string close;
    for (int n = 0; n < depth; ++n) {
      open += "{{#a}}";
      close += "{{/a}}";
    }
    return open + "x" + close;
  };
  EXPECT_EQ(render(nested(100), json_object("a", true)), "x");
  EXPECT_THAT(refusal(nested(101)), HasSubstr("100 deep"));
  EXPECT_THAT(refusal(nested(100'000)), HasSubstr("100 deep"));
  EXPECT_THAT(refusal(nested(100'000).substr(0, 600'000)), HasSubstr("100 deep"));
}

TEST(Mustache, PartialsThatIncludeThemselvesEnd) {
  const MustachePartials self = MustachePartials().add("a", "x{{>a}}");
  EXPECT_THAT(refusal("{{>a}}", JsonObject(), self), AllOf(HasSubstr("32 deep"), HasSubstr("'a'")));
  const MustachePartials circle = MustachePartials().add("a", "{{>b}}").add("b", "{{>a}}");
  EXPECT_THAT(refusal("{{>a}}", JsonObject(), circle), HasSubstr("32 deep"));
  const MustachePartials twice = MustachePartials().add("a", "{{#go}}{{>a}}{{>a}}{{/go}}");
  EXPECT_THAT(refusal("{{>a}}", json_object("go", true), twice), HasSubstr("32 deep"));
  // A tree that ends is no circle.
  Json tree = json_object("n", 0, "next", nullptr);
  for (int n = 1; n < 30; ++n) tree = json_object("n", n, "next", tree);
  EXPECT_THAT(render("{{>t}}", tree, MustachePartials().add("t", "{{n}} {{#next}}{{>t}}{{/next}}")),
              HasSubstr("2 1 0 "));
}

TEST(Mustache, TemplatesThatGrowBeyondMeasureEnd) {
  MustachePartials doubling;  // 2^30 pieces, of no bytes and of one
  for (int n = 0; n < 30; ++n) {
    const std::string next = "{{>p" + std::to_string(n + 1) + "}}";
    doubling.add("p" + std::to_string(n), next + next);
  }
  EXPECT_THAT(refusal("{{>p0}}", JsonObject(), doubling), HasSubstr("steps"));
  JsonArray list;
  for (int n = 0; n < 1000; ++n) list.emplace_back(n);
  EXPECT_THAT(refusal("{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}", json_object("l", list)),
              HasSubstr("steps"));
  EXPECT_THAT(refusal("{{#l}}{{#l}}{{{x}}}{{/l}}{{/l}}",
                      json_object("l", list, "x", std::string(1000, 'x'))),
              HasSubstr("bytes"));
}

TEST(Mustache, HasAsManyPartialsAsALimitAllows) {
  const MustachePartials endless(
      [](const std::string& name) -> std::optional<std::string> { return "{{>" + name + "x}}"; });
  EXPECT_THAT(refusal("{{>a}}", JsonObject(), endless), HasSubstr("1000 partials"));
}

TEST(Mustache, LongLinesOfTagsTakeNoLongerThanTheyAreLong) {
  std::string text(200'000, ' ');
  for (int n = 0; n < 100'000; ++n) text += "{{!}}";
  EXPECT_EQ(render(text).size(), 200'000U);
}

TEST(Mustache, NamesWhatItLooksUpOutsideOfSections) {
  const MustacheTemplate made(
      "{{b}} {{a.x}} {{{b}}} {{&c}} {{#list}}{{inner}} {{.}}{{/list}}{{^no}}{{inner}}{{/no}}"
      "{{!d}}{{=| |=}}|e| {{f}} |>p|",
      MustachePartials().add("p", "{{g}}{{>p}}"));
  EXPECT_THAT(made.variable_names(), ElementsAre("b", "a", "c", "list", "no", "e", "g"));
  EXPECT_THAT(MustacheTemplate("none").variable_names(), IsEmpty());
}

TEST(Mustache, PropertyAnyTextIsTakenOrRefusedAndNeverHalfRead) {
  constexpr unsigned kSeed = 20262;
  SCOPED_TRACE("seed " + std::to_string(kSeed));
  std::mt19937 random(kSeed);
  constexpr std::string_view kWords[] = {"{{", "}}",  "{", "}", "#a", "/a", "^a", ">p",   "!",
                                         "=",  "| |", "|", "a", ".",  " ",  "\n", "\r\n", "&"};
  const Json data = json_object("a", json_array(1, json_object("a", false)));
  const MustachePartials partials = MustachePartials().add("p", " {{a}}\n");
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) text += kWords[random() % std::size(kWords)];
    const bool has_tag = text.find("{{") != std::string::npos;
    const std::string error = refusal(text, data, partials);
    if (!error.empty()) {
      ASSERT_TRUE(has_tag) << text;
      continue;
    }
    ++taken;
    if (!has_tag) {
      ASSERT_EQ(render(text, data, partials), text);
    }
  }
  EXPECT_GT(taken, 1000);
}

}  // namespace
}  // namespace cochain::testing
