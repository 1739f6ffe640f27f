// The thread pool, and the way back from its threads to the loop.

#include "cochain/core/executor.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace cochain {
namespace {

std::size_t default_threads_max() {
  const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
  return std::min<std::size_t>(32, processors + 4);
}

}  // namespace

class ThreadPoolExecutor::State {
 public:
  explicit State(std::size_t threads_max) : threads_max_(threads_max) {}

  void submit(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (closed_) throw InvalidStateError("this executor was shut down");
    work_.push_back(std::move(work));
    if (idle_ < work_.size() && threads_.size() < threads_max_) {
      start_thread();
    } else {
      has_work_.notify_one();
    }
  }

  void shutdown() {
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      threads.swap(threads_);
    }
    has_work_.notify_all();
    for (std::thread& thread : threads) thread.join();
  }

 private:
  void start_thread() {
    try {
      threads_.emplace_back([this] { serve(); });
    } catch (...) {
      if (!threads_.empty()) return;  // those that are there will come to it
      work_.pop_back();
      throw;
    }
  }

  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      ++idle_;
      has_work_.wait(lock, [this] { return closed_ || !work_.empty(); });
      --idle_;
      if (work_.empty()) return;
      {
        const std::function<void()> work = std::move(work_.front());
        work_.pop_front();
        lock.unlock();
        work();
      }  // what the function holds is released here, outside the lock
      lock.lock();
    }
  }

  std::size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable has_work_;
  std::deque<std::function<void()>> work_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool closed_ = false;
};

ThreadPoolExecutor::ThreadPoolExecutor(std::size_t threads_max)
    : state_(std::make_unique<State>(threads_max ? threads_max : default_threads_max())) {}
ThreadPoolExecutor::~ThreadPoolExecutor() { shutdown(); }
void ThreadPoolExecutor::submit(std::function<void()> work) { state_->submit(std::move(work)); }
void ThreadPoolExecutor::shutdown() { state_->shutdown(); }

ThreadPoolExecutor& default_executor() { return EventLoop::current().default_executor(); }

void detail::ThreadCallWaiter::start() {
  EventLoop& loop = EventLoop::current();
  // Counts as outside work until its result is back on the loop, even if nobody waits for it.
  auto outside = std::make_shared<EventLoop::ExternalWork>(loop);
  executor_.submit([remote = EventLoop::Remote(loop), call = call_, outside]() mutable {
    call->run();
    remote.call_soon([call = std::move(call), outside = std::move(outside)]() mutable {
      if (call->waiter) call->waiter->wake();
      call.reset();
    });
  });
}

}  // namespace cochain
