// Conversations cut to a budget: which end stays, where it may begin and end, and parts of
// messages.

#include "cochain/chains/memory/trim.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

#include "cochain/chains/model/message_utils.hpp"
#include "cochain/testing/async_test.hpp"

namespace cochain {
namespace {

// Ten tokens for each part or text, and one for each word in it.
std::int64_t words(std::string_view text) {
  std::int64_t count = text.empty() || text.back() == ' ' ? 0 : 1;
  for (const char c : text) count += c == ' ' || c == '\n' ? 1 : 0;
  return count;
}

std::int64_t ten_and_words(std::span<const Message> messages) {
  std::int64_t count = 0;
  for (const Message& message : messages) {
    const auto* human = message.get_if<HumanMessage>();
    count += human != nullptr ? 10 * static_cast<std::int64_t>(human->parts.size()) : 10;
    count += words(message.text());
  }
  return count;
}

std::int64_t one_each(std::span<const Message> messages) {
  return static_cast<std::int64_t>(messages.size());
}

TrimOptions at_most(std::int64_t tokens) {
  return TrimOptions(tokens).token_counter(ten_and_words);
}

const Message kSystem = SystemMessage("be brief");
const Message kFirst = HumanMessage("one");
const Message kSecond = AIMessage("two");
const Message kThird = HumanMessage("three");
const Message kFourth = AIMessage("four");
const Messages kTalk = messages(kSystem, kFirst, kSecond, kThird, kFourth);  // 12, then 11 each

TEST(TrimMessages, TheLastOnesThatFitAreKept) {
  EXPECT_EQ(trim_messages(kTalk, at_most(56)), kTalk);
  EXPECT_EQ(trim_messages(kTalk, at_most(55)), messages(kFirst, kSecond, kThird, kFourth));
  EXPECT_EQ(trim_messages(kTalk, at_most(33)), messages(kSecond, kThird, kFourth));
  EXPECT_EQ(trim_messages(kTalk, at_most(11)), messages(kFourth));
  EXPECT_TRUE(trim_messages(kTalk, at_most(10)).empty());
  EXPECT_TRUE(trim_messages(kTalk, at_most(-1)).empty());
  EXPECT_TRUE(trim_messages(Messages(), at_most(10)).empty());
}

TEST(TrimMessages, TheFirstOnesThatFitAreKept) {
  const auto first = [](std::int64_t tokens) {
    return trim_messages(kTalk, at_most(tokens).strategy(TrimStrategy::kFirst));
  };
  EXPECT_EQ(first(100), kTalk);
  EXPECT_EQ(first(34), messages(kSystem, kFirst, kSecond));
  EXPECT_EQ(first(33), messages(kSystem, kFirst));
  EXPECT_TRUE(first(11).empty());
}

TEST(TrimMessages, TheSystemMessageStays) {
  EXPECT_EQ(trim_messages(kTalk, at_most(35).keep_system()), messages(kSystem, kThird, kFourth));
  // Even where nothing else fits, and where it does not fit itself.
  EXPECT_EQ(trim_messages(kTalk, at_most(12).keep_system()), messages(kSystem));
  EXPECT_EQ(trim_messages(kTalk, at_most(1).keep_system()), messages(kSystem));
  // One that is not at the head is like any other.
  EXPECT_EQ(trim_messages(messages(kFirst, kSystem, kSecond), at_most(11).keep_system()),
            messages(kSecond));
}

TEST(TrimMessages, BeginsOnARole) {
  EXPECT_EQ(trim_messages(kTalk, at_most(33).start_on(Role::kHuman)), messages(kThird, kFourth));
  EXPECT_EQ(trim_messages(kTalk, at_most(45).start_on(Role::kHuman).keep_system()),
            messages(kSystem, kThird, kFourth));
  EXPECT_TRUE(trim_messages(kTalk, at_most(11).start_on(Role::kHuman)).empty());
  EXPECT_EQ(trim_messages(kTalk, at_most(33).start_on(Role::kTool).start_on(Role::kAI)),
            messages(kSecond, kThird, kFourth));
  // An answer whose call was cut away does not lead.
  AIMessage asked;
  asked.parts.emplace_back(ToolCall("c", "f", "{}"));
  const Messages talk =
      messages("go", asked, ToolMessage("4", "c"), AIMessage("It is 4."), "more?");
  EXPECT_EQ(trim_messages(talk, TrimOptions(3).token_counter(one_each).start_on(Role::kHuman)),
            messages("more?"));
}

TEST(TrimMessages, EndsOnARole) {
  EXPECT_EQ(trim_messages(kTalk, at_most(22).end_on(Role::kHuman)), messages(kSecond, kThird));
  EXPECT_EQ(trim_messages(kTalk, at_most(34).strategy(TrimStrategy::kFirst).end_on(Role::kHuman)),
            messages(kSystem, kFirst));
  EXPECT_TRUE(trim_messages(kTalk, at_most(99).end_on(Role::kTool).keep_system()).empty());
  EXPECT_EQ(trim_messages(kTalk, at_most(99).strategy(TrimStrategy::kFirst).end_on(Role::kHuman)),
            messages(kSystem, kFirst, kSecond, kThird));
}

TEST(TrimMessages, PartOfTheTextOfOneMore) {
  const Messages talk = messages(HumanMessage("a b\nc d\ne f"), AIMessage("g"));
  // 10 for the message, and a word for each line end.
  EXPECT_EQ(trim_messages(talk, at_most(11 + 14).allow_partial()),
            messages(HumanMessage("c d\ne f"), AIMessage("g")));
  EXPECT_EQ(trim_messages(talk, at_most(11 + 12).allow_partial()),
            messages(HumanMessage("e f"), AIMessage("g")));
  EXPECT_EQ(trim_messages(talk, at_most(11 + 11).allow_partial()), messages(AIMessage("g")));
  EXPECT_EQ(trim_messages(talk, at_most(15).allow_partial().strategy(TrimStrategy::kFirst)),
            messages(HumanMessage("a b\nc d\n")));
  EXPECT_EQ(trim_messages(messages(SystemMessage("a b\nc d")), at_most(12).allow_partial()),
            messages(SystemMessage("c d")));
  EXPECT_EQ(trim_messages(messages(ToolMessage("a b\nc d", "id")), at_most(12).allow_partial()),
            messages(ToolMessage("c d", "id")));
}

TEST(TrimMessages, ASplitterOfOnesOwn) {
  const auto letters = [](std::string_view text) {
    std::vector<std::string> pieces;
    for (const char c : text) pieces.emplace_back(1, c);
    return pieces;
  };
  const auto count = [](std::span<const Message> messages) {
    return std::accumulate(messages.begin(), messages.end(), std::int64_t{0},
                           [](std::int64_t sum, const Message& message) {
                             return sum + static_cast<std::int64_t>(message.text().size());
                           });
  };
  const auto options = TrimOptions(5).token_counter(count).text_splitter(letters).allow_partial();
  EXPECT_EQ(trim_messages(messages("hello world", AIMessage("yes")), options),
            messages("ld", AIMessage("yes")));
}

TEST(TrimMessages, WholePartsGoBeforeTextDoes) {
  HumanMessage parts("a b");
  parts.add(TextPart("c d")).add(TextPart("e f"));  // 30 and the words
  HumanMessage last_two(std::vector<ContentPart>(parts.parts.begin() + 1, parts.parts.end()));
  HumanMessage first_one("a b");
  const Messages talk = messages(parts, AIMessage("g"));
  EXPECT_EQ(trim_messages(talk, at_most(11 + 23).allow_partial()),
            messages(last_two, AIMessage("g")));
  EXPECT_EQ(trim_messages(talk, at_most(12).allow_partial().strategy(TrimStrategy::kFirst)),
            messages(first_one));
  EXPECT_EQ(trim_messages(talk, at_most(11 + 11).allow_partial()), messages(AIMessage("g")));
}

// Ten tokens for each part of an answer, too.
std::int64_t ten_a_part(std::span<const Message> messages) {
  std::int64_t count = 0;
  for (const Message& message : messages) {
    const auto* answer = message.get_if<AIMessage>();
    count += answer != nullptr ? 10 * static_cast<std::int64_t>(answer->parts.size()) : 10;
  }
  return count;
}

TEST(TrimMessages, CallsStayWithTheirResults) {
  AIMessage calls("looking");
  calls.parts.emplace_back(ReasoningPart("hm"));
  calls.parts.emplace_back(ToolCall("1", "f", "{}"));
  calls.parts.emplace_back(ToolCall("2", "f", "{}"));
  AIMessage without_text = calls;
  without_text.parts.erase(without_text.parts.begin());
  const Message first = ToolMessage("1", "a");
  const Message second = ToolMessage("2", "b");
  const Messages talk = messages(HumanMessage("go"), calls, first, second);
  for (std::int64_t budget = 0; budget < 90; ++budget) {
    const Messages kept =
        trim_messages(talk, TrimOptions(budget).token_counter(ten_a_part).allow_partial());
    if (kept.size() < 3) continue;
    const Message& answer = kept[kept.size() - 3];
    EXPECT_EQ(answer, budget < 60 ? Message(without_text) : Message(calls)) << budget;
  }
  const Messages part =
      trim_messages(talk, TrimOptions(50).token_counter(ten_a_part).allow_partial());
  EXPECT_EQ(part, messages(without_text, first, second));
  const Messages begin = trim_messages(
      talk,
      TrimOptions(40).token_counter(ten_a_part).allow_partial().strategy(TrimStrategy::kFirst));
  EXPECT_EQ(begin, messages(HumanMessage("go"), without_text));
}

TEST(TrimMessages, ATokenizerThatIsNoneIsRefused) {
  EXPECT_THROW(TrimOptions(1).tokenizer(nullptr), InvalidStateError);
}

TEST(TrimMessages, WordsThatDoNotGoTogether) {
  EXPECT_THROW((void)trim_messages(kTalk, at_most(9).strategy(TrimStrategy::kFirst).keep_system()),
               InvalidStateError);
  EXPECT_THROW(
      (void)trim_messages(kTalk, at_most(9).strategy(TrimStrategy::kFirst).start_on(Role::kHuman)),
      InvalidStateError);
}

TEST(TrimMessages, CountsApproximatelyUnlessTold) {
  const Messages talk = messages(std::string(4000, 'x'), "short");
  EXPECT_EQ(trim_messages(talk, TrimOptions(100)), messages("short"));
  EXPECT_EQ(trim_messages(talk, TrimOptions(2000)), talk);
}

ASYNC_TEST(MessageTrimmer, IsAStep) {
  const MessageTrimmer trimmer(at_most(11));
  const Messages kept = co_await trimmer.invoke(kTalk);
  EXPECT_EQ(kept, messages(kFourth));
}

}  // namespace
}  // namespace cochain
