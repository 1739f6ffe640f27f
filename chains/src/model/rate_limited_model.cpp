// The limiter is asked before each request, and told what it took.

#include "cochain/chains/model/rate_limited_model.hpp"

#include <string>
#include <utility>

#include "cochain/chains/model/message_utils.hpp"
#include "cochain/core/error.hpp"

namespace cochain {
namespace {

class RateLimitedModel final : public ChatModel {
 public:
  RateLimitedModel(std::shared_ptr<const ChatModel> model, RateLimiter limiter,
                   RateLimitedModelOptions options)
      : parts_(std::make_shared<const Parts>(std::move(model), std::move(limiter),
                                             std::move(options))) {}
  [[nodiscard]] std::string name() const override { return parts_->model->name(); }
  [[nodiscard]] const ChatOptions& options() const noexcept override {
    return parts_->model->options();
  }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override {
    return answer(parts_, std::move(messages), std::move(options));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override {
    return events(parts_, std::move(messages), std::move(options));
  }

 private:
  class Parts {
   public:
    Parts(std::shared_ptr<const ChatModel> the_model, RateLimiter the_limiter,
          RateLimitedModelOptions the_options)
        : model(std::move(the_model)),
          limiter(std::move(the_limiter)),
          options(std::move(the_options)) {}
    [[nodiscard]] std::int64_t expected(const Messages& messages, const ChatOptions& asked) const {
      return options.count(messages) + asked.max_tokens().value_or(0);
    }
    void settle(std::int64_t expected, const Usage& usage) const {
      if (usage.known) limiter.correct(usage.total_tokens - expected);
    }
    std::shared_ptr<const ChatModel> model;
    RateLimiter limiter;
    RateLimitedModelOptions options;
  };
  using Shared = std::shared_ptr<const Parts>;

  static Coro<AIMessage> answer(Shared parts, Messages messages, ChatOptions options) {
    const std::int64_t expected = parts->expected(messages, options);
    co_await parts->limiter.acquire(expected);
    AIMessage message = co_await parts->model->generate(std::move(messages), std::move(options));
    parts->settle(expected, message.usage);
    co_return message;
  }
  static Stream<ContentEvent> events(Shared parts, Messages messages, ChatOptions options) {
    const std::int64_t expected = parts->expected(messages, options);
    co_await parts->limiter.acquire(expected);
    auto events = parts->model->generate_events(std::move(messages), std::move(options));
    while (auto event = co_await events.next()) {
      const bool told = event->kind == EventKind::kMessageFinish && event->detail != nullptr;
      if (told) parts->settle(expected, event->detail->usage);
      co_yield std::move(*event);
    }
  }

  Shared parts_;
};

}  // namespace

std::int64_t RateLimitedModelOptions::count(std::span<const Message> messages) const {
  return counter_ ? counter_(messages) : count_tokens_approximately(messages);
}

std::shared_ptr<ChatModel> make_rate_limited_model(std::shared_ptr<const ChatModel> model,
                                                   RateLimiter limiter,
                                                   RateLimitedModelOptions options) {
  if (!model) throw InvalidStateError("make_rate_limited_model() was given no model");
  return std::make_shared<RateLimitedModel>(std::move(model), std::move(limiter),
                                            std::move(options));
}

}  // namespace cochain
