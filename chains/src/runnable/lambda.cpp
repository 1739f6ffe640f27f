// How deep steps may give steps.

#include "cochain/chains/runnable/lambda.hpp"

#include "cochain/chains/model/error.hpp"

namespace cochain {

RunConfig detail::one_deeper(const RunConfig& config) {
  const int left = config.recursion_limit() - 1;
  if (left <= 0) {
    throw RecursionError(
        "steps gave steps until the recursion limit was reached; see "
        "RunConfig::with_recursion_limit()");
  }
  RunConfig deeper = config;
  deeper.with_recursion_limit(left);
  return deeper;
}

}  // namespace cochain
