// Other programs: started, fed, read, waited for, and never left behind.
#pragma once

#include <concepts>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/core/stream_io.hpp"

namespace cochain {

namespace detail {

class ChildProcess;
class ProcessEnd;

}  // namespace detail

/// What one of the three standard streams of a child is connected to.
class Stdio {
 public:
  enum class Kind { kInherit, kPipe, kDevNull, kDescriptor, kStdout };

  /// The parent's own.
  [[nodiscard]] static Stdio inherit() noexcept { return Stdio(Kind::kInherit, -1); }
  /// A pipe whose other end is a stream of the Process.
  [[nodiscard]] static Stdio pipe() noexcept { return Stdio(Kind::kPipe, -1); }
  [[nodiscard]] static Stdio devnull() noexcept { return Stdio(Kind::kDevNull, -1); }
  /// A descriptor of the parent, which stays the caller's: it may be closed after the start.
  [[nodiscard]] static Stdio descriptor(int fd) noexcept { return Stdio(Kind::kDescriptor, fd); }
  /// For stderr only: wherever stdout goes.
  [[nodiscard]] static Stdio to_stdout() noexcept { return Stdio(Kind::kStdout, -1); }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  Stdio(Kind kind, int fd) noexcept : kind_(kind), fd_(fd) {}
  Kind kind_;
  int fd_;
};

/// How a child is started. Unless told otherwise it shares the three standard streams, the working
/// directory and the environment of its parent, and gets no other descriptor.
class SubprocessOptions {
 public:
  SubprocessOptions() = default;
  SubprocessOptions& with_stdin(Stdio value) noexcept {
    in = value;
    return *this;
  }
  SubprocessOptions& with_stdout(Stdio value) noexcept {
    out = value;
    return *this;
  }
  SubprocessOptions& with_stderr(Stdio value) noexcept {
    err = value;
    return *this;
  }
  SubprocessOptions& with_cwd(std::string value) {
    cwd = std::move(value);
    return *this;
  }
  /// The whole environment of the child. The program is still searched in the parent's PATH.
  SubprocessOptions& with_env(std::map<std::string, std::string> value) {
    env = std::move(value);
    return *this;
  }
  /// Descriptors that the child gets under the same numbers.
  SubprocessOptions& with_pass_fds(std::vector<int> value) {
    pass_fds = std::move(value);
    return *this;
  }
  /// The child leads a session of its own, without a terminal: Ctrl-C there does not reach it.
  SubprocessOptions& with_new_session() noexcept {
    new_session = true;
    return *this;
  }
  /// The child joins this process group; 0 makes a new one.
  SubprocessOptions& with_process_group(int value) noexcept {
    process_group = value;
    return *this;
  }
  /// Units: bytes; see StreamReader.
  SubprocessOptions& with_limit(std::size_t value) noexcept {
    limit = value;
    return *this;
  }

  Stdio in = Stdio::inherit();
  Stdio out = Stdio::inherit();
  Stdio err = Stdio::inherit();
  std::string cwd;  // empty: the parent's
  std::optional<std::map<std::string, std::string>> env;
  std::vector<int> pass_fds;
  bool new_session = false;
  std::optional<int> process_group;
  std::size_t limit = kStreamLimit;
};

/// What communicate() read; empty where no pipe was asked for.
class ProcessOutput {
 public:
  ProcessOutput() = default;
  std::string out;
  std::string err;
};

/// A program that was started. Copies name the same one.
/// Lives:   when the last copy goes, or the loop, a child that still runs is killed, and reaped;
///          its streams are closed. What it wrote stays readable after its end until then.
/// Threads: the loop's.
class Process {
 public:
  explicit Process(std::shared_ptr<detail::ProcessEnd> end) noexcept;

  [[nodiscard]] int pid() const noexcept;
  /// The exit code, or the negative number of the signal that ended it; nothing while it runs.
  /// 255 if somebody else took the answer, as in a program that ignores SIGCHLD.
  [[nodiscard]] std::optional<int> returncode() const noexcept;

  /// The parent's ends of the pipes that were asked for.
  /// Errors: InvalidStateError if this one is no pipe.
  [[nodiscard]] StreamWriter stdin() const;
  [[nodiscard]] StreamReader stdout() const;
  [[nodiscard]] StreamReader stderr() const;

  class Wait;
  /// Gives the return code.
  /// Suspends: until the process has ended; by as many as like. With pipes nobody reads it may
  ///           never end: communicate() reads them.
  [[nodiscard]] Wait wait() const;

  /// Writes `input` to stdin and closes it, reads stdout and stderr, all at once, and waits. A
  /// child that does not read all of its input is no error.
  /// Suspends: until the pipes have ended and the process, too. Cancelling it leaves the process.
  /// Errors:   InvalidStateError if there is input and stdin is no pipe.
  [[nodiscard]] Coro<ProcessOutput> communicate(std::string input = std::string()) const;

  /// Errors: InvalidStateError if its end is known already; std::system_error.
  void send_signal(int signal) const;
  void terminate() const;  ///< SIGTERM
  void kill() const;       ///< SIGKILL
  /// Kills it if it runs, and closes the streams; wait() still tells how it ended.
  void close() const noexcept;

 private:
  std::shared_ptr<detail::ProcessEnd> end_;
};

/// A wait() that is awaited.
class Process::Wait final : public Waiter {
 public:
  explicit Wait(std::shared_ptr<detail::ProcessEnd> end) noexcept : end_(std::move(end)) {}
  Wait(Wait&&) noexcept = default;
  [[nodiscard]] bool await_ready() const noexcept;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    begin_to_wait();
    suspend(frame);
  }
  int await_resume();

 private:
  void begin_to_wait() noexcept;
  std::shared_ptr<detail::ProcessEnd> end_;
};

namespace detail {

/// A program with its arguments, and how to start it.
class Command {
 public:
  Command() = default;
  void add(std::string argument) { argv.push_back(std::move(argument)); }
  void add(SubprocessOptions value) { options = std::move(value); }
  std::vector<std::string> argv;
  SubprocessOptions options;
};

template <class T>
concept CommandPart = std::convertible_to<T, std::string> || std::same_as<T, SubprocessOptions>;

Coro<Process> start_process(Command command);

/// How the end of a child is noticed. Threads serve where the kernel has no pidfd_open().
enum class ExitNotice { kPidfd, kThread };
void set_exit_notice(ExitNotice notice) noexcept;  // for tests

}  // namespace detail

/// Starts `program`, searched in PATH if it has no slash, with the arguments that follow; the last
/// may be SubprocessOptions.
/// Shape:    `co_await create_subprocess_exec("git", "log", SubprocessOptions().with_cwd(dir));`
/// Suspends: never: it comes back when the program was loaded. If the awaiting task is cancelled
///           meanwhile, the Process goes with its frame, and so is killed.
/// Lives:    in the child all signals have their default action and none is blocked.
/// Errors:   std::system_error that names the program, or the directory, if it cannot be started.
template <detail::CommandPart... Parts>
[[nodiscard]] Coro<Process> create_subprocess_exec(std::string program, Parts... parts) {
  detail::Command command;
  command.add(std::move(program));
  (command.add(std::move(parts)), ...);
  return detail::start_process(std::move(command));
}
/// The same with all words of the command, the program first, in one list.
[[nodiscard]] Coro<Process> create_subprocess_exec(std::vector<std::string> argv,
                                                   SubprocessOptions options = SubprocessOptions());

/// Runs a line of /bin/sh. What comes from outside must be quoted by the caller.
[[nodiscard]] Coro<Process> create_subprocess_shell(
    std::string line, SubprocessOptions options = SubprocessOptions());

}  // namespace cochain
