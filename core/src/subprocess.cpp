// The life of a child on the loop, and what a Process offers of it.

#include "cochain/core/subprocess.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <thread>

#include "child_process.hpp"
#include "cochain/core/gather.hpp"
#include "fd_transport.hpp"
#include "stream_state.hpp"

namespace cochain {
namespace detail {
namespace {

constexpr int kUnknownReturncode = 255;  // asyncio's answer where somebody else reaped
constexpr std::size_t kInputPiece = std::size_t{64} * 1024;

std::atomic<ExitNotice> exit_notice{ExitNotice::kPidfd};

int returncode_of(const siginfo_t& info) noexcept {
  return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

}  // namespace

void set_exit_notice(ExitNotice notice) noexcept { exit_notice = notice; }

void ChildProcess::begin() {
  self_ = shared_from_this();
  join(loop_);
  outside_.emplace(loop_);
  try {
    if (exit_notice == ExitNotice::kPidfd) {
      pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
      if (!pidfd_ && (errno == EMFILE || errno == ENFILE)) {
        throw std::system_error(errno, std::generic_category(), "pidfd_open");
      }
    }
    if (!pidfd_) return watch_by_thread();
    watcher_ =
        std::make_unique<FdWatcher>(loop_, pidfd_.get(), [this](Readiness) { reap(WNOHANG); });
    watcher_->watch(Readiness(true, false));
  } catch (...) {
    unlink();
    on_loop_end();  // nobody would hear of its end: it ends now
    throw;
  }
}

// The thread only learns of the end and leaves the child to be reaped on the loop.
void ChildProcess::watch_by_thread() {
  std::thread([pid = pid_, remote = EventLoop::Remote(loop_), self = weak_from_this()]() mutable {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    remote.call_soon([self = std::move(self)] {
      if (const std::shared_ptr<ChildProcess> child = self.lock()) child->reap(WNOHANG);
    });
  }).detach();
}

int ChildProcess::send_signal(int signal) noexcept {
  const long result = pidfd_ ? ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0)
                             : ::kill(pid_, signal);
  return result == 0 ? 0 : errno;
}

void ChildProcess::reap(int flags) noexcept {
  if (returncode_) return;
  siginfo_t info{};
  int result = 0;
  do {
    result = pidfd_ ? ::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | flags)
                    : ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | flags);
  } while (result != 0 && errno == EINTR);
  if (result == 0 && info.si_pid == 0) return;  // it lives
  returncode_ = result == 0 ? returncode_of(info) : kUnknownReturncode;
  const std::shared_ptr<ChildProcess> self = std::move(self_);
  unlink();
  watcher_.reset();
  pidfd_.reset();
  outside_.reset();
  wake_all(waiters);
}

void ChildProcess::on_loop_end() noexcept {
  kill_if_running();
  reap(0);
}

void ProcessEnd::close() noexcept {
  child->kill_if_running();
  if (in) in->abort();
  if (out_transport) out_transport->abort(nullptr);
  if (err_transport) err_transport->abort(nullptr);
}

Coro<Process> start_process(Command command) {
  EventLoop& loop = EventLoop::current();
  SpawnedPipes pipes;
  const pid_t pid = spawn_process(command, pipes);
  const auto child = std::make_shared<ChildProcess>(loop, pid);
  child->begin();
  const auto end = std::make_shared<ProcessEnd>(child);  // from here on it is killed on any error
  if (pipes.in) {
    auto streams = make_streams(FdTransport::of_pipes(loop, UniqueFd(), std::move(pipes.in)));
    end->in.emplace(std::move(streams.second));
  }
  if (pipes.out) {
    end->out_transport = FdTransport::of_pipes(loop, std::move(pipes.out), UniqueFd());
    end->out.emplace(make_reader(end->out_transport, command.options.limit));
  }
  if (pipes.err) {
    end->err_transport = FdTransport::of_pipes(loop, std::move(pipes.err), UniqueFd());
    end->err.emplace(make_reader(end->err_transport, command.options.limit));
  }
  co_return Process(end);
}

}  // namespace detail

Coro<Process> create_subprocess_exec(std::vector<std::string> argv, SubprocessOptions options) {
  detail::Command command;
  command.argv = std::move(argv);
  command.options = std::move(options);
  return detail::start_process(std::move(command));
}

Coro<Process> create_subprocess_shell(std::string line, SubprocessOptions options) {
  detail::Command command;
  command.add("/bin/sh");
  command.add("-c");
  command.add(std::move(line));
  command.options = std::move(options);
  return detail::start_process(std::move(command));
}

Process::Process(std::shared_ptr<detail::ProcessEnd> end) noexcept : end_(std::move(end)) {}

int Process::pid() const noexcept { return end_->child->pid(); }
std::optional<int> Process::returncode() const noexcept { return end_->child->returncode(); }

StreamWriter Process::stdin() const {
  if (!end_->in) throw InvalidStateError("the stdin of this process is not a pipe");
  return *end_->in;
}
StreamReader Process::stdout() const {
  if (!end_->out) throw InvalidStateError("the stdout of this process is not a pipe");
  return *end_->out;
}
StreamReader Process::stderr() const {
  if (!end_->err) throw InvalidStateError("the stderr of this process is not a pipe");
  return *end_->err;
}

Process::Wait Process::wait() const { return Wait(end_); }

bool Process::Wait::await_ready() const noexcept { return end_->child->returncode().has_value(); }
void Process::Wait::begin_to_wait() noexcept { link_before(end_->child->waiters); }
int Process::Wait::await_resume() {
  throw_if_cancelled();
  return *end_->child->returncode();
}

void Process::send_signal(int signal) const {
  if (returncode()) throw InvalidStateError("the process has ended already");
  const int error = end_->child->send_signal(signal);
  if (error != 0) throw std::system_error(error, std::generic_category(), "send_signal");
}
void Process::terminate() const { send_signal(SIGTERM); }
void Process::kill() const { send_signal(SIGKILL); }
void Process::close() const noexcept { end_->close(); }

namespace {

// A child that closes its stdin, or ends, before it read all: that is its right.
Coro<bool> feed(std::shared_ptr<detail::ProcessEnd> end, std::string input) {
  if (!end->in) co_return false;
  try {
    const std::string_view all = input;
    for (std::size_t sent = 0; sent < all.size(); sent += detail::kInputPiece) {
      end->in->write(all.substr(sent, detail::kInputPiece));
      co_await end->in->drain();
    }
  } catch (const ConnectionError&) {
  }
  end->in->close();
  co_return true;
}

Coro<std::string> read_to_end(std::optional<StreamReader> reader) {
  if (!reader) co_return std::string();
  std::string all = co_await reader->read();
  co_return all;
}

Coro<ProcessOutput> communicate_with(std::shared_ptr<detail::ProcessEnd> end, std::string input) {
  if (!end->in && !input.empty()) {
    throw InvalidStateError("there is input for a process whose stdin is not a pipe");
  }
  Coro<bool> feeding = feed(end, std::move(input));
  Coro<std::string> out = read_to_end(end->out);
  Coro<std::string> err = read_to_end(end->err);
  auto results = co_await gather(std::move(feeding), std::move(out), std::move(err));
  co_await Process::Wait(end);
  ProcessOutput output;
  output.out = std::move(std::get<1>(results));
  output.err = std::move(std::get<2>(results));
  co_return output;
}

}  // namespace

Coro<ProcessOutput> Process::communicate(std::string input) const {
  return communicate_with(end_, std::move(input));
}

}  // namespace cochain
