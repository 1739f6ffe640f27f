// Messages: how they are built, read, moved and compared.

#include "cochain/chains/model/message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

#include "cochain/chains/model/chat_options.hpp"

namespace cochain {
namespace {

// Aggregates in a co_await expression are miscompiled by g++ 12: none of these may be one.
static_assert(!std::is_aggregate_v<Usage> && !std::is_aggregate_v<TextPart> &&
              !std::is_aggregate_v<ReasoningPart> && !std::is_aggregate_v<RefusalPart> &&
              !std::is_aggregate_v<ToolCall> && !std::is_aggregate_v<ImagePart> &&
              !std::is_aggregate_v<FilePart> && !std::is_aggregate_v<AudioPart> &&
              !std::is_aggregate_v<SystemMessage> && !std::is_aggregate_v<HumanMessage> &&
              !std::is_aggregate_v<AIMessage> && !std::is_aggregate_v<ToolMessage> &&
              !std::is_aggregate_v<Message> && !std::is_aggregate_v<ChatOptions> &&
              !std::is_aggregate_v<ToolSpec> && !std::is_aggregate_v<ToolChoice>);
static_assert(std::is_nothrow_move_constructible_v<Message>);
static_assert(std::is_nothrow_move_constructible_v<AIMessage>);

TEST(Messages, AreBuiltFromWhoeverSpeaks) {
  const std::string question = "How are you?";
  const Messages conversation =
      messages(SystemMessage("Be brief."), HumanMessage("Hello"), AIMessage("Hi"),
               ToolMessage("42", "call_1", ToolStatus::kError), question, "And you?");
  ASSERT_EQ(conversation.size(), 6U);
  EXPECT_EQ(conversation[0].role(), Role::kSystem);
  EXPECT_EQ(conversation[1].role(), Role::kHuman);
  EXPECT_EQ(conversation[2].role(), Role::kAI);
  EXPECT_EQ(conversation[3].role(), Role::kTool);
  EXPECT_EQ(conversation[4], Message(HumanMessage("How are you?")));
  EXPECT_EQ(conversation[5].text(), "And you?");
  EXPECT_TRUE(messages().empty());
}

TEST(Messages, AreReadAsWhatTheyAre) {
  Message message = ToolMessage("42", "call_1");
  ASSERT_NE(message.get_if<ToolMessage>(), nullptr);
  EXPECT_EQ(message.get_if<ToolMessage>()->tool_call_id, "call_1");
  EXPECT_EQ(message.get_if<AIMessage>(), nullptr);
  message.get_if<ToolMessage>()->content = "43";
  EXPECT_EQ(message.text(), "43");
  EXPECT_EQ(to_string(message.role()), "tool");
}

TEST(AIMessage, JoinsTheTextOfItsParts) {
  AIMessage message;
  message.parts.emplace_back(ReasoningPart("hm "));
  message.parts.emplace_back(TextPart("It is "));
  message.parts.emplace_back(ToolCall("a", "f", "{}"));
  message.parts.emplace_back(TextPart("4."));
  message.parts.emplace_back(ReasoningPart("ok"));
  message.parts.emplace_back(RefusalPart("no"));
  EXPECT_EQ(message.text(), "It is 4.");
  EXPECT_EQ(message.reasoning(), "hm ok");
  EXPECT_EQ(message.refusal(), "no");
  ASSERT_EQ(message.tool_calls().size(), 1U);
  EXPECT_EQ(message.tool_calls()[0].name, "f");
  EXPECT_TRUE(message.has_tool_calls());
  EXPECT_FALSE(AIMessage("x").has_tool_calls());
  EXPECT_EQ(AIMessage().text(), "");
}

TEST(AIMessage, GivesItsOnlyTextAwayWithoutACopy) {
  AIMessage message(std::string(1000, 'x'));
  const char* where = std::get<TextPart>(message.parts[0]).text.data();
  const std::string text = std::move(message).text();
  EXPECT_EQ(text.data(), where);
}

TEST(HumanMessage, TakesTextAndPicturesInAnyOrder) {
  HumanMessage message = HumanMessage("What is this? ").add(ImagePart::from_url("https://x"));
  message.add(TextPart("Say."));
  EXPECT_EQ(message.parts.size(), 3U);
  EXPECT_EQ(message.text(), "What is this? Say.");
}

TEST(ImagePart, EncodesBytes) {
  EXPECT_EQ(ImagePart::from_bytes("", "image/png").data, "");
  EXPECT_EQ(ImagePart::from_bytes("M", "image/png").data, "TQ==");
  EXPECT_EQ(ImagePart::from_bytes("Ma", "image/png").data, "TWE=");
  EXPECT_EQ(ImagePart::from_bytes("Man", "image/png").data, "TWFu");
  EXPECT_EQ(ImagePart::from_bytes("\xFB\xFF\xFE", "image/png").data, "+//+");
}

TEST(Usage, AddsUpAndIsKnownIfAnyOfItIs) {
  Usage sum;
  EXPECT_FALSE(sum.known);
  sum += Usage();
  EXPECT_FALSE(sum.known);
  sum += Usage(3, 4);
  EXPECT_EQ(sum + Usage(1, 1), Usage(4, 5));
}

TEST(Usage, IsTakenAwayDownToNothing) {
  Usage sum(10, 5);
  sum.reasoning_tokens = 2;
  Usage part(4, 7);
  part.reasoning_tokens = 1;
  const Usage rest = sum - part;
  EXPECT_EQ(rest.input_tokens, 6);
  EXPECT_EQ(rest.output_tokens, 0);
  EXPECT_EQ(rest.total_tokens, 4);
  EXPECT_EQ(rest.reasoning_tokens, 1);
}

TEST(Usage, ReportsOfTheWholeReplaceAndReportsOfPiecesAddUp) {
  Usage whole;
  whole.take(Usage(20, 1), UsageReport::kCumulative);
  Usage later;  // a later report that tells of the output alone
  later.known = true;
  later.output_tokens = 9;
  whole.take(later, UsageReport::kCumulative);
  EXPECT_EQ(whole.input_tokens, 20);
  EXPECT_EQ(whole.output_tokens, 9);
  Usage pieces;
  pieces.take(Usage(20, 1), UsageReport::kDelta).take(Usage(0, 8), UsageReport::kDelta);
  EXPECT_EQ(pieces, Usage(20, 9));
}

TEST(FilePart, HasAnAddressUnlessItHasAnId) {
  EXPECT_EQ(FilePart::from_bytes("Man", "text/plain", "a").address(),
            "data:text/plain;base64,TWFu");
  EXPECT_EQ(FilePart::from_url("https://x").address(), "https://x");
  EXPECT_EQ(FilePart::from_id("f").address(), "");
}

TEST(AudioPart, KnowsTheShortWordForItsFormat) {
  EXPECT_EQ(AudioPart::from_base64("", "audio/mpeg").format(), "mp3");
  EXPECT_EQ(AudioPart::from_base64("", "audio/x-wav").format(), "wav");
  EXPECT_EQ(AudioPart::from_base64("", "flac").format(), "flac");
}

TEST(ChatOptions, SaysNothingUnlessTold) {
  ChatOptions options;
  EXPECT_FALSE(options.temperature());
  EXPECT_FALSE(options.tool_choice());
  options.temperature(0.5).stop("a").stop("b").tool(ToolSpec("f", "does"));
  EXPECT_EQ(options.temperature(), 0.5);
  EXPECT_EQ(options.stop().size(), 2U);
  options.tools({});
  EXPECT_TRUE(options.tools().empty());
}

}  // namespace
}  // namespace cochain
