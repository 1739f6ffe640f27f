// The members of a chain that are functions of other headers need those.
// says: each
#include "cochain/chains/runnable/lambda.hpp"

auto chain = cochain::lambda([](int n) { return n; }).map();
