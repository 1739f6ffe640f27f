// Tool calls in answers: whole, and with arguments that are still arriving.
#include "cochain/chains/parsers/tools_parser.hpp"

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

AIMessage calling(std::vector<ToolCall> calls) {
  AIMessage message("Let me see.");
  for (ToolCall& call : calls) message.parts.emplace_back(std::move(call));
  return message;
}

std::string text_of(const std::vector<ParsedToolCall>& calls) {
  std::string text;
  for (const ParsedToolCall& call : calls) {
    text += call.id + ':' + call.name + json_text(call.args) + ' ';
  }
  return text;
}

/// Two calls whose arguments arrive in pieces of this size, in turns.
std::vector<AIMessageChunk> two_calls(std::size_t size) {
  const std::string first = R"({"city": "Paris"})";
  const std::string second = R"({"days": [1, 2]})";
  std::vector<AIMessageChunk> chunks;
  chunks.emplace_back(ContentEvent::message_start("m", "fake"));
  chunks.emplace_back(ContentEvent::text_delta(0, "Hm."));
  chunks.emplace_back(ContentEvent::tool_call_start(1, "c1", "weather"));
  chunks.emplace_back(ContentEvent::tool_call_start(2, "c2", "plan"));
  for (std::size_t at = 0; at < std::max(first.size(), second.size()); at += size) {
    if (at < first.size()) {
      chunks.emplace_back(ContentEvent::tool_call_delta(1, first.substr(at, size)));
    }
    if (at < second.size()) {
      chunks.emplace_back(ContentEvent::tool_call_delta(2, second.substr(at, size)));
    }
  }
  chunks.emplace_back(
      ContentEvent::message_finish(FinishReason::kToolCalls, "tool_calls", Usage(1, 1)));
  return chunks;
}

ASYNC_TEST(ToolsParser, GivesTheCallsOfAWholeAnswer) {
  const ToolsOutputParser parser;
  const AIMessage message =
      calling({ToolCall("1", "look", R"({"q": "x"})"), ToolCall("2", "stop", "")});
  const std::vector<ParsedToolCall> calls = co_await parser.invoke(message);
  EXPECT_EQ(text_of(calls), R"(1:look{"q":"x"} 2:stop{} )");
  const std::vector<ParsedToolCall> none = parser.parse(AIMessage("no calls"));
  EXPECT_THAT(none, IsEmpty());
}

ASYNC_TEST(ToolsParser, GivesTheFirstCallOnlyIfToldTo) {
  const ToolsOutputParser parser(ToolsParserOptions().with_first_only());
  const std::vector<ParsedToolCall> calls =
      parser.parse(calling({ToolCall("1", "look", "{}"), ToolCall("2", "stop", "no JSON")}));
  EXPECT_EQ(text_of(calls), "1:look{} ");
  Stream<std::vector<ParsedToolCall>> stream = parser.transform(stream_of(two_calls(100)));
  const std::optional<std::vector<ParsedToolCall>> last =
      co_await fold<std::vector<ParsedToolCall>>(std::move(stream));
  EXPECT_EQ(text_of(last.value()), R"(c1:weather{"city":"Paris"} )");
}

ASYNC_TEST(ToolsParser, ShowsArgumentsAsTheyArrive) {
  Stream<std::vector<ParsedToolCall>> stream =
      ToolsOutputParser().transform(stream_of(two_calls(12)));
  Texts texts;
  while (auto calls = co_await stream.next()) texts.push_back(text_of(*calls));
  EXPECT_THAT(texts, ElementsAre(R"(c1:weather{"city":"Pa"} )",
                                 R"(c1:weather{"city":"Pa"} c2:plan{"days":[1]} )",
                                 R"(c1:weather{"city":"Paris"} c2:plan{"days":[1]} )",
                                 R"(c1:weather{"city":"Paris"} c2:plan{"days":[1,2]} )"));
}

ASYNC_TEST(ToolsParser, EndsWithWhatInvokeGivesForEveryCut) {
  for (std::size_t size = 1; size < 20; ++size) {
    Stream<std::vector<ParsedToolCall>> stream =
        ToolsOutputParser().transform(stream_of(two_calls(size)));
    const std::optional<std::vector<ParsedToolCall>> last =
        co_await fold<std::vector<ParsedToolCall>>(std::move(stream));
    EXPECT_EQ(text_of(last.value()), R"(c1:weather{"city":"Paris"} c2:plan{"days":[1,2]} )");
  }
}

ASYNC_TEST(ToolsParser, GivesACallWithoutArgumentsAtTheEnd) {
  std::vector<AIMessageChunk> chunks;
  chunks.emplace_back(ContentEvent::tool_call_start(0, "c", "stop"));
  Stream<std::vector<ParsedToolCall>> stream =
      ToolsOutputParser().transform(stream_of(std::move(chunks)));
  const std::vector<std::vector<ParsedToolCall>> all = co_await std::move(stream).collect();
  EXPECT_EQ(all.size(), 1U);
  EXPECT_EQ(text_of(all.front()), "c:stop{} ");
}

ASYNC_TEST(ToolsParser, GivesNothingForAnAnswerWithoutCalls) {
  std::vector<AIMessageChunk> chunks;
  chunks.emplace_back(ContentEvent::text_delta(0, "Hi"));
  Stream<std::vector<ParsedToolCall>> stream =
      ToolsOutputParser().transform(stream_of(std::move(chunks)));
  const std::vector<std::vector<ParsedToolCall>> all = co_await std::move(stream).collect();
  EXPECT_THAT(all, IsEmpty());
}

ASYNC_TEST(ToolsParser, RefusesAToolThatWasNotOffered) {
  const ToolsOutputParser parser(ToolsParserOptions().with_tool("look").with_tool("weather"));
  try {
    static_cast<void>(parser.parse(calling({ToolCall("1", "plan", "{}")})));
    ADD_FAILURE() << "no error";
  } catch (const ParseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("plan is none of look, weather"));
  }
  Stream<std::vector<ParsedToolCall>> stream = parser.transform(stream_of(two_calls(100)));
  const std::optional<std::vector<ParsedToolCall>> first = co_await stream.next();
  EXPECT_EQ(text_of(first.value()), R"(c1:weather{"city":"Paris"} )");
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_THAT(describe(error), HasSubstr("plan is none of"));
}

ASYNC_TEST(ToolsParser, RefusesArgumentsThatAreNoObject) {
  const ToolsOutputParser parser;
  for (const char* const text : {"[1]", "{\"a\": 1", "{\"a\": x}", "{} {}", "null"}) {
    try {
      static_cast<void>(parser.parse(calling({ToolCall("1", "look", text)})));
      ADD_FAILURE() << "no error for " << text;
    } catch (const ParseError& error) {
      EXPECT_THAT(error.what(), HasSubstr("the tool look"));
      EXPECT_EQ(error.text(), text);
    }
  }
  AIMessage cut = calling({ToolCall("1", "look", "{\"a\": 1")});
  cut.finish_reason = FinishReason::kLength;
  try {
    static_cast<void>(parser.parse(cut));
  } catch (const ParseError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cut off"));
  }
  Stream<std::vector<ParsedToolCall>> stream = parser.transform(stream_of([] {
    std::vector<AIMessageChunk> chunks;
    chunks.emplace_back(ContentEvent::tool_call_start(0, "c", "look"));
    chunks.emplace_back(ContentEvent::tool_call_delta(0, "{\"a\": 1"));
    return chunks;
  }()));
  const std::optional<std::vector<ParsedToolCall>> first = co_await stream.next();
  EXPECT_EQ(text_of(first.value()), R"(c:look{"a":1} )");
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_THAT(describe(error), HasSubstr("they end too early"));
}

}  // namespace
}  // namespace cochain::testing
