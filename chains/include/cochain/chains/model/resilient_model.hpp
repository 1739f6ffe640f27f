// Chat models that do not give up at once, and still are chat models: tools can be bound to them,
// and agents and structured output can be made of them.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/chains/runnable/resilience.hpp"

namespace cochain {

/// The model, asked again as the policy says.
/// Shape:    answers and streams alike; a stream is begun again only while none of it was
///           delivered. Name and options are those of the model.
/// Suspends: as the model, and for the delays.
/// Errors:   the last one.
[[nodiscard]] std::shared_ptr<ChatModel> make_retrying_model(std::shared_ptr<const ChatModel> model,
                                                             RetryPolicy policy = RetryPolicy(),
                                                             RetryHooks hooks = RetryHooks());

/// The first model, and where it fails the next, until one answers.
/// Shape:    each is asked with its own options and, above those, with what the call says beyond
///           the options of the first: its tools, for one.
/// Errors:   that of the first, if all fail; one that the options do not handle, at once.
[[nodiscard]] std::shared_ptr<ChatModel> make_fallback_model(
    std::vector<std::shared_ptr<const ChatModel>> models,
    FallbackOptions options = FallbackOptions());

}  // namespace cochain
