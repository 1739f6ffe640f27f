// Signals of the process, as one of its loops hears them. The handler that the kernel calls only
// notes the number and wakes that loop.
#pragma once

#include <csignal>
#include <functional>
#include <map>
#include <memory>

#include "cochain/core/context.hpp"
#include "cochain/core/reactor.hpp"

namespace cochain::detail {

/// The callbacks of one loop. A process has one action for each signal, so only one loop at a time
/// has signals: the first that asks, until it has none left.
class SignalService final : public EventLoop::Service {
 public:
  static SignalService& of(EventLoop& loop);

  explicit SignalService(EventLoop& loop) noexcept : loop_(loop) {}
  ~SignalService() override;
  SignalService(const SignalService&) = delete;
  SignalService& operator=(const SignalService&) = delete;

  void add(int signal, std::function<void()> callback);
  bool remove(int signal);

  /// For run(): calls `callback` on Ctrl-C, unless add() took SIGINT. The kernel's own action is
  /// back after the first, so the second ends even a program that is stuck.
  /// False if the program, or another loop, hears it already.
  [[nodiscard]] bool hear_interrupt(std::function<void()> callback);
  void unhear_interrupt() noexcept;

 private:
  struct Entry {
    std::function<void()> callback;
    Context context;
    struct sigaction before{};
  };

  [[nodiscard]] bool acquire();
  void release_if_unused() noexcept;
  void on_wake();
  void call(int signal);

  EventLoop& loop_;
  std::map<int, Entry> entries_;
  std::function<void()> interrupt_;
  int fd_ = -1;
  std::unique_ptr<FdWatcher> watcher_;
};

}  // namespace cochain::detail
