// Names that this program resolves by itself, so that tests depend on no network.
// "*.invalid" does not exist, as the standard wants it; "slow.*" takes a while to say so.
#pragma once

#include <chrono>

namespace cochain::testing {

/// How long a name that begins with "slow." is looked up.
inline constexpr std::chrono::milliseconds kSlowDns{6000};

}  // namespace cochain::testing
