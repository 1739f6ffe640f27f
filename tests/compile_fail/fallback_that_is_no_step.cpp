// A function is no step before lambda() makes it one.
// says: what was given here is no step
// says: int
#include "cochain/chains.hpp"

auto chain = cochain::with_fallbacks(cochain::passthrough<std::string>(), 42);
