// The loops of this process, for those who look at tasks from another thread or process.
#pragma once

#include "cochain/core/waiter.hpp"

namespace cochain::detail {

void register_loop(ListNode& loop) noexcept;
void unregister_loop(ListNode& loop) noexcept;

}  // namespace cochain::detail
