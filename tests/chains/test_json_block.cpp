// JSON in fences and between words, cut at every byte; and patches.
#include "cochain/chains/parsers/json_block.hpp"

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/parsers/json_patch.hpp"

namespace cochain::testing {
namespace {

std::string text_of(const Json* value) {
  return value == nullptr ? std::string("nothing") : json_text(*value);
}

std::string found(std::string_view text) {
  JsonBlockParser parser;
  parser.feed(text);
  parser.finish();
  return text_of(parser.visible());
}

std::string found_in_pieces(std::string_view text, std::size_t cut) {
  JsonBlockParser parser;
  parser.feed(text.substr(0, cut));
  static_cast<void>(parser.revision());
  for (const char c : text.substr(cut)) parser.feed(std::string_view(&c, 1));
  parser.finish();
  return text_of(parser.visible());
}

class Case {
 public:
  std::string_view text;
  std::string_view value;
};

const Case kTexts[] = {
    {"```json\n{\"a\": 1}\n```", R"({"a":1})"},
    {"```json\n\n{\"a\": 1}\n\n\n```", R"({"a":1})"},
    {"```\n{\"a\": 1}```", R"({"a":1})"},
    {"``` {\"a\": 1}", R"({"a":1})"},
    {"{\"a\": 1}```", R"({"a":1})"},
    {"{\"a\": 1}", R"({"a":1})"},
    {"Action: \n```json\n{\"a\": \"b```json c\"}\n``` that is all [sic}", "{\"a\":\"b```json c\"}"},
    {"```JSON {\"a\": 1} ```", R"({"a":1})"},
    {"```js\n{\"a\": 1}\n```", "nothing"},
    {"```python\nf()\n```\nand\n```json\n[1]\n```", "[1]"},
    {"5 things: ```json\n[1]\n```", "[1]"},
    {"{city} is\n```json\n{\"a\": {\"b\": 2}}\n```", R"({"a":{"b":2}})"},
    {"``````json\n[1]", "[1]"},
    {"no JSON here", "nothing"},
    {"", "nothing"},
    {"```json\n{\"a\": \"x", R"({"a":"x"})"},
    {"[1] and ] and } after it", "[1]"},
    {"{\"a\": \"x` ` ", R"({"a":"x"})"},
};

TEST(JsonBlock, FindsTheJsonWhereverItStands) {
  for (const Case& one : kTexts) EXPECT_EQ(found(one.text), one.value) << one.text;
}

TEST(JsonBlock, FindsTheSameForEveryCut) {
  for (const Case& one : kTexts) {
    for (std::size_t cut = 0; cut <= one.text.size(); ++cut) {
      EXPECT_EQ(found_in_pieces(one.text, cut), one.value) << one.text << " cut at " << cut;
    }
  }
}

TEST(JsonBlock, HoldsBlanksBackUntilSomethingFollows) {
  JsonBlockParser parser;
  parser.feed("{\"a\": \"x \n");
  EXPECT_EQ(text_of(parser.visible()), R"({"a":"x"})");
  parser.feed("y");
  EXPECT_EQ(text_of(parser.visible()), R"({"a":"x \ny"})");
}

TEST(JsonBlock, SaysWhereTheJsonStands) {
  EXPECT_EQ(extract_json_block("Look: ```json\n{\"a\": 1}\n``` and"), "{\"a\": 1}");
  EXPECT_EQ(extract_json_block("```jso\n[1]"), std::nullopt);
  EXPECT_EQ(extract_json_block(" [1, 2] or"), "[1, 2]");
  EXPECT_EQ(extract_json_block("text"), std::nullopt);
}

TEST(JsonPatch, MakesTheOneValueOutOfTheOther) {
  const char* const texts[] = {
      "null",
      "[]",
      "[1,2,3]",
      "[1,{\"a\":[]},3,4]",
      "{\"a\":1}",
      "{\"a/b\":{\"~\":[1]},\"c\":null}",
      "{\"c\":2,\"a/b\":{\"~\":[1,2],\"\":0}}",
  };
  for (const char* const from : texts) {
    for (const char* const to : texts) {
      Json value = parse_json(from);
      apply_json_patch(value, json_patch(value, parse_json(to)));
      EXPECT_EQ(value, parse_json(to)) << from << " to " << to;
    }
  }
}

TEST(JsonPatch, TellsOnlyWhatChanged) {
  const JsonPatch patch = json_patch(parse_json(R"({"a":[1,2],"b":"x"})"),
                                     parse_json(R"({"a":[1,2],"b":"xy","c":{}})"));
  EXPECT_EQ(json_text(patch.operations),
            R"([{"op":"replace","path":"/b","value":"xy"},{"op":"add","path":"/c","value":{}}])");
  EXPECT_TRUE(json_patch(parse_json("[1]"), parse_json("[1]")).operations.empty());
}

TEST(JsonPatch, RefusesWhatItCannotApply) {
  const char* const wrong[] = {
      R"([1])",
      R"([{"op":"move","path":"/a","from":"/b"}])",
      R"([{"op":"replace","path":"/x","value":1}])",
      R"([{"op":"remove","path":"/a/7"}])",
      R"([{"op":"add","path":"/a/x","value":1}])",
      R"([{"op":"add","path":"/a/0"}])",
      R"([{"op":"add","path":"a","value":1}])",
      R"([{"op":"add","path":"/q/w","value":1}])",
  };
  for (const char* const text : wrong) {
    Json value = parse_json(R"({"a":[1]})");
    EXPECT_THROW(apply_json_patch(value, JsonPatch(parse_json(text).as_array())), ParseError)
        << text;
  }
}

}  // namespace
}  // namespace cochain::testing
