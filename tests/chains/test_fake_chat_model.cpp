// The fake model of the testing kit: what it says, when, and what it remembers.
#include "cochain/testing/fake_chat_model.hpp"

#include <gmock/gmock.h>

#include "async_test.hpp"
#include "cochain/chains/parsers/output_parser.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using Piece = Timed<std::string>;

/// The words of an error of kind E; empty if it is none.
template <class E>
std::string words_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const E& known) {
    return known.what();
  }
  return {};
}

Coro<std::vector<ContentEvent>> events_of(std::shared_ptr<const FakeChatModel> model) {
  Stream<ContentEvent> stream = model->generate_events(messages("hi"), ChatOptions());
  std::vector<ContentEvent> events = co_await std::move(stream).collect();
  co_return events;
}

Coro<std::vector<std::string>> texts_of(std::shared_ptr<const FakeChatModel> model, int calls) {
  std::vector<std::string> texts;
  for (int call = 0; call < calls; ++call) {
    const AIMessage answer = co_await model->invoke(messages("hi"));
    texts.push_back(answer.text());
  }
  co_return texts;
}

ASYNC_TEST(FakeChatModel, OneScriptIsPlayedByEveryCall) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}));
  const std::vector<std::string> texts = co_await texts_of(model, 3);
  EXPECT_THAT(texts, ElementsAre("ab", "ab", "ab"));
  EXPECT_EQ(model->calls().finished, 3U);
}

ASYNC_TEST(FakeChatModel, SeveralScriptsArePlayedInTurnAndThenACallFails) {
  const auto model = make_fake(FakeScript::saying({"a"}), FakeScript::saying({"b"}));
  const std::vector<std::string> texts = co_await texts_of(model, 2);
  EXPECT_THAT(texts, ElementsAre("a", "b"));
  const std::exception_ptr error = co_await error_of(model->invoke(messages("again")));
  EXPECT_EQ(words_of<InvalidStateError>(error),
            "the fake model has 2 scripts and was called for the 3. time");
  EXPECT_EQ(model->calls().failed, 1U);
  EXPECT_EQ(model->calls().asked.back(), messages("again"));
}

ASYNC_TEST(FakeChatModel, TheLastScriptMayBeRepeated) {
  std::vector<FakeScript> scripts = {FakeScript::saying({"a"}), FakeScript::saying({"b"})};
  const auto model = make_fake(std::move(scripts), AfterLastScript::kRepeat);
  const std::vector<std::string> texts = co_await texts_of(model, 4);
  EXPECT_THAT(texts, ElementsAre("a", "b", "b", "b"));
}

ASYNC_TEST(FakeChatModel, AListOfTextsIsGoneThroughOverAndOver) {
  const auto model = make_fake_list({"one two", "three"});
  const std::vector<std::string> texts = co_await texts_of(model, 3);
  EXPECT_THAT(texts, ElementsAre("one two", "three", "one two"));
}

ASYNC_TEST(FakeChatModel, NoScriptAtAllIsAnError) {
  const auto model = make_fake(std::vector<FakeScript>(), AfterLastScript::kCycle);
  const std::exception_ptr error = co_await error_of(model->invoke(messages("hi")));
  EXPECT_EQ(words_of<InvalidStateError>(error),
            "the fake model has 0 scripts and was called for the 1. time");
}

ASYNC_TEST(FakeChatModel, WordsAndBlanksArriveOneByOneByTheClock) {
  const auto chain =
      make_fake(FakeScript::words("Hi there,\n you", 100ms, 10ms)) | StrOutputParser();
  const auto pieces = co_await timed(chain.stream(messages("x")));
  EXPECT_THAT(pieces, ElementsAre(Piece("Hi", 100ms), Piece(" ", 110ms), Piece("there,", 120ms),
                                  Piece("\n", 130ms), Piece(" ", 140ms), Piece("you", 150ms)));
}

ASYNC_TEST(FakeChatModel, CallsOfToolsArriveInPieces) {
  const ToolCall weather("w", "weather", "{\"city\":\"Zürich\"}");
  const auto model = make_fake(FakeScript::calling(weather, ToolCall("", "time", "")));
  const std::vector<ContentEvent> events = co_await events_of(model);
  AIMessage message;
  std::vector<std::string> pieces;
  for (const ContentEvent& event : events) {
    if (event.kind == EventKind::kDelta) pieces.push_back(event.text);
    apply(message, ContentEvent(event));
  }
  EXPECT_THAT(message.tool_calls(), ElementsAre(weather, ToolCall("call-2", "time", "")));
  EXPECT_EQ(message.finish_reason, FinishReason::kToolCalls);
  EXPECT_THAT(pieces, ElementsAre("{\"cit", "y\":\"Z", "üric", "h\"}"));
}

ASYNC_TEST(FakeChatModel, AGivenMessageIsTheAnswer) {
  AIMessage message("Here it is.");
  message.parts.emplace_back(ToolCall("1", "add", "{}"));
  message.parts.emplace_back(ReasoningPart("hm", "signed", "r1"));
  message.usage = Usage(4, 5);
  message.model = "big";
  const auto model = make_fake(FakeScript::answer(message));
  const AIMessage answer = co_await model->invoke(messages("x"));
  EXPECT_EQ(answer, message);
}

ASYNC_TEST(FakeChatModel, AnErrorComesInPlaceOfAnEvent) {
  const auto model =
      make_fake(FakeScript::saying({"a", "b"}).fail_at(2, RateLimitError("slow down")));
  std::vector<std::string> pieces;
  const auto chain = model | StrOutputParser();
  Stream<std::string> stream = chain.stream(messages("x"));
  while (auto piece = co_await stream.next()) {
    pieces.push_back(*piece);
    if (pieces.size() == 1) break;
  }
  const std::exception_ptr failed = co_await error_of(stream.next());
  EXPECT_TRUE(is<RateLimitError>(failed));
  EXPECT_THAT(pieces, ElementsAre("a"));
  EXPECT_EQ(model->calls().failed, 1U);
}

ASYNC_TEST(FakeChatModel, AnErrorBehindTheEndComesLast) {
  const auto model = make_fake(FakeScript::saying({"a"}).fail_at(99, Error("late")));
  const std::exception_ptr failed = co_await error_of(model->invoke(messages("x")));
  EXPECT_TRUE(is<Error>(failed));
  const auto silent = make_fake(FakeScript::failing(Error("at once")));
  const std::exception_ptr error = co_await error_of(silent->invoke(messages("x")));
  EXPECT_EQ(words_of<Error>(error), "at once");
}

ASYNC_TEST(FakeChatModel, AFunctionMayMakeTheScriptOfEachCall) {
  const auto model = make_fake_answering([](const Messages& asked, const ChatOptions& options) {
    return FakeScript::words(asked.back().text() + (options.tools().empty() ? "?" : "!"));
  });
  const AIMessage plain = co_await model->generate(messages("no tools"), ChatOptions());
  EXPECT_EQ(plain.text(), "no tools?");
  const ChatOptions tools = ChatOptions().tool(ToolSpec("add", "adds"));
  const AIMessage with_tools = co_await model->generate(messages("tools"), tools);
  EXPECT_EQ(with_tools.text(), "tools!");
  EXPECT_THAT(model->calls().asked_with, ElementsAre(ChatOptions(), tools));
}

ASYNC_TEST(FakeChatModel, ItsNameAndOptionsCanBeSet) {
  const auto model = make_fake(FakeScript::saying({"a"}));
  EXPECT_EQ(model->name(), "fake:model");
  model->named("fake:other").with_options(ChatOptions().seed(7));
  EXPECT_EQ(model->name(), "fake:other");
  co_await model->invoke(messages("x"));
  EXPECT_EQ(model->calls().asked_with.front().seed(), 7);
}

ASYNC_TEST(FakeChatModel, PacesCanBeSetLater) {
  AIMessage message("whole");
  FakeScript script = FakeScript::answer(message);
  script.paced(1s, 5ms);
  const auto model = make_fake(std::move(script));
  const TimePoint start = EventLoop::current().time();
  co_await model->invoke(messages("x"));
  EXPECT_EQ(EventLoop::current().time() - start, 1s);
}

TEST(FakeChatModel, EveryEndOfACallIsCounted) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}, 10ms, 10ms));
  const int suspensions = cancel_at_every_suspension([&] {
    return [](std::shared_ptr<FakeChatModel> asked) -> Coro<> {
      co_await asked->invoke(messages("x"));
    }(model);
  });
  EXPECT_EQ(suspensions, 2);
  EXPECT_EQ(model->calls().cancelled, 2U);
  EXPECT_EQ(model->calls().finished, 1U);
  EXPECT_EQ(model->calls().live, 0U);
}

ASYNC_TEST(FakeChatModel, AStreamThatIsDroppedIsCountedSo) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}));
  {
    Stream<ContentEvent> stream = model->generate_events(messages("x"), ChatOptions());
    const std::optional<ContentEvent> first = co_await stream.next();
    EXPECT_TRUE(first.has_value());
    EXPECT_EQ(model->calls().live, 1U);
  }
  EXPECT_EQ(model->calls().dropped, 1U);
  EXPECT_EQ(model->calls().live_max, 1U);
}

}  // namespace
}  // namespace cochain::testing
