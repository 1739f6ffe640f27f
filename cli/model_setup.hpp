// The model that a command talks to, and the checks that come before the first request.
#pragma once

#include "arguments.hpp"
#include "cochain/chains/runnable/policy.hpp"
#include "cochain/providers/registry.hpp"

namespace cochain::cli {

/// What the process environment says about models.
/// Errors: ConfigError if a key or an address in it cannot be right.
[[nodiscard]] ModelEnvironment read_environment();

/// The model that the arguments and the environment choose. Says so on stderr if nobody chose and
/// the simulator is what is left.
/// Errors: ConfigError.
[[nodiscard]] ModelHandle open_chosen_model(const ModelArguments& arguments);

/// Says on stderr that a call failed and will be made again.
void say_retry(const RetryNotice& notice);

}  // namespace cochain::cli
