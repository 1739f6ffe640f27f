// A fallback gives what the first step would have given.
// says: they do not give the same type
// says: Passthrough
// says: std::string
// says: Count
// says: int
#include "cochain/chains.hpp"

class Count final : public cochain::Runnable<std::string, int> {
  cochain::Coro<int> do_invoke(std::string text, cochain::RunConfig) const override {
    co_return static_cast<int>(text.size());
  }
};
auto chain = cochain::with_fallbacks(cochain::passthrough<std::string>(), Count());
