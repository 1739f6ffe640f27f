// How a request to cancel goes down a chain of tasks of which each awaits the next.
#pragma once

#include "cochain/core/future.hpp"

namespace cochain::detail {

/// Leaves the request to TaskBase::cancel(), which called whoever awaits `target`: it comes to the
/// target next. False if nobody did, or the target is no task that goes on: then cancel it.
[[nodiscard]] bool defer_cancel(FutureBase& target) noexcept;

}  // namespace cochain::detail
