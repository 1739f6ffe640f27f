// Chat models that ask again, or ask another.
#include <stdexcept>

#include <gmock/gmock.h>

#include "cochain/chains/model/resilient_model.hpp"
#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

RetryPolicy patient(int attempts) {
  return RetryPolicy().with_retry_on_any().with_attempts_max(attempts);
}

FakeScript broken(const char* why) { return FakeScript::failing(std::runtime_error(why)); }

Messages hello() { return messages("Hello"); }

/// The text of a stream, and the error that ended it.
Coro<std::string> text_of(Stream<AIMessageChunk> chunks) {
  std::string text;
  try {
    while (auto chunk = co_await chunks.next()) text += chunk->take_content();
  } catch (const std::exception& error) {
    text += std::string(" then ") + error.what();
  }
  co_return text;
}

ASYNC_TEST(RetryingModel, AsksAgainUntilThereIsAnAnswer) {
  const auto model = make_fake(broken("one"), broken("two"), FakeScript::saying({"Hi"}));
  const auto retrying = make_retrying_model(model, patient(3));
  const AIMessage answer = co_await retrying->invoke(hello());
  EXPECT_EQ(answer.text(), "Hi");
  EXPECT_EQ(model->calls().started, 3U);
  EXPECT_EQ(retrying->name(), model->name());
}

ASYNC_TEST(RetryingModel, GivesUpWithTheLastError) {
  const auto model = make_fake(broken("one"), broken("two"));
  const auto retrying = make_retrying_model(model, patient(2));
  const auto error = co_await error_of(retrying->invoke(hello()));
  EXPECT_EQ(describe(error), "two");
}

ASYNC_TEST(RetryingModel, BeginsAStreamAgainOnlyBeforeItsFirstEvent) {
  const auto before =
      make_retrying_model(make_fake(broken("early"), FakeScript::saying({"a", "b"})), patient(2));
  const std::string whole = co_await text_of(before->stream(hello()));
  EXPECT_EQ(whole, "ab");
  FakeScript late = FakeScript::saying({"a", "b", "c"});
  const std::size_t end = late.steps.size() - 2;
  const auto model =
      make_fake(late.fail_at(end, std::runtime_error("late")), FakeScript::saying({"never"}));
  const auto after = make_retrying_model(model, patient(2));
  const std::string torn = co_await text_of(after->stream(hello()));
  EXPECT_THAT(torn, ::testing::EndsWith(" then late"));
  EXPECT_EQ(model->calls().started, 1U);
}

ASYNC_TEST(RetryingModel, TakesToolsAsItsModelDoes) {
  const auto model = make_fake(broken("one"), FakeScript::saying({"Hi"}));
  ChatOptions options;
  options.tool(ToolSpec("clock", "The time."));
  const auto bound = with_options(make_retrying_model(model, patient(2)), options);
  (void)co_await bound->invoke(hello());
  EXPECT_EQ(model->calls().asked_with.size(), 2U);
  EXPECT_EQ(model->calls().asked_with.at(1).tools().at(0).name, "clock");
}

ASYNC_TEST(FallbackModel, AsksTheNextWhereOneFails) {
  const auto first = make_fake(broken("one"));
  const auto second = make_fake(FakeScript::saying({"second"}));
  const auto either = make_fallback_model({first, second});
  const AIMessage answer = co_await either->invoke(hello());
  EXPECT_EQ(answer.text(), "second");
  EXPECT_EQ(first->calls().failed, 1U);
}

ASYNC_TEST(FallbackModel, GivesTheFirstErrorIfAllFail) {
  const auto either = make_fallback_model({make_fake(broken("one")), make_fake(broken("two"))});
  const auto error = co_await error_of(either->invoke(hello()));
  EXPECT_EQ(describe(error), "one");
}

ASYNC_TEST(FallbackModel, HandsWhatTheCallSaysToEach) {
  const auto first = make_fake(broken("one"));
  const auto second = make_fake(FakeScript::saying({"second"}));
  ChatOptions options;
  options.tool(ToolSpec("clock", "The time."));
  const auto bound = with_options(make_fallback_model({first, second}), options);
  (void)co_await bound->invoke(hello());
  EXPECT_EQ(second->calls().asked_with.size(), 1U);
  EXPECT_EQ(second->calls().asked_with.at(0).tools().size(), 1U);
}

TEST(FallbackModel, NeedsAModel) { EXPECT_THROW((void)make_fallback_model({}), InvalidStateError); }

}  // namespace
}  // namespace cochain::testing
