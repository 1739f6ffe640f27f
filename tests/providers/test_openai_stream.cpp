// The chat dialect's streams: samples of our own, whole and cut at every byte.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/model/error.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "openai_samples.hpp"

namespace cochain {
namespace {

using namespace std::string_literals;
using test::chunk;
using test::Chunks;
using test::read_chunks;
using test::read_stream;
using test::sample;

TEST(OpenAIStream, AddsUpToTheMessageWhereverItIsCut) {
  for (const std::string name : {"text", "parallel_tools", "azure_filter", "groq_usage",
                                 "mistral_thinking", "reasoning_details"}) {
    const std::string body = sample(name + ".sse");
    const AIMessage whole = read_stream(body);
    EXPECT_EQ(read_stream(body, 1), whole) << name;
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
      SseDecoder sse;
      OpenAIStreamDecoder decoder;
      AIMessage message;
      for (const std::string_view piece :
           {std::string_view(body).substr(0, cut), std::string_view(body).substr(cut)}) {
        sse.feed(piece);
        test::drain(sse, decoder, message);
      }
      ASSERT_EQ(message, whole) << name << " cut at " << cut;
    }
  }
}

TEST(OpenAIStream, GivesTextTokensAndReason) {
  const AIMessage message = read_stream(sample("text.sse"));
  EXPECT_EQ(message.text(), "Hello, wörld 🌍");
  EXPECT_EQ(message.parts.size(), 1U);
  EXPECT_EQ(message.id, "chatcmpl-1");
  EXPECT_EQ(message.model, "demo-1");
  EXPECT_EQ(message.service_tier, "default");
  EXPECT_EQ(message.finish_reason, FinishReason::kStop);
  EXPECT_EQ(message.finish_raw, "stop");
  EXPECT_TRUE(message.usage.known);
  EXPECT_EQ(message.usage.input_tokens, 9);
  EXPECT_EQ(message.usage.output_tokens, 3);
  EXPECT_EQ(message.usage.total_tokens, 12);
  EXPECT_EQ(message.usage.cache_read_tokens, 4);
  EXPECT_EQ(message.usage.reasoning_tokens, 1);
}

TEST(OpenAIStream, GivesItsEventsInOrder) {
  OpenAIStreamDecoder decoder;
  decoder.request_id("req_1");
  SseDecoder sse;
  sse.feed(sample("text.sse"));
  std::vector<ContentEvent> events;
  while (const auto event = sse.next_event()) {
    decoder.on_event(*event);
    while (auto each = decoder.next_event()) events.push_back(std::move(*each));
  }
  ASSERT_EQ(events.size(), 7U);
  EXPECT_EQ(events[0].kind, EventKind::kMessageStart);
  EXPECT_EQ(events[0].detail->request_id, "req_1");
  EXPECT_EQ(events[1], ContentEvent::block_start(0, BlockType::kText));
  EXPECT_EQ(events[2], ContentEvent::text_delta(0, "Hello"));
  EXPECT_EQ(events[5], ContentEvent::block_finish(0, BlockType::kText));
  EXPECT_EQ(events[6].kind, EventKind::kMessageFinish);
  EXPECT_TRUE(decoder.done());
  EXPECT_TRUE(decoder.done_mark_seen());
}

TEST(OpenAIStream, KeepsParallelCallsApartThatInterleave) {
  const AIMessage message = read_stream(sample("parallel_tools.sse"));
  const auto calls = message.tool_calls();
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0], ToolCall("call_a", "add", R"({"x":1})"));
  EXPECT_EQ(calls[1], ToolCall("call_b", "sub", R"({"y":"\u00e9"})"));
  EXPECT_EQ(message.finish_reason, FinishReason::kToolCalls);
}

TEST(OpenAIStream, TakesNamesFromTheFirstChunkThatHasThem) {
  const AIMessage message = read_stream(sample("azure_filter.sse"));
  EXPECT_EQ(message.text(), "Hi");
  EXPECT_EQ(message.id, "chatcmpl-1");
  EXPECT_EQ(message.model, "demo-1");
}

TEST(OpenAIStream, FindsTokensInGroqsOwnMember) {
  const AIMessage message = read_stream(sample("groq_usage.sse"));
  EXPECT_EQ(message.usage.input_tokens, 5);
  EXPECT_EQ(message.usage.output_tokens, 2);
  EXPECT_EQ(message.service_tier, "on_demand");
}

TEST(OpenAIStream, ReadsContentThatIsAListWithThinkingInIt) {
  const AIMessage message = read_stream(sample("mistral_thinking.sse"));
  EXPECT_EQ(message.reasoning(), "Let me see.");
  EXPECT_EQ(message.text(), "Four.");
  ASSERT_EQ(message.parts.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<ReasoningPart>(message.parts[0]));
  EXPECT_EQ(message.finish_reason, FinishReason::kLength);
  EXPECT_EQ(message.finish_raw, "model_length");
  EXPECT_EQ(message.usage.total_tokens, 8);
}

TEST(OpenAIStream, JoinsReasoningDetailsForTheWayBack) {
  const OpenAIDialect dialect = OpenAIDialect::openrouter();
  const AIMessage message = read_stream(sample("reasoning_details.sse"), 0, dialect);
  EXPECT_EQ(message.reasoning(), "I think");
  EXPECT_EQ(message.text(), "Done");
  EXPECT_EQ(message.usage.input_tokens, 9);  // from the chunk that ends it a second time
  const std::string request =
      encode_chat_request("m", messages(message), ChatOptions(), AnswerMode::kWhole, dialect);
  EXPECT_NE(request.find(R"("reasoning_details":[{"type":"reasoning.text","text":"I think",)"
                         R"("format":"x","signature":"c2ln","index":0}])"),
            std::string::npos)
      << request;
  // Another provider does not get it.
  EXPECT_EQ(encode_chat_request("m", messages(message)).find("reasoning_details"),
            std::string::npos);
}

TEST(OpenAIStream, TellsOfAnErrorAfterContentAndKeepsTheText) {
  AIMessage message;
  try {
    read_stream(sample("error_after_content.sse"), 0, {}, &message);
    FAIL() << "no error";
  } catch (const StreamError& error) {
    EXPECT_EQ(error.partial_text(), "Half an answer");
    EXPECT_EQ(error.info().type, "overloaded_error");
    EXPECT_EQ(error.info().code, "529");
    EXPECT_TRUE(error.retryable());
    EXPECT_EQ(std::string(error.what()).find("abcdefghijklmnop"), std::string::npos);
  }
  EXPECT_EQ(message.text(), "Half an answer");
}

TEST(OpenAIStream, KnowsEveryShapeOfAnErrorInside) {
  for (const std::string error :
       {R"({"error":{"message":"bad","type":"t","code":null}})", R"({"error":"bad"})",
        R"({"message":"bad","object":"error","code":400})", R"({"detail":"bad"})",
        R"({"type":"error","error":{"type":"overloaded_error","message":"bad"}})",
        R"({"code":"x","error":"bad"})", R"({"x_groq":{"error":"bad"},"choices":[]})"}) {
    OpenAIStreamDecoder decoder;
    try {
      test::give(decoder, error);
      ADD_FAILURE() << error;
    } catch (const StreamError& wrong) {
      EXPECT_EQ(wrong.message(), "bad") << error;
    }
  }
}

TEST(OpenAIStream, TakesANullOrEmptyErrorForNone) {
  for (const std::string error : {"null", "{}", "\"\""}) {
    const std::string data = R"({"error":)" + error +
                             R"(,"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]})";
    EXPECT_EQ(read_chunks({data}).text(), "a");
  }
}

TEST(OpenAIStream, IsIncompleteWithoutEndMarkAndReason) {
  OpenAIStreamDecoder decoder;
  test::give(decoder, chunk(R"({"content":"half"})"));
  try {
    decoder.finish();
    FAIL() << "no error";
  } catch (const IncompleteStreamError& error) {
    EXPECT_EQ(error.partial_text(), "half");
    EXPECT_TRUE(error.retryable());
  }
  EXPECT_FALSE(decoder.done());
  EXPECT_THROW(OpenAIStreamDecoder().finish(), IncompleteStreamError);
  OpenAIStreamDecoder empty;
  EXPECT_THROW(test::give(empty, "[DONE]"), IncompleteStreamError);
}

TEST(OpenAIStream, IsCompleteWithEitherEndMarkOrReason) {
  const AIMessage by_reason = read_chunks({chunk(R"({"content":"a"})", "stop")});
  EXPECT_EQ(by_reason.text(), "a");
  const AIMessage by_mark = read_chunks({chunk(R"({"content":"a"})"), "[DONE]"});
  EXPECT_EQ(by_mark.text(), "a");
  EXPECT_EQ(by_mark.finish_reason, FinishReason::kUnknown);
}

TEST(OpenAIStream, KnowsTheEndMarkWithSpacesAndIgnoresWhatFollows) {
  OpenAIStreamDecoder decoder;
  test::give(decoder, chunk(R"({"content":"a"})", "stop"));
  test::give(decoder, " [DONE] ");
  ASSERT_TRUE(decoder.done());
  test::give(decoder, chunk(R"({"content":"b"})"));
  test::give(decoder, "[DONE]");
  test::give(decoder, "no json");
  decoder.finish();
  AIMessage message;
  while (auto event = decoder.next_event()) apply(message, std::move(*event));
  EXPECT_EQ(message.text(), "a");
}

TEST(OpenAIStream, TellsThatAMarkIsMissing) {
  SseDecoder sse;
  OpenAIStreamDecoder decoder;
  test::give(decoder, chunk(R"({"content":"a"})", "stop"));
  EXPECT_TRUE(decoder.finish_reason_seen());
  EXPECT_FALSE(decoder.done());
  decoder.finish();
  EXPECT_TRUE(decoder.done());
  EXPECT_FALSE(decoder.done_mark_seen());
}

TEST(OpenAIStream, AcceptsATornLastEventOnlyIfItIsWhole) {
  const std::string body = "data: " + chunk(R"({"content":"a"})") + "\n\ndata: ";
  const std::string last = chunk("{}", "stop");
  for (std::size_t size = 0; size < last.size(); ++size) {
    EXPECT_THROW(read_stream(body + last.substr(0, size)), IncompleteStreamError) << size;
  }
  EXPECT_EQ(read_stream(body + last).text(), "a");
  EXPECT_EQ(read_stream(body + "[DONE]").text(), "a");
}

TEST(OpenAIStream, SurvivesWhatMayBeMissing) {
  const Chunks chunks = {
      "{}",
      R"({"choices":null})",
      R"({"choices":[]})",
      R"({"choices":[{}]})",
      R"({"choices":[null,7]})",
      R"({"choices":[{"delta":null}]})",
      R"({"choices":[{"delta":{"content":null,"role":"assistant"}}]})",
      R"({"choices":[{"delta":{"role":"assistant"},"finish_reason":""}]})",
      R"({"choices":[{"delta":{"content":7,"tool_calls":null,"reasoning":[]}}]})",
      R"({"choices":[{"delta":{"tool_calls":[null,{},{"function":null}]}}],"usage":null})",
      "[]",
      "7",
      "\"text\"",
      "",
      "  ",
      R"({"choices":[{"delta":{"content":"a","new":{"x":[1]}},"also_new":1}],"obfuscation":"x"})",
      R"({"choices":[{"delta":{"content":""},"finish_reason":"stop"}],"usage":{}})",
  };
  const AIMessage message = read_chunks(chunks);
  EXPECT_EQ(message.text(), "a");
  EXPECT_FALSE(message.usage.known);
}

TEST(OpenAIStream, ReadsOnlyTheFirstOfSeveralChoices) {
  const AIMessage message = read_chunks(
      {R"({"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{"content":"b"}}]})",
       R"({"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"length"}]})",
       R"({"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]})"});
  EXPECT_EQ(message.text(), "aa");
  EXPECT_EQ(message.finish_raw, "stop");
}

TEST(OpenAIStream, MapsReasonsAndKeepsTheProvidersWord) {
  const std::vector<std::pair<std::string, FinishReason>> reasons = {
      {"stop", FinishReason::kStop},
      {"STOP", FinishReason::kStop},
      {"length", FinishReason::kLength},
      {"model_length", FinishReason::kLength},
      {"tool_calls", FinishReason::kToolCalls},
      {"function_call", FinishReason::kToolCalls},
      {"content_filter", FinishReason::kContentFilter},
      {"error", FinishReason::kError},
      {"insufficient_system_resource", FinishReason::kOther},
      {"abort", FinishReason::kOther}};
  for (const auto& [raw, reason] : reasons) {
    const AIMessage message = read_chunks({chunk(R"({"content":"a"})", raw)});
    EXPECT_EQ(message.finish_reason, reason) << raw;
    EXPECT_EQ(message.finish_raw, raw);
  }
}

TEST(OpenAIStream, KeepsRefusalsAndReasoningOfAnyName) {
  const AIMessage message =
      read_chunks({chunk(R"({"reasoning_content":"a"})"), chunk(R"({"reasoning":"b"})"),
                   chunk(R"({"reasoning_content":"c","reasoning":"c"})"),
                   chunk(R"({"refusal":"No"})"), chunk(R"({"refusal":"."})", "stop")});
  EXPECT_EQ(message.reasoning(), "abc");
  EXPECT_EQ(message.refusal(), "No.");
  EXPECT_EQ(message.text(), "");
}

TEST(OpenAIStream, TakesTheLastTokensThatMakeSense) {
  const AIMessage message = read_chunks(
      {R"({"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}})",
       R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2.0}})",
       R"({"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":5}})"});
  EXPECT_EQ(message.usage.input_tokens, 3);
  EXPECT_EQ(message.usage.output_tokens, 2);
  EXPECT_EQ(message.usage.total_tokens, 5);
  // Some providers do not count reasoning as output: the total is theirs to tell.
  const AIMessage other = read_chunks(
      {R"({"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],"usage":{"prompt_tokens":307,)"
       R"("completion_tokens":26,"total_tokens":560,"completion_tokens_details":{"reasoning_tokens":227}}})"});
  EXPECT_EQ(other.usage.total_tokens, 560);
  EXPECT_EQ(other.usage.reasoning_tokens, 227);
}

TEST(OpenAIStream, MendsBrokenUtf8AndLoneSurrogates) {
  EXPECT_EQ(read_chunks({chunk("{\"content\":\"a\xFF\xC3"
                               "b\"}",
                               "stop")})
                .text(),
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a\ud83d b"})", "stop")}).text(), "a\xEF\xBF\xBD b");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a\ude00b"})", "stop")}).text(),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"\ud83d\ude00 \\ud83d"})", "stop")}).text(),
            "\xF0\x9F\x98\x80 \\ud83d");
  EXPECT_EQ(read_chunks({chunk("{\"content\":\"\xFF\\ud83d\"}", "stop")}).text(),
            "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a\u0000b"})", "stop")}).text(), "a\0b"s);
}

TEST(OpenAIStream, RefusesWhatIsNoJsonAnywhereInTheDocument) {
  for (const std::string data :
       {R"({"roledata: {)", R"({"choices":[{"delta":{"content":"a"}}],"x":tru})", "{", "<html>",
        R"({"choices":[]} trailing)", "{\"choices\":[{\"delta\":{\"content\":\"a\nb\"}}]}"}) {
    OpenAIStreamDecoder decoder;
    test::give(decoder, chunk(R"({"content":"so far"})"));
    try {
      test::give(decoder, data);
      ADD_FAILURE() << data;
    } catch (const ProtocolError& error) {
      EXPECT_EQ(error.partial_text(), "so far");
      EXPECT_FALSE(error.retryable());
    }
  }
}

TEST(OpenAIStream, RefusesDepthAndTakesGiantsWithoutACrash) {
  OpenAIStreamDecoder decoder;
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_THROW(test::give(decoder, R"({"x":)" + deep + "}"), LimitError);
  EXPECT_THROW(test::give(decoder, std::string(100'000, '[')), ModelError);
  const std::string number(1'000'000, '9');
  EXPECT_THROW(test::give(decoder, R"({"x":)" + number + "}"), ProtocolError);
  const std::string big(5'000'000, 'x');
  EXPECT_EQ(read_chunks({chunk(R"({"content":")" + big + "\"}", "stop")}).text(), big);
}

TEST(OpenAIStream, TakesTheLastOfTwoMembersOfOneName) {
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a","content":"b"})", "stop")}).text(), "b");
}

TEST(OpenAIStream, SplitsTwoDocumentsThatLostTheirBlankLine) {
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a"})") + "\n" + chunk(R"({"content":"b"})", "stop") +
                         "\n[DONE]"})
                .text(),
            "ab");
  OpenAIStreamDecoder decoder;
  EXPECT_THROW(test::give(decoder, chunk(R"({"content":"a"})") + "\n{torn"), ProtocolError);
  EXPECT_FALSE(decoder.next_event());
}

TEST(OpenAIStream, OpensANewBlockWhenTextFollowsOtherThings) {
  const AIMessage message = read_chunks({chunk(R"({"content":"a"})"), chunk(R"({"reasoning":"b"})"),
                                         chunk(R"({"content":"c"})", "stop")});
  ASSERT_EQ(message.parts.size(), 3U);
  EXPECT_EQ(message.text(), "ac");
}

TEST(OpenAIStream, GivesUpOnTooManyBlocks) {
  OpenAIStreamDecoder decoder;
  EXPECT_THROW(
      for (int i = 0; i < 6000; ++i) {
        test::give(decoder, chunk(R"({"content":"a"})"));
        test::give(decoder, chunk(R"({"reasoning":"b"})"));
        while (decoder.next_event()) {
        }
      },
      LimitError);
}

TEST(OpenAIStream, UsesAMessageWhereThereIsNoDelta) {
  EXPECT_EQ(
      read_chunks({R"({"choices":[{"message":{"content":"all"},"finish_reason":"stop"}]})"}).text(),
      "all");
  EXPECT_EQ(
      read_chunks(
          {R"({"choices":[{"delta":{"content":"a"},"message":{"content":"all"},"finish_reason":"stop"}]})"})
          .text(),
      "a");
}

TEST(OpenAIStream, ReadsTwoStreamsInTurns) {
  // They share the thread's parser, and nothing else.
  OpenAIStreamDecoder one;
  OpenAIStreamDecoder two;
  AIMessage first;
  AIMessage second;
  for (int i = 0; i < 10; ++i) {
    test::give(one, chunk(R"({"content":"1"})"));
    test::give(two, chunk(R"({"content":"2"})"));
    while (auto event = one.next_event()) apply(first, std::move(*event));
    while (auto event = two.next_event()) apply(second, std::move(*event));
  }
  EXPECT_EQ(first.text(), "1111111111");
  EXPECT_EQ(second.text(), "2222222222");
}

}  // namespace
}  // namespace cochain
