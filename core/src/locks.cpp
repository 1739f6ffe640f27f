// Handing over permits and locks, and waking who waits for a flag.

#include "cochain/core/locks.hpp"

namespace cochain {

void Semaphore::release() noexcept {
  if (!waiters_.linked()) {
    // Reached by a guard only: the release() of a bounded semaphore and of a lock asked before.
    COCHAIN_ASSERT(free_ < permits_max_ && "a permit was released that a guard still holds");
    ++free_;
    return;
  }
  auto& first = static_cast<Acquire&>(*waiters_.next());
  first.granted_ = true;
  first.wake();
}

void BoundedSemaphore::release() {
  if (semaphore_.free_ == semaphore_.permits_max_) {
    throw InvalidStateError("release() of a BoundedSemaphore called more often than acquire()");
  }
  semaphore_.release();
}

void Lock::release() {
  if (!locked()) throw InvalidStateError("release() of a lock that nobody holds");
  if (Held* guard = std::exchange(holder_, nullptr)) guard->lock_ = nullptr;
  semaphore_.release();
}

void Lock::Held::swap(Held& other) noexcept {
  std::swap(lock_, other.lock_);
  std::swap(lent_to_, other.lent_to_);
  tell_others();
  other.tell_others();
}

void Lock::Held::tell_others() noexcept {
  if (lock_) lock_->holder_ = this;
  if (lent_to_) lent_to_->guard_ = this;
}

Lock::Lent::Lent(Lock& lock) noexcept : lock_(lock), guard_(std::exchange(lock.holder_, nullptr)) {
  if (guard_) {
    guard_->lock_ = nullptr;
    guard_->lent_to_ = this;
  }
  lock_.semaphore_.release();
}

Lock::Lent::~Lent() {
  if (guard_) guard_->lent_to_ = nullptr;
}

void Lock::Lent::take_back() noexcept {
  if (!guard_) return;
  guard_->lent_to_ = nullptr;
  guard_->lock_ = &lock_;
  lock_.holder_ = guard_;
  guard_ = nullptr;
}

void Event::set() noexcept {
  set_ = true;
  while (waiters_.linked()) static_cast<Wait&>(*waiters_.next()).wake();
}

}  // namespace cochain
