// Processes for measurements.

#include "server_process.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "cochain/providers/simulator.hpp"

namespace cochain::bench {
namespace {

std::string read_line(int fd) {
  std::string line;
  char c = 0;
  while (::read(fd, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

void write_line(int fd, std::string line) {
  line += '\n';
  if (::write(fd, line.data(), line.size()) < 0) std::abort();
}

}  // namespace

ServerProcess::ServerProcess(SimulatorOptions options) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) std::abort();
  child_ = ::fork();
  if (child_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const Simulator simulator(std::move(options));
    write_line(pipe_ends[1], simulator.base_url());
    for (;;) ::pause();
  }
  base_url_ = read_line(pipe_ends[0]);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
}

ServerProcess::~ServerProcess() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

std::string in_child(const std::function<std::string()>& work) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) std::abort();
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) {
    write_line(pipe_ends[1], work());
    std::_Exit(0);
  }
  const std::string line = read_line(pipe_ends[0]);
  ::close(pipe_ends[0]);
  ::close(pipe_ends[1]);
  ::waitpid(child, nullptr, 0);
  return line;
}

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

long peak_rss_kib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace cochain::bench
