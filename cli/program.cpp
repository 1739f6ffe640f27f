// From the command line to an exit code: the one place where errors are caught and told.

#include <sys/resource.h>
#include <unistd.h>
#include <csignal>
#include <exception>
#include <type_traits>

#include "commands.hpp"
#include "fd_io.hpp"
#include "terminal.hpp"

namespace cochain::cli {
namespace {

/// Each call in flight is a descriptor, and the soft limit of a shell is often 1024.
void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

ExitCode print_text(const std::string& text) {
  FdWriter out(UniqueFd(STDOUT_FILENO), "stdout");
  out.add(text);
  (void)out.flush_now();
  return ExitCode::kOk;
}

ExitCode run_command(const Arguments& arguments) {
  return std::visit(
      [](const auto& chosen) {
        using Chosen = std::decay_t<decltype(chosen)>;
        if constexpr (std::is_same_v<Chosen, ChatArguments>) return run_chat(chosen);
        if constexpr (std::is_same_v<Chosen, BatchArguments>) return run_batch(chosen);
        if constexpr (std::is_same_v<Chosen, SimArguments>) return run_sim(chosen);
        if constexpr (std::is_same_v<Chosen, TasksArguments>) return run_tasks(chosen);
        if constexpr (std::is_same_v<Chosen, TokensArguments>) return run_tokens(chosen);
        if constexpr (std::is_same_v<Chosen, FetchArguments>) return run_fetch(chosen);
        if constexpr (std::is_same_v<Chosen, DoctorArguments>) return run_doctor(chosen);
        if constexpr (std::is_same_v<Chosen, TextToPrint>) return print_text(chosen.text);
      },
      arguments);
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  guard_standard_fds();
  // A reader that goes away is an error of write(), told by the exit code alone.
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  ExitCode code = ExitCode::kFailed;
  try {
    code = run_command(parse_arguments(argc, argv));
  } catch (...) {
    const std::exception_ptr error = std::current_exception();
    code = exit_code_of(error);
    const bool quiet = code == ExitCode::kBrokenPipe || code == ExitCode::kInterrupted;
    if (!quiet) complain(error_line(error));
  }
  return static_cast<int>(code);
}

}  // namespace cochain::cli
