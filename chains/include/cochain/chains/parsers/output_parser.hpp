// From a model's answer to what a program wants of it.
#pragma once

#include <string>

#include "cochain/chains/runnable/runnable.hpp"

namespace cochain {

extern template class Runnable<AIMessage, std::string>;

/// The text of an answer. Pieces of text go through as they come; reasoning, refusals and tool
/// calls are left out. An answer without text gives one empty piece.
class StrOutputParser final : public Runnable<AIMessage, std::string> {
 public:
  [[nodiscard]] RunKind kind() const noexcept override { return RunKind::kParser; }
  [[nodiscard]] bool streams() const noexcept override { return true; }
  [[nodiscard]] Coro<std::string> do_invoke(AIMessage input, RunConfig config) const override;
  [[nodiscard]] Stream<std::string> do_transform(Stream<AIMessageChunk> input,
                                                 RunConfig config) const override;
};

}  // namespace cochain
