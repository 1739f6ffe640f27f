// What a chat model is asked, and in what way: whole or in pieces.
#include <gmock/gmock.h>

#include "cochain/chains/model/chat_model.hpp"
#include "run_log.hpp"
#include "steps.hpp"

namespace cochain::testing {
namespace {

/// Says "one two" and remembers how it was asked.
class AskedModel final : public ChatModel {
 public:
  class Asked {
   public:
    int whole = 0;
    int pieces = 0;
  };
  explicit AskedModel(std::shared_ptr<Asked> asked) : asked_(std::move(asked)) {}
  [[nodiscard]] std::string name() const override { return "asked"; }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return options_; }
  [[nodiscard]] Coro<AIMessage> generate(Messages, ChatOptions) const override {
    ++asked_->whole;
    return answer();
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages, ChatOptions) const override {
    ++asked_->pieces;
    return play();
  }

 private:
  static Coro<AIMessage> answer() { co_return AIMessage("one two"); }
  static Stream<ContentEvent> play() {
    co_yield ContentEvent::text_delta(0, "one ");
    co_yield ContentEvent::text_delta(0, "two");
  }
  std::shared_ptr<Asked> asked_;
  ChatOptions options_;
};

std::shared_ptr<ChatModel> model_with(const std::shared_ptr<AskedModel::Asked>& asked,
                                      ChatOptions options) {
  return with_options(std::make_shared<const AskedModel>(asked), std::move(options));
}

Coro<std::string> streamed(std::shared_ptr<ChatModel> model) {
  std::optional<AIMessage> sum = co_await fold<AIMessage>(model->stream(messages("Hi")));
  co_return sum.value().text();
}

ASYNC_TEST(ChatModel, IsAskedForPiecesByAStream) {
  const auto asked = std::make_shared<AskedModel::Asked>();
  const std::string text = co_await streamed(model_with(asked, ChatOptions()));
  EXPECT_EQ(text, "one two");
  EXPECT_EQ(asked->pieces, 1);
  EXPECT_EQ(asked->whole, 0);
}

ASYNC_TEST(ChatModel, WithoutStreamingIsAskedForTheWhole) {
  const auto asked = std::make_shared<AskedModel::Asked>();
  const auto model = model_with(asked, ChatOptions().streaming(Streaming::kOff));
  const std::string text = co_await streamed(model);
  EXPECT_EQ(text, "one two");
  const auto log = std::make_shared<RunLog>();
  (void)co_await model->invoke(messages("Hi"), RunConfig().with_observer(log));
  EXPECT_EQ(asked->whole, 2);
  EXPECT_EQ(asked->pieces, 0);
}

ASYNC_TEST(ChatModel, MayStreamWhereThereAreNoTools) {
  const auto asked = std::make_shared<AskedModel::Asked>();
  ChatOptions options;
  options.streaming(Streaming::kOffWithTools);
  (void)co_await streamed(model_with(asked, options));
  EXPECT_EQ(asked->pieces, 1);
  options.tool(ToolSpec("clock", "The time."));
  (void)co_await streamed(model_with(asked, options));
  EXPECT_EQ(asked->pieces, 1);
  EXPECT_EQ(asked->whole, 1);
}

TEST(ChatOptions, SayLaterHowTheAnswerComes) {
  const ChatOptions first =
      ChatOptions().streaming(Streaming::kOff).parallel_tool_calls(ParallelToolCalls::kYes);
  const ChatOptions both =
      first.merged_with(ChatOptions().parallel_tool_calls(ParallelToolCalls::kNo));
  EXPECT_EQ(both.streaming(), Streaming::kOff);
  EXPECT_EQ(both.parallel_tool_calls(), ParallelToolCalls::kNo);
}

}  // namespace
}  // namespace cochain::testing
