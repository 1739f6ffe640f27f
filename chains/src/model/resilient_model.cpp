// Policies around the port of a chat model.

#include "cochain/chains/model/resilient_model.hpp"

#include "cochain/core/error.hpp"

namespace cochain {
namespace {

using Model = std::shared_ptr<const ChatModel>;

class RetryingModel final : public ChatModel {
 public:
  RetryingModel(Model model, RetryPolicy policy, RetryHooks hooks)
      : model_(std::move(model)), policy_(std::move(policy)), hooks_(std::move(hooks)) {}
  [[nodiscard]] std::string name() const override { return model_->name(); }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return model_->options(); }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override {
    return answer(model_, policy_, hooks_, std::move(messages), std::move(options));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override {
    return events(model_, policy_, hooks_, std::move(messages), std::move(options));
  }

 private:
  static Coro<AIMessage> answer(Model model, RetryPolicy policy, RetryHooks hooks,
                                Messages messages, ChatOptions options) {
    auto ask = [&]() { return model->generate(messages, options); };
    Coro<AIMessage> asking = retry(std::move(policy), std::move(ask), std::move(hooks));
    co_return co_await std::move(asking);
  }
  static Stream<ContentEvent> events(Model model, RetryPolicy policy, RetryHooks hooks,
                                     Messages messages, ChatOptions options) {
    for (int attempt = 1;; ++attempt) {
      std::exception_ptr error;
      bool delivered = false;
      try {
        Stream<ContentEvent> answer = model->generate_events(messages, options);
        while (auto event = co_await answer.next()) {
          delivered = true;
          co_yield std::move(*event);
        }
        co_return;
      } catch (const std::exception&) {
        if (delivered) throw;
        error = std::current_exception();
      }
      const std::optional<Duration> delay = detail::next_try(policy, hooks, attempt, error);
      if (!delay) std::rethrow_exception(std::move(error));
      error = nullptr;
      co_await sleep(*delay);
    }
  }
  Model model_;
  RetryPolicy policy_;
  RetryHooks hooks_;
};

class FallbackModel final : public ChatModel {
 public:
  FallbackModel(std::vector<Model> models, FallbackOptions options)
      : parts_(std::make_shared<const Parts>(std::move(models), std::move(options))) {}
  [[nodiscard]] std::string name() const override { return parts_->models.front()->name(); }
  [[nodiscard]] const ChatOptions& options() const noexcept override {
    return parts_->models.front()->options();
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
    Parts(std::vector<Model> the_models, FallbackOptions the_options)
        : models(std::move(the_models)), options(std::move(the_options)) {}
    std::vector<Model> models;
    FallbackOptions options;
  };
  using Shared = std::shared_ptr<const Parts>;

  /// What the call says, where each model has settings of its own.
  static ChatOptions options_for(const Parts& parts, const Model& model,
                                 const ChatOptions& options) {
    return model == parts.models.front() ? options : model->options().merged_with(options);
  }
  /// Of several errors the first is told: it is that of the model that was meant.
  static void keep(const Parts& parts, std::exception_ptr& first, bool delivered) {
    const std::exception_ptr error = std::current_exception();
    if (delivered || !detail::falls_back(parts.options, error)) std::rethrow_exception(error);
    if (!first) first = error;
  }
  static Coro<AIMessage> answer(Shared parts, Messages messages, ChatOptions options) {
    std::exception_ptr first;
    for (const Model& model : parts->models) {
      try {
        co_return co_await model->generate(messages, options_for(*parts, model, options));
      } catch (const std::exception&) {
        keep(*parts, first, false);
      }
    }
    std::rethrow_exception(std::move(first));
  }
  static Stream<ContentEvent> events(Shared parts, Messages messages, ChatOptions options) {
    std::exception_ptr first;
    for (const Model& model : parts->models) {
      bool delivered = false;
      try {
        auto answer = model->generate_events(messages, options_for(*parts, model, options));
        while (auto event = co_await answer.next()) {
          delivered = true;
          co_yield std::move(*event);
        }
        co_return;
      } catch (const std::exception&) {
        keep(*parts, first, delivered);
      }
    }
    std::rethrow_exception(std::move(first));
  }
  Shared parts_;
};

}  // namespace

std::shared_ptr<ChatModel> make_retrying_model(std::shared_ptr<const ChatModel> model,
                                               RetryPolicy policy, RetryHooks hooks) {
  if (!model) throw InvalidStateError("make_retrying_model() was given no model");
  return std::make_shared<RetryingModel>(std::move(model), std::move(policy), std::move(hooks));
}

std::shared_ptr<ChatModel> make_fallback_model(std::vector<std::shared_ptr<const ChatModel>> models,
                                               FallbackOptions options) {
  if (models.empty()) throw InvalidStateError("make_fallback_model() was given no model");
  for (const auto& model : models) {
    if (!model) throw InvalidStateError("make_fallback_model() was given an empty pointer");
  }
  return std::make_shared<FallbackModel>(std::move(models), std::move(options));
}

}  // namespace cochain
