// Schemas derived from types, made strict, and checked against values.
#include "cochain/chains/model/json_schema.hpp"

#include <gmock/gmock.h>

#include "described.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

using namespace sample;

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string text_of_issues(const std::vector<JsonIssue>& issues) {
  std::string text;
  for (const JsonIssue& issue : issues) text += issue.text() + "\n";
  return text;
}

TEST(JsonSchema, TellsAllOfADescribedStruct) {
  EXPECT_EQ(json_schema<Weather>(), parse_json(R"({
    "title": "Weather", "description": "The weather of a place.", "type": "object",
    "properties": {
      "city": {"type": "string", "description": "its name", "minLength": 1, "examples": ["Paris"]},
      "days": {"type": "integer", "description": "how many", "minimum": 1, "maximum": 14},
      "unit": {"type": "string", "enum": ["celsius", "fahrenheit", "http_kelvin"],
               "default": "celsius"}},
    "required": ["city"]})"));
}

TEST(JsonSchema, KeepsTheOrderOfTheStruct) {
  const std::string text = json_text(json_schema<Weather>());
  EXPECT_LT(text.find("city"), text.find("days"));
  EXPECT_LT(text.find("days"), text.find("unit"));
}

TEST(JsonSchema, PutsAStructThatIsUsedTwiceIntoDefs) {
  EXPECT_EQ(json_schema<Order>(), parse_json(R"({
    "title": "Order", "type": "object",
    "properties": {
      "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
      "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
      "gift": {"$ref": "#/$defs/Item"}},
    "required": ["items", "counts"],
    "$defs": {"Item": {"title": "Item", "type": "object",
      "properties": {"name": {"type": "string"}, "price": {"type": "number"}},
      "required": ["name", "price"]}}})"));
}

TEST(JsonSchema, RefersToAStructWithinItself) {
  const Json tree = json_schema<Tree>();
  EXPECT_EQ(tree.at_pointer("/properties/children/items/$ref"), Json("#/$defs/Tree"));
  EXPECT_EQ(tree.at_pointer("/$defs/Tree/properties/children/items/$ref"), Json("#/$defs/Tree"));
  const Json link = json_schema<Link>();
  EXPECT_EQ(link.at_pointer("/properties/next/$ref"), Json("#/$defs/Link"));
  EXPECT_EQ(link.at_pointer("/required"), parse_json(R"(["value"])"));
}

TEST(JsonSchema, GivesTheAlternativesOfAVariantTheirTags) {
  EXPECT_EQ(json_schema<Shape>(), parse_json(R"({"anyOf": [
    {"title": "Circle", "type": "object", "properties":
      {"kind": {"type": "string", "enum": ["circle"]}, "radius": {"type": "number"}},
      "required": ["kind", "radius"]},
    {"title": "Square", "type": "object", "properties":
      {"kind": {"type": "string", "enum": ["square"]}, "side": {"type": "number"}},
      "required": ["kind", "side"]}]})"));
}

TEST(JsonSchema, KnowsEachKindOfType) {
  EXPECT_EQ(json_schema<Json>(), parse_json("{}"));
  EXPECT_EQ(json_schema<bool>(), parse_json(R"({"type": "boolean"})"));
  EXPECT_EQ(json_schema<std::monostate>(), parse_json(R"({"type": "null"})"));
  EXPECT_EQ(json_schema<unsigned>(), parse_json(R"({"type": "integer", "minimum": 0})"));
  EXPECT_EQ(json_schema<std::vector<std::optional<int>>>(), parse_json(R"({"type": "array",
                           "items": {"anyOf": [{"type": "integer"}, {"type": "null"}]}})"));
  const Json everything = json_schema<Everything>();
  EXPECT_EQ(everything.at_pointer("/properties/bits/items/type"), Json("boolean"));
}

TEST(StrictSchema, ClosesObjectsAndMakesOptionalsNullable) {
  EXPECT_EQ(strict_schema(json_schema<Weather>()), parse_json(R"_({
    "title": "Weather", "description": "The weather of a place.", "type": "object",
    "properties": {
      "city": {"type": "string",
               "description": "its name (at least 1 characters; for example \"Paris\")"},
      "days": {"type": ["integer", "null"], "description": "how many (at least 1; at most 14)"},
      "unit": {"type": ["string", "null"], "enum": ["celsius", "fahrenheit", "http_kelvin", null],
               "description": "default: \"celsius\""}},
    "required": ["city", "days", "unit"], "additionalProperties": false})_"));
}

TEST(StrictSchema, KeepsReferencesAlone) {
  const Json strict = strict_schema(parse_json(R"({
    "type": "object", "properties": {
      "a": {"$ref": "#/$defs/A", "description": "an A"}, "b": {"$ref": "#/$defs/A"}},
    "required": ["a"],
    "$defs": {"A": {"type": "object", "properties": {}}}})"));
  EXPECT_EQ(strict, parse_json(R"({
    "type": "object", "properties": {
      "a": {"description": "an A", "anyOf": [{"$ref": "#/$defs/A"}]},
      "b": {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]}},
    "required": ["a", "b"], "additionalProperties": false,
    "$defs": {"A": {"type": "object", "properties": {}, "required": [],
                    "additionalProperties": false}}})"));
}

TEST(StrictSchema, IsWhatItMadeItself) {
  const Json once = strict_schema(json_schema<Tree>());
  EXPECT_EQ(strict_schema(once), once);
}

TEST(StrictSchema, RefusesWhatCannotBeStrict) {
  const auto why = [](const Json& schema) {
    return describe(error_of_call([&schema] { (void)strict_schema(schema); }));
  };
  EXPECT_THAT(why(json_schema<Order>()), HasSubstr("$.counts is an object with names"));
  EXPECT_THAT(why(json_schema<Shape>()), HasSubstr("$ must be an object"));
  EXPECT_THAT(why(json_schema<std::vector<int>>()), HasSubstr("$ must be an object"));
  EXPECT_THAT(why(parse_json(R"({"type": "object", "properties": {"x": {}}})")),
              HasSubstr("$.x takes any value"));
  EXPECT_THAT(why(parse_json(R"({"type": "object"})")), HasSubstr("without properties"));
  EXPECT_THAT(why(parse_json("true")), HasSubstr("must be an object"));
  EXPECT_THAT(why(parse_json(R"({"type": "object", "properties": {"x": {"not": {}}}})")),
              HasSubstr("has 'not'"));
}

TEST(ValidateJson, TakesWhatADerivedSchemaDescribes) {
  const Json schema = json_schema<Weather>();
  EXPECT_THAT(validate_json(schema, parse_json(R"({"city": "Paris", "days": 3.0})")), IsEmpty());
  EXPECT_THAT(validate_json(json_schema<Tree>(), parse_json(R"({"value": 1, "children": [
                              {"value": 2, "children": []}]})")),
              IsEmpty());
}

TEST(ValidateJson, TellsAllIssuesWithTheirPaths) {
  const Json value = parse_json(R"({"days": 15, "unit": "kelvin"})");
  EXPECT_EQ(
      text_of_issues(validate_json(json_schema<Weather>(), value)),
      "$.city: wanted a string, found nothing: it is missing\n"
      "$.days: wanted at most 14, found 15\n"
      "$.unit: wanted one of \"celsius\", \"fahrenheit\", \"http_kelvin\", found \"kelvin\"\n");
  const Json tree = parse_json(R"({"value": 1, "children": [{"value": "x", "children": 3}]})");
  EXPECT_EQ(text_of_issues(validate_json(json_schema<Tree>(), tree)),
            "$.children[0].value: wanted an integer, found \"x\"\n"
            "$.children[0].children: wanted an array, found 3\n");
}

TEST(ValidateJson, FollowsTheWordsOfForeignSchemas) {
  const auto issues = [](std::string_view schema, std::string_view value) {
    return text_of_issues(validate_json(parse_json(schema), parse_json(value)));
  };
  EXPECT_EQ(issues(R"({"type": ["string", "null"]})", "null"), "");
  EXPECT_EQ(issues(R"({"type": ["string", "null"]})", "1"),
            "$: wanted a string or null, found 1\n");
  EXPECT_EQ(issues(R"({"const": 3})", "4"), "$: wanted 3, found 4\n");
  EXPECT_EQ(issues(R"({"additionalProperties": false})", R"({"a b": 1})"),
            "$[\"a b\"]: wanted no member of this name, found 1\n");
  EXPECT_EQ(issues(R"({"additionalProperties": {"type": "string"}})", R"({"a": 1})"),
            "$.a: wanted a string, found 1\n");
  EXPECT_EQ(issues(R"({"prefixItems": [{"type": "string"}], "items": false})", R"([1, 2])"),
            "$[0]: wanted a string, found 1\n$[1]: wanted nothing here, found 2\n");
  EXPECT_EQ(issues(R"({"exclusiveMinimum": 0, "exclusiveMaximum": 1})", "1"),
            "$: wanted less than 1, found 1\n");
  EXPECT_EQ(issues(R"({"maxLength": 2})", "\"\u00e4\u00f6\""), "");
  EXPECT_EQ(issues(R"({"minItems": 1, "type": "array"})", "[]"),
            "$: wanted at least 1 items, found []\n");
  EXPECT_EQ(issues(R"({"oneOf": [{"type": "number"}, {"type": "integer"}]})", "1"),
            "$: wanted exactly one of the alternatives, found 1\n");
  EXPECT_EQ(issues(R"({"pattern": "^a$", "format": "date", "unknown": 1})", "\"b\""), "");
  EXPECT_EQ(issues("true", "1"), "");
}

TEST(ValidateJson, TellsOfTheAlternativeThatIsMeant) {
  const Json value = parse_json(R"({"kind": "square", "side": "x"})");
  EXPECT_EQ(text_of_issues(validate_json(json_schema<Shape>(), value)),
            "$.side: wanted a number, found \"x\"\n");
}

TEST(ValidateJson, RefusesASchemaThatLeadsNowhere) {
  EXPECT_THROW((void)validate_json(parse_json(R"({"$ref": "#/$defs/X"})"), Json(1)),
               InvalidStateError);
  EXPECT_THROW((void)validate_json(parse_json(R"({"$ref": "http://x/y"})"), Json(1)),
               InvalidStateError);
  EXPECT_THROW((void)validate_json(parse_json(R"({"$ref": "#"})"), Json(1)), InvalidStateError);
}

}  // namespace
}  // namespace cochain::testing
