// JSON texts and values: what is read, what is refused, and where.
#include <gtest/gtest.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/json.hpp"
#include "thrown.hpp"

namespace cochain {
namespace {

TEST(Json, IsWrittenAsItWasRead) {
  const std::string text = R"({"b":[1,2.5,null,true],"a":"\u00e9\n"})";
  EXPECT_EQ(json_text(parse_json(text)), "{\"b\":[1,2.5E0,null,true],\"a\":\"\u00e9\\n\"}");
}

TEST(Json, TextThatIsNoneNamesThePlaceAndKeepsTheText) {
  try {
    const Json value = parse_json(R"({"a": 1,})");
    FAIL() << json_text(value);
  } catch (const ParseError& error) {
    EXPECT_NE(std::string(error.what()).find("at byte 8"), std::string::npos) << error.what();
    EXPECT_EQ(error.text(), R"({"a": 1,})");
  }
}

TEST(Json, WordsAfterTheValueAreRefused) {
  EXPECT_THROW((void)parse_json("{} and more"), ParseError);
  EXPECT_THROW((void)parse_json(""), ParseError);
}

TEST(Json, NestingHasALimit) {
  EXPECT_NO_THROW((void)parse_json(std::string(100, '[') + std::string(100, ']')));
  EXPECT_THROW((void)parse_json(std::string(101, '[') + std::string(101, ']')), ParseError);
}

TEST(Json, ObjectsAndArraysAreBuiltWithoutBraces) {
  const JsonObject made =
      json_object("city", "Paris", "days", json_array(1, 2), "nested", json_object("a", nullptr));
  EXPECT_EQ(json_text(made), R"({"city":"Paris","days":[1,2],"nested":{"a":null}})");
}

TEST(Json, PrettyTextHasALineForEachMember) {
  EXPECT_EQ(json_text_pretty(json_object("a", json_array(1), "b", JsonObject(), "c", "x")),
            "{\n  \"a\": [\n    1\n  ],\n  \"b\": {},\n  \"c\": \"x\"\n}");
}

}  // namespace
}  // namespace cochain
