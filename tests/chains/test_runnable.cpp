// What a step of a user's own gets for free, and how pieces add up.
#include "cochain/chains/runnable/runnable.hpp"

#include <cctype>

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;
using Piece = Timed<std::string>;

/// A braced list does not build in a co_await statement of g++ 12.
template <class... Items>
Texts texts(Items... items) {
  return Texts{items...};
}

/// A user's step in two lines.
class Shout final : public Runnable<std::string, std::string> {
 public:
  [[nodiscard]] Coro<std::string> do_invoke(std::string input, RunConfig) const override {
    co_await sleep(1s);
    for (char& c : input) c = static_cast<char>(std::toupper(c));
    co_return input + "!";
  }
};

/// A step that works on pieces.
class ShoutPieces final : public Runnable<std::string, std::string> {
 public:
  [[nodiscard]] Coro<std::string> do_invoke(std::string input, RunConfig) const override {
    co_return up(std::move(input));
  }
  [[nodiscard]] Stream<std::string> do_transform(Stream<std::string> input,
                                                 RunConfig) const override {
    while (auto piece = co_await input.next()) co_yield up(std::move(*piece));
  }

 private:
  static std::string up(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    return text;
  }
};

Stream<std::string> slowly(Texts texts) {
  for (std::string& text : texts) {
    co_await sleep(1s);
    co_yield std::move(text);
  }
}

ASYNC_TEST(Runnable, OfAUsersOwnIsInvoked) {
  const Shout shout;
  const std::string text = co_await shout.invoke("hi");
  EXPECT_EQ(text, "HI!");
}

ASYNC_TEST(Runnable, StreamsItsWholeOutputByDefault) {
  const Shout shout;
  const auto pieces = co_await timed(shout.stream("hi"));
  EXPECT_THAT(pieces, ElementsAre(Piece("HI!", 1s)));
}

ASYNC_TEST(Runnable, DoesNothingBeforeItsStreamIsAsked) {
  const auto model = make_fake(FakeScript::saying({"a"}));
  const Stream<AIMessageChunk> stream = model->stream(messages("hi"));
  co_await sleep(1s);
  EXPECT_EQ(model->calls().started, 0U);
}

ASYNC_TEST(Runnable, WaitsForAllOfTheInputByDefault) {
  const Shout shout;
  const auto pieces = co_await timed(shout.transform(slowly(texts("a", "b", "c"))));
  EXPECT_THAT(pieces, ElementsAre(Piece("ABC!", 4s)));
}

ASYNC_TEST(Runnable, WorksOnPiecesWhereItCan) {
  const ShoutPieces shout;
  const auto pieces = co_await timed(shout.transform(slowly(texts("a", "b"))));
  EXPECT_THAT(pieces, ElementsAre(Piece("A", 1s), Piece("B", 2s)));
}

ASYNC_TEST(Runnable, GivesNothingForNoInput) {
  const Shout shout;
  Stream<std::string> stream = shout.transform(Stream<std::string>());
  const Texts pieces = co_await std::move(stream).collect();
  EXPECT_THAT(pieces, IsEmpty());
}

ASYNC_TEST(Runnable, PassesOnTheErrorOfItsInput) {
  const auto model =
      make_fake(FakeScript::saying({"a"}).fail_at(2, ProtocolError("cut", ErrorInfo())));
  const Step<AIMessage, std::string> text(
      [](AIMessage message) -> Coro<std::string> { co_return message.text(); });
  Stream<std::string> stream = text.transform(model->stream(messages("hi")));
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_TRUE(is<ProtocolError>(error));
  EXPECT_EQ(model->calls().live, 0U);
}

ASYNC_TEST(Runnable, HandsTheOneConfigToEveryRun) {
  class Tell final : public Runnable<int, std::size_t> {
   public:
    [[nodiscard]] Coro<std::size_t> do_invoke(int, RunConfig config) const override {
      co_return config.max_concurrency();
    }
  };
  const Tell tell;
  const RunConfig config = RunConfig().with_max_concurrency(7);
  const std::size_t invoked = co_await tell.invoke(0, config);
  Stream<std::size_t> stream = tell.stream(0, config);
  const std::vector<std::size_t> streamed = co_await std::move(stream).collect();
  Stream<std::size_t> transform = tell.transform(stream_of(std::vector<int>{1}), config);
  const std::vector<std::size_t> transformed = co_await std::move(transform).collect();
  EXPECT_EQ(invoked, 7U);
  EXPECT_THAT(streamed, ElementsAre(7U));
  EXPECT_THAT(transformed, ElementsAre(7U));
}

TEST(Runnable, CanBeCancelledAtEverySuspension) {
  const int suspensions = cancel_at_every_suspension([]() -> Coro<> {
    const Shout shout;
    const std::string whole = co_await shout.invoke("a");
    Stream<std::string> stream = shout.transform(slowly(texts("a", "b")));
    const Texts pieces = co_await std::move(stream).collect();
    EXPECT_EQ(pieces, Texts{"AB!"});
  });
  EXPECT_EQ(suspensions, 4);
}

// ---- how pieces add up

ASYNC_TEST(Chunks, OfATextAreJoined) {
  const std::optional<std::string> sum =
      co_await fold<std::string>(stream_of(texts("a", "", "bc")));
  EXPECT_EQ(sum, "abc");
}

ASYNC_TEST(Chunks, OfNothingAreNothing) {
  const std::optional<std::string> sum = co_await fold<std::string>(Stream<std::string>());
  EXPECT_EQ(sum, std::nullopt);
}

ASYNC_TEST(Chunks, OfOtherTypesReplaceEachOther) {
  Stream<int> numbers = stream_of(std::vector<int>{1, 2, 3});
  const std::optional<int> sum = co_await fold<int>(std::move(numbers));
  EXPECT_EQ(sum, 3);
}

ASYNC_TEST(Chunks, OfAMessageAddUpToTheMessage) {
  AIMessage message("Hello");
  message.parts.emplace_back(ToolCall("id", "look", "{}"));
  message.id = "m1";
  message.usage = Usage(3, 4);
  message.finish_reason = FinishReason::kToolCalls;
  std::vector<AIMessageChunk> chunks = ChunkTraits<AIMessage>::split(message);
  EXPECT_GT(chunks.size(), 2U);
  const std::optional<AIMessage> sum = co_await fold<AIMessage>(stream_of(std::move(chunks)));
  EXPECT_EQ(sum, message);
}

ASYNC_TEST(ChatModel, StreamsToTheSameMessageThatItAnswersWhole) {
  const auto model = make_fake(FakeScript::saying({"Hel", "lo"}, 100ms, 10ms));
  const AIMessage whole = co_await model->invoke(messages("hi"));
  const std::optional<AIMessage> sum = co_await fold<AIMessage>(model->stream(messages("hi")));
  EXPECT_EQ(whole.text(), "Hello");
  EXPECT_EQ(sum, whole);
  EXPECT_EQ(model->calls().finished, 2U);
}

}  // namespace
}  // namespace cochain::testing
