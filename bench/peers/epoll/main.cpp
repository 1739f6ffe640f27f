// The floor of the echo rows: one thread, one epoll, both ends, and nothing else.
// No coroutines, no timers, no errors but abort(). Level-triggered, each descriptor registered
// once for reading; a write is tried at once, and only one that does not fit waits for room, while
// that end reads nothing, as drain() does. The pattern of messages is that of the streams rows.

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "meter.hpp"

namespace {

using cochain::bench::Meter;
using cochain::bench::Row;

constexpr std::size_t kReadBytes = 65536;

void require(bool good) {
  if (!good) std::abort();
}

/// One end of one connection.
class End {
 public:
  explicit End(int epoll, int fd) : epoll_(epoll), fd_(fd) {
    const int on = 1;
    require(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = this;
    require(::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd_, &event) == 0);
  }
  End(const End&) = delete;
  End& operator=(const End&) = delete;
  virtual ~End() { ::close(fd_); }

  void on_event(unsigned events) {
    if (events & EPOLLOUT) {
      flush();
    } else {
      static std::array<char, kReadBytes> buffer;
      const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
      require(got > 0 || (got < 0 && errno == EAGAIN));
      if (got > 0) on_data(buffer.data(), static_cast<std::size_t>(got));
    }
  }
  virtual void on_data(const char* data, std::size_t size) = 0;

  void send(const char* data, std::size_t size) {
    const ssize_t sent = ::send(fd_, data, size, MSG_NOSIGNAL);
    require(sent > 0 || (sent < 0 && errno == EAGAIN));
    const std::size_t done = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (done == size) return;
    rest_.assign(data + done, size - done);
    want(EPOLLOUT);
  }

 private:
  void flush() {
    const ssize_t sent = ::send(fd_, rest_.data(), rest_.size(), MSG_NOSIGNAL);
    require(sent > 0 || (sent < 0 && errno == EAGAIN));
    rest_.erase(0, sent > 0 ? static_cast<std::size_t>(sent) : 0);
    if (rest_.empty()) want(EPOLLIN);
  }
  void want(unsigned events) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = this;
    require(::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd_, &event) == 0);
  }

  int epoll_;
  int fd_;
  std::string rest_;
};

class Server final : public End {
 public:
  using End::End;
  void on_data(const char* data, std::size_t size) override { send(data, size); }
};

class Client final : public End {
 public:
  Client(int epoll, int fd, std::size_t message_bytes, std::size_t* open)
      : End(epoll, fd), message_(message_bytes, 'x'), open_(open) {}
  void begin(std::size_t rounds) {
    rounds_ = rounds;
    send(message_.data(), message_.size());
  }
  void on_data(const char*, std::size_t size) override {
    received_ += size;
    if (received_ < message_.size()) return;
    received_ = 0;
    if (--rounds_ > 0) {
      send(message_.data(), message_.size());
    } else {
      --*open_;
    }
  }

 private:
  std::string message_;
  std::size_t received_ = 0;
  std::size_t rounds_ = 0;
  std::size_t* open_;
};

void run_until_closed(int epoll, const std::size_t& open) {
  std::array<epoll_event, 256> events;
  while (open > 0) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      static_cast<End*>(event.data.ptr)->on_event(event.events);
    }
  }
}

template <std::size_t MessageBytes, std::size_t Connections>
void echo(Meter& meter, std::size_t n) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof address;
  require(::bind(listener, generic, length) == 0);
  require(::listen(listener, 256) == 0);
  require(::getsockname(listener, generic, &length) == 0);

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  std::size_t open = Connections;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<std::unique_ptr<Server>> servers;
  for (std::size_t i = 0; i < Connections; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::connect(fd, generic, length) == 0);
    require(::fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    require(accepted >= 0);
    clients.push_back(std::make_unique<Client>(epoll, fd, MessageBytes, &open));
    servers.push_back(std::make_unique<Server>(epoll, accepted));
  }
  for (auto& client : clients) client->begin(10);
  run_until_closed(epoll, open);

  open = Connections;
  const std::size_t rounds = (n + Connections - 1) / Connections;
  meter.start();
  for (auto& client : clients) client->begin(rounds);
  run_until_closed(epoll, open);
  meter.stop();
  ::close(epoll);
  ::close(listener);
}

constexpr Row kRows[] = {
    Row("echo_32_1", echo<32, 1>),
    Row("echo_32_100", echo<32, 100>),
    Row("echo_64k_1", echo<65536, 1>),
    Row("echo_64k_100", echo<65536, 100>, 3000),
};

}  // namespace

int main(int argc, char** argv) { return cochain::bench::run_rows(argc, argv, "epoll", kRows); }
