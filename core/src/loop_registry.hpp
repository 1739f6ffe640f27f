// The loops of this process, for those who look at tasks from another thread or process.
#pragma once

#include "cochain/core/waiter.hpp"

namespace cochain {

class EventLoop;

namespace detail {

void register_loop(ListNode& loop) noexcept;
void unregister_loop(ListNode& loop) noexcept;
/// False if the loop that was at this address is gone. (Another one may be there by now.)
[[nodiscard]] bool is_registered(const EventLoop* loop) noexcept;

}  // namespace detail

}  // namespace cochain
