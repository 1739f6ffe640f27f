// A number is no step.
// says: StrOutputParser
// says: int
#include "cochain/chains.hpp"

auto chain = cochain::StrOutputParser() | 42;
