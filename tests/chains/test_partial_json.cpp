// What can be seen of JSON that is still arriving. The values of the LangChain profile are those
// that langchain-core 1.2.19 gives for the same texts.
#include "cochain/chains/parsers/partial_json.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "cochain/chains/model/error.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;

constexpr auto kLangChain = PartialProfile::kLangChain;
constexpr auto kComplete = PartialProfile::kComplete;

std::string text_of(const Json* value) {
  return value == nullptr ? std::string("nothing") : json_text(*value);
}

std::string seen(std::string_view text, PartialProfile profile = kLangChain) {
  PartialJsonParser parser(profile);
  parser.feed(text);
  return text_of(parser.visible());
}

/// The same, with a look at the value after every byte.
std::string seen_bytewise(std::string_view text, PartialProfile profile = kLangChain) {
  PartialJsonParser parser(profile);
  for (const char c : text) {
    parser.feed(std::string_view(&c, 1));
    static_cast<void>(parser.visible());
  }
  return text_of(parser.visible());
}

class Case {
 public:
  std::string_view text;
  std::string_view langchain;
  std::string_view complete;
};

const Case kBeginnings[] = {
    {"", "nothing", "nothing"},
    {"  ", "nothing", "nothing"},
    {"{", "{}", "{}"},
    {R"({"a)", "{}", "{}"},
    {R"({"a")", "{}", "{}"},
    {R"({"a":)", "{}", "{}"},
    {R"({"a": ")", R"({"a":""})", "{}"},
    {R"({"a": "x)", R"({"a":"x"})", "{}"},
    {R"({"a": "x\)", R"({"a":"x"})", "{}"},
    {R"({"a": "x\n)", R"({"a":"x\n"})", "{}"},
    {"{\"a\": \"x\ny", R"({"a":"x\ny"})", "{}"},
    {R"({"a": "x\u)", "{}", "{}"},
    {R"({"a": "x\u00e)", "{}", "{}"},
    {R"({"a": "x\u0041)", R"({"a":"xA"})", "{}"},
    {R"({"a": "x\u0041")", R"({"a":"xA"})", R"({"a":"xA"})"},
    {R"({"a": "x"})", R"({"a":"x"})", R"({"a":"x"})"},
    {R"({"a": t)", "{}", "{}"},
    {R"({"a": true)", R"({"a":true})", R"({"a":true})"},
    {R"({"a": 1)", R"({"a":1})", "{}"},
    {R"({"a": 1,)", R"({"a":1})", R"({"a":1})"},
    {R"({"a": 1, "b)", R"({"a":1})", R"({"a":1})"},
    {R"({"a": {"b": [)", R"({"a":{"b":[]}})", R"({"a":{"b":[]}})"},
    {R"({"a": {"b": [1, 2)", R"({"a":{"b":[1,2]}})", R"({"a":{"b":[1]}})"},
    {R"([{"a":1},{"b")", R"([{"a":1},{}])", R"([{"a":1},{}])"},
    {"[-", "[]", "[]"},
    {"[1.", "[1]", "[]"},
    {"[12e", "[12]", "[]"},
    {"[1.5e+", "[1.5E0]", "[]"},
    {"[0", "[0]", "[]"},
    {R"(["a", nul)", R"(["a"])", R"(["a"])"},
    {"12", "12", "nothing"},
    {"-", "nothing", "nothing"},
    {"nul", "nothing", "nothing"},
    {"null", "null", "null"},
    {R"("a)", R"("a")", "nothing"},
    {R"("a\u)", "nothing", "nothing"},
    {R"(["\ud83d)", "[\"\xEF\xBF\xBD\"]", "[]"},
    {R"(["\ud83d\)", "[\"\xEF\xBF\xBD\"]", "[]"},
    {R"(["\ud83d\ud)", "[]", "[]"},
    {R"(["\ud83d\ude00)", "[\"\xF0\x9F\x98\x80\"]", "[]"},
    {"[\"\xF0\x9F\x98", R"([""])", "[]"},
};

// Texts that are no JSON at some place.
const Case kBroken[] = {
    {R"({"a": 1, x)", R"({"a":1})", R"({"a":1})"},
    {R"({"a": 1,})", "nothing", R"({"a":1})"},
    {R"({"a": 1]})", "nothing", R"({"a":1})"},
    {R"({"a": 1}})", "nothing", R"({"a":1})"},
    {R"({"a": 1} and so on)", R"({"a":1})", R"({"a":1})"},
    {R"({"a": 1} {)", R"({"a":1})", R"({"a":1})"},
    {R"({"a": 1} [)", "nothing", R"({"a":1})"},
    {R"({"a": 1} [])", R"({"a":1})", R"({"a":1})"},
    {R"({"a": "b\x)", "{}", "{}"},
    {R"({"a": "b\x", "c": [)", "nothing", "{}"},
    {R"({"a": "b\x", "c": [])", "{}", "{}"},
    {R"([{"a":1}, x {)", R"([{"a":1}])", R"([{"a":1}])"},
    {R"([{"a":1}, [2], x {)", R"([{"a":1}])", R"([{"a":1},[2]])"},
    {R"({"a": [1, x], "b)", "{}", R"({"a":[1]})"},
    {R"({"z": 0, "a": [1, x], "b)", R"({"z":0})", R"({"z":0,"a":[1]})"},
    {R"({"a": 1, "a": {x})", R"({"a":1})", R"({"a":{}})"},
    {"[01", "[0]", "[0]"},
    {"[1.x", "[1]", "[]"},
    {"12x", "12", "12"},
    {"[truex", "[true]", "[true]"},
    {"x{}", "nothing", "nothing"},
    {"\xEF\xBB\xBF{}", "nothing", "nothing"},
};

TEST(PartialJson, ShowsTheBeginningsOfATextInBothProfiles) {
  for (const Case& one : kBeginnings) {
    EXPECT_EQ(seen(one.text, kLangChain), one.langchain) << one.text;
    EXPECT_EQ(seen(one.text, kComplete), one.complete) << one.text;
    EXPECT_EQ(seen_bytewise(one.text, kLangChain), one.langchain) << one.text;
    EXPECT_EQ(seen_bytewise(one.text, kComplete), one.complete) << one.text;
  }
}

TEST(PartialJson, GoesOnInATextThatIsNoJsonAsLangChainDoes) {
  for (const Case& one : kBroken) {
    EXPECT_EQ(seen(one.text, kLangChain), one.langchain) << one.text;
    EXPECT_EQ(seen(one.text, kComplete), one.complete) << one.text;
    EXPECT_EQ(seen_bytewise(one.text, kLangChain), one.langchain) << one.text;
    EXPECT_EQ(seen_bytewise(one.text, kComplete), one.complete) << one.text;
  }
}

constexpr std::string_view kDocument =
    "\n{ \"name\" : \"W\\u00fcrzburg \xF0\x9F\x98\x80 \\ud83d\\ude00 \\\"q\\\"\", \"n\":[0,-1.5e3,"
    "12345678901234567890, true,false , null,[],{}],\"deep\":{\"a\":{\"b\":[[\"\xE6\xBC\xA2\"]]}},"
    "\"name\":\"again\"} ";

TEST(PartialJson, GivesTheSameValueForEveryCutInTwo) {
  for (const PartialProfile profile : {kLangChain, kComplete}) {
    const std::string whole = seen(kDocument, profile);
    for (std::size_t cut = 0; cut <= kDocument.size(); ++cut) {
      PartialJsonParser parser(profile);
      parser.feed(kDocument.substr(0, cut));
      // What shows at the cut does not depend on the pieces in which it came.
      EXPECT_EQ(text_of(parser.visible()), seen_bytewise(kDocument.substr(0, cut), profile));
      parser.feed(kDocument.substr(cut));
      EXPECT_TRUE(parser.done());
      EXPECT_FALSE(parser.failed());
      EXPECT_EQ(text_of(parser.visible()), whole) << cut;
    }
  }
}

TEST(PartialJson, AgreesWithParseJsonOnWholeTexts) {
  const Json expected = parse_json(kDocument);
  EXPECT_EQ(parse_partial_json(kDocument, kLangChain), expected);
  EXPECT_EQ(parse_partial_json(kDocument, kComplete), expected);
}

/// Whether `later` has all that `earlier` has.
bool contains(const Json& later, const Json& earlier) {
  if (earlier.is_array() && later.is_array()) {
    const JsonArray& small = earlier.get_array();
    const JsonArray& large = later.get_array();
    if (small.size() > large.size()) return false;
    for (std::size_t i = 0; i < small.size(); ++i) {
      if (!contains(large[i], small[i])) return false;
    }
    return true;
  }
  if (earlier.is_object() && later.is_object()) {
    for (const auto& member : earlier.get_object()) {
      const Json* other = later.get_object().if_contains(member.key());
      if (other == nullptr || !contains(*other, member.value())) return false;
    }
    return true;
  }
  return earlier == later;
}

TEST(PartialJson, NeverTakesBackWhatItShowedAsComplete) {
  const std::string_view text = kDocument.substr(0, kDocument.rfind(",\"name\""));
  Json before;
  PartialJsonParser parser(kComplete);
  for (std::size_t i = 0; i < text.size(); ++i) {
    parser.feed(text.substr(i, 1));
    if (parser.visible() == nullptr) continue;
    const Json now = parser.value();
    if (!before.is_null()) {
      EXPECT_TRUE(contains(now, before)) << text.substr(0, i);
    }
    before = now;
  }
}

TEST(PartialJson, TellsNothingFromNull) {
  PartialJsonParser parser(kLangChain);
  EXPECT_EQ(parser.visible(), nullptr);
  EXPECT_TRUE(parser.value().is_null());
  parser.feed("null");
  ASSERT_NE(parser.visible(), nullptr);
  EXPECT_TRUE(parser.value().is_null());
  EXPECT_EQ(parse_partial_json("nul"), std::nullopt);
}

TEST(PartialJson, TakesTheNumbersThatPythonTakesInTheLangChainProfileOnly) {
  const std::optional<Json> value = parse_partial_json("[NaN, Infinity, -Infinity]");
  ASSERT_TRUE(value && value->is_array());
  EXPECT_TRUE(std::isnan(value->at(0).as_double()));
  EXPECT_TRUE(std::isinf(value->at(1).as_double()));
  EXPECT_LT(value->at(2).as_double(), 0);
  EXPECT_EQ(seen("[-Inf"), "[]");
  EXPECT_EQ(seen("[1, NaN]", kComplete), "[1]");
}

TEST(PartialJson, KeepsLargeAndTinyNumbersAsPythonDoes) {
  const std::optional<Json> value =
      parse_partial_json("[9223372036854775807, 18446744073709551615, 1e400, -1e400, 1e-400, -0]");
  ASSERT_TRUE(value && value->is_array());
  EXPECT_EQ(value->at(0), Json(INT64_MAX));
  EXPECT_EQ(value->at(1), Json(UINT64_MAX));
  EXPECT_TRUE(std::isinf(value->at(2).as_double()));
  EXPECT_TRUE(std::isinf(value->at(3).as_double()));
  EXPECT_EQ(value->at(4), Json(0.0));
  EXPECT_EQ(value->at(5), Json(0));
}

TEST(PartialJson, ShowsBytesThatAreNoUtf8AsReplacements) {
  EXPECT_EQ(seen("\"a\xFF\xE6\xBCz\xC0\""), "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\"");
  EXPECT_EQ(seen_bytewise("\"a\xFF\xE6\xBCz\xC0\""), "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

TEST(PartialJson, CountsOnlyChangesOfWhatCanBeSeen) {
  PartialJsonParser parser(kLangChain);
  parser.feed("[1");
  const std::uint64_t one = parser.revision();
  parser.feed(".");
  parser.feed("0");
  EXPECT_EQ(parser.revision(), one);
  parser.feed("5");
  const std::uint64_t more = parser.revision();
  EXPECT_GT(more, one);
  parser.feed(" , ");
  EXPECT_EQ(parser.revision(), more);
}

TEST(PartialJson, EndsANumberWithTheText) {
  PartialJsonParser parser(kComplete);
  parser.feed(" 12");
  EXPECT_EQ(parser.visible(), nullptr);
  EXPECT_FALSE(parser.done());
  parser.finish();
  EXPECT_EQ(parser.value(), Json(12));
  EXPECT_TRUE(parser.done());
  EXPECT_THROW(parser.feed("3"), InvalidStateError);

  PartialJsonParser cut(kComplete);
  cut.feed("[1, 2");
  cut.finish();
  EXPECT_EQ(text_of(cut.visible()), "[1]");
  EXPECT_FALSE(cut.done());
  EXPECT_EQ(parse_partial_json("[1, 2", kComplete), Json(json_array(1)));
}

TEST(PartialJson, SaysWhatIsWrongAndWhere) {
  PartialJsonParser parser(kComplete);
  parser.feed("{\"a\": 1 ");
  EXPECT_EQ(parser.error(), "");
  parser.feed("\"b\"");
  EXPECT_TRUE(parser.failed());
  EXPECT_EQ(parser.error(), "at byte 8: a comma or } was expected");
  EXPECT_FALSE(parser.done());
}

TEST(PartialJson, ForgetsWhatFollowsTheDocumentIfToldTo) {
  PartialJsonParser parser(kLangChain);
  parser.ignore_rest();
  parser.feed("[1] and ] more");
  EXPECT_TRUE(parser.done());
  EXPECT_FALSE(parser.failed());
  EXPECT_EQ(parser.offset(), 3U);
  EXPECT_EQ(text_of(parser.visible()), "[1]");
}

TEST(PartialJson, RefusesWhatIsBeyondItsLimits) {
  PartialJsonParser deep(kLangChain, PartialJsonLimits().depth(3));
  deep.feed("[[[");
  EXPECT_THROW(deep.feed("["), ParseError);
  EXPECT_TRUE(deep.failed());
  EXPECT_THROW(deep.feed("]"), ParseError);

  PartialJsonParser lengthy(kComplete, PartialJsonLimits().bytes(4));
  lengthy.feed("[1, ");
  EXPECT_THROW(lengthy.feed("2"), ParseError);

  PartialJsonParser number(kComplete);
  EXPECT_THROW(number.feed(std::string(5000, '1')), ParseError);
}

TEST(PartialJson, GoesOnAfterAMove) {
  PartialJsonParser parser(kLangChain);
  parser.feed("{\"a\": \"x");
  EXPECT_EQ(text_of(parser.visible()), R"({"a":"x"})");
  PartialJsonParser moved = std::move(parser);
  moved.feed("y\"}");
  EXPECT_EQ(text_of(moved.visible()), R"({"a":"xy"})");
}

TEST(PartialJson, SaysWhetherAllChangesWereAtTheEnd) {
  PartialJsonParser parser(kLangChain);
  parser.feed(R"({"a": 1, "b": 2)");
  EXPECT_TRUE(parser.grows_at_end());
  parser.feed(R"(, "a": 3)");
  static_cast<void>(parser.visible());
  EXPECT_FALSE(parser.grows_at_end());
  EXPECT_EQ(text_of(parser.visible()), R"({"a":3,"b":2})");
}

TEST(PartialJson, ShowsTheOldValueOfAKeyUntilThereIsANewOne) {
  EXPECT_EQ(seen_bytewise(R"({"a": 1, "a": ")"), R"({"a":""})");
  EXPECT_EQ(seen_bytewise(R"({"a": 1, "a": "\u0)"), R"({"a":1})");
  EXPECT_EQ(seen_bytewise(R"({"a": 1, "a": tr)"), R"({"a":1})");
}

/// Notes what it hears.
class Notes final : public PartialJsonListener {
 public:
  void on_value_end(const JsonPlace& place, const Json& value) override {
    heard.push_back(place.text() + " " + json_text(value));
  }
  std::vector<std::string> heard;
};

TEST(PartialJsonListener, HearsOfEachValueThatIsWholeInnermostFirst) {
  for (const PartialProfile profile : {kLangChain, kComplete}) {
    Notes notes;
    PartialJsonParser parser(profile);
    parser.listen(&notes);
    for (const char c : std::string_view(R"({"a": [1, "x", {"b": null}], "c": true})")) {
      parser.feed(std::string_view(&c, 1));
      static_cast<void>(parser.visible());
    }
    EXPECT_THAT(notes.heard, ElementsAre("$.a[0] 1", "$.a[1] \"x\"", "$.a[2].b null",
                                         R"($.a[2] {"b":null})", R"($.a [1,"x",{"b":null}])",
                                         "$.c true", R"($ {"a":[1,"x",{"b":null}],"c":true})"));
  }
}

/// The elements of `$.items`, each once, as soon as it is whole.
class Items final : public PartialJsonListener {
 public:
  void on_value_end(const JsonPlace& place, const Json& value) override {
    if (place.depth() != 2 || place.key(0) != "items" || !place.is_index(1)) return;
    EXPECT_EQ(place.index(1), items.size());
    items.push_back(value);
  }
  std::vector<Json> items;
};

TEST(PartialJsonListener, GivesOutTheElementsOfAnArrayOnce) {
  Items items;
  PartialJsonParser parser(kComplete);
  parser.listen(&items);
  parser.feed(R"({"other": [0], "items": [{"id": 1, "items": [9]}, {"id")");
  ASSERT_EQ(items.items.size(), 1U);
  EXPECT_EQ(json_text(items.items[0]), R"({"id":1,"items":[9]})");
  parser.feed(": 2}, 3");
  EXPECT_EQ(items.items.size(), 2U);
  parser.feed("]");
  EXPECT_EQ(items.items.size(), 3U);
}

class Thrower final : public PartialJsonListener {
 public:
  void on_value_end(const JsonPlace&, const Json&) override { throw std::runtime_error("no"); }
};

TEST(PartialJsonListener, StopsTheParserIfItThrows) {
  Thrower thrower;
  PartialJsonParser parser(kComplete);
  parser.listen(&thrower);
  EXPECT_THROW(parser.feed("[1, 2]"), std::runtime_error);
  EXPECT_THROW(parser.feed("]"), ParseError);
}

}  // namespace
}  // namespace cochain::testing
