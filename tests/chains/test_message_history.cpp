// What a step remembers: given before, kept after, and only when it succeeded.
#include <map>
#include <stdexcept>
#include <variant>

#include <gmock/gmock.h>

#include "cochain/chains/memory/message_history.hpp"
#include "cochain/chains/parsers/output_parser.hpp"
#include "cochain/chains/runnable/lambda.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {

/// Values by name, some of them messages.
class Named {
 public:
  class Value {
   public:
    Value() = default;
    explicit Value(std::string value) : text_(std::move(value)) {}
    explicit Value(Messages value) : messages_(std::move(value)) {}
    [[nodiscard]] const Messages* if_messages() const { return messages_ ? &*messages_ : nullptr; }
    [[nodiscard]] std::string text() const { return text_; }

   private:
    std::string text_;
    std::optional<Messages> messages_;
  };
  Named() = default;
  void set(std::string name, Messages value) { values_[std::move(name)] = Value(std::move(value)); }
  void set_text(std::string name, std::string value) {
    values_[std::move(name)] = Value(std::move(value));
  }
  [[nodiscard]] const Value* find(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::string, Value> values_;
};

namespace {

using ::testing::ElementsAre;

RunConfig session(std::string id) { return RunConfig().with_configurable("session_id", Json(id)); }
Messages says(std::string text) { return messages(HumanMessage(std::move(text))); }

std::vector<std::string> texts(const Messages& all) {
  std::vector<std::string> found;
  for (const Message& message : all) found.push_back(message.text());
  return found;
}

ASYNC_TEST(MessageHistory, GivesWhatWasSaidBeforeAndKeepsWhatIsSaid) {
  const auto model = make_fake(FakeScript::saying({"an", "swer"}));
  const ChatHistories histories = in_memory_histories();
  const auto chain = with_message_history(model, histories);
  (void)co_await chain.invoke(says("one"), session("ada"));
  (void)co_await chain.stream(says("two"), session("ada")).collect();
  (void)co_await chain.invoke(says("other"), session("bob"));
  EXPECT_THAT(texts(model->calls().asked[1]), ElementsAre("one", "answer", "two"));
  EXPECT_THAT(texts(model->calls().asked[2]), ElementsAre("other"));
  const Messages kept = co_await histories("ada")->messages();
  EXPECT_THAT(texts(kept), ElementsAre("one", "answer", "two", "answer"));
}

ASYNC_TEST(MessageHistory, KeepsTextOfAStepThatGivesText) {
  const auto model = make_fake(FakeScript::saying({"answer"}));
  const ChatHistories histories = in_memory_histories();
  const auto chain = with_message_history(model | StrOutputParser(), histories);
  const std::string text = co_await chain.invoke(says("one"), session("ada"));
  EXPECT_EQ(text, "answer");
  const Messages kept = co_await histories("ada")->messages();
  EXPECT_THAT(texts(kept), ElementsAre("one", "answer"));
}

ASYNC_TEST(MessageHistory, KeepsNothingAfterAnError) {
  const auto model =
      make_fake(FakeScript::saying({"a", "b"}).fail_at(2, std::runtime_error("broken")));
  const ChatHistories histories = in_memory_histories();
  const auto chain = with_message_history(model, histories);
  const auto error = co_await error_of(chain.invoke(says("one"), session("ada")));
  EXPECT_EQ(describe(error), "broken");
  const auto streamed = co_await error_of(chain.stream(says("one"), session("ada")).collect());
  EXPECT_EQ(describe(streamed), "broken");
  const Messages kept = co_await histories("ada")->messages();
  EXPECT_TRUE(kept.empty());
}

ASYNC_TEST(MessageHistory, KeepsNothingOfAStreamThatIsLeftEarly) {
  const auto model = make_fake(FakeScript::saying({"a", "b"}, 1s, 1s));
  const ChatHistories histories = in_memory_histories();
  const auto chain = with_message_history(model, histories);
  {
    auto stream = chain.stream(says("one"), session("ada"));
    (void)co_await stream.next();
    (void)co_await stream.next();
  }
  const Messages kept = co_await histories("ada")->messages();
  EXPECT_TRUE(kept.empty());
}

ASYNC_TEST(MessageHistory, NeedsASession) {
  const auto model = make_fake(FakeScript::saying({"a"}));
  const auto chain = with_message_history(model, in_memory_histories());
  const auto error = co_await error_of(chain.invoke(says("one")));
  EXPECT_TRUE(is<InvalidInputError>(error));
  EXPECT_EQ(describe(error),
            "with_message_history(): the run has no session; call it with "
            "RunConfig().with_configurable(\"session_id\", ...)");
  const auto none = with_message_history(model, [](std::string) { return nullptr; });
  const auto lost = co_await error_of(none.invoke(says("one"), session("x")));
  EXPECT_TRUE(is<InvalidStateError>(lost));
}

ASYNC_TEST(MessageHistory, IsAValueByNameWhereTheStepTakesThose) {
  const auto step = lambda("step", [](Named in) {
    const auto* before = in.find("past");
    const std::size_t count = before ? before->if_messages()->size() : 99;
    return in.find("question")->text() + " after " + std::to_string(count);
  });
  const ChatHistories histories = in_memory_histories();
  HistoryOptions options;
  options.input_key("question").history_key("past").session_key("thread");
  const auto chain = with_message_history(step, histories, options);
  Named input;
  input.set_text("question", "why");
  const RunConfig config = RunConfig().with_configurable("thread", 7);
  const std::string first = co_await chain.invoke(input, config);
  EXPECT_EQ(first, "why after 0");
  const std::string second = co_await chain.invoke(input, config);
  EXPECT_EQ(second, "why after 2");
  const Messages kept = co_await histories("7")->messages();
  EXPECT_THAT(texts(kept), ElementsAre("why", "why after 0", "why", "why after 2"));
  const auto error = co_await error_of(chain.invoke(Named(), config));
  EXPECT_EQ(describe(error), "with_message_history(): the input has no 'question'");
}

ASYNC_TEST(MessageHistory, OfTwoRunsAtOnceKeepsTheirMessagesTogether) {
  const auto model = make_fake(FakeScript::saying({"a"}, 1s));
  const ChatHistories histories = in_memory_histories();
  const auto chain = with_message_history(model, histories);
  auto one = chain.invoke(says("one"), session("ada"));
  auto two = chain.invoke(says("two"), session("ada"));
  (void)co_await gather(std::move(one), std::move(two));
  const Messages kept = co_await histories("ada")->messages();
  EXPECT_THAT(texts(kept), ElementsAre("one", "a", "two", "a"));
}

TEST(MessageHistory, KeepsAllOrNothingWhereverItIsCancelled) {
  const auto scenario = []() -> Coro<> {
    const auto model = make_fake(FakeScript::saying({"a"}, 1s));
    const auto history = std::make_shared<InMemoryChatHistory>();
    const auto chain = with_message_history(model, [history](std::string) { return history; });
    const auto error = co_await error_of(chain.invoke(says("one"), session("ada")));
    const Messages kept = co_await history->messages();
    EXPECT_EQ(kept.size(), error ? 0U : 2U);
    if (error) std::rethrow_exception(error);
  };
  EXPECT_GE(cancel_at_every_suspension(scenario), 1);
}

ASYNC_TEST(ChatHistory, IsClearedAndBegunAgain) {
  InMemoryChatHistory history(says("one"));
  co_await history.add(says("two"));
  const Messages both = co_await history.messages();
  EXPECT_EQ(both.size(), 2U);
  co_await history.clear();
  const Messages none = co_await history.messages();
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace cochain::testing
