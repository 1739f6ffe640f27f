// What a conversation costs in tokens, and budgets that are kept exactly.

#include "cochain/chains/model/token_count.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <thread>

#include "cochain/chains/memory/trim.hpp"
#include "cochain/chains/prompts/few_shot.hpp"
#include "cochain/testing/async_test.hpp"
#include "word_tokenizer.hpp"

namespace cochain::testing {
namespace {

using ::testing::SizeIs;

const WordTokenizer& words() {
  static const WordTokenizer tokenizer;
  return tokenizer;
}

TEST(TokenCount, OfNothingIsNothing) { EXPECT_EQ(count_tokens(Messages(), words()), 0); }

TEST(TokenCount, AddsThreeForEachMessageItsRoleAndThreeForTheReply) {
  const Messages asked = messages(SystemMessage("be brief"), HumanMessage("how are you"));
  EXPECT_EQ(count_tokens(asked, words()), (3 + 1 + 2) + (3 + 1 + 3) + 3);
}

TEST(TokenCount, CountsANameAndOneMore) {
  HumanMessage human("hello there");
  const std::int64_t without = count_tokens(messages(human), words());
  human.name = "ann";
  EXPECT_EQ(count_tokens(messages(human), words()), without + 2);
  EXPECT_EQ(count_tokens(messages(human), words(), TokenCounting::gpt35_0301()), without + 1);
}

TEST(TokenCount, CountsCallsResultsReasoningAndPictures) {
  AIMessage answer("two words");
  answer.parts.emplace_back(ToolCall("id of no account", "search", R"({"q": "x y"})"));
  answer.parts.emplace_back(ReasoningPart("three more words"));
  const Messages said =
      messages(HumanMessage("look").add(ImagePart::from_url("https://example.com/a b c.png")),
               answer, ToolMessage("found it", "id of no account"));
  EXPECT_EQ(count_tokens(said, words()),
            (3 + 1 + 1 + 85) + (3 + 1 + 2 + 1 + 3 + 3) + (3 + 1 + 2) + 3);
}

TEST(TokenCount, CountsToolsByTheLinesThatAModelIsShown) {
  const ToolSpec tool("weather", "Tells the weather.", R"({"type":"object","properties":{
    "city":{"type":"string","description":"Which city."},
    "unit":{"type":"string","enum":["C","F"]}}})");
  const TokenCounting how = TokenCounting().tools({tool});
  // 7 and "weather:Tells the weather"; 3 for arguments; 3 and "city:string:Which city";
  // 3 and "unit:string:" and the words: 3 and 1 each, less 3; and 12 in all.
  EXPECT_EQ(count_tokens(Messages(), words(), how),
            (7 + 3) + 3 + (3 + 2) + (3 + 1 + 2 * (3 + 1) - 3) + 12);
  const TokenCounting gpt4 = TokenCounting::gpt4().tools({tool});
  EXPECT_EQ(count_tokens(Messages(), words(), gpt4), count_tokens(Messages(), words(), how) + 3);
}

TEST(TokenCount, TakesASchemaThatIsNoneAsText) {
  const TokenCounting how = TokenCounting().tools({ToolSpec("f", "does", "not a schema")});
  EXPECT_EQ(count_tokens(Messages(), words(), how), (7 + 1) + 3 + 12);
  const TokenCounting odd = TokenCounting().tools(
      {ToolSpec("f", "does", R"({"properties":{"a":true,"b":{"type":[1]}}})")});
  EXPECT_EQ(count_tokens(Messages(), words(), odd), (7 + 1) + 3 + (3 + 1) + (3 + 1) + 12);
}

TEST(TokenCount, TrimsToABudgetThatTheWholeConversationKeeps) {
  const Messages all = messages(SystemMessage("be brief"), HumanMessage("one two three"),
                                AIMessage("four"), HumanMessage("five six"));
  const auto tokenizer = std::make_shared<WordTokenizer>();
  const std::int64_t of_all = count_tokens(all, *tokenizer);
  for (std::int64_t budget = 0; budget <= of_all + 1; ++budget) {
    const Messages kept =
        trim_messages(all, TrimOptions(budget).tokenizer(tokenizer).keep_system());
    if (kept.size() > 1) {
      EXPECT_LE(count_tokens(kept, *tokenizer), budget) << budget;
    }
    EXPECT_EQ(kept.size() == all.size(), budget >= of_all) << budget;
  }
}

TEST(TokenCount, TrimsWithRoomForTheTools) {
  const Messages all = messages(HumanMessage("one"), AIMessage("two"), HumanMessage("three"));
  const auto tokenizer = std::make_shared<WordTokenizer>();
  const TokenCounting how = TokenCounting().tools({ToolSpec("f", "does")});
  const std::int64_t of_all = count_tokens(all, *tokenizer, how);
  EXPECT_THAT(trim_messages(all, TrimOptions(of_all).tokenizer(tokenizer, how)), SizeIs(3));
  EXPECT_THAT(trim_messages(all, TrimOptions(of_all - 1).tokenizer(tokenizer, how)), SizeIs(2));
  EXPECT_THAT(trim_messages(all, TrimOptions(3).tokenizer(tokenizer, how)), SizeIs(0));
}

TEST(TokenCount, NoBudgetIsBelowNothing) {
  const TrimOptions least = TrimOptions(std::numeric_limits<std::int64_t>::min())
                                .tokenizer(std::make_shared<WordTokenizer>());
  EXPECT_THAT(trim_messages(messages(HumanMessage("a b")), least), SizeIs(0));
}

ASYNC_TEST(TokenCountExecutor, TrimsALongConversationBesideTheLoop) {
  std::string text;
  for (int n = 0; n < 2000; ++n) text += "word ";
  Messages all = messages(HumanMessage(text), AIMessage("short"), HumanMessage("end"));
  AIMessage call("one call");
  call.parts.emplace_back(ToolCall("1", "f", "{\"q\":\"" + text + "\"}"));
  std::atomic<bool> is_on_loop = false;
  const auto tokenizer = std::make_shared<WordTokenizer>(
      [&is_on_loop, loop = std::this_thread::get_id()](std::string_view) {
        if (std::this_thread::get_id() == loop) is_on_loop = true;
      });
  const MessageTrimmer trimmer(TrimOptions(100).tokenizer(tokenizer));
  const Messages kept = co_await trimmer.invoke(std::move(all));
  EXPECT_THAT(kept, SizeIs(2));
  EXPECT_FALSE(is_on_loop);
  // The text of a call is text, too.
  const Messages end = co_await trimmer.invoke(messages(call, HumanMessage("end")));
  EXPECT_THAT(end, SizeIs(1));
  EXPECT_FALSE(is_on_loop);
}

TEST(TokenCount, ChoosesExamplesByNothingThatIsNone) {
  LengthBasedExampleSelector selector(TextTemplate("{q}"), {variables("q", "a")});
  EXPECT_THROW(selector.with_tokenizer(nullptr), InvalidStateError);
  EXPECT_THROW(selector.with_length(nullptr), InvalidStateError);
}

TEST(TokenCount, ChoosesExamplesByTokens) {
  const std::vector<Variables> examples = {variables("q", "a b c"), variables("q", "d e"),
                                           variables("q", "f")};
  LengthBasedExampleSelector selector(TextTemplate("{q}"), examples);
  selector.with_tokenizer(std::make_shared<WordTokenizer>()).with_length_max(6);
  EXPECT_THAT(selector.try_select(variables("q", "x")).value(), SizeIs(2));
  EXPECT_THAT(selector.try_select(variables("q", "x y z")).value(), SizeIs(1));
}

}  // namespace
}  // namespace cochain::testing
