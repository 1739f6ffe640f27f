// Filters, runs of one speaker, and estimates of tokens.

#include "cochain/chains/model/message_utils.hpp"

#include <gtest/gtest.h>

#include <string>

namespace cochain {
namespace {

template <class M>
M labelled(M message, std::string id, std::string name = {}) {
  message.id = std::move(id);
  message.name = std::move(name);
  return message;
}

AIMessage calling(std::string text, std::vector<std::string> ids) {
  AIMessage message;
  if (!text.empty()) message.parts.emplace_back(TextPart(std::move(text)));
  for (std::string& id : ids) message.parts.emplace_back(ToolCall(std::move(id), "f", "{}"));
  return message;
}

const Message kSystem = SystemMessage("be good");
const Message kAsked = labelled(HumanMessage("name?"), "foo", "ada");
const Message kAnswered = labelled(AIMessage("steve"), "bar", "bot");
const Message kMore = labelled(HumanMessage("colour?"), "baz");
const Messages kTalk = messages(kSystem, kAsked, kAnswered, kMore);

TEST(FilterMessages, TakesAllUnlessTold) {
  EXPECT_EQ(filter_messages(kTalk, MessageFilter()), kTalk);
  EXPECT_TRUE(filter_messages(Messages(), MessageFilter()).empty());
}

TEST(FilterMessages, IncludesByAnyAndExcludesByAny) {
  EXPECT_EQ(filter_messages(kTalk, MessageFilter().include_role(Role::kHuman)),
            messages(kAsked, kMore));
  EXPECT_EQ(filter_messages(kTalk, MessageFilter().include_name("bot").include_id("baz")),
            messages(kAnswered, kMore));
  EXPECT_EQ(filter_messages(kTalk, MessageFilter().exclude_role(Role::kSystem).exclude_id("foo")),
            messages(kAnswered, kMore));
  EXPECT_EQ(filter_messages(kTalk, MessageFilter()
                                       .include_name("ada")
                                       .include_name("bot")
                                       .include_role(Role::kSystem)
                                       .exclude_id("bar")),
            messages(kSystem, kAsked));
  // What has no name is not meant by an empty one.
  EXPECT_EQ(filter_messages(kTalk, MessageFilter().exclude_name("")), kTalk);
}

TEST(FilterMessages, ExcludesCalls) {
  const Messages talk = messages("go", calling("", {"1", "2"}), ToolMessage("a", "1"),
                                 ToolMessage("b", "2"), AIMessage("done"));
  EXPECT_EQ(filter_messages(talk, MessageFilter().exclude_tool_calls()),
            messages("go", AIMessage("done")));
  EXPECT_EQ(filter_messages(talk, MessageFilter().exclude_tool_call("1")),
            messages("go", calling("", {"2"}), ToolMessage("b", "2"), AIMessage("done")));
  EXPECT_EQ(filter_messages(talk, MessageFilter().exclude_tool_call("1").exclude_tool_call("2")),
            messages("go", AIMessage("done")));
  EXPECT_EQ(filter_messages(talk, MessageFilter().exclude_tool_call("9")), talk);
}

TEST(MergeMessageRuns, JoinsNeighboursOfOneRole) {
  EXPECT_EQ(merge_message_runs(messages(SystemMessage("a"), SystemMessage("b"), "c", "d", "e",
                                        AIMessage("f"), "g")),
            messages(SystemMessage("a\nb"), "c\nd\ne", AIMessage("f"), "g"));
  EXPECT_EQ(merge_message_runs(messages("a", "b"), "<sep>"), messages("a<sep>b"));
  EXPECT_TRUE(merge_message_runs(Messages()).empty());
}

TEST(MergeMessageRuns, NothingComesBetweenTextAndNothing) {
  EXPECT_EQ(merge_message_runs(messages(SystemMessage(""), SystemMessage("b"))),
            messages(SystemMessage("b")));
  EXPECT_EQ(merge_message_runs(messages(HumanMessage(std::vector<ContentPart>()), "b")),
            messages("b"));
  EXPECT_EQ(merge_message_runs(messages(AIMessage("a"), calling("", {"1"}))),
            messages(calling("a", {"1"})));
}

TEST(MergeMessageRuns, AnswersOfToolsStayAlone) {
  const Messages talk = messages(ToolMessage("a", "1"), ToolMessage("b", "2"));
  EXPECT_EQ(merge_message_runs(talk), talk);
}

TEST(MergeMessageRuns, PartsAndCallsFollowEachOther) {
  EXPECT_EQ(merge_message_runs(messages(calling("a", {"1"}), calling("b", {"2"}))),
            messages(calling("a\nb", {"1", "2"})));
  const ImagePart image = ImagePart::from_url("https://x");
  EXPECT_EQ(merge_message_runs(messages(HumanMessage("a").add(image), "b")),
            messages(HumanMessage("a").add(image).add(TextPart("b"))));
}

TEST(MergeMessageRuns, TheFirstMessagesFactsHold) {
  AIMessage first = labelled(AIMessage("a"), "id1", "bot");
  first.usage = Usage(1, 2);
  AIMessage second = labelled(AIMessage("b"), "id2", "bot");
  second.usage = Usage(10, 20);
  second.finish_reason = FinishReason::kStop;
  AIMessage both = labelled(AIMessage("a\nb"), "id1", "bot");
  both.usage = Usage(11, 22);
  EXPECT_EQ(merge_message_runs(messages(first, second)), messages(both));
  EXPECT_EQ(merge_message_runs(messages(labelled(HumanMessage("a"), "", "ada"),
                                        labelled(HumanMessage("b"), "x", "bob"))),
            messages(labelled(HumanMessage("a\nb"), "x")));
}

std::int64_t estimate(const Message& message) {
  return count_tokens_approximately(messages(message));
}

// The numbers are those that langchain-core 1.2.19 gives for the same messages.
TEST(CountTokensApproximately, EachKindOfMessage) {
  EXPECT_EQ(estimate(HumanMessage("Hello")), 6);
  EXPECT_EQ(estimate(AIMessage("Hi there")), 8);
  EXPECT_EQ(estimate(SystemMessage(std::string(40, 'x'))), 15);
  EXPECT_EQ(estimate(labelled(HumanMessage("éééééééé"), "", "ada")), 7);
  EXPECT_EQ(estimate(ToolMessage("42", "call_1")), 6);
  EXPECT_EQ(estimate(HumanMessage("hello").add(ImagePart::from_bytes("Man", "image/png"))), 91);
  EXPECT_EQ(estimate(HumanMessage("")), 4);
  AIMessage call("hm");
  call.parts.emplace_back(ToolCall("1", "foo", R"({'bar': 1})"));
  EXPECT_EQ(estimate(call), 23);
  AIMessage two;
  two.parts.emplace_back(ToolCall("1", "foo", ""));
  two.parts.emplace_back(ToolCall("22", "g", R"({'x': 2})"));
  EXPECT_EQ(estimate(two), 37);
}

TEST(CountTokensApproximately, AListIsTheSumOfItsMessages) {
  const Messages talk =
      messages("Hello", AIMessage("Hi there"), SystemMessage(std::string(40, 'x')));
  EXPECT_EQ(count_tokens_approximately(talk), 29);
  EXPECT_EQ(count_tokens_approximately(Messages()), 0);
}

TEST(CountTokensApproximately, ToolsGoAlong) {
  EXPECT_EQ(count_tokens_approximately(messages("hi"),
                                       TokenEstimate().tools({ToolSpec("f", "does", "{}")})),
            27);
}

TEST(CountTokensApproximately, WordsOfTheCaller) {
  EXPECT_EQ(count_tokens_approximately(messages("Hello"), TokenEstimate().chars_per_token(1)), 12);
  EXPECT_EQ(count_tokens_approximately(messages("Hello"), TokenEstimate().tokens_per_message(0.5)),
            4);
  EXPECT_EQ(count_tokens_approximately(messages(HumanMessage().add(ImagePart::from_url("u"))),
                                       TokenEstimate().tokens_per_image(1000)),
            1004);
}

TEST(CountTokensApproximately, IsScaledByWhatTheLastAnswerTook) {
  AIMessage answer(std::string(100, 'x'));
  answer.model = "m";
  answer.usage = Usage(30, 10);  // estimated at 45: never scaled down
  Messages talk = messages(std::string(40, 'y'), answer, std::string(40, 'z'));
  EXPECT_EQ(count_tokens_approximately(talk, TokenEstimate().scale_by_usage()), 59);
  talk[1].get_if<AIMessage>()->usage = Usage(40, 14);
  EXPECT_EQ(count_tokens_approximately(talk, TokenEstimate().scale_by_usage()),
            71);  // 59 * 54 / 45
  talk[1].get_if<AIMessage>()->usage = Usage(400, 14);
  EXPECT_EQ(count_tokens_approximately(talk, TokenEstimate().scale_by_usage()), 74);  // a quarter
  AIMessage other("q");
  other.model = "n";
  talk.emplace_back(other);
  EXPECT_EQ(count_tokens_approximately(talk, TokenEstimate().scale_by_usage()),
            count_tokens_approximately(talk));
}

}  // namespace
}  // namespace cochain
