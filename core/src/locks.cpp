// Handing over permits, and waking who waits for a flag.

#include "cochain/core/locks.hpp"

namespace cochain {

void Semaphore::release() noexcept {
  if (!waiters_.linked()) {
    ++free_;
    return;
  }
  auto& first = static_cast<Acquire&>(*waiters_.next());
  first.granted_ = true;
  first.wake();
}

void Lock::release() {
  if (!locked()) throw InvalidStateError("release() of a lock that nobody holds");
  semaphore_.release();
}

void Event::set() noexcept {
  set_ = true;
  while (waiters_.linked()) static_cast<Wait&>(*waiters_.next()).wake();
}

}  // namespace cochain
