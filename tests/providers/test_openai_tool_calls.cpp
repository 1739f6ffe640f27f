// Tool-call deltas as servers really send them: one test per way of breaking the protocol.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/error.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "openai_samples.hpp"

namespace cochain {
namespace {

using test::call_chunk;
using test::chunk;
using test::Chunks;
using test::read_chunks;

using Calls = std::vector<ToolCall>;

Calls read_calls(const std::vector<std::string>& deltas) {
  Chunks chunks;
  for (const std::string& delta : deltas) chunks.push_back(call_chunk(delta));
  chunks.push_back(chunk("{}", "stop"));
  const AIMessage message = read_chunks(chunks);
  EXPECT_EQ(message.finish_raw, "stop");
  // Whatever the server says: with calls, the reason is that they should run.
  EXPECT_EQ(message.finish_reason, FinishReason::kToolCalls);
  return message.tool_calls();
}

const Calls kTwo = {ToolCall("a", "f", R"({"x":1})"), ToolCall("b", "g", R"({"y":2})")};

TEST(OpenAIToolCalls, ByIndexAsTheProtocolSays) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":""}})",
                        R"({"index":0,"function":{"arguments":"{\"x\""}})",
                        R"({"index":0,"function":{"arguments":":1}"}})",
                        R"({"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}})"}),
            kTwo);
}

TEST(OpenAIToolCalls, IndexStartsAtOneAndHasGaps) {
  EXPECT_EQ(read_calls({R"({"index":1,"id":"a","function":{"name":"f","arguments":"{\"x\":"}})",
                        R"({"index":7,"id":"b","function":{"name":"g","arguments":"{\"y\":"}})",
                        R"({"index":1,"function":{"arguments":"1}"}})",
                        R"({"index":7,"function":{"arguments":"2}"}})"}),
            kTwo);
}

TEST(OpenAIToolCalls, IndexIsMissing) {
  EXPECT_EQ(read_calls({R"({"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}})",
                        R"({"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}})"}),
            kTwo);
  EXPECT_EQ(
      read_calls(
          {R"({"id":"a","function":{"name":"f"}})", R"({"function":{"arguments":"{\"x\":1}"}})",
           R"({"id":"b","function":{"name":"g"}})", R"({"function":{"arguments":"{\"y\":2}"}})"}),
      kTwo);
}

TEST(OpenAIToolCalls, IndexAndIdAreMissing) {
  const Calls nameless = {ToolCall("", "f", R"({"x":1})"), ToolCall("", "g", R"({"y":2})")};
  EXPECT_EQ(read_calls({R"({"function":{"name":"f","arguments":"{\"x\":1}"}})",
                        R"({"function":{"name":"g","arguments":"{\"y\":2}"}})"}),
            nameless);
  EXPECT_EQ(read_calls({R"({"function":{"name":"f","arguments":"{\"x\":1}"}},)"
                        R"({"function":{"name":"g","arguments":"{\"y\":2}"}})"}),
            nameless);
  // The same tool twice, and without arguments.
  EXPECT_EQ(read_calls({R"({"function":{"name":"f"}},{"function":{"name":"f"}})"}).size(), 2U);
}

TEST(OpenAIToolCalls, AllHaveIndexZeroWithIdsOfTheirOwn) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}})",
                        R"({"index":0,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}})"}),
            kTwo);
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":""}})",
                        R"({"index":0,"function":{"arguments":"{\"x\":1}"}})",
                        R"({"index":0,"id":"b","function":{"name":"g","arguments":""}})",
                        R"({"index":0,"function":{"arguments":"{\"y\":2}"}})"}),
            kTwo);
  // Twice the same tool, and both at once.
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},)"
                        R"({"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":1}"}})"}),
            (Calls{ToolCall("a", "f", R"({"x":1})"), ToolCall("b", "f", R"({"x":1})")}));
}

TEST(OpenAIToolCalls, IdComesWithEveryDelta) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}})",
                        R"({"index":0,"id":"a","function":{"arguments":"1}"}})",
                        R"({"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":"}})",
                        R"({"index":1,"id":"b","function":{"arguments":"2}"}})"}),
            kTwo);
}

TEST(OpenAIToolCalls, IdChangesWithEveryDelta) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":""}})",
                        R"({"index":0,"id":"r1","function":{"arguments":"{\"x\":"}})",
                        R"({"index":0,"id":"r2","function":{"name":"f","arguments":"1}"}})",
                        R"({"index":0,"id":"r3","function":{"arguments":""}})",
                        R"({"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":"}})",
                        R"({"index":1,"id":"r4","function":{"name":null,"arguments":"2}"}})"}),
            kTwo);
}

TEST(OpenAIToolCalls, IdIsEmptyOrNullLaterOn) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{"}})",
                        R"({"index":0,"id":"","function":{"name":"","arguments":"\"x\""}})",
                        R"({"index":0,"id":null,"function":{"name":null,"arguments":":1}"}})",
                        R"({"index":0,"id":"null","function":{"arguments":null}})",
                        R"({"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}})"}),
            kTwo);
}

TEST(OpenAIToolCalls, IdComesLate) {
  EXPECT_EQ(read_calls({R"({"index":0,"function":{"name":"f","arguments":"{\"x\""}})",
                        R"({"index":0,"id":"a","function":{"arguments":":1}"}})"}),
            Calls{kTwo[0]});
}

TEST(OpenAIToolCalls, NameComesWithEveryDelta) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}})",
                        R"({"index":0,"function":{"name":"f","arguments":"1"}})",
                        R"({"index":0,"function":{"name":"f","arguments":"}"}})",
                        R"({"index":0,"function":{"name":"f","arguments":""}})"}),
            Calls{kTwo[0]});
}

TEST(OpenAIToolCalls, NameComesInPiecesOrGrows) {
  const Calls weather = {ToolCall("a", "get_weather", "{}")};
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"get_"}})",
                        R"({"index":0,"function":{"name":"weather"}})",
                        R"({"index":0,"function":{"arguments":"{}"}})"}),
            weather);
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"get_"}})",
                        R"({"index":0,"id":"a","function":{"name":"get_weather"}})",
                        R"({"index":0,"function":{"arguments":"{}"}})"}),
            weather);
}

TEST(OpenAIToolCalls, NameComesAfterArguments) {
  OpenAIStreamDecoder decoder;
  test::give(decoder, call_chunk(R"({"index":0,"id":"a","function":{"arguments":"{\"x\":"}})"));
  auto start = decoder.next_event();
  ASSERT_TRUE(start);
  EXPECT_EQ(start->kind, EventKind::kMessageStart);
  EXPECT_FALSE(decoder.next_event()) << "a call was announced before its name was known";
  test::give(decoder, call_chunk(R"({"index":0,"function":{"name":"f","arguments":"1}"}})"));
  const auto call = decoder.next_event();
  ASSERT_TRUE(call);
  EXPECT_EQ(call->detail->name, "f");
  EXPECT_EQ(call->detail->id, "a");
  const auto arguments = decoder.next_event();
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->text, R"({"x":1})");
}

TEST(OpenAIToolCalls, NameNeverComes) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"arguments":"{}"}})"}),
            (Calls{ToolCall("a", "", "{}")}));
}

TEST(OpenAIToolCalls, ArgumentsAreNoText) {
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":{"x":1}}},)"
                        R"({"index":1,"id":"b","function":{"name":"g","arguments":{"y":2}}})"}),
            kTwo);
}

TEST(OpenAIToolCalls, ArgumentsAreEmptyOrAbsent) {
  const Calls bare = {ToolCall("a", "f", "")};
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":""}})"}), bare);
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f"}})"}), bare);
  EXPECT_EQ(read_calls({R"({"index":0,"id":"a","function":{"name":"f","arguments":null}})"}), bare);
}

TEST(OpenAIToolCalls, ArgumentsHaveBracketsAndQuotesInTheirStrings) {
  const std::string arguments = R"({\"x\":\"}]\\\"{[\")";
  EXPECT_EQ(read_calls(
                {R"({"index":0,"id":"a","function":{"name":"f","arguments":")" + arguments + "\"}}",
                 R"({"index":0,"id":"z","function":{"name":"f","arguments":"}"}})"}),
            (Calls{ToolCall("a", "f", R"({"x":"}]\"{["})")}));
}

TEST(OpenAIToolCalls, TheOldFormOfOneFunction) {
  const AIMessage message =
      read_chunks({chunk(R"({"function_call":{"name":"f","arguments":"{"}})"),
                   chunk(R"({"function_call":{"arguments":"}"}})"), chunk("{}", "function_call")});
  EXPECT_EQ(message.tool_calls(), (Calls{ToolCall("", "f", "{}")}));
  EXPECT_EQ(message.finish_reason, FinishReason::kToolCalls);
}

TEST(OpenAIToolCalls, TheFinishChunkComesTwice) {
  const AIMessage message =
      read_chunks({call_chunk(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}})"),
                   chunk("{}", "tool_calls"), chunk(R"({"content":""})", "stop")});
  EXPECT_EQ(message.tool_calls().size(), 1U);
  EXPECT_EQ(message.finish_raw, "tool_calls");
}

TEST(OpenAIToolCalls, TheLengthRunsOutInTheMiddle) {
  const AIMessage message = read_chunks(
      {call_chunk(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}})"),
       chunk("{}", "length")});
  EXPECT_EQ(message.finish_reason, FinishReason::kLength);
  EXPECT_EQ(message.tool_calls().at(0).arguments, R"({"x":)");
}

TEST(OpenAIToolCalls, ASignatureGoesBackWithItsCall) {
  OpenAIDialect dialect = OpenAIDialect::compatible();
  dialect.name = "gemini";
  const std::string signed_call = R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"},)"
                                  R"("extra_content":{"google":{"thought_signature":"c2ln"}}})";
  const std::string late = R"({"index":0,"extra_content":{"google":{"thought_signature":"c2ln"}}})";
  for (const std::string& body :
       {"data: " + call_chunk(signed_call) + "\n\ndata: [DONE]\n\n",
        "data: " + call_chunk(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}})") +
            "\n\ndata: " + call_chunk(late) + "\n\ndata: [DONE]\n\n"}) {
    const AIMessage message = test::read_stream(body, 0, dialect);
    const std::string again =
        encode_chat_request("m", messages(message), ChatOptions(), AnswerMode::kWhole, dialect);
    EXPECT_NE(again.find(R"("extra_content":{"google":{"thought_signature":"c2ln"}})"),
              std::string::npos)
        << again;
  }
}

TEST(OpenAIToolCalls, ThereAreTooMany) {
  OpenAIStreamDecoder decoder;
  EXPECT_THROW(
      for (int i = 0; i < 2000; ++i) {
        const std::string n = std::to_string(i);
        test::give(decoder, call_chunk(R"({"index":)" + n + R"(,"id":"c)" + n +
                                       R"(","function":{"name":"f","arguments":""}})"));
      },
      LimitError);
}

}  // namespace
}  // namespace cochain
