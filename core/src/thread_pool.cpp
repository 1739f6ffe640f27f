// What the threads of an executor do, and who waits for whom.

#include "thread_pool.hpp"

#include <pthread.h>
#include <algorithm>
#include <array>
#include <cstdio>

namespace cochain::detail {

ThreadPool::ThreadPool(ExecutorOptions options) : options_(std::move(options)) {
  if (options_.threads_max == 0) {
    const std::size_t processors = std::max(1U, std::thread::hardware_concurrency());
    options_.threads_max = std::min<std::size_t>(32, processors + 4);
  }
}

void ThreadPool::submit(std::shared_ptr<PoolWork> work, WhenFull when_full) {
  const std::lock_guard lock(mutex_);
  if (closed_) throw InvalidStateError("this executor was shut down");
  if (!has_room() || !outside_.empty()) {
    if (when_full == WhenFull::kThrow) throw QueueFull("the queue of this executor is full");
    push(outside_, std::move(work));
    return;
  }
  push(queue_, std::move(work));
  if (idle_ < queue_.size() && workers_.size() < options_.threads_max) {
    start_thread();
  } else {
    has_work_.notify_one();
  }
}

void ThreadPool::push(Works& works, std::shared_ptr<PoolWork> work) {
  PoolWork& pushed = *work;
  pushed.place_ = works.insert(works.end(), std::move(work));
  pushed.queue_ = &works;
}

std::shared_ptr<PoolWork> ThreadPool::take(PoolWork& work) {
  std::shared_ptr<PoolWork> taken = std::move(*work.place_);
  work.queue_->erase(work.place_);
  work.queue_ = nullptr;
  return taken;
}

std::shared_ptr<PoolWork> ThreadPool::withdraw(PoolWork& work) {
  const std::lock_guard lock(mutex_);
  if (!work.queue_) return nullptr;
  std::shared_ptr<PoolWork> taken = take(work);
  admit();
  return taken;
}

bool ThreadPool::has_room() const {
  if (!options_.queue_max) return true;
  const std::size_t in_flight = queue_.size() + running_;
  return in_flight < options_.threads_max || in_flight - options_.threads_max < *options_.queue_max;
}

void ThreadPool::admit() {
  while (!outside_.empty() && has_room()) {
    outside_.front()->queue_ = &queue_;
    queue_.splice(queue_.end(), outside_, outside_.begin());
    has_work_.notify_one();
  }
}

void ThreadPool::start_thread() {
  Worker& worker = workers_.emplace_back();
  worker.name = options_.thread_name + "-" + std::to_string(workers_.size() - 1);
  try {
    worker.thread = std::thread([self = shared_from_this(), &worker] { self->serve(worker); });
  } catch (...) {
    workers_.pop_back();
    if (!workers_.empty()) return;  // those that are there will come to it
    take(*queue_.back());
    throw;
  }
}

void ThreadPool::serve(Worker& me) {
  std::unique_lock lock(mutex_);
  ::pthread_setname_np(::pthread_self(), me.name.substr(0, 15).c_str());
  for (;;) {
    ++idle_;
    has_work_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) break;
    std::shared_ptr<PoolWork> work = take(*queue_.front());
    ++running_;
    me.busy_since = std::chrono::steady_clock::now();
    me.stop = work->stop;
    lock.unlock();
    PoolWork& running = *work;
    running.run(std::move(work));  // what it holds is released by whom it gives itself to
    lock.lock();
    --running_;
    me.busy_since.reset();
    me.stop = std::stop_source(std::nostopstate);
    admit();
  }
  me.ended = true;
  thread_ended_.notify_all();
}

void ThreadPool::close(ThreadPoolExecutor::Pending pending) {
  Works dropped;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    if (pending == ThreadPoolExecutor::Pending::kCancel) {
      dropped.splice(dropped.end(), queue_);
      dropped.splice(dropped.end(), outside_);
      for (const std::shared_ptr<PoolWork>& work : dropped) work->queue_ = nullptr;
    }
  }
  has_work_.notify_all();
  for (std::shared_ptr<PoolWork>& work : dropped) {
    PoolWork& each = *work;
    each.drop(std::move(work));
  }
}

bool ThreadPool::all_ended() const {
  return std::all_of(workers_.begin(), workers_.end(), [](const Worker& worker) {
    return worker.ended || !worker.thread.joinable();  // or left to itself
  });
}

void ThreadPool::join() {
  std::vector<std::thread> threads;
  {
    std::unique_lock lock(mutex_);
    thread_ended_.wait(lock, [this] { return all_ended(); });
    threads = take_threads();
  }
  for (std::thread& thread : threads) thread.join();
}

bool ThreadPool::join_for(std::chrono::nanoseconds limit) {
  {
    // Capped, because "for ever" would overflow the clock.
    const std::chrono::nanoseconds capped =
        std::min<std::chrono::nanoseconds>(limit, std::chrono::hours(24 * 365));
    std::unique_lock lock(mutex_);
    if (!thread_ended_.wait_for(lock, capped, [this] { return all_ended(); })) return false;
  }
  join();
  return true;
}

void ThreadPool::detach_all() {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    threads = take_threads();
  }
  for (std::thread& thread : threads) thread.detach();
}

std::vector<std::thread> ThreadPool::take_threads() {
  std::vector<std::thread> threads;
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) threads.push_back(std::move(worker.thread));
  }
  return threads;
}

void ThreadPool::request_stop() noexcept {
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock(mutex_);
    for (const Worker& worker : workers_) sources.push_back(worker.stop);
    for (const std::shared_ptr<PoolWork>& work : queue_) sources.push_back(work->stop);
    for (const std::shared_ptr<PoolWork>& work : outside_) sources.push_back(work->stop);
  }
  for (std::stop_source& source : sources) source.request_stop();  // runs callbacks: no lock held
}

bool ThreadPool::is_own_thread() const {
  const std::lock_guard lock(mutex_);
  return std::any_of(workers_.begin(), workers_.end(), [](const Worker& worker) {
    return worker.thread.get_id() == std::this_thread::get_id();
  });
}

bool ThreadPool::has_work() const {
  const std::lock_guard lock(mutex_);
  return running_ > 0 || !queue_.empty();
}

std::size_t ThreadPool::queue_size() const {
  const std::lock_guard lock(mutex_);
  const std::size_t in_flight = queue_.size() + running_;
  return in_flight - std::min(in_flight, options_.threads_max);
}

std::vector<std::string> ThreadPool::busy_threads() const {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::string> lines;
  for (const Worker& worker : workers_) {
    if (!worker.busy_since) continue;
    const std::chrono::duration<double> busy = now - *worker.busy_since;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f", busy.count());
    lines.push_back(worker.name + " (busy for " + text.data() + " s)");
  }
  return lines;
}

}  // namespace cochain::detail
