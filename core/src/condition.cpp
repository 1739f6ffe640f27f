// The two halves of a wait: for the notification, then for the lock.

#include "cochain/core/condition.hpp"

#include <string>

namespace cochain {

/// Waits for a notification, and owns it until the wait is over: one that was not used goes to
/// the next, also if the frame is destroyed.
class Condition::Notified final : public Waiter {
 public:
  explicit Notified(Condition& condition) noexcept : condition_(condition) {}
  ~Notified() override {
    if (notified_) condition_.wake(1);
  }
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    link_before(condition_.waiters_);
    suspend(frame);
  }
  bool await_resume() noexcept { return finish(); }  // true if cancelled

  void use() noexcept { notified_ = false; }
  using Waiter::throw_cancelled;

 private:
  friend class Condition;
  Condition& condition_;
  bool notified_ = false;
};

Coro<> Condition::wait() {
  require_lock("wait()");
  Notified notified(*this);
  Lock::Lent lent(*lock_);
  const bool cancelled = co_await notified;
  // Not queued for the lock at once by notify(): as in asyncio, a task stands in line for the lock
  // from the moment it runs, so that a notifier may take the lock several times in a row.
  Lock::Reacquire reacquire(*lock_);
  const bool cancelled_again = co_await reacquire;
  lent.take_back();
  if (cancelled || cancelled_again) notified.throw_cancelled();  // with the latest message
  notified.use();
}

void Condition::notify(std::size_t count) {
  require_lock("notify()");
  wake(count);
}

void Condition::require_lock(const char* operation) const {
  if (locked()) return;
  throw InvalidStateError(std::string(operation) + " of a Condition whose lock nobody holds");
}

void Condition::wake(std::size_t count) noexcept {
  for (; count > 0 && waiters_.linked(); --count) {
    auto& first = static_cast<Notified&>(*waiters_.next());
    first.notified_ = true;
    first.wake();
  }
}

}  // namespace cochain
