// From a model's answer to what a program wants of it.
#pragma once

#include <string>

#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

/// The text of an answer. Pieces of text go through as they come; reasoning, refusals and tool
/// calls are left out. An answer without text gives one empty piece.
class StrOutputParser final : public Runnable<AIMessage, std::string> {
 public:
  [[nodiscard]] Coro<std::string> invoke(AIMessage input,
                                         RunConfig config = RunConfig()) const override;
  [[nodiscard]] Stream<std::string> transform(Stream<AIMessageChunk> input,
                                              RunConfig config = RunConfig()) const override;
};

}  // namespace cochain
