// A chat model that keeps to the limits of its provider.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/chains/runnable/rate_limiter.hpp"

namespace cochain {

/// How the requests of a model are measured.
class RateLimitedModelOptions {
 public:
  using TokenCounter = std::function<std::int64_t(std::span<const Message>)>;
  RateLimitedModelOptions() = default;
  /// How the tokens of a conversation are counted; by default count_tokens_approximately().
  RateLimitedModelOptions& token_counter(TokenCounter value) {
    counter_ = std::move(value);
    return *this;
  }
  [[nodiscard]] std::int64_t count(std::span<const Message> messages) const;

 private:
  TokenCounter counter_;
};

/// The model, asked no faster than the limiter lets it be. Other models may share the limiter.
/// Shape:    a request counts as the tokens of its conversation and, if it says so, of the longest
///           answer; once the answer has told what it took, the difference is made good. A retry
///           above this waits again, as it should.
/// Suspends: until the request may go out, and as the model.
[[nodiscard]] std::shared_ptr<ChatModel> make_rate_limited_model(
    std::shared_ptr<const ChatModel> model, RateLimiter limiter,
    RateLimitedModelOptions options = RateLimitedModelOptions());

}  // namespace cochain
