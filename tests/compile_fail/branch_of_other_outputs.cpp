// All steps of a branch give the same.
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
bool is_long(const std::string& text) { return text.size() > 9; }
auto chain = cochain::branch(&is_long, cochain::passthrough<std::string>(), Count());
