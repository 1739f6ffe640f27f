// The threads of an executor and the work that they share. Both its owner and its threads hold it,
// so a thread that nobody waits for any more still has what it uses.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cochain/core/executor.hpp"

namespace cochain::detail {

class ThreadPool final : public std::enable_shared_from_this<ThreadPool> {
 public:
  enum class WhenFull { kThrow, kWait };

  explicit ThreadPool(ExecutorOptions options);

  /// With kWait, work that finds the queue full stands outside, in order, until a place is free.
  void submit(std::shared_ptr<PoolWork> work, WhenFull when_full);
  /// Takes back work that no thread has begun; null if one has.
  [[nodiscard]] std::shared_ptr<PoolWork> withdraw(PoolWork& work);
  void close(ThreadPoolExecutor::Pending pending);
  void join();
  [[nodiscard]] bool join_for(std::chrono::nanoseconds limit);
  void detach_all();
  void request_stop() noexcept;

  [[nodiscard]] bool is_own_thread() const;
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] std::size_t queue_size() const;
  [[nodiscard]] std::vector<std::string> busy_threads() const;

 private:
  using Works = std::list<std::shared_ptr<PoolWork>>;
  struct Worker {
    std::thread thread;
    std::string name;
    std::optional<std::chrono::steady_clock::time_point> busy_since;
    std::stop_source stop{std::nostopstate};  // of the work that runs
    bool ended = false;
  };

  // All with the lock held.
  static void push(Works& works, std::shared_ptr<PoolWork> work);
  static std::shared_ptr<PoolWork> take(PoolWork& work);
  [[nodiscard]] bool has_room() const;
  void admit();
  void start_thread();
  [[nodiscard]] bool all_ended() const;
  std::vector<std::thread> take_threads();

  void serve(Worker& me);

  ExecutorOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable has_work_;
  std::condition_variable thread_ended_;
  Works queue_;
  Works outside_;  // is empty while the queue has room
  std::list<Worker> workers_;
  std::size_t idle_ = 0;
  std::size_t running_ = 0;
  bool closed_ = false;
};

}  // namespace cochain::detail
