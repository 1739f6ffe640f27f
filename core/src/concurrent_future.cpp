// Two threads and one result: the loop's sets it, the other one waits.

#include "cochain/core/concurrent_future.hpp"

#include <condition_variable>
#include <mutex>

namespace cochain::detail {

class ConcurrentState::Shared {
 public:
  explicit Shared(EventLoop& on_loop) : loop(&on_loop), remote(on_loop) {}
  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  const EventLoop* loop;  // for comparison only: it may be gone
  EventLoop::Remote remote;
  AnyTask task;  // until it is done; made, used and released by the loop's thread
  bool done = false;
  bool cancel_requested = false;
  std::exception_ptr error;
};

ConcurrentState::ConcurrentState(EventLoop& loop) : shared_(std::make_unique<Shared>(loop)) {}
ConcurrentState::~ConcurrentState() = default;

void ConcurrentState::started(const AnyTask& task) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->done) return;
  if (shared_->cancel_requested) task.cancel();
  shared_->task = task;
}

bool ConcurrentState::cancel() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->done) return false;
    shared_->cancel_requested = true;
  }
  shared_->remote.call_soon([self = shared_from_this()] {
    AnyTask task;
    {
      const std::lock_guard lock(self->shared_->mutex);
      task = self->shared_->task;
    }
    if (task) task.cancel();
  });
  return true;
}

void ConcurrentState::settle(std::exception_ptr error) noexcept {
  AnyTask task;
  const std::lock_guard lock(shared_->mutex);
  std::swap(task, shared_->task);
  shared_->error = std::move(error);
  shared_->done = true;
  shared_->changed.notify_all();
}

bool ConcurrentState::done() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->done;
}

bool ConcurrentState::cancelled() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->done && is_cancelled_error(shared_->error);
}

bool ConcurrentState::wait(std::optional<Duration> limit) const {
  const EventLoop* here = EventLoop::current_or_null();
  std::unique_lock lock(shared_->mutex);
  const auto is_done = [this] { return shared_->done; };
  if (!is_done() && here == shared_->loop) {
    throw InvalidStateError("result() would block the loop that is to give it: co_await a task");
  }
  if (limit) return shared_->changed.wait_for(lock, *limit, is_done);
  shared_->changed.wait(lock, is_done);
  return true;
}

std::exception_ptr ConcurrentState::error() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->error;
}

}  // namespace cochain::detail
