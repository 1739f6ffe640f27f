// A draft beside the file, which is given its name at the end.

#include "whole_file.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>
#include <system_error>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain::detail {

void write_whole_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
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
  const std::string reason = std::generic_category().message(errno);
  if (fd >= 0) ::unlink(draft.c_str());
  throw VocabularyError(path.string() + " cannot be written: " + reason);
}

}  // namespace cochain::detail
