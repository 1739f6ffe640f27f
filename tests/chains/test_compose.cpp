// `prompt | model | parser`: what flows when, what is kept alive, and what stops with the stream.
#include "cochain/chains/runnable/compose.hpp"

#include <cctype>

#include <gmock/gmock.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/parsers/output_parser.hpp"
#include "cochain/chains/prompts/chat_prompt.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {

// Not in the unnamed namespace: g++ 12 warns of coroutine frames that hold such types.
class Celsius {
 public:
  explicit Celsius(double the_degrees) : degrees(the_degrees) {}
  double degrees;
};
class Fahrenheit {
 public:
  Fahrenheit(Celsius celsius) : degrees(celsius.degrees * 9 / 5 + 32) {}  // NOLINT: converts
  double degrees;
};

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Texts = std::vector<std::string>;
using Piece = Timed<std::string>;

FakeScript hello() { return FakeScript::saying({"Hel", "lo", "!"}, 200ms, 20ms); }

ChatPromptTemplate greeting() { return ChatPromptTemplate().system("Be kind.").human("{text}"); }

Coro<std::string> shout(std::string text) {
  co_await sleep(1s);
  co_return text + "!!";
}

ASYNC_TEST(Chain, InvokesItsStepsOneAfterTheOther) {
  const auto model = make_fake(hello());
  const auto chain = greeting() | model | StrOutputParser();
  const std::string text = co_await chain.invoke(variables("text", "Hi"));
  EXPECT_EQ(text, "Hello!");
  EXPECT_EQ(model->calls().asked,
            std::vector<Messages>{messages(SystemMessage("Be kind."), HumanMessage("Hi"))});
}

ASYNC_TEST(Chain, LetsTokensThroughAsTheyArrive) {
  const auto model = make_fake(hello());
  const auto chain = greeting() | model | StrOutputParser();
  const auto pieces = co_await timed(chain.stream(variables("text", "Hi")));
  EXPECT_THAT(pieces, ElementsAre(Piece("Hel", 200ms), Piece("lo", 220ms), Piece("!", 240ms)));
}

ASYNC_TEST(Chain, GivesTheFirstOfAThousandTokensAtItsTime) {
  const auto model = make_fake(FakeScript::saying(Texts(1000, "x"), 300ms, 5ms));
  const auto chain = greeting() | model | StrOutputParser();
  const auto pieces = co_await timed(chain.stream(variables("text", "Hi")));
  EXPECT_EQ(pieces.size(), 1000U);
  EXPECT_EQ(pieces.front().time, 300ms);
  EXPECT_EQ(pieces[500].time, 300ms + 500 * 5ms);
  EXPECT_EQ(pieces.back().time, 300ms + 999 * 5ms);
}

ASYNC_TEST(Chain, HoldsTheTokensBackAtAStepThatNeedsThemAll) {
  const auto model = make_fake(hello());
  const auto chain = greeting() | model | StrOutputParser() | Step<std::string, std::string>(shout);
  const auto pieces = co_await timed(chain.stream(variables("text", "Hi")));
  EXPECT_THAT(pieces, ElementsAre(Piece("Hello!!!", 1240ms)));
}

ASYNC_TEST(Chain, DoesNotRunAheadOfItsConsumer) {
  const auto model = make_fake(hello());
  const auto chain = greeting() | model | StrOutputParser();
  Stream<std::string> stream = chain.stream(variables("text", "Hi"));
  co_await sleep(1h);
  EXPECT_EQ(model->calls().started, 0U);
  const TimePoint start = EventLoop::current().time();
  const std::optional<std::string> first = co_await stream.next();
  EXPECT_EQ(first, "Hel");
  co_await sleep(1h);
  const std::optional<std::string> second = co_await stream.next();
  EXPECT_EQ(second, "lo");
  EXPECT_EQ(EventLoop::current().time() - start, 1h + 220ms);
}

ASYNC_TEST(Chain, GivesATextToAModelAsWhatTheUserSays) {
  const auto model = make_fake(hello());
  const auto chain = PromptTemplate("Hi {name}") | model | StrOutputParser();
  const std::string whole = co_await chain.invoke(variables("name", "Ada"));
  const std::string streamed = co_await joined(chain.stream(variables("name", "Bob")));
  EXPECT_EQ(whole, "Hello!");
  EXPECT_EQ(streamed, "Hello!");
  EXPECT_THAT(model->calls().asked,
              ElementsAre(messages(HumanMessage("Hi Ada")), messages(HumanMessage("Hi Bob"))));
}

ASYNC_TEST(Chain, AsksASecondModelWithTheWholeAnswerOfTheFirst) {
  const auto first = make_fake(hello());
  const auto second = make_fake(FakeScript::saying({"By", "e"}, 100ms, 10ms));
  const auto chain = greeting() | first | StrOutputParser() | second | StrOutputParser();
  const auto pieces = co_await timed(chain.stream(variables("text", "Hi")));
  EXPECT_THAT(pieces, ElementsAre(Piece("By", 340ms), Piece("e", 350ms)));
  EXPECT_THAT(second->calls().asked, ElementsAre(messages(HumanMessage("Hello!"))));
}

ASYNC_TEST(Chain, RunsTheNextStepForAnEmptyAnswerToo) {
  const auto silent = make_fake(FakeScript::saying({}));
  const auto second = make_fake(hello());
  const auto chain = silent | StrOutputParser() | second | StrOutputParser();
  const std::string whole = co_await chain.invoke(messages("hi"));
  const std::string streamed = co_await joined(chain.stream(messages("hi")));
  EXPECT_EQ(whole, "Hello!");
  EXPECT_EQ(streamed, whole);
}

ASYNC_TEST(Chain, ConvertsBetweenStepsWhereTheLanguageWould) {
  const Step<int, Celsius> measure([](int value) -> Coro<Celsius> { co_return Celsius(value); });
  const Step<Fahrenheit, double> tell(
      [](Fahrenheit value) -> Coro<double> { co_return value.degrees; });
  const auto chain = measure | tell;
  const double whole = co_await chain.invoke(100);
  EXPECT_EQ(whole, 212.0);
  Stream<double> stream = chain.stream(0);
  const std::vector<double> streamed = co_await std::move(stream).collect();
  EXPECT_THAT(streamed, ElementsAre(32.0));
}

ASYNC_TEST(Chain, IsAStepOfAChainAgain) {
  const auto model = make_fake(hello());
  const auto front = greeting() | model;
  const auto back = StrOutputParser() | Step<std::string, std::string>(shout);
  const Chain<Variables, std::string> chain = front | back;
  const std::string text = co_await chain.invoke(variables("text", "Hi"));
  EXPECT_EQ(text, "Hello!!!");
}

/// Works on pieces, as a user's step may.
class Upper final : public Runnable<std::string, std::string> {
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

ASYNC_TEST(Chain, TransformsPiecesThroughAllItsSteps) {
  const auto model = make_fake(hello());
  const auto twice = StrOutputParser() | Upper();
  const auto pieces = co_await timed(twice.transform(model->stream(messages("hi"))));
  EXPECT_THAT(pieces, ElementsAre(Piece("HEL", 200ms), Piece("LO", 220ms), Piece("!", 240ms)));
}

// ---- what is kept alive

ASYNC_TEST(Chain, CopiesShareTheirSteps) {
  const auto model = make_fake(hello());
  auto chain = greeting() | model | StrOutputParser();
  const auto copy = chain;
  chain = PromptTemplate("x") | model | StrOutputParser();
  const std::string text = co_await copy.invoke(variables("text", "Hi"));
  EXPECT_EQ(text, "Hello!");
  EXPECT_EQ(model->calls().asked.front().size(), 2U);
  EXPECT_NE(chain.steps(), copy.steps());
}

ASYNC_TEST(Chain, MayBeGoneWhileItsTaskRuns) {
  const Task<std::string> task = create_task(
      (greeting() | make_fake(hello()) | StrOutputParser()).invoke(variables("text", "Hi")));
  const std::string text = co_await task;
  EXPECT_EQ(text, "Hello!");
}

ASYNC_TEST(Chain, MayBeGoneWhileItsStreamRuns) {
  Stream<std::string> stream =
      (greeting() | make_fake(hello()) | StrOutputParser()).stream(variables("text", "Hi"));
  const std::string text = co_await joined(std::move(stream));
  EXPECT_EQ(text, "Hello!");
}

ASYNC_TEST(Chain, MayBeGoneWhileItTransforms) {
  Stream<std::string> stream = (StrOutputParser() | Step<std::string, std::string>(shout))
                                   .transform(make_fake(hello())->stream(messages("hi")));
  const std::string text = co_await joined(std::move(stream));
  EXPECT_EQ(text, "Hello!!!");
}

ASYNC_TEST(Chain, LetsGoOfItsStepsWhenNobodyNeedsThem) {
  auto model = make_fake(hello());
  const std::weak_ptr<FakeChatModel> seen = model;
  {
    const auto chain = greeting() | std::move(model) | StrOutputParser();
    Stream<std::string> stream = chain.stream(variables("text", "Hi"));
    const std::optional<std::string> first = co_await stream.next();
    EXPECT_EQ(first, "Hel");
    EXPECT_FALSE(seen.expired());
  }
  EXPECT_TRUE(seen.expired());
}

TEST(Chain, RefusesAnEmptyPointerWhereItIsBuilt) {
  const std::shared_ptr<ChatModel> none;
  EXPECT_THROW((void)(greeting() | none), InvalidStateError);
  EXPECT_THROW((void)(none | StrOutputParser()), InvalidStateError);
}

ASYNC_TEST(Chain, TakesPointersToConstAndToTheInterface) {
  const std::shared_ptr<const ChatModel> model = make_fake(hello());
  const std::shared_ptr<const Runnable<AIMessage, std::string>> parser =
      std::make_shared<StrOutputParser>();
  const auto chain = greeting() | model | parser;
  const std::string text = co_await chain.invoke(variables("text", "Hi"));
  EXPECT_EQ(text, "Hello!");
}

// ---- move-only values

using Box = std::unique_ptr<std::string>;

ASYNC_TEST(Chain, CarriesValuesThatCannotBeCopied) {
  const Step<Box, Box> add([](Box box) -> Coro<Box> {
    *box += "+";
    co_return std::move(box);
  });
  const auto chain = add | add | add;
  const Box whole = co_await chain.invoke(std::make_unique<std::string>("a"));
  EXPECT_EQ(*whole, "a+++");
  Stream<Box> stream = chain.stream(std::make_unique<std::string>("b"));
  const std::vector<Box> streamed = co_await std::move(stream).collect();
  EXPECT_EQ(*streamed.front(), "b+++");
}

// ---- errors

ASYNC_TEST(Chain, PassesOnAnErrorBeforeTheFirstChunk) {
  const auto model = make_fake(hello().fail_at(0, RateLimitError("slow down", ErrorInfo())));
  const auto chain = greeting() | model | StrOutputParser();
  Stream<std::string> stream = chain.stream(variables("text", "Hi"));
  const std::exception_ptr streamed = co_await error_of(stream.next());
  EXPECT_TRUE(is<RateLimitError>(streamed));
  const std::optional<std::string> after = co_await stream.next();
  EXPECT_EQ(after, std::nullopt);
  const std::exception_ptr invoked = co_await error_of(chain.invoke(variables("text", "Hi")));
  EXPECT_TRUE(is<RateLimitError>(invoked));
  EXPECT_EQ(model->calls().failed, 2U);
}

ASYNC_TEST(Chain, PassesOnAnErrorAfterTheChunksBeforeIt) {
  const auto model = make_fake(hello().fail_at(3, ProtocolError("cut", ErrorInfo())));
  const auto chain = greeting() | model | StrOutputParser();
  Stream<std::string> stream = chain.stream(variables("text", "Hi"));
  const std::optional<std::string> first = co_await stream.next();
  const std::optional<std::string> second = co_await stream.next();
  EXPECT_EQ(first, "Hel");
  EXPECT_EQ(second, "lo");
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_TRUE(is<ProtocolError>(error));
}

ASYNC_TEST(Chain, DoesNotAskTheModelWhenThePromptFails) {
  const auto model = make_fake(hello());
  const auto chain = greeting() | model | StrOutputParser();
  Stream<std::string> stream = chain.stream(Variables());
  const std::exception_ptr error = co_await error_of(stream.next());
  EXPECT_THAT(describe(error), HasSubstr("'text'"));
  EXPECT_EQ(model->calls().started, 0U);
}

// ---- stopping

ASYNC_TEST(Chain, StopsTheModelCallWhenItsStreamIsDropped) {
  const auto model = make_fake(hello());
  const auto chain = greeting() | model | StrOutputParser();
  {
    Stream<std::string> stream = chain.stream(variables("text", "Hi"));
    const std::optional<std::string> first = co_await stream.next();
    EXPECT_EQ(first, "Hel");
    EXPECT_EQ(model->calls().live, 1U);
  }
  EXPECT_EQ(model->calls().live, 0U);
  EXPECT_EQ(model->calls().dropped, 1U);
  EXPECT_EQ(EventLoop::current().task_count(), 1U);  // this test
}

ASYNC_TEST(Chain, TellsTheModelOfACancellation) {
  const auto model = make_fake(hello());
  const auto chain = greeting() | model | StrOutputParser();
  const Task<std::string> task = create_task(joined(chain.stream(variables("text", "Hi"))));
  co_await sleep(210ms);
  task.cancel();
  const std::exception_ptr error = co_await error_of(task);
  EXPECT_TRUE(is<CancelledError>(error));
  EXPECT_EQ(model->calls().cancelled, 1U);
  EXPECT_EQ(model->calls().live, 0U);
}

TEST(Chain, CanBeCancelledAtEverySuspension) {
  const auto model = make_fake(hello());
  const int suspensions = cancel_at_every_suspension([&]() -> Coro<> {
    const auto chain = greeting() | model | StrOutputParser() |
                       Step<std::string, std::string>(shout) | model | StrOutputParser();
    const std::string whole = co_await chain.invoke(variables("text", "Hi"));
    const std::string streamed = co_await joined(chain.stream(variables("text", "Hi")));
    EXPECT_EQ(streamed, whole);
    EXPECT_EQ(model->calls().live, 0U);
  });
  EXPECT_EQ(suspensions, 2 * 7);
  EXPECT_EQ(model->calls().live, 0U);
  EXPECT_GT(model->calls().cancelled, 0U);
  EXPECT_EQ(model->calls().dropped, 0U);
}

}  // namespace
}  // namespace cochain::testing
