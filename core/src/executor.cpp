// The way from a loop to a thread pool and back, and the end of a loop's own pool.

#include "cochain/core/executor.hpp"

#include <thread>

#include "cochain/core/locks.hpp"
#include "thread_pool.hpp"

namespace cochain {
namespace {

class SubmittedFunction final : public detail::PoolWork {
 public:
  explicit SubmittedFunction(std::function<void()> function) : function_(std::move(function)) {}
  void run(std::shared_ptr<PoolWork>) noexcept override { function_(); }
  void drop(std::shared_ptr<PoolWork>) noexcept override {}

 private:
  std::function<void()> function_;
};

}  // namespace

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t threads_max)
    : ThreadPoolExecutor(ExecutorOptions().with_threads_max(threads_max)) {}
ThreadPoolExecutor::ThreadPoolExecutor(ExecutorOptions options)
    : pool_(std::make_shared<detail::ThreadPool>(std::move(options))) {}

ThreadPoolExecutor::~ThreadPoolExecutor() {
  pool_->close(Pending::kRun);
  if (pool_->is_own_thread()) {
    pool_->detach_all();  // it cannot wait for itself
  } else {
    pool_->join();
  }
}

void ThreadPoolExecutor::submit(std::function<void()> work) {
  pool_->submit(std::make_shared<SubmittedFunction>(std::move(work)),
                detail::ThreadPool::WhenFull::kThrow);
}

void ThreadPoolExecutor::shutdown(Pending pending) {
  if (pool_->is_own_thread()) {
    throw InvalidStateError("an executor cannot be shut down and waited for by its own thread");
  }
  pool_->close(pending);
  pool_->join();
}

void ThreadPoolExecutor::shutdown_nowait(Pending pending) { pool_->close(pending); }
bool ThreadPoolExecutor::join_for(std::chrono::nanoseconds limit) { return pool_->join_for(limit); }
void ThreadPoolExecutor::request_stop() noexcept { pool_->request_stop(); }
std::size_t ThreadPoolExecutor::queue_size() const { return pool_->queue_size(); }
std::vector<std::string> ThreadPoolExecutor::busy_threads() const { return pool_->busy_threads(); }

void ThreadPoolExecutor::abandon() {
  pool_->close(Pending::kCancel);
  pool_->detach_all();
}

ThreadPoolExecutor& default_executor() { return EventLoop::current().default_executor(); }

namespace detail {

void ThreadCall::run(std::shared_ptr<PoolWork> self) noexcept {
  call();
  answer(std::move(self));
}

void ThreadCall::drop(std::shared_ptr<PoolWork> self) noexcept {
  const EventLoop::Remote remote = *remote_;
  remote.call_soon([self = std::move(self), this] {
    dropped_ = true;
    settle();
  });
}

// The posted callback owns the call, so the call ends where the callback does: on the loop.
void ThreadCall::answer(std::shared_ptr<PoolWork> self) noexcept {
  const EventLoop::Remote remote = *remote_;  // a copy: after call_soon() this may be gone
  remote.call_soon([self = std::move(self), this] { settle(); });
}

void ThreadCall::settle() noexcept {
  answered_ = true;
  outside_.reset();
  if (waiter_) waiter_->wake();
}

void ThreadCallWaiter::start() {
  EventLoop& loop = EventLoop::current();
  call_->remote_.emplace(loop);
  call_->outside_.emplace(loop);
  try {
    pool_->submit(call_, ThreadPool::WhenFull::kWait);
  } catch (...) {
    call_->outside_.reset();
    throw;
  }
  call_->waiter_ = this;
  started_ = true;
}

void ThreadCallWaiter::leave() noexcept {
  if (!std::exchange(started_, false)) return;
  call_->waiter_ = nullptr;
  if (call_->answered_) return;
  if (pool_->withdraw(*call_)) {
    call_->outside_.reset();
  } else {
    call_->stop.request_stop();
  }
}

void ThreadCallWaiter::await_resume() {
  const bool cancelled = finish();
  leave();
  if (cancelled) throw_cancelled();
  if (call_->dropped_) throw CancelledError("the executor was shut down");
}

namespace {

/// The end of a pool, awaited: another thread waits for it, so that the loop may serve what its
/// work still asks for.
Coro<> join_beside(std::shared_ptr<ThreadPool> pool, Duration limit) {
  EventLoop& loop = EventLoop::current();
  const auto over = std::make_shared<Event>();
  auto outside = std::make_shared<EventLoop::ExternalWork>(loop);
  std::thread joiner([pool, limit, over, outside = std::move(outside),
                      remote = EventLoop::Remote(loop)]() mutable {
    (void)pool->join_for(limit);
    remote.call_soon([over, outside = std::move(outside)]() mutable {
      outside.reset();
      over->set();
    });
  });
  joiner.detach();  // it holds all that it uses, should this coroutine be destroyed
  co_await over->wait();
}

}  // namespace

void end_executor(EventLoop& loop, ThreadPoolExecutor& executor, Duration limit) {
  executor.request_stop();
  executor.shutdown_nowait();
  if (!executor.pool()->has_work()) {
    executor.pool()->join();
    return;
  }
  const Task<> joining =
      loop.create_task(join_beside(executor.pool(), limit), "join the default executor");
  loop.run_until_done(*joining.get());
  if (executor.join_for(Duration::zero())) return;
  ExceptionContext report;
  report.message = "the loop ends while threads of its default executor still work:";
  for (const std::string& line : executor.busy_threads()) report.message += " " + line;
  loop.call_exception_handler(report);
  executor.abandon();
}

}  // namespace detail
}  // namespace cochain
