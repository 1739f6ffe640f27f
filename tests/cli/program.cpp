// posix_spawn, three pipes and poll: no shell in between, so exit codes and signals are the
// program's own.

#include "program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <gtest/gtest.h>

namespace cochain::testing {
namespace {

constexpr std::chrono::seconds kPatience(20);

using Deadline = std::chrono::steady_clock::time_point;

Deadline deadline() { return std::chrono::steady_clock::now() + kPatience; }

void check(int error, const char* what) {
  if (error != 0) throw std::system_error(error, std::generic_category(), what);
}

}  // namespace

ProgramSetup& ProgramSetup::arguments(std::vector<std::string> value) {
  words = std::move(value);
  return *this;
}
ProgramSetup& ProgramSetup::variable(std::string name, std::string value) {
  variables[std::move(name)] = std::move(value);
  return *this;
}
ProgramSetup& ProgramSetup::input(std::string value) {
  stdin_text = std::move(value);
  return *this;
}
ProgramSetup& ProgramSetup::keep_stdin_open() {
  stdin_stays_open = true;
  return *this;
}
ProgramSetup& ProgramSetup::nonblocking_stdin() {
  stdin_is_nonblocking = true;
  return *this;
}
ProgramSetup& ProgramSetup::close_stdout() {
  stdout_is_closed = true;
  return *this;
}
ProgramSetup& ProgramSetup::on_terminals(unsigned short columns) {
  has_terminals = true;
  terminal_columns = columns;
  return *this;
}

/// Our ends of the program's standard streams; -1 is closed.
class Program::Pipes {
 public:
  explicit Pipes(const ProgramSetup& setup) {
    winsize size{};
    size.ws_col = setup.terminal_columns;
    for (std::size_t stream = 0; stream < 3; ++stream) {
      std::array<int, 2> ends{};
      if (stream > 0 && setup.has_terminals) {
        if (::openpty(&ends[0], &ends[1], nullptr, nullptr, &size) != 0) check(errno, "openpty");
        for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
      } else {
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) check(errno, "pipe2");
      }
      ours.at(stream) = stream == 0 ? ends[1] : ends[0];
      theirs.at(stream) = stream == 0 ? ends[0] : ends[1];
      ::fcntl(ours.at(stream), F_SETFL, O_NONBLOCK);
    }
    if (setup.stdin_is_nonblocking) ::fcntl(theirs[0], F_SETFL, O_NONBLOCK);
  }
  ~Pipes() {
    for (int& fd : ours) close(fd);
    for (int& fd : theirs) close(fd);
  }
  Pipes(const Pipes&) = delete;
  Pipes& operator=(const Pipes&) = delete;
  static void close(int& fd) {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  std::array<int, 3> ours{};
  std::array<int, 3> theirs{};
  std::string to_write;
  bool stays_open = false;
};

Program::Program(const ProgramSetup& setup) : pipes_(std::make_unique<Pipes>(setup)) {
  std::vector<std::string> words = {COCHAIN_CLI};
  words.insert(words.end(), setup.words.begin(), setup.words.end());
  std::map<std::string, std::string> variables = setup.variables;
  variables.try_emplace("PATH", "/usr/bin:/bin");
  std::vector<std::string> settings;
  for (const auto& [name, value] : variables) settings.push_back(name + "=" + value);
  std::vector<char*> arguments;
  std::vector<char*> environment;
  for (std::string& word : words) arguments.push_back(word.data());
  for (std::string& setting : settings) environment.push_back(setting.data());
  arguments.push_back(nullptr);
  environment.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  check(::posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
  for (int stream = 0; stream < 3; ++stream) {
    ::posix_spawn_file_actions_adddup2(&actions, pipes_->theirs.at(std::size_t(stream)), stream);
  }
  if (setup.stdout_is_closed) ::posix_spawn_file_actions_addclose(&actions, STDOUT_FILENO);
  // The test itself may ignore SIGPIPE; the program shall find what a shell would give it.
  posix_spawnattr_t attributes;
  check(::posix_spawnattr_init(&attributes), "posix_spawnattr_init");
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGINT);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  // A session of its own has no terminal: nothing is asked of who runs the tests.
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  const int failed = ::posix_spawn(&pid_, COCHAIN_CLI, &actions, &attributes, arguments.data(),
                                   environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  check(failed, "posix_spawn");
  for (int& fd : pipes_->theirs) Pipes::close(fd);
  pipes_->to_write = setup.stdin_text;
  pipes_->stays_open = setup.stdin_stays_open;
  std::signal(SIGPIPE, SIG_IGN);
}

Program::~Program() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Program::send_signal(int number) const { ::kill(pid_, number); }

void Program::stop_reading_stdout() { Pipes::close(pipes_->ours[1]); }

void Program::pump(int milliseconds) {
  std::array<int, 3>& fds = pipes_->ours;
  if (fds[0] >= 0 && pipes_->to_write.empty() && !pipes_->stays_open) Pipes::close(fds[0]);
  const short wants_write = pipes_->to_write.empty() ? short{0} : short{POLLOUT};
  std::array<pollfd, 3> ready{pollfd{fds[0], wants_write, 0}, pollfd{fds[1], POLLIN, 0},
                              pollfd{fds[2], POLLIN, 0}};
  if (pipes_->to_write.empty()) ready[0].fd = -1;
  ::poll(ready.data(), ready.size(), milliseconds);
  if (ready[0].fd >= 0 && ready[0].revents != 0) {
    const ssize_t done = ::write(fds[0], pipes_->to_write.data(), pipes_->to_write.size());
    if (done < 0) {  // it does not read its stdin any more
      pipes_->to_write.clear();
    } else {
      pipes_->to_write.erase(0, static_cast<std::size_t>(done));
    }
  }
  for (const std::size_t stream : {std::size_t{1}, std::size_t{2}}) {
    if (ready.at(stream).revents == 0) continue;
    std::array<char, 65536> block{};
    const ssize_t got = ::read(fds.at(stream), block.data(), block.size());
    if (got > 0) (stream == 1 ? out_ : err_).append(block.data(), static_cast<std::size_t>(got));
    // A terminal without a writer says EIO, a pipe says that it ended.
    if (got == 0 || (got < 0 && errno != EAGAIN)) Pipes::close(fds.at(stream));
  }
}

bool Program::wait_until(const std::function<bool()>& condition) {
  for (const Deadline end = deadline(); !condition();) {
    if (pipes_->ours[1] < 0 && pipes_->ours[2] < 0) return false;
    if (std::chrono::steady_clock::now() > end) return false;
    pump(10);
  }
  return true;
}

bool Program::wait_for_stdout(std::string_view text) {
  return wait_until([&] { return out_.find(text) != std::string::npos; });
}

bool Program::wait_for_stderr(std::string_view text) {
  return wait_until([&] { return err_.find(text) != std::string::npos; });
}

ProgramResult Program::wait() {
  const Deadline end = deadline();
  while (pipes_->ours[1] >= 0 || pipes_->ours[2] >= 0) {
    pump(50);
    if (std::chrono::steady_clock::now() < end) continue;
    ADD_FAILURE() << "the program does not end; stderr so far:\n" << err_;
    send_signal(SIGKILL);
    break;
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  ProgramResult result;
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = std::move(out_);
  result.err = std::move(err_);
  return result;
}

ProgramResult run_program(const ProgramSetup& setup) { return Program(setup).wait(); }

ProgramResult run_program(std::vector<std::string> arguments) {
  return run_program(ProgramSetup().arguments(std::move(arguments)));
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

std::vector<boost::json::object> output_rows(const std::string& text) {
  EXPECT_TRUE(text.empty() || text.back() == '\n') << "the last line is not whole";
  std::vector<boost::json::object> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    rows.push_back(boost::json::parse(line).as_object());
  }
  return rows;
}

}  // namespace cochain::testing
