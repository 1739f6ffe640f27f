// Which tool calls can be run: what models really write for arguments.

#include "cochain/chains/model/parsed_tool_calls.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cochain {
namespace {

ParsedToolCalls parse(std::vector<std::string> arguments,
                      FinishReason reason = FinishReason::kToolCalls) {
  AIMessage message;
  message.finish_reason = reason;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    message.parts.emplace_back(ToolCall("c" + std::to_string(i), "f", arguments[i]));
    message.parts.emplace_back(TextPart("between"));
  }
  return parsed_tool_calls(message);
}

std::string error_of(const std::string& arguments) {
  const ParsedToolCalls made = parse({arguments});
  if (made.invalid.size() != 1 || !made.valid.empty()) return "it was valid";
  EXPECT_EQ(made.invalid[0].arguments, arguments);
  EXPECT_EQ(made.invalid[0].id, "c0");
  EXPECT_EQ(made.invalid[0].name, "f");
  return made.invalid[0].error;
}

TEST(ParsedToolCalls, ArgumentsAreAnObject) {
  const ParsedToolCalls made = parse({R"({"city":"Z\u00fcrich","days":[1,2]})"});
  ASSERT_EQ(made.valid.size(), 1U);
  EXPECT_TRUE(made.invalid.empty());
  EXPECT_EQ(made.valid[0].id, "c0");
  EXPECT_EQ(made.valid[0].args, json_object("city", "Zürich", "days", json_array(1, 2)));
}

TEST(ParsedToolCalls, NoArgumentsAreAnEmptyObject) {
  for (const char* nothing : {"", " \n", "{}", "null", " null "}) {
    const ParsedToolCalls made = parse({nothing});
    ASSERT_EQ(made.valid.size(), 1U) << nothing;
    EXPECT_TRUE(made.valid[0].args.empty());
  }
}

TEST(ParsedToolCalls, EverythingElseKeepsItsTextAndSaysWhy) {
  EXPECT_EQ(error_of("[1]"), "the arguments are an array where an object is wanted");
  EXPECT_EQ(error_of("3"), "the arguments are a number where an object is wanted");
  EXPECT_EQ(error_of(R"("{\"x\":1}")"), "the arguments are a string; write the object itself");
  EXPECT_EQ(error_of(R"({"x":)").substr(0, 26), "the arguments are no JSON:");
  EXPECT_EQ(error_of(R"({"x":1} {"x":2})").substr(0, 26), "the arguments are no JSON:");
  EXPECT_EQ(error_of(R"({"x":"\u00)").substr(0, 26), "the arguments are no JSON:");
  EXPECT_EQ(error_of(std::string(300, '[')).substr(0, 26), "the arguments are no JSON:");
  EXPECT_EQ(error_of("{\"x\":\"\xFF\"}").substr(0, 26), "the arguments are no JSON:");
}

TEST(ParsedToolCalls, ValidOnesStandBesideInvalidOnes) {
  const ParsedToolCalls made = parse({"{", R"({"x":1})", "oops", ""});
  ASSERT_EQ(made.valid.size(), 2U);
  ASSERT_EQ(made.invalid.size(), 2U);
  EXPECT_EQ(made.invalid[0].place, 0U);
  EXPECT_EQ(made.valid[0].place, 1U);
  EXPECT_EQ(made.invalid[1].place, 2U);
  EXPECT_EQ(made.valid[1].place, 3U);
}

TEST(ParsedToolCalls, TheLengthRanOut) {
  const std::string cut = "the call was cut off: the answer reached its limit of tokens";
  for (const char* arguments : {R"({"x":)", "", R"({"x":"a)"}) {
    const ParsedToolCalls made = parse({"", R"({"x":1})", arguments}, FinishReason::kLength);
    EXPECT_EQ(made.valid.size(), 2U) << arguments;
    ASSERT_EQ(made.invalid.size(), 1U) << arguments;
    EXPECT_EQ(made.invalid[0].error, cut);
    EXPECT_EQ(made.invalid[0].arguments, arguments);
  }
  EXPECT_EQ(parse({R"({"x":1})"}, FinishReason::kLength).valid.size(), 1U) << "it is whole";
}

TEST(ParsedToolCalls, ACallWithoutAName) {
  AIMessage message;
  message.parts.emplace_back(ToolCall("c", "", "{}"));
  const ParsedToolCalls made = parsed_tool_calls(message);
  ASSERT_EQ(made.invalid.size(), 1U);
  EXPECT_EQ(made.invalid[0].error, "the call does not name a tool");
  EXPECT_TRUE(parsed_tool_calls(AIMessage("x")).invalid.empty());
}

}  // namespace
}  // namespace cochain
