// What is written is a draft beside the file, which is given its name at the end.

#include "whole_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"
#include "file_descriptor.hpp"

namespace cochain::detail {

namespace {

[[noreturn]] void fail_at_file(const std::filesystem::path& path, const std::string& what) {
  throw VocabularyError(path.string() + " " + what);
}

std::string file_reason(int error) { return std::generic_category().message(error); }

void make_vocabulary_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::exists(folder, error)) return;
  std::filesystem::create_directories(folder.parent_path(), error);
  // Whatever the umask lets others do: tables that they may write are not read.
  ::mkdir(folder.c_str(), 0755);
}

/// Returns how much was read; fewer than `size` at the end of the file.
std::size_t read_descriptor(int fd, char* to, std::size_t size, const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(fd, to + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_at_file(path, "cannot be read: " + file_reason(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace

std::optional<std::string> read_whole_file(const std::filesystem::path& path) {
  if (path.empty()) return std::nullopt;
  // Without O_NONBLOCK opening a pipe waits for somebody who writes to it.
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail_at_file(path, "cannot be opened: " + file_reason(errno));
  }
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) fail_at_file(path, "cannot be read: " + file_reason(errno));
  if (!S_ISREG(facts.st_mode)) fail_at_file(path, "is not a file");
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > kVocabularyBytesMax)
    fail_at_file(path, "has more than 64 MiB, which is not supported");
  std::string text(size, '\0');
  text.resize(read_descriptor(file.get(), text.data(), size, path));
  return text;
}

void write_whole_file(const std::filesystem::path& path, std::string_view text) {
  make_vocabulary_folder(path.parent_path());
  std::string draft = path.string() + ".XXXXXX";
  const int fd = ::mkstemp(draft.data());
  bool good = fd >= 0;
  for (std::string_view rest = text; good && !rest.empty();) {
    const ssize_t wrote = ::write(fd, rest.data(), rest.size());
    if (wrote < 0 && errno == EINTR) continue;
    good = wrote >= 0;
    if (good) rest.remove_prefix(static_cast<std::size_t>(wrote));
  }
  good = good && ::fchmod(fd, 0644) == 0 && ::fsync(fd) == 0;
  if (fd >= 0) good = ::close(fd) == 0 && good;
  good = good && std::rename(draft.c_str(), path.c_str()) == 0;
  if (good) return;
  const std::string reason = file_reason(errno);
  if (fd >= 0) ::unlink(draft.c_str());
  fail_at_file(path, "cannot be written: " + reason);
}

}  // namespace cochain::detail
