// Events and chunks: a message is the sum of them.

#include "cochain/chains/model/content_event.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

AIMessage sum(std::vector<ContentEvent> events) {
  AIMessage message;
  for (ContentEvent& event : events) apply(message, std::move(event));
  return message;
}

AIMessage everything() {
  AIMessage message;
  ReasoningPart reasoning("hm", "c2ln", "rs_1");
  reasoning.provider_data = R"({"x":{}})";
  message.parts.emplace_back(reasoning);
  message.parts.emplace_back(TextPart("It is 4."));
  message.parts.emplace_back(ToolCall("a", "add", R"({"x":1})"));
  message.parts.emplace_back(ToolCall("b", "now", ""));
  message.parts.emplace_back(RefusalPart("no"));
  message.usage = Usage(3, 4);
  message.finish_reason = FinishReason::kToolCalls;
  message.finish_raw = "tool_calls";
  message.id = "m1";
  message.request_id = "req_1";
  message.model = "demo";
  message.service_tier = "default";
  message.name = "bot";
  message.provider_data = R"({"y":{}})";
  return message;
}

TEST(ContentEvent, IsSmallAndNoAggregate) {
  EXPECT_LE(sizeof(ContentEvent), 64U);
  EXPECT_FALSE(std::is_aggregate_v<ContentEvent>);
  EXPECT_FALSE(std::is_aggregate_v<AIMessageChunk>);
  EXPECT_TRUE(std::is_nothrow_move_constructible_v<ContentEvent>);
}

TEST(ContentEvent, CopiesItsDetail) {
  const ContentEvent one = ContentEvent::tool_call_start(2, "a", "f");
  ContentEvent two = one;
  EXPECT_EQ(one, two);
  EXPECT_NE(one.detail.get(), two.detail.get());
  two.detail->name = "g";
  EXPECT_FALSE(one == two);
  two = one;
  EXPECT_EQ(one, two);
}

TEST(ContentEvents, OfAMessageAddUpToIt) {
  EXPECT_EQ(sum(to_events(everything())), everything());
  EXPECT_EQ(sum(to_events(AIMessage("Hi"))), AIMessage("Hi"));
  EXPECT_EQ(sum(to_events(AIMessage())), AIMessage());
}

TEST(ContentEvents, AddUpWhenBlocksInterleave) {
  const AIMessage message = sum({
      ContentEvent::message_start("m1", "demo"),
      ContentEvent::block_start(0, BlockType::kText),
      ContentEvent::tool_call_start(1, "a", "f"),
      ContentEvent::tool_call_start(2, "b", "g"),
      ContentEvent::tool_call_delta(2, "{\"y\""),
      ContentEvent::text_delta(0, "Hel"),
      ContentEvent::tool_call_delta(1, "{}"),
      ContentEvent::text_delta(0, "lo"),
      ContentEvent::tool_call_delta(2, ":2}"),
      ContentEvent::block_finish(1, BlockType::kToolCall),
      ContentEvent::message_finish(FinishReason::kToolCalls, "tool_use", Usage(1, 2)),
  });
  EXPECT_EQ(message.text(), "Hello");
  EXPECT_EQ(message.tool_calls().at(0), ToolCall("a", "f", "{}"));
  EXPECT_EQ(message.tool_calls().at(1), ToolCall("b", "g", "{\"y\":2}"));
  EXPECT_EQ(message.usage, Usage(1, 2));
  EXPECT_EQ(message.finish_raw, "tool_use");
  EXPECT_EQ(message.id, "m1");
}

TEST(ContentEvents, AddUpHoweverTheTextIsCut) {
  std::mt19937 random(11);
  const std::string text = "Caf\xC3\xA9 and more than fits into a short string, so it moves";
  for (int round = 0; round < 100; ++round) {
    AIMessage message;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = random() % 20;
      apply(message, ContentEvent::text_delta(0, std::string_view(text).substr(at, size)));
      at += size;
    }
    EXPECT_EQ(message, AIMessage(text));
  }
}

TEST(ContentEvents, OpenABlockWhoseStartWasLeftOut) {
  EXPECT_EQ(sum({ContentEvent::text_delta(0, "a"), ContentEvent::text_delta(0, "b")}),
            AIMessage("ab"));
}

TEST(ContentEvents, JoinSignaturesAndReplaceNames) {
  ContentEvent first = ContentEvent::reasoning_delta(0, "hm");
  first.need_detail().signature = "c2";
  ContentEvent second = ContentEvent::block_finish(0, BlockType::kReasoning);
  second.need_detail().signature = "ln";
  ContentEvent call = ContentEvent::tool_call_start(1, "", "get_");
  ContentEvent name = ContentEvent::tool_call_delta(1, "");
  name.need_detail().name = "get_weather";
  name.need_detail().id = "a";
  const AIMessage message = sum({first, second, call, name});
  EXPECT_EQ(std::get<ReasoningPart>(message.parts[0]).signature, "c2ln");
  EXPECT_EQ(message.tool_calls().at(0), ToolCall("a", "get_weather", ""));
}

TEST(ContentEvents, AreRefusedWithAGapOrAnotherType) {
  AIMessage message("Hi");
  EXPECT_THROW(apply(message, ContentEvent::text_delta(2, "x")), ProtocolError);
  EXPECT_THROW(apply(message, ContentEvent::tool_call_delta(0, "x")), ProtocolError);
  EXPECT_THROW(apply(message, ContentEvent(EventKind::kDelta, BlockType::kNone, 0)), ProtocolError);
  EXPECT_THROW(apply(message, ContentEvent(EventKind::kDelta, BlockType::kNone, 1)), ProtocolError);
  EXPECT_EQ(message, AIMessage("Hi"));
}

TEST(AIMessageChunk, ShowsOneEventInLangChainsWords) {
  AIMessageChunk text(ContentEvent::text_delta(0, "Hello"));
  EXPECT_EQ(text.content(), "Hello");
  EXPECT_EQ(text.reasoning(), "");
  EXPECT_FALSE(text.tool_call_chunk());
  EXPECT_FALSE(text.usage());
  EXPECT_EQ(text.finish_reason(), FinishReason::kUnknown);
  EXPECT_EQ(text.take_content(), "Hello");
  EXPECT_EQ(text.content(), "");

  AIMessageChunk reasoning(ContentEvent::reasoning_delta(0, "hm"));
  EXPECT_EQ(reasoning.content(), "");
  EXPECT_EQ(reasoning.take_content(), "");
  EXPECT_EQ(reasoning.reasoning(), "hm");

  const AIMessageChunk call(ContentEvent::tool_call_start(1, "a", "f"));
  ASSERT_TRUE(call.tool_call_chunk());
  EXPECT_EQ(call.tool_call_chunk()->id, "a");
  EXPECT_EQ(call.tool_call_chunk()->name, "f");
  EXPECT_EQ(call.tool_call_chunk()->index, 1U);

  const AIMessageChunk last(ContentEvent::message_finish(FinishReason::kStop, "stop", Usage(1, 2)));
  EXPECT_TRUE(last.is_last());
  EXPECT_EQ(last.usage(), Usage(1, 2));
  EXPECT_EQ(last.finish_reason(), FinishReason::kStop);
}

TEST(AIMessageChunks, AddUpToTheMessage) {
  AIMessage moved;
  AIMessage copied;
  for (ContentEvent& event : to_events(everything())) {
    const AIMessageChunk chunk(event);
    copied += chunk;
    moved += AIMessageChunk(std::move(event));
  }
  EXPECT_EQ(moved, everything());
  EXPECT_EQ(copied, everything());
}

}  // namespace
}  // namespace cochain
