// Requests as JSON, and whole answers as messages.

#include "cochain/providers/openai_wire.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <limits>
#include <string>
#include <utility>

#include "cochain/chains/model/error.hpp"
#include "openai_samples.hpp"

namespace cochain {
namespace {

namespace json = boost::json;

json::object request(const Messages& conversation, const ChatOptions& options = ChatOptions(),
                     AnswerMode mode = AnswerMode::kWhole,
                     const OpenAIDialect& dialect = OpenAIDialect()) {
  return json::parse(encode_chat_request("demo", conversation, options, mode, dialect)).as_object();
}

json::value first_message(Message message, const OpenAIDialect& dialect = OpenAIDialect()) {
  return request(messages(std::move(message)), ChatOptions(), AnswerMode::kWhole, dialect)
      .at("messages")
      .at(0);
}

TEST(OpenAIRequest, SendsOnlyWhatWasSaid) {
  EXPECT_EQ(encode_chat_request("demo", messages("Hi")),
            R"({"model":"demo","messages":[{"role":"user","content":"Hi"}]})");
  EXPECT_EQ(encode_chat_request("demo", Messages()), R"({"model":"demo","messages":[]})");
}

TEST(OpenAIRequest, SendsEverySetting) {
  ChatOptions options;
  options.temperature(0.2).top_p(0.9).max_tokens(100).seed(7).stop("END").stop("\n");
  options.reasoning_effort("low").response_format(R"( {"type" : "json_object"} )");
  options.tool(ToolSpec("add", "Adds.", R"({"type":"object"})"))
      .tool_choice(ToolChoice::required());
  options.extra("user", R"("u1")");
  EXPECT_EQ(json::value(request(messages("Hi"), options, AnswerMode::kStream)),
            json::parse(R"({"model":"demo",
              "messages":[{"role":"user","content":"Hi"}],
              "temperature":0.2,"top_p":0.9,
              "max_completion_tokens":100,"seed":7,"stop":["END","\n"],
              "reasoning_effort":"low","response_format":{"type":"json_object"},
              "tools":[{"type":"function","function":{"name":"add","description":"Adds.",
                        "parameters":{"type":"object"}}}],
              "tool_choice":"required","stream":true,"stream_options":{"include_usage":true},
              "user":"u1"})"));
}

TEST(OpenAIRequest, NamesOneTool) {
  ChatOptions options;
  options.tool(ToolSpec("add", "")).tool_choice(ToolChoice::tool("add"));
  EXPECT_EQ(request(messages("Hi"), options).at("tool_choice"),
            json::parse(R"({"type":"function","function":{"name":"add"}})"));
  // A choice among no tools is refused by servers, so it is not sent.
  EXPECT_FALSE(request(messages("Hi"), ChatOptions().tool_choice(ToolChoice::none()))
                   .contains("tool_choice"));
  options.parallel_tool_calls(ParallelToolCalls::kNo);
  EXPECT_EQ(request(messages("Hi"), options).at("parallel_tool_calls"), false);
  options.parallel_tool_calls(ParallelToolCalls::kYes);
  EXPECT_EQ(request(messages("Hi"), options).at("parallel_tool_calls"), true);
  EXPECT_FALSE(request(messages("Hi"), ChatOptions().parallel_tool_calls(ParallelToolCalls::kNo))
                   .contains("parallel_tool_calls"));
}

TEST(OpenAIRequest, LetsAnExtraMemberWinAndSendsItOnce) {
  ChatOptions options;
  options.temperature(0.2).extra("temperature", "1").extra("temperature", "null");
  options.extra("stream_options", "{}").extra("model", R"("other")");
  const std::string text =
      encode_chat_request("demo", messages("Hi"), options, AnswerMode::kStream);
  EXPECT_EQ(text, R"({"messages":[{"role":"user","content":"Hi"}],"stream":true,)"
                  R"("temperature":null,"stream_options":{},"model":"other"})");
}

TEST(OpenAIRequest, SpeaksTheDialectsOfOthers) {
  ChatOptions options;
  options.max_tokens(5).seed(7).tool(ToolSpec("f", "")).tool_choice(ToolChoice::required());
  const json::object mistral =
      request(messages("Hi"), options, AnswerMode::kStream, OpenAIDialect::mistral());
  EXPECT_EQ(mistral.at("max_tokens").as_int64(), 5);
  EXPECT_EQ(mistral.at("random_seed").as_int64(), 7);
  EXPECT_EQ(mistral.at("tool_choice").as_string(), "any");
  EXPECT_FALSE(mistral.contains("stream_options"));
  OpenAIDialect reasoning;
  reasoning.system_role = "developer";
  EXPECT_EQ(first_message(SystemMessage("Be brief."), reasoning).at("role").as_string(),
            "developer");
}

TEST(OpenAIRequest, SendsPicturesBesideText) {
  const HumanMessage message = HumanMessage("What is this?")
                                   .add(ImagePart::from_url("https://x/y.png", "low"))
                                   .add(ImagePart::from_bytes("Man", "image/png"));
  EXPECT_EQ(first_message(message), json::parse(R"({"role":"user","content":[
      {"type":"text","text":"What is this?"},
      {"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}},
      {"type":"image_url","image_url":{"url":"data:image/png;base64,TWFu"}}]})"));
}

TEST(OpenAIRequest, SendsFilesAndSounds) {
  const HumanMessage message = HumanMessage("Read this.")
                                   .add(FilePart::from_bytes("Man", "application/pdf", "a.pdf"))
                                   .add(FilePart::from_id("file-1"))
                                   .add(FilePart::from_url("https://x/b.pdf"))
                                   .add(AudioPart::from_bytes("Man", "audio/mpeg"));
  EXPECT_EQ(first_message(message), json::parse(R"({"role":"user","content":[
      {"type":"text","text":"Read this."},
      {"type":"file","file":{"file_data":"data:application/pdf;base64,TWFu","filename":"a.pdf"}},
      {"type":"file","file":{"file_id":"file-1"}},
      {"type":"file","file":{"file_data":"https://x/b.pdf"}},
      {"type":"input_audio","input_audio":{"data":"TWFu","format":"mp3"}}]})"));
  EXPECT_THROW((void)first_message(HumanMessage().add(AudioPart::from_url("https://x"))),
               BadRequestError);
}

TEST(OpenAIRequest, KeepsWhatIsForTheProgramAlone) {
  ToolMessage result("2", "a");
  result.id = "m1";
  result.artifact = json_object("secret", 1);
  EXPECT_EQ(first_message(result),
            json::parse(R"({"role":"tool","tool_call_id":"a","content":"2"})"));
}

TEST(OpenAIRequest, SendsCallsAndTheirResults) {
  AIMessage asked;
  asked.parts.emplace_back(ToolCall("a", "add", R"({"x":1})"));
  asked.parts.emplace_back(ToolCall("b", "now", ""));
  EXPECT_EQ(request(messages(asked, ToolMessage("2", "a"))).at("messages"), json::parse(R"([
      {"role":"assistant","content":null,"tool_calls":[
        {"id":"a","type":"function","function":{"name":"add","arguments":"{\"x\":1}"}},
        {"id":"b","type":"function","function":{"name":"now","arguments":"{}"}}]},
      {"role":"tool","tool_call_id":"a","content":"2"}])"));
  EXPECT_EQ(first_message(AIMessage("")), json::parse(R"({"role":"assistant","content":""})"));
}

TEST(OpenAIRequest, EchoesReasoningOnlyToWhomItConcerns) {
  AIMessage message("Yes");
  message.parts.insert(message.parts.begin(), ReasoningPart("hm"));
  EXPECT_FALSE(first_message(message).as_object().contains("reasoning_content"));
  EXPECT_FALSE(
      first_message(message, OpenAIDialect::deepseek()).as_object().contains("reasoning_content"));
  message.parts.emplace_back(ToolCall("a", "f", "{}"));
  EXPECT_EQ(first_message(message, OpenAIDialect::deepseek()).at("reasoning_content").as_string(),
            "hm");
}

TEST(OpenAIRequest, SendsProviderDataOfItsOwnDialectOnly) {
  HumanMessage message;
  TextPart part("Hi");
  part.provider_data =
      R"({"openai":{"prompt_cache_breakpoint":{"mode":"explicit"}},"anthropic":{"cache":1}})";
  message.add(part);
  EXPECT_EQ(first_message(message), json::parse(R"({"role":"user","content":[{"type":"text",
      "text":"Hi","prompt_cache_breakpoint":{"mode":"explicit"}}]})"));
}

TEST(OpenAIRequest, EscapesWhatJsonDemandsAndMendsWhatIsNotUtf8) {
  EXPECT_EQ(encode_chat_request("m", messages(std::string("\"\\\n\t\r\x01\x1F/\xE2\x82\xAC\xFF"))),
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"
            "\"\\\"\\\\\\n\\t\\r\\u0001\\u001f/\xE2\x82\xAC\xEF\xBF\xBD\"}]}");
}

TEST(OpenAIRequest, RefusesWhatWouldMakeItNoJson) {
  const Messages hi = messages("Hi");
  const double bad = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(request(hi, ChatOptions().temperature(bad)), BadRequestError);
  EXPECT_THROW(request(hi, ChatOptions().extra("a", "tru")), BadRequestError);
  EXPECT_THROW(request(hi, ChatOptions().extra("a", "1,\"b\":2")), BadRequestError);
  EXPECT_THROW(request(hi, ChatOptions().response_format("").tool(ToolSpec("f", "", "{\"type\""))),
               BadRequestError);
  EXPECT_THROW(request(hi, ChatOptions().extra("a", std::string(5000, '['))), BadRequestError);
}

TEST(OpenAIResponse, GivesEveryPart) {
  const AIMessage message = decode_chat_response(test::sample("whole.json"));
  ASSERT_EQ(message.parts.size(), 3U);
  EXPECT_EQ(message.reasoning(), "2+2");
  EXPECT_EQ(message.text(), "It is 4.");
  EXPECT_EQ(message.tool_calls().at(0), ToolCall("call_a", "add", R"({"x":1})"));
  EXPECT_EQ(message.finish_reason, FinishReason::kToolCalls);
  EXPECT_EQ(message.usage.input_tokens, 9);
  EXPECT_EQ(message.id, "chatcmpl-9");
  EXPECT_EQ(message.model, "demo-1");
  EXPECT_EQ(message.service_tier, "default");
  EXPECT_EQ(message.provider_data, R"({"openai":{"system_fingerprint":"fp_1"}})");
}

TEST(OpenAIResponse, TakesCallsByTheirPlace) {
  const AIMessage message = decode_chat_response(
      R"({"choices":[{"message":{"tool_calls":[
          {"function":{"name":"f","arguments":""}},{"function":{"name":"f","arguments":""}},
          {"index":0,"id":"x","function":{"name":"g","arguments":{"a":[1,2]}}},
          {"index":0,"id":"x","function":{"name":"h","arguments":null}}]}}]})");
  const auto calls = message.tool_calls();
  ASSERT_EQ(calls.size(), 4U);
  EXPECT_EQ(calls[2].arguments, R"({"a":[1,2]})");
  EXPECT_EQ(calls[3].name, "h");
}

TEST(OpenAIResponse, SkipsTheBlankLinesThatKeepAConnectionAlive) {
  EXPECT_EQ(
      decode_chat_response("\n\n\r\n  {\"choices\":[{\"message\":{\"content\":\"a\"}}]}\n").text(),
      "a");
}

TEST(OpenAIResponse, TakesTheChoiceWithIndexZeroWhereverItStands) {
  EXPECT_EQ(decode_chat_response(R"({"choices":[{"index":1,"message":{"content":"b"}},
                                                {"index":0,"message":{"content":"a"}}]})")
                .text(),
            "a");
  EXPECT_EQ(decode_chat_response(R"({"choices":[{"message":{"content":"a"}},
                                                {"message":{"content":"b"}}]})")
                .text(),
            "a");
}

TEST(OpenAIResponse, ThrowsTheErrorThatHidesBehindAGoodStatus) {
  EXPECT_THROW((void)decode_chat_response(R"({"error":{"code":429,"message":"slow down"}})"),
               RateLimitError);
  EXPECT_THROW((void)decode_chat_response(R"([{"error":{"code":404,"message":"no"}}])"),
               NotFoundError);
  EXPECT_THROW((void)decode_chat_response(R"({"error":{"code":402,"message":"pay"}})"), QuotaError);
  EXPECT_THROW((void)decode_chat_response(R"({"error":"strange"})"), StreamError);
  EXPECT_THROW((void)decode_chat_response(R"({"detail":"strange"})"), StreamError);
}

TEST(OpenAIResponse, TellsNothingFromGarbageFromACut) {
  EXPECT_THROW((void)decode_chat_response(""), IncompleteStreamError);
  EXPECT_THROW((void)decode_chat_response(" \n "), IncompleteStreamError);
  EXPECT_THROW((void)decode_chat_response(R"({"choices":[{"message":{"content":"a)"),
               IncompleteStreamError);
  EXPECT_THROW((void)decode_chat_response(R"({"choices":[]})"), ProtocolError);
  EXPECT_THROW((void)decode_chat_response("[]"), ProtocolError);
  EXPECT_THROW((void)decode_chat_response("{}"), ProtocolError);
  try {
    (void)decode_chat_response("<html>\x1B[2J Bearer abcdefghijkl</html>");
    FAIL() << "no error";
  } catch (const ProtocolError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("<html>"), what.npos);
    EXPECT_EQ(what.find('\x1B'), what.npos);
    EXPECT_EQ(what.find("abcdefghijkl"), what.npos);
  }
}

TEST(OpenAIResponse, CutAnywhereIsAnErrorAndNeverACrash) {
  const std::string body = test::sample("whole.json");
  for (std::size_t size = 0; size + 1 < body.size(); ++size) {
    EXPECT_THROW((void)decode_chat_response(body.substr(0, size)), ModelError) << size;
  }
}

}  // namespace
}  // namespace cochain
