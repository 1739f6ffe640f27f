// The chat dialect's streams: samples of our own, whole and cut at every byte.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cochain/providers/openai_wire.hpp"
#include "openai_samples.hpp"

namespace cochain {
namespace {

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
  EXPECT_EQ(message.usage.input_audio_tokens, 2);
  EXPECT_EQ(message.usage.output_audio_tokens, 1);
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
  const AIMessage message =
      read_chunks({R"({"choices":[{"delta":{"content":"a"}}],)"
                   R"("usage":{"prompt_tokens":3,"completion_tokens":1}})",
                   R"({"choices":[{"delta":{},"finish_reason":"stop"}],)"
                   R"("usage":{"prompt_tokens":3,"completion_tokens":2.0}})",
                   R"({"choices":[],"usage":{"prompt_tokens":-1,"completion_tokens":5}})"});
  EXPECT_EQ(message.usage.input_tokens, 3);
  EXPECT_EQ(message.usage.output_tokens, 2);
  EXPECT_EQ(message.usage.total_tokens, 5);
  // Some providers do not count reasoning as output: the total is theirs to tell.
  const AIMessage other =
      read_chunks({R"({"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}],)"
                   R"("usage":{"prompt_tokens":307,"completion_tokens":26,"total_tokens":560,)"
                   R"("completion_tokens_details":{"reasoning_tokens":227}}})"});
  EXPECT_EQ(other.usage.total_tokens, 560);
  EXPECT_EQ(other.usage.reasoning_tokens, 227);
}

TEST(OpenAIStream, TakesTheLastOfTwoMembersOfOneName) {
  EXPECT_EQ(read_chunks({chunk(R"({"content":"a","content":"b"})", "stop")}).text(), "b");
}

TEST(OpenAIStream, OpensANewBlockWhenTextFollowsOtherThings) {
  const AIMessage message = read_chunks({chunk(R"({"content":"a"})"), chunk(R"({"reasoning":"b"})"),
                                         chunk(R"({"content":"c"})", "stop")});
  ASSERT_EQ(message.parts.size(), 3U);
  EXPECT_EQ(message.text(), "ac");
}

TEST(OpenAIStream, UsesAMessageWhereThereIsNoDelta) {
  EXPECT_EQ(
      read_chunks({R"({"choices":[{"message":{"content":"all"},"finish_reason":"stop"}]})"}).text(),
      "all");
  EXPECT_EQ(read_chunks({R"({"choices":[{"delta":{"content":"a"},"message":{"content":"all"},)"
                         R"("finish_reason":"stop"}]})"})
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
