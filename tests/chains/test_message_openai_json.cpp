// OpenAI's form of messages as JSON values, and the forms that people write by hand.

#include <gtest/gtest.h>

#include <string>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/message_json.hpp"

namespace cochain {
namespace {

std::string openai(const Messages& conversation) { return json_text(to_openai_json(conversation)); }

Messages read(std::string_view text) { return from_openai_json(parse_json(text)); }

std::string complaint(std::string_view text) {
  try {
    const Messages made = convert_to_messages(parse_json(text));
    ADD_FAILURE() << made.size() << " messages were read of " << text;
    return {};
  } catch (const ParseError& error) {
    return error.what();
  }
}

TEST(OpenAIMessages, EachRoleHasItsForm) {
  AIMessage asked;
  asked.parts.emplace_back(ReasoningPart("hm"));
  asked.parts.emplace_back(ToolCall("c1", "now", ""));
  const std::string text =
      R"([{"role":"system","content":"Be brief."},{"role":"user","content":"Time?"},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",)"
      R"("function":{"name":"now","arguments":"{}"}}]},)"
      R"({"role":"tool","tool_call_id":"c1","content":"12:00"},)"
      R"({"role":"assistant","content":"Noon."}])";
  const Messages conversation = messages(SystemMessage("Be brief."), "Time?", asked,
                                         ToolMessage("12:00", "c1"), AIMessage("Noon."));
  EXPECT_EQ(openai(conversation), text);
  // What is read says the same again.
  EXPECT_EQ(openai(read(text)), text);
  EXPECT_EQ(read(text)[2].get_if<AIMessage>()->tool_calls().at(0), ToolCall("c1", "now", "{}"));
}

TEST(OpenAIMessages, TheDevelopersRoleIsTheSystems) {
  const Json json = to_openai_json(messages(SystemMessage("Be brief.")), "developer");
  EXPECT_EQ(json_text(json), R"([{"role":"developer","content":"Be brief."}])");
  EXPECT_EQ(from_openai_json(json), messages(SystemMessage("Be brief.")));
}

TEST(OpenAIMessages, PartsComeAndGo) {
  HumanMessage question("Look:");
  question.add(ImagePart::from_url("https://x/y.png", "low"));
  question.add(ImagePart::from_bytes("Man", "image/png"));
  question.add(FilePart::from_base64("TWFu", "application/pdf", "a.pdf"));
  question.add(FilePart::from_id("file-1"));
  question.add(AudioPart::from_base64("TWFu", "audio/mpeg"));
  question.add(AudioPart::from_url("https://x/y.wav"));
  question.name = "Ada";
  const std::string text = openai(messages(question));
  EXPECT_EQ(text, R"([{"role":"user","content":[{"type":"text","text":"Look:"},)"
                  R"({"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},)"
                  R"({"type":"image_url","image_url":{"url":"data:image/png;base64,TWFu"}},)"
                  R"({"type":"file","file":{"file_data":"data:application/pdf;base64,TWFu",)"
                  R"("filename":"a.pdf"}},{"type":"file","file":{"file_id":"file-1"}},)"
                  R"({"type":"input_audio","input_audio":{"data":"TWFu","format":"mp3"}},)"
                  R"({"type":"audio_url","audio_url":{"url":"https://x/y.wav"}}],"name":"Ada"}])");
  EXPECT_EQ(read(text), messages(question));
}

TEST(OpenAIMessages, NoUserSaysWhatAModelThinks) {
  HumanMessage question("a");
  question.add(ReasoningPart("b")).add(TextPart("c"));
  EXPECT_EQ(openai(messages(question)),
            R"([{"role":"user","content":[)"
            R"({"type":"text","text":"a"},{"type":"text","text":"c"}]}])");
}

TEST(OpenAIMessages, OddFormsOfServersAreRead) {
  const Messages made =
      read(R"([{"role":"assistant","content":"","reasoning_content":"hm","refusal":null,)"
           R"("tool_calls":[{"function":{"name":"f","arguments":{"x":1}}},)"
           R"({"id":"c","type":"custom","custom":{"name":"g","input":"raw"}}]},)"
           R"({"role":"assistant","function_call":{"name":"old","arguments":"{}"}},)"
           R"({"role":"function","name":"old","content":"1"},)"
           R"({"role":"system","content":[{"type":"text","text":"a"},"b"]},)"
           R"({"role":"assistant","content":null,"refusal":"No."},)"
           R"({"role":"user","content":[{"type":"image_url","image_url":"https://x"}],"new":1}])");
  ASSERT_EQ(made.size(), 6U);
  const AIMessage& first = *made[0].get_if<AIMessage>();
  EXPECT_EQ(first.parts.size(), 3U);
  EXPECT_EQ(first.reasoning(), "hm");
  EXPECT_EQ(first.tool_calls()[0], ToolCall("", "f", R"({"x":1})"));
  EXPECT_EQ(first.tool_calls()[1], ToolCall("c", "g", "raw"));
  EXPECT_EQ(made[1].get_if<AIMessage>()->tool_calls()[0], ToolCall("", "old", "{}"));
  EXPECT_EQ(made[2].get_if<ToolMessage>()->name, "old");
  EXPECT_EQ(made[3].text(), "ab");
  EXPECT_EQ(made[4].get_if<AIMessage>()->refusal(), "No.");
  EXPECT_EQ(made[5], Message(HumanMessage().add(ImagePart::from_url("https://x"))));
}

TEST(ConvertToMessages, PairsOfRoleAndText) {
  EXPECT_EQ(
      convert_to_messages({{"system", "a"},
                           {"developer", "b"},
                           {"human", "c"},
                           {"user", "d"},
                           {"ai", "e"},
                           {"assistant", "f"}}),
      messages(SystemMessage("a"), SystemMessage("b"), "c", "d", AIMessage("e"), AIMessage("f")));
  EXPECT_THROW((void)convert_to_messages({{"robot", "a"}}), ParseError);
  EXPECT_TRUE(convert_to_messages(Json(JsonArray())).empty());
}

TEST(ConvertToMessages, AllFormsMixed) {
  EXPECT_EQ(
      convert_to_messages(parse_json(
          R"(["a",["ai","b"],{"role":"user","content":"c"},{"type":"human","content":"d"}])")),
      messages("a", AIMessage("b"), "c", "d"));
}

TEST(ConvertToMessages, AComplaintNamesThePlace) {
  EXPECT_EQ(complaint(R"("a")"), "$: wanted an array, found a string");
  EXPECT_EQ(complaint("[1]"), "$[0]: wanted a string, a pair or an object, found a number");
  EXPECT_EQ(complaint(R"([["user"]])"), "$[0]: wanted a pair of role and text");
  EXPECT_EQ(complaint(R"(["a",["robot","b"]])"), "$[1][0]: no role is called \"robot\"");
  EXPECT_EQ(complaint(R"([{"role":"robot"}])"), "$[0].role: no role is called \"robot\"");
  EXPECT_EQ(complaint(R"([{"role":"user","content":[{"type":"smell"}]}])"),
            "$[0].content[0].type: no part is called \"smell\"");
  EXPECT_EQ(complaint(R"([{"role":"user","content":[{"type":"text"}]}])"),
            "$[0].content[0]: member \"text\" is missing");
  EXPECT_EQ(complaint(R"([{"role":"tool","content":[{"type":"file","file":{}}]}])"),
            "$[0].content[0]: only text has a place in this message");
  EXPECT_EQ(complaint(R"([{"role":"assistant","tool_calls":[{"id":"x"}]}])"),
            "$[0].tool_calls[0]: member \"function\" is missing");
  EXPECT_EQ(complaint(R"([{"role":"assistant","tool_calls":[{"function":{"name":1}}]}])"),
            "$[0].tool_calls[0].function.name: wanted a string, found a number");
}

}  // namespace
}  // namespace cochain
