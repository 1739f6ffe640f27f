// Readiness first, then one call that does not wait.

#include "fd_io.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "cochain/core/locks.hpp"
#include "cochain/core/reactor.hpp"
#include "exit_code.hpp"

namespace cochain::cli {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{64} * 1024;

bool is_regular(int fd) {
  struct stat facts{};
  return ::fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
}

/// True also if a call would fail at once: then the call shall say so.
bool ready_within(int fd, short events, int milliseconds) {
  pollfd request{fd, events, 0};
  return ::poll(&request, 1, milliseconds) > 0;
}

/// Asio makes the descriptors that it watches non-blocking, and that is a property of the open
/// file, which the shell and our other descriptors share: it is put back.
class StatusFlags {
 public:
  explicit StatusFlags(int fd) noexcept : fd_(fd), flags_(::fcntl(fd, F_GETFL)) {}
  ~StatusFlags() {
    if (flags_ >= 0) ::fcntl(fd_, F_SETFL, flags_);
  }
  StatusFlags(const StatusFlags&) = delete;
  StatusFlags& operator=(const StatusFlags&) = delete;

 private:
  int fd_;
  int flags_;
};

Coro<> wait_ready(int fd, short events) {
  if (ready_within(fd, events, 0)) co_return;
  const StatusFlags flags(fd);
  Event ready;
  FdWatcher watcher(EventLoop::current(), fd, [&ready](Readiness) { ready.set(); });
  watcher.watch(Readiness(events == POLLIN, events == POLLOUT));
  co_await ready.wait();
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

UniqueFd::UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ > STDERR_FILENO) ::close(fd_);
}

Coro<std::string> FdReader::read() {
  std::string block(kBlockBytes, '\0');
  for (;;) {
    co_await wait_ready(fd_.get(), POLLIN);
    const ssize_t got = ::read(fd_.get(), block.data(), block.size());
    if (got >= 0) {
      block.resize(static_cast<std::size_t>(got));
      co_return block;
    }
    if (errno != EINTR && errno != EAGAIN) fail("cannot read " + name_);
  }
}

// A pipe that is ready takes PIPE_BUF bytes without waiting; more might wait.
FdWriter::FdWriter(UniqueFd fd, std::string name)
    : fd_(std::move(fd)),
      name_(std::move(name)),
      piece_max_(is_regular(fd_.get()) ? SSIZE_MAX : PIPE_BUF) {}

void FdWriter::write_some() {
  const std::string_view left = std::string_view(buffer_).substr(written_);
  const ssize_t done = ::write(fd_.get(), left.data(), std::min(left.size(), piece_max_));
  if (done >= 0) {
    written_ += static_cast<std::size_t>(done);
  } else if (errno == EPIPE) {
    throw BrokenPipe();
  } else if (errno != EINTR && errno != EAGAIN) {
    fail("cannot write to " + name_);
  }
  if (written_ == buffer_.size()) {
    buffer_.clear();
    written_ = 0;
  }
}

Coro<> FdWriter::flush() {
  while (buffered() > 0) {
    co_await wait_ready(fd_.get(), POLLOUT);
    write_some();
  }
}

bool FdWriter::flush_now() {
  while (buffered() > 0) {
    if (!ready_within(fd_.get(), POLLOUT, 1000) && errno != EINTR) return false;
    write_some();
  }
  return true;
}

void FdWriter::sync() {
  if (piece_max_ != SSIZE_MAX) return;
  if (::fsync(fd_.get()) != 0) fail("cannot bring to the disk " + name_);
}

}  // namespace cochain::cli
