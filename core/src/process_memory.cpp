// Reading another process: its memory by process_vm_readv, its sections from the ELF files that it
// has mapped.

#include "process_memory.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>

#include "cochain/core/error.hpp"
#include "elf_section.hpp"
#include "printable_text.hpp"
#include "unique_fd.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kTextMax = 4096;
constexpr std::size_t kMappingsMax = 1'000'000;
constexpr unsigned long kKernelThread = 0x00200000;  // PF_KTHREAD of the kernel
constexpr std::string_view kDeleted = " (deleted)";

std::string proc(int pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

/// Without the end of its last line.
std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  std::string content = std::move(text).str();
  if (!content.empty() && content.back() == '\n') content.pop_back();
  return content;
}

std::string words_for(int error) { return std::generic_category().message(error); }

Error no_process(int pid) { return Error("there is no process " + std::to_string(pid)); }

/// What /proc tells everybody about a process.
class ProcessState {
 public:
  /// Errors: Error if there is no such process.
  explicit ProcessState(int pid) {
    // "17 (any text) S 1 17 17 0 -1 4194560 ...": the name may hold brackets and blanks
    std::ifstream file(proc(pid, "stat"), std::ios::binary);
    std::string text;
    if (!std::getline(file, text, '\0') || text.rfind(')') == std::string::npos) {
      // /proc may be mounted so that it shows nobody the processes of others.
      if (::kill(pid, 0) != 0 && errno == EPERM) throw_not_permitted(pid, EPERM);
      throw no_process(pid);
    }
    std::istringstream words(text.substr(text.rfind(')') + 1));
    std::string ignored;
    words >> state_;
    for (int i = 0; i < 5; ++i) words >> ignored;
    words >> flags_;
  }
  [[nodiscard]] bool is_kernel_thread() const noexcept { return (flags_ & kKernelThread) != 0; }
  [[nodiscard]] bool has_ended() const noexcept { return state_ == 'Z' || state_ == 'X'; }

 private:
  char state_ = '?';
  unsigned long flags_ = 0;
};

/// The user as whom a process runs; "" if it is not told.
std::string user_of(int pid) {
  std::ifstream file(proc(pid, "status"));
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 4, "Uid:") != 0) continue;
    std::string user;
    std::istringstream(line.substr(4)) >> user;
    return user;
  }
  return "";
}

/// One line of /proc/PID/maps that has a file.
struct Mapping {
  Address start = 0;
  Address offset = 0;
  std::string range;  // as it is written there
  std::string path;
};

std::vector<Mapping> file_mappings(int pid) {
  const UniqueFd fd(::open(proc(pid, "maps").c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    if (errno == ENOENT || errno == ESRCH) throw no_process(pid);
    throw_not_permitted(pid, errno);
  }
  std::string text;
  char piece[65536];
  ssize_t got = 0;
  while ((got = ::read(fd.get(), piece, sizeof piece)) != 0) {
    if (got > 0) {
      text.append(piece, static_cast<std::size_t>(got));
    } else if (errno == ESRCH) {
      throw no_process(pid);
    } else if (errno != EINTR) {
      throw_not_permitted(pid, errno);
    }
  }
  std::vector<Mapping> mappings;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && mappings.size() < kMappingsMax;) {
    std::istringstream words(line);
    Mapping mapping;
    std::string permissions;
    std::string device;
    std::string inode;
    words >> mapping.range >> permissions >> std::hex >> mapping.offset >> device >> inode;
    words >> std::ws;
    std::getline(words, mapping.path);
    mapping.start = std::strtoull(mapping.range.c_str(), nullptr, 16);
    if (!mapping.path.empty() && mapping.path[0] == '/') mappings.push_back(std::move(mapping));
  }
  return mappings;
}

/// A regular file, open; anything else is not even opened: that might block, or do something.
UniqueFd open_regular(const std::string& path) {
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat facts{};
  if (place.get() < 0 || ::fstat(place.get(), &facts) != 0) return UniqueFd();
  if (!S_ISREG(facts.st_mode)) {
    errno = EINVAL;
    return UniqueFd();
  }
  const std::string same = "/proc/self/fd/" + std::to_string(place.get());
  return UniqueFd(::open(same.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

/// The files that a process has mapped.
class MappedFiles {
 public:
  explicit MappedFiles(int pid) : pid_(pid) {
    char path[PATH_MAX];
    const ssize_t bytes = ::readlink(proc(pid, "exe").c_str(), path, sizeof path);
    if (bytes > 0) program_.assign(path, static_cast<std::size_t>(bytes));
  }

  [[nodiscard]] bool is_program(const Mapping& mapping) const { return mapping.path == program_; }

  [[nodiscard]] UniqueFd open(const Mapping& mapping) const {
    // The program itself may have been deleted or replaced.
    if (is_program(mapping)) return open_regular(proc(pid_, "exe"));
    if (was_deleted(mapping)) return open_regular(proc(pid_, "map_files/") + mapping.range);
    // By way of the process's own root: it may live in a container.
    return open_regular(proc(pid_, "root") + mapping.path);
  }

  [[nodiscard]] static bool was_deleted(const Mapping& mapping) {
    return mapping.path.ends_with(kDeleted);
  }

 private:
  int pid_;
  std::string program_;
};

}  // namespace

void throw_not_permitted(int pid, int error) {
  const std::string owner = user_of(pid);
  const std::string self = std::to_string(::geteuid());
  std::string text = process_label(pid) + " may not be read (" + words_for(error) + "): ";
  if (!owner.empty() && owner != self) {
    text += "it belongs to user " + owner + ", and this is user " + self +
            "; run this as the same user, or with CAP_SYS_PTRACE (sudo)";
    throw Error(text);
  }
  const std::string scope = content_of("/proc/sys/kernel/yama/ptrace_scope");
  if (scope == "3") {
    text += "kernel.yama.ptrace_scope is 3, with which nobody can until the next boot";
  } else if (!scope.empty() && scope != "0") {
    text +=
        "run this with CAP_SYS_PTRACE (sudo), or let all processes of a user be read with "
        "`sudo sysctl kernel.yama.ptrace_scope=0` (it is " +
        scope + ")";
  } else {
    text +=
        "run this with CAP_SYS_PTRACE (sudo); the process has other rights than this one, or a "
        "container forbids it";
  }
  throw Error(text);
}

std::string process_label(int pid) {
  const std::string name = content_of(proc(pid, "comm"));
  return "process " + std::to_string(pid) + (name.empty() ? "" : " (" + printable(name) + ")");
}

std::optional<std::string> ProcessMemory::text(Address from) const {
  std::string text;
  while (text.size() < kTextMax) {
    char piece[256];
    // Not beyond the end of a page: the next one need not be there.
    const std::size_t to_page_end = kPage - static_cast<std::size_t>(from % kPage);
    const std::size_t bytes = std::min({to_page_end, sizeof piece, kTextMax - text.size()});
    if (!read(from, piece, bytes)) return std::nullopt;
    const void* zero = std::memchr(piece, '\0', bytes);
    if (zero) {
      text.append(piece, static_cast<std::size_t>(static_cast<const char*>(zero) - piece));
      return text;
    }
    text.append(piece, bytes);
    from += bytes;
  }
  return text;
}

std::optional<std::string> OwnMemory::text(Address from) const {
  const auto* first = reinterpret_cast<const char*>(from);
  return std::string(first, ::strnlen(first, kTextMax));
}

bool OwnMemory::read(Address from, void* to, std::size_t bytes) const noexcept {
  std::memcpy(to, reinterpret_cast<const void*>(from), bytes);
  return true;
}

bool KernelCopiedMemory::read(Address from, void* to, std::size_t bytes) const noexcept {
  iovec local{to, bytes};
  iovec remote{reinterpret_cast<void*>(from), bytes};
  const ssize_t got = ::process_vm_readv(pid_, &local, 1, &remote, 1, 0);
  return got == static_cast<ssize_t>(bytes);
}

int KernelCopiedMemory::why_not(Address from) const noexcept {
  char byte = 0;
  return read(from, &byte, 1) ? 0 : errno;
}

SectionAddresses find_section(int pid, const char* name) {
  const ProcessState state(pid);
  if (state.is_kernel_thread()) {
    throw Error(process_label(pid) + " is a thread of the kernel, and runs no program");
  }
  if (state.has_ended()) {
    throw Error(process_label(pid) + " has ended; only its parent has not asked for its status");
  }
  SectionAddresses found;
  const MappedFiles files(pid);
  std::map<std::string, std::optional<SectionPlace>> known;
  for (const Mapping& mapping : file_mappings(pid)) {
    if (mapping.offset != 0) continue;
    const auto [at, is_new] = known.try_emplace(mapping.path);
    if (is_new) {
      const UniqueFd file = files.open(mapping);
      if (file.get() >= 0) {
        const SectionSearch search = find_section_in(file.get(), name);
        at->second = search.place;
        if (!search.has_sections && files.is_program(mapping)) {
          found.doubt = ", or its file has lost its section headers";
        }
      } else if (files.is_program(mapping)) {
        found.doubt = ", or hides it: its file cannot be read (" + words_for(errno) + ")";
      } else if (MappedFiles::was_deleted(mapping) && found.doubt.empty()) {
        found.doubt = ", or a library by which it does was replaced since it started";
      }
    }
    if (at->second) {
      found.addresses.push_back(mapping.start + (at->second->section - at->second->first_byte));
    }
  }
  return found;
}

}  // namespace cochain::detail
