// Bytes between a descriptor and a protocol.
//
// A write is tried at once; what the kernel does not take waits for EPOLLOUT. Reading is one
// receive for each look of the loop, straight into the protocol's memory.

#include "fd_transport.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <string>
#include <system_error>
#include <utility>

namespace cochain::detail {
namespace {

/// write() to a pipe that has no reader raises SIGPIPE, and there is no flag against it: so the
/// signal is held back for this thread, and taken away if it came from this call.
ssize_t write_without_signal(int fd, std::string_view data) noexcept {
  sigset_t broken_pipe;
  sigset_t before;
  sigset_t pending;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  ::sigpending(&pending);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const ssize_t written = ::write(fd, data.data(), data.size());
  const int error = errno;
  if (written < 0 && error == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
    const timespec at_once{};
    while (::sigtimedwait(&broken_pipe, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return written;
}

bool is_for_later(int error) noexcept {
  return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

void make_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(),
                            "cannot make a descriptor non-blocking");
  }
}

std::exception_ptr connection_error(int error, const char* what) {
  const std::error_code code(error, std::generic_category());
  return std::make_exception_ptr(ConnectionError(std::string(what) + ": " + code.message(), code));
}

}  // namespace

class FdTransport::Watch final : public FdRegistration {
 public:
  Watch(FdTransport& owner, UniqueFd fd, bool read_end)
      : FdRegistration(owner.loop_.reactor(), std::move(fd)), owner_(owner), read_end_(read_end) {}
  ~Watch() = default;

 private:
  void on_events(std::uint32_t events) noexcept override { owner_.on_events(read_end_, events); }

  FdTransport& owner_;
  bool read_end_;
};

void FdTransport::Membership::on_loop_end() noexcept {
  owner_.abort(
      std::make_exception_ptr(ConnectionError("the event loop of this connection has ended")));
}

std::shared_ptr<FdTransport> FdTransport::of_socket(EventLoop& loop, UniqueFd socket,
                                                    EndAddresses addresses) {
  std::shared_ptr<FdTransport> self(new FdTransport(loop, Kind::kSocket, std::move(addresses)));
  self->read_end_ = std::make_unique<Watch>(*self, std::move(socket), true);
  self->open(self);
  return self;
}

std::shared_ptr<FdTransport> FdTransport::of_pipes(EventLoop& loop, UniqueFd read, UniqueFd write) {
  std::shared_ptr<FdTransport> self(new FdTransport(loop, Kind::kPipes, EndAddresses()));
  if (read) {
    make_nonblocking(read.get());
    self->read_end_ = std::make_unique<Watch>(*self, std::move(read), true);
  }
  if (write) {
    make_nonblocking(write.get());
    self->write_end_ = std::make_unique<Watch>(*self, std::move(write), false);
  }
  self->open(self);
  return self;
}

FdTransport::FdTransport(EventLoop& loop, Kind kind, EndAddresses addresses)
    : loop_(loop), kind_(kind), addresses_(std::move(addresses)) {}

FdTransport::~FdTransport() = default;

void FdTransport::open(std::shared_ptr<FdTransport> self) {
  membership_.begin();
  self_ = std::move(self);
}

void FdTransport::set_protocol(std::shared_ptr<Protocol> protocol) {
  if (lost_) return protocol->connection_lost(nullptr);
  protocol_ = std::move(protocol);
  update_wanted();
}

FdTransport::Watch* FdTransport::write_watch() noexcept {
  return kind_ == Kind::kSocket ? read_end_.get() : write_end_.get();
}

void FdTransport::update_wanted() noexcept {
  const bool read = protocol_ && reading_ && !read_eof_ && !closing_;
  const std::uint32_t in = read ? std::uint32_t{EPOLLIN} : 0U;
  const std::uint32_t out = unsent_.empty() ? 0U : std::uint32_t{EPOLLOUT};
  if (kind_ == Kind::kSocket) {
    if (read_end_) read_end_->want(in | out);
    return;
  }
  if (read_end_) read_end_->want(in);
  if (write_end_) write_end_->want(out);
}

void FdTransport::on_events(bool read_end, std::uint32_t events) noexcept {
  const std::shared_ptr<FdTransport> self = self_;  // it may lose itself below
  try {
    if (read_end) on_read_end(events);
    if (!lost_ && (kind_ == Kind::kSocket || !read_end)) on_write_end(events);
  } catch (...) {  // out of memory
    lose(std::current_exception());
  }
}

void FdTransport::on_read_end(std::uint32_t events) {
  if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) return;
  if (protocol_ && reading_ && !read_eof_ && !closing_) read_some();
}

void FdTransport::on_write_end(std::uint32_t events) {
  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
  if (!unsent_.empty()) return flush();
  if ((events & EPOLLERR) == 0) return;
  // Nobody reads or writes just now, and the peer is gone for good.
  if (kind_ == Kind::kPipes) return fail(EPIPE, "nobody reads the other end");
  if (!read_eof_) return;  // whoever reads on shall meet what came before the error
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(read_end_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) fail(error, "the connection broke");
}

void FdTransport::read_some() {
  const std::span<char> space = protocol_->read_space();
  const int fd = read_end_->fd();
  const ssize_t got = kind_ == Kind::kSocket ? ::recv(fd, space.data(), space.size(), MSG_DONTWAIT)
                                             : ::read(fd, space.data(), space.size());
  if (got > 0) {
    protocol_->data_received(static_cast<std::size_t>(got));
  } else if (got == 0) {
    read_eof_ = true;
    update_wanted();
    const bool stays_open = protocol_->eof_received();
    if (!stays_open || (kind_ == Kind::kPipes && !write_end_)) close();
  } else if (!is_for_later(errno)) {
    fail(errno, "cannot read from the connection");
  }
}

ssize_t FdTransport::send_now(std::string_view data) const noexcept {
  const ssize_t sent = kind_ == Kind::kSocket ? ::send(read_end_->fd(), data.data(), data.size(),
                                                       MSG_NOSIGNAL | MSG_DONTWAIT)
                                              : write_without_signal(write_end_->fd(), data);
  return sent < 0 && is_for_later(errno) ? 0 : sent;
}

void FdTransport::write(std::string_view data) {
  if (write_eof_) throw InvalidStateError("write() after write_eof()");
  if (closing_ || data.empty()) return;
  if (!write_watch()) throw InvalidStateError("this stream cannot be written to");
  if (unsent_.empty()) {
    const ssize_t sent = send_now(data);
    if (sent < 0) return fail(errno, "cannot write to the connection");
    data.remove_prefix(static_cast<std::size_t>(sent));
    if (data.empty()) return;
  }
  unsent_.append(data);
  update_wanted();
  if (unsent_.size() > high_water_ && !std::exchange(writing_paused_, true) && protocol_) {
    protocol_->pause_writing();
  }
}

void FdTransport::flush() {
  const ssize_t sent = send_now(unsent_.view());
  if (sent < 0) return fail(errno, "cannot write to the connection");
  unsent_.consume(static_cast<std::size_t>(sent));
  if (unsent_.size() <= low_water_ && std::exchange(writing_paused_, false) && protocol_) {
    protocol_->resume_writing();
  }
  if (!unsent_.empty()) return;
  update_wanted();
  if (closing_) return lose(nullptr);
  if (write_eof_) end_writing();
}

void FdTransport::write_eof() {
  if (closing_ || std::exchange(write_eof_, true)) return;
  if (unsent_.empty()) end_writing();
}

void FdTransport::end_writing() {
  if (kind_ == Kind::kSocket) {
    ::shutdown(read_end_->fd(), SHUT_WR);
  } else {
    write_end_.reset();
    if (!read_end_ || read_eof_) close();
  }
}

void FdTransport::close() noexcept {
  if (std::exchange(closing_, true)) return;
  if (unsent_.empty()) return lose(nullptr);
  update_wanted();
}

void FdTransport::pause_reading() noexcept {
  reading_ = false;
  update_wanted();
}

void FdTransport::resume_reading() noexcept {
  reading_ = true;
  update_wanted();
}

void FdTransport::set_write_buffer_limits(std::size_t high, std::size_t low) noexcept {
  high_water_ = high;
  low_water_ = low;
  if (!protocol_) return;
  if (unsent_.size() > high && !std::exchange(writing_paused_, true)) protocol_->pause_writing();
  if (unsent_.size() <= low && std::exchange(writing_paused_, false)) protocol_->resume_writing();
}

void FdTransport::fail(int error, const char* what) noexcept {
  lose(connection_error(error, what));
}

void FdTransport::lose(std::exception_ptr error) noexcept {
  if (std::exchange(lost_, true)) return;
  closing_ = true;
  const std::shared_ptr<FdTransport> self = std::move(self_);
  read_end_.reset();
  write_end_.reset();
  unsent_.clear();
  membership_.unlink();
  const std::shared_ptr<Protocol> protocol = std::move(protocol_);
  if (protocol) protocol->connection_lost(std::move(error));
}

}  // namespace cochain::detail
