// Text out of answers, whole and as it arrives.
#include "cochain/chains/parsers/output_parser.hpp"

#include <gmock/gmock.h>

#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<AIMessageChunk> chunks_of(AIMessage message) {
  std::vector<AIMessageChunk> chunks;
  for (ContentEvent& event : to_events(std::move(message))) chunks.emplace_back(std::move(event));
  return chunks;
}

/// An answer with a part of every kind.
AIMessage mixed() {
  AIMessage message;
  message.parts.emplace_back(ReasoningPart("hm"));
  message.parts.emplace_back(TextPart("Hello "));
  message.parts.emplace_back(ToolCall("id", "look", "{}"));
  message.parts.emplace_back(TextPart("world"));
  message.parts.emplace_back(RefusalPart("no"));
  return message;
}

ASYNC_TEST(StrOutputParser, LeavesOutWhatIsNoText) {
  const StrOutputParser parser;
  const std::string text = co_await parser.invoke(mixed());
  EXPECT_EQ(text, "Hello world");
}

ASYNC_TEST(StrOutputParser, PassesOnThePiecesThatAreText) {
  const StrOutputParser parser;
  Stream<AIMessageChunk> chunks = stream_of(chunks_of(mixed()));
  Stream<std::string> stream = parser.transform(std::move(chunks));
  const std::vector<std::string> pieces = co_await std::move(stream).collect();
  EXPECT_THAT(pieces, ElementsAre("Hello ", "world"));
}

ASYNC_TEST(StrOutputParser, GivesOneEmptyPieceForAnAnswerWithoutText) {
  const StrOutputParser parser;
  AIMessage call;
  call.parts.emplace_back(ToolCall("id", "look", "{}"));
  const std::string whole = co_await parser.invoke(call);
  EXPECT_EQ(whole, "");
  Stream<std::string> stream = parser.transform(stream_of(chunks_of(call)));
  const std::vector<std::string> pieces = co_await std::move(stream).collect();
  EXPECT_THAT(pieces, ElementsAre(""));
}

ASYNC_TEST(StrOutputParser, GivesNothingForNoAnswer) {
  const StrOutputParser parser;
  Stream<std::string> stream = parser.transform(Stream<AIMessageChunk>());
  const std::vector<std::string> pieces = co_await std::move(stream).collect();
  EXPECT_THAT(pieces, IsEmpty());
}

ASYNC_TEST(StrOutputParser, PassesAnErrorOnAfterThePiecesBeforeIt) {
  const auto model =
      make_fake(FakeScript::saying({"a", "b", "c"}).fail_at(3, std::runtime_error("broken")));
  const StrOutputParser parser;
  Stream<std::string> stream = parser.transform(model->stream(messages("hi")));
  const std::optional<std::string> first = co_await stream.next();
  const std::optional<std::string> second = co_await stream.next();
  EXPECT_EQ(first, "a");
  EXPECT_EQ(second, "b");
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_EQ(describe(error), "broken");
  const std::optional<std::string> after = co_await stream.next();
  EXPECT_EQ(after, std::nullopt);
}

}  // namespace
}  // namespace cochain::testing
