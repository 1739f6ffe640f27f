// cochain batch: opens what the job needs, runs it, and says how it went.

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>
#include <utility>

#include "batch_job.hpp"
#include "cochain/core/runners.hpp"
#include "commands.hpp"
#include "model_setup.hpp"
#include "terminal.hpp"

namespace cochain::cli {
namespace {

[[noreturn]] void refuse(const std::string& what, int error) {
  throw UsageError(what + ": " + std::generic_category().message(error));
}

struct stat facts_of(int fd) {
  struct stat facts{};
  ::fstat(fd, &facts);
  return facts;
}

UniqueFd open_input(const std::string& path) {
  if (path == "-") return UniqueFd(STDIN_FILENO);
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) refuse("cannot open INPUT " + path, errno);
  if (S_ISDIR(facts_of(fd.get()).st_mode)) refuse("cannot read INPUT " + path, EISDIR);
  return fd;
}

/// Opened without being emptied, so that nothing is lost before all is checked.
UniqueFd open_output(const BatchArguments& arguments, int input) {
  if (arguments.output == "-") return UniqueFd(STDOUT_FILENO);
  const std::string& path = arguments.output;
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
  if (fd.get() < 0) refuse("cannot open OUTPUT " + path, errno);
  const struct stat out = facts_of(fd.get());
  const struct stat in = facts_of(input);
  if (S_ISREG(out.st_mode) && out.st_dev == in.st_dev && out.st_ino == in.st_ino) {
    throw UsageError("OUTPUT " + path + " is the INPUT; choose another file");
  }
  if (!S_ISREG(out.st_mode) || out.st_size == 0) return fd;
  if (!arguments.force) {
    throw UsageError("OUTPUT " + path + " has something in it already (" +
                     std::to_string(out.st_size) +
                     " bytes); choose another file, or replace it with --force");
  }
  if (::ftruncate(fd.get(), 0) != 0) refuse("cannot empty OUTPUT " + path, errno);
  return fd;
}

/// The rows of a regular file, so that progress has an end; reading them leaves the position alone.
std::optional<std::uint64_t> count_rows(int fd) {
  if (!S_ISREG(facts_of(fd).st_mode)) return std::nullopt;
  LineCounter counter;
  std::string block(std::size_t{256} * 1024, '\0');
  for (off_t at = ::lseek(fd, 0, SEEK_CUR); at >= 0;) {
    const ssize_t got = ::pread(fd, block.data(), block.size(), at);
    if (got == 0) return counter.count();
    if (got < 0) break;
    counter.feed(std::string_view(block).substr(0, static_cast<std::size_t>(got)));
    at += got;
  }
  return std::nullopt;  // progress without an end; the job itself will tell of the error
}

RowSettings row_settings(const BatchArguments& arguments) {
  RowSettings settings;
  settings.format = arguments.format;
  settings.system = arguments.model.system;
  settings.options = arguments.model.chat_options();
  if (!arguments.prompt_template.empty()) {
    settings.prompt_template = TextTemplate(arguments.prompt_template);
  }
  return settings;
}

BatchJobOptions job_options(const BatchArguments& arguments, std::shared_ptr<ChatModel> model) {
  using Options = BatchJobOptions;
  Options options;
  options.model = std::move(model);
  options.policy.with_attempts_max(arguments.model.retries + 1);
  options.workers = arguments.max_concurrency;
  options.order = arguments.ordered ? Options::Order::kAsRead : Options::Order::kAsCompleted;
  options.mode = arguments.model.stream ? Options::Mode::kStreamed : Options::Mode::kWhole;
  return options;
}

/// What is said after the summary about a job that did not come to its end.
void tell_rest(const BatchStats& stats, std::string why) {
  std::string line = "batch: " + std::move(why);
  if (const std::uint64_t rest = stats.without_result(); rest > 0) {
    line += "; " + format_number_of(rest, "row") + (rest == 1 ? " has" : " have") + " no result";
  }
  if (!stats.total) line += "; how many more the input had is not known";
  say(line);
}

/// Each call in flight holds a descriptor, and two if the simulator in this program answers it.
void check_descriptors(const BatchArguments& arguments, const ModelHandle& handle) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  const std::size_t wanted = arguments.max_concurrency * (handle.simulated ? 2 : 1) + 32;
  if (wanted <= limit.rlim_cur) return;
  warn("--max-concurrency " + std::to_string(arguments.max_concurrency) + " needs about " +
       std::to_string(wanted) + " open files, and " + std::to_string(limit.rlim_cur) +
       " are allowed; calls may fail: raise `ulimit -n`");
}

Coro<> run_job(BatchJob& job) { co_await job.run(); }

}  // namespace

ExitCode run_batch(const BatchArguments& arguments) {
  RowSettings settings = row_settings(arguments);
  FdReader input(open_input(arguments.input), arguments.input);
  const ModelHandle handle = open_chosen_model(arguments.model);
  check_descriptors(arguments, handle);
  FdWriter output(open_output(arguments, input.fd()), arguments.output);
  BatchStats stats;
  stats.total = count_rows(input.fd());
  ProgressDisplay display(TerminalFacts::of(STDERR_FILENO));
  BatchJob job(job_options(arguments, handle.model), BatchRowParser(std::move(settings)), input,
               output, stats, display);

  std::exception_ptr error;
  try {
    run(run_job(job));
  } catch (...) {
    error = std::current_exception();
  }
  const ExitCode code = error ? exit_code_of(error) : ExitCode::kOk;
  if (code == ExitCode::kBrokenPipe) {
    display.finish();
    return code;
  }
  bool written = false;
  try {
    written = job.close();
  } catch (...) {
    if (!error) error = std::current_exception();  // else the output is why the job ended
  }
  write_stderr(format_summary(stats, job.elapsed(), arguments.output));
  if (!error && !written) throw std::runtime_error("OUTPUT takes no more: " + arguments.output);
  if (job.stopped_by_auth()) {
    complain(error_line(error));
    tell_rest(stats, "stopped, since the key was refused each time");
    return ExitCode::kAuth;
  }
  if (code == ExitCode::kInterrupted) {
    tell_rest(stats, "interrupted");
    return code;
  }
  if (error) std::rethrow_exception(error);
  return stats.failed + stats.bad > 0 ? ExitCode::kPartial : ExitCode::kOk;
}

}  // namespace cochain::cli
