// Starting a program by posix_spawn(), which is a vfork(): it copies no memory of a large parent,
// runs none of its code in the child, and tells why a program could not be loaded.

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <system_error>

#include "child_process.hpp"

namespace cochain::detail {
namespace {

constexpr int kFirstOther = 3;  // behind stdin, stdout and stderr

[[noreturn]] void throw_error(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

void require(int error, const char* what) {
  if (error != 0) throw_error(error, what);
}

/// A duplicate above the standard streams, so that no dup2() in the child overwrites a source.
UniqueFd duplicate_above_standard(int fd) {
  UniqueFd own(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstOther));
  if (!own) {
    throw_error(errno, "cannot give descriptor " + std::to_string(fd) + " to a child process");
  }
  return own;
}

UniqueFd above_standard(UniqueFd fd) {
  return fd.get() >= kFirstOther ? std::move(fd) : duplicate_above_standard(fd.get());
}

class FileActions {
 public:
  FileActions() { require(::posix_spawn_file_actions_init(&actions_), "posix_spawn"); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;

  void dup2(int from, int to) {
    require(::posix_spawn_file_actions_adddup2(&actions_, from, to), "posix_spawn");
  }
  void open_null(int fd) {
    require(::posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0),
            "posix_spawn");
  }
  void change_directory(const std::string& path) {
    require(::posix_spawn_file_actions_addchdir_np(&actions_, path.c_str()), "posix_spawn");
  }
  /// Closes everything but the standard streams and `kept`.
  void close_others(std::vector<int> kept) {
    std::sort(kept.begin(), kept.end());
    int next = kFirstOther;
    for (const int fd : kept) {
      for (; next < fd; ++next) {
        require(::posix_spawn_file_actions_addclose(&actions_, next), "posix_spawn");
      }
      next = std::max(next, fd + 1);
    }
    require(::posix_spawn_file_actions_addclosefrom_np(&actions_, next), "posix_spawn");
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class Attributes {
 public:
  explicit Attributes(const SubprocessOptions& options) {
    require(::posix_spawnattr_init(&attributes_), "posix_spawn");
    int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    if (options.new_session) flags |= POSIX_SPAWN_SETSID;
    if (options.process_group) {
      flags |= POSIX_SPAWN_SETPGROUP;
      ::posix_spawnattr_setpgroup(&attributes_, *options.process_group);
    }
    ::posix_spawnattr_setflags(&attributes_, static_cast<short>(flags));
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const noexcept { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

/// Connects one standard stream of the child. Returns its end, to be kept until it was started.
UniqueFd connect(FileActions& actions, const Stdio& stdio, int target, UniqueFd& parents_end) {
  UniqueFd childs_end;
  switch (stdio.kind()) {
    case Stdio::Kind::kInherit: return childs_end;
    case Stdio::Kind::kDevNull: actions.open_null(target); return childs_end;
    case Stdio::Kind::kStdout:
      if (target != STDERR_FILENO) throw InvalidStateError("only stderr can go to stdout");
      actions.dup2(STDOUT_FILENO, target);
      return childs_end;
    case Stdio::Kind::kDescriptor: childs_end = duplicate_above_standard(stdio.fd()); break;
    case Stdio::Kind::kPipe: {
      int ends[2] = {-1, -1};
      if (::pipe2(ends, O_CLOEXEC) != 0) throw_error(errno, "cannot make a pipe");
      UniqueFd read_end(ends[0]);
      UniqueFd write_end(ends[1]);
      const bool child_reads = target == STDIN_FILENO;
      childs_end = above_standard(std::move(child_reads ? read_end : write_end));
      parents_end = above_standard(std::move(child_reads ? write_end : read_end));
      break;
    }
  }
  actions.dup2(childs_end.get(), target);
  return childs_end;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    if (text.find('\0') != std::string::npos) {
      throw InvalidStateError("an argument of a child process contains a zero byte");
    }
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_of(const SubprocessOptions& options) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : *options.env) {
    if (name.empty() || name.find('=') != std::string::npos) {
      throw InvalidStateError("'" + name + "' cannot be the name of an environment variable");
    }
    lines.push_back(name + "=" + value);
  }
  return lines;
}

[[noreturn]] void throw_cannot_start(int error, const Command& command) {
  const std::string& cwd = command.options.cwd;
  struct stat status{};
  if (!cwd.empty() && (::stat(cwd.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))) {
    throw_error(error, "cannot start '" + command.argv[0] + "' in the directory '" + cwd + "'");
  }
  throw_error(error, "cannot start '" + command.argv[0] + "'");
}

}  // namespace

pid_t spawn_process(const Command& command, SpawnedPipes& pipes) {
  if (command.argv.empty()) throw InvalidStateError("a command needs at least a program");
  const SubprocessOptions& options = command.options;
  FileActions actions;
  const UniqueFd in = connect(actions, options.in, STDIN_FILENO, pipes.in);
  const UniqueFd out = connect(actions, options.out, STDOUT_FILENO, pipes.out);
  const UniqueFd err = connect(actions, options.err, STDERR_FILENO, pipes.err);
  for (const int fd : options.pass_fds) {
    if (::fcntl(fd, F_GETFD) < 0) {
      throw_error(errno, "cannot give descriptor " + std::to_string(fd) + " to a child process");
    }
    if (fd >= kFirstOther) actions.dup2(fd, fd);  // which takes close-on-exec from it
  }
  actions.close_others(options.pass_fds);
  if (!options.cwd.empty()) actions.change_directory(options.cwd);
  const Attributes attributes(options);

  std::vector<std::string> arguments = command.argv;
  const std::vector<char*> argv = pointers_to(arguments);
  std::vector<std::string> variables;
  std::vector<char*> envp;
  if (options.env) {
    variables = environment_of(options);
    envp = pointers_to(variables);
  }
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, argv[0], actions.get(), attributes.get(), argv.data(),
                                   options.env ? envp.data() : environ);
  if (error != 0) throw_cannot_start(error, command);
  return pid;
}

}  // namespace cochain::detail
