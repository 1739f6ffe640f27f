// Answers that are kept: the same question to the same model is asked once.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/core/coro.hpp"

namespace cochain {

/// Where answers are kept. A key says all that decides about an answer: see model_cache_key().
/// Suspends: may, for a store that is somewhere else; cancellable.
/// Threads:  any number of loops may use one.
class ModelCache {
 public:
  virtual ~ModelCache() = default;
  ModelCache(const ModelCache&) = delete;
  ModelCache& operator=(const ModelCache&) = delete;
  [[nodiscard]] virtual Coro<std::optional<AIMessage>> lookup(std::string key) = 0;
  [[nodiscard]] virtual Coro<> update(std::string key, AIMessage answer) = 0;
  [[nodiscard]] virtual Coro<> clear() = 0;

 protected:
  ModelCache() = default;
};

/// Answers in memory. The one that was used longest ago goes first.
/// Units:  `answers_max` answers, at least 1.
/// Errors: InvalidStateError for none.
[[nodiscard]] std::shared_ptr<ModelCache> make_in_memory_cache(std::size_t answers_max = 10'000);

/// The model, asked only what is not in the cache.
/// Shape:    a kept answer comes as it came, whole or in pieces, but has taken no tokens, and has
///           the id of no request. An answer is kept once all of it is there, whichever way it
///           was asked for, unless it ended in an error. Two that ask the same at once both ask.
///           Name and options are those of the model.
/// Suspends: as the cache, and the model where that has nothing.
/// Errors:   those of the model. A cache that fails is as one that has nothing.
[[nodiscard]] std::shared_ptr<ChatModel> make_cached_model(std::shared_ptr<const ChatModel> model,
                                                           std::shared_ptr<ModelCache> cache);

/// What an answer is kept by: the model, the conversation without the ids of its messages, and the
/// options.
[[nodiscard]] std::string model_cache_key(const std::string& model, const Messages& messages,
                                          const ChatOptions& options);

}  // namespace cochain
