// Answers that are kept: what is asked again, and what is not.

#include "cochain/chains/model/model_cache.hpp"

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "cochain/testing/fake_chat_model.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

using namespace std::chrono_literals;

AIMessage answer_of(const char* text, FinishReason reason = FinishReason::kStop) {
  AIMessage answer(text);
  answer.usage = Usage(5, 2);
  answer.finish_reason = reason;
  answer.request_id = "request-1";
  return answer;
}

Coro<AIMessage> summed(Stream<AIMessageChunk> chunks) {
  AIMessage message;
  while (auto chunk = co_await chunks.next()) message += std::move(*chunk);
  co_return message;
}

ASYNC_TEST(ModelCache, AsksTheSameOnceWhicheverWayItIsAsked) {
  for (const bool whole_first : {true, false}) {
    const auto model = make_fake(FakeScript::answer(answer_of("four")));
    const auto cached = make_cached_model(model, make_in_memory_cache());
    for (int n = 0; n < 4; ++n) {
      AIMessage answer;
      if ((n % 2 == 0) == whole_first) {
        answer = co_await cached->invoke(messages("2+2"));
      } else {
        answer = co_await summed(cached->stream(messages("2+2")));
      }
      EXPECT_EQ(answer.text(), "four");
      EXPECT_EQ(answer.finish_reason, FinishReason::kStop);
      EXPECT_EQ(answer.usage.total_tokens, n == 0 ? 7 : 0) << "a kept answer takes no tokens";
      EXPECT_EQ(answer.request_id, n == 0 ? "request-1" : "");
    }
    EXPECT_EQ(model->calls().started, 1U);
  }
}

TEST(ModelCacheKey, IsOfAllThatDecidesAboutTheAnswer) {
  HumanMessage question("hello");
  question.id = "1";
  const std::string key = model_cache_key("m", messages(question), ChatOptions());
  question.id = "2";
  EXPECT_EQ(model_cache_key("m", messages(question), ChatOptions()), key);
  EXPECT_NE(model_cache_key("n", messages(question), ChatOptions()), key);
  EXPECT_NE(model_cache_key("m", messages("hello", "hello"), ChatOptions()), key);
  EXPECT_NE(model_cache_key("m", messages(SystemMessage("hello")), ChatOptions()), key);
  const std::vector<ChatOptions> others = {
      ChatOptions().temperature(0),
      ChatOptions().top_p(0.5),
      ChatOptions().max_tokens(5),
      ChatOptions().seed(5),
      ChatOptions().stop("x"),
      ChatOptions().tool(ToolSpec("f", "d")),
      ChatOptions().tool_choice(ToolChoice::required()),
      ChatOptions().tool_choice(ToolChoice::tool("f")),
      ChatOptions().parallel_tool_calls(ParallelToolCalls::kNo),
      ChatOptions().response_format("{}"),
      ChatOptions().reasoning_effort("low"),
      ChatOptions().extra("a", "1"),
  };
  std::set<std::string> keys = {key};
  for (const ChatOptions& options : others) {
    keys.insert(model_cache_key("m", messages(question), options));
  }
  EXPECT_EQ(keys.size(), others.size() + 1);
}

ASYNC_TEST(ModelCache, KeepsNoAnswerThatIsNotWholeOrEndedInAnError) {
  FakeScript broken = FakeScript::saying({"a", "b", "c"}).fail_at(2, std::runtime_error("cut"));
  const auto model = make_fake(broken, FakeScript::answer(answer_of("bad", FinishReason::kError)),
                               FakeScript::answer(answer_of("good")));
  const auto cached = make_cached_model(model, make_in_memory_cache());
  const auto error = co_await error_of(summed(cached->stream(messages("x"))));
  EXPECT_EQ(describe(error), "cut");
  {
    auto chunks = cached->stream(messages("x"));  // left before its end
    (void)co_await chunks.next();
  }
  const AIMessage good = co_await cached->invoke(messages("x"));
  EXPECT_EQ(good.text(), "good");
  EXPECT_EQ(model->calls().started, 3U);
}

ASYNC_TEST(ModelCache, ForgetsWhatWasUsedLongestAgo) {
  const auto model = make_fake_answering([](const Messages& asked, const ChatOptions&) {
    return FakeScript::answer(AIMessage(asked.back().text()));
  });
  const auto cache = make_in_memory_cache(2);
  const auto cached = make_cached_model(model, cache);
  for (const char* question : {"a", "b", "a", "c", "a", "b"}) {
    const AIMessage answer = co_await cached->invoke(messages(question));
    EXPECT_EQ(answer.text(), question);
  }
  EXPECT_EQ(model->calls().started, 4U) << "a, b, c, and b again";
  co_await cache->clear();
  co_await cached->invoke(messages("a"));
  EXPECT_EQ(model->calls().started, 5U);
}

class BrokenCache final : public ModelCache {
 public:
  Coro<std::optional<AIMessage>> lookup(std::string) override { return fail(); }
  Coro<> update(std::string, AIMessage) override { return fail_to_keep(); }
  Coro<> clear() override { return fail_to_keep(); }

 private:
  static Coro<std::optional<AIMessage>> fail() {
    co_await sleep(1ms);
    throw std::runtime_error("no disk");
  }
  static Coro<> fail_to_keep() {
    co_await sleep(1ms);
    throw std::runtime_error("no disk");
  }
};

ASYNC_TEST(ModelCache, IsAsOneThatHasNothingWhereItFails) {
  std::vector<std::string> told;
  EventLoop::current().set_exception_handler(
      [&told](const ExceptionContext& context) { told.push_back(describe(context.exception)); });
  const auto cached = make_cached_model(make_fake(FakeScript::answer(answer_of("yes"))),
                                        std::make_shared<BrokenCache>());
  const AIMessage answer = co_await cached->invoke(messages("x"));
  EXPECT_EQ(answer.text(), "yes");
  EXPECT_THAT(told, ::testing::ElementsAre("no disk", "no disk"));
  EventLoop::current().set_exception_handler(nullptr);
}

TEST(ModelCacheMake, RefusesNothings) {
  EXPECT_THROW((void)make_in_memory_cache(0), InvalidStateError);
  EXPECT_THROW((void)make_cached_model(nullptr, make_in_memory_cache()), InvalidStateError);
  EXPECT_THROW((void)make_cached_model(make_fake(FakeScript::saying({"a"})), nullptr),
               InvalidStateError);
}

}  // namespace
}  // namespace cochain::testing
