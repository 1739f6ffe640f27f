// A child of this process from its start until it was reaped.
#pragma once

#include <sys/types.h>
#include <csignal>
#include <memory>
#include <optional>
#include <string>

#include "cochain/core/reactor.hpp"
#include "cochain/core/subprocess.hpp"
#include "loop_member.hpp"
#include "transport.hpp"
#include "unique_fd.hpp"

namespace cochain::detail {

/// Kept alive by itself until it was reaped; only this class reaps it, on the loop's thread, so
/// its number stays its own until then.
class ChildProcess final : public LoopMember, public std::enable_shared_from_this<ChildProcess> {
 public:
  ChildProcess(EventLoop& loop, pid_t pid) : loop_(loop), pid_(pid) {}
  ~ChildProcess() = default;
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Takes care of it from now on.
  void begin();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] const std::optional<int>& returncode() const noexcept { return returncode_; }
  /// The error number, or 0.
  int send_signal(int signal) noexcept;
  void kill_if_running() noexcept {
    if (!returncode_) send_signal(SIGKILL);
  }

  ListNode waiters;

 private:
  void on_loop_end() noexcept override;
  void watch_by_thread();
  void reap(int flags) noexcept;

  EventLoop& loop_;
  pid_t pid_;
  UniqueFd pidfd_;
  std::unique_ptr<FdWatcher> watcher_;
  std::optional<EventLoop::ExternalWork> outside_;  // a virtual clock waits for its end
  std::optional<int> returncode_;
  std::shared_ptr<ChildProcess> self_;
};

/// What the copies of a Process share.
class ProcessEnd {
 public:
  explicit ProcessEnd(std::shared_ptr<ChildProcess> of) noexcept : child(std::move(of)) {}
  ~ProcessEnd() { close(); }
  ProcessEnd(const ProcessEnd&) = delete;
  ProcessEnd& operator=(const ProcessEnd&) = delete;

  void close() noexcept;

  std::shared_ptr<ChildProcess> child;
  std::optional<StreamWriter> in;
  std::optional<StreamReader> out;
  std::optional<StreamReader> err;
  std::shared_ptr<Transport> out_transport;
  std::shared_ptr<Transport> err_transport;
};

/// The parent's ends of the pipes of a child.
class SpawnedPipes {
 public:
  SpawnedPipes() = default;
  UniqueFd in;
  UniqueFd out;
  UniqueFd err;
};

/// Starts a program; `pipes` gets the ends that stay here.
/// Errors: std::system_error that says what could not be started, and then nothing was.
pid_t spawn_process(const Command& command, SpawnedPipes& pipes);

}  // namespace cochain::detail
