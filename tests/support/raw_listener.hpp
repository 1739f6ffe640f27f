// A port that refuses, stays silent, or hands its connections to a test.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "cochain/core/socket_address.hpp"

namespace cochain::testing {

/// A blocking socket on 127.0.0.1 that is bound, and listens if it is told to: until then who
/// connects is refused.
class RawListener {
 public:
  RawListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    EXPECT_EQ(::bind(socket_, generic(), size), 0);
    EXPECT_EQ(::getsockname(socket_, generic(), &size), 0);
  }
  ~RawListener() {
    for (const int queued : queued_) ::close(queued);
    ::close(socket_);
  }
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;

  void listen(int backlog = 16) { EXPECT_EQ(::listen(socket_, backlog), 0); }
  /// Fills its queue, so that the next connection meets silence.
  void become_a_black_hole() {
    listen(0);
    for (int i = 0; i < 4; ++i) {
      queued_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(queued_.back(), generic(), sizeof address_);
    }
  }
  [[nodiscard]] int accept() const { return ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC); }
  [[nodiscard]] std::uint16_t port() const { return ntohs(address_.sin_port); }
  [[nodiscard]] SocketAddress address() const {
    return SocketAddress(SocketAddress::Family::kIpv4, "127.0.0.1", port());
  }

 private:
  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

  int socket_;
  sockaddr_in address_{};
  std::vector<int> queued_;
};

}  // namespace cochain::testing
