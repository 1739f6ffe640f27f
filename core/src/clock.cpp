// Real time; the virtual clock is all in its header.

#include "cochain/core/clock.hpp"

namespace cochain {

TimePoint SteadyClock::now() const noexcept { return std::chrono::steady_clock::now(); }

}  // namespace cochain
