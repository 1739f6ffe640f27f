// What the tests of connections and servers share: sockets that a test can make behave badly.
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "core_test.hpp"
#include "process_state.hpp"
#include "raw_listener.hpp"

namespace cochain::testing {

using ::testing::HasSubstr;

/// Sends back what it gets, until the peer ends.
inline Coro<> echo(StreamReader reader, StreamWriter writer) {
  for (;;) {
    const std::string data = co_await reader.read(65536);
    if (data.empty()) co_return;
    writer.write(data);
    co_await writer.drain();
  }
}

/// Takes what comes and says nothing, until the peer ends.
inline Coro<> swallow(StreamReader reader, StreamWriter) { co_await reader.read(); }

/// Ends at once, which closes the connection.
inline Coro<> hang_up(StreamReader, StreamWriter) { co_return; }

/// Closes a server and waits until nothing of it is left.
inline Coro<> end(Server& server) {
  server.close();
  server.close_clients();
  co_await server.wait_closed();
}

/// Checks that as many descriptors are open at its end as at its beginning.
class NoDescriptorLeft {
 public:
  NoDescriptorLeft() : before_(open_descriptors()) {}
  ~NoDescriptorLeft() { EXPECT_EQ(open_descriptors(), before_); }
  NoDescriptorLeft(const NoDescriptorLeft&) = delete;
  NoDescriptorLeft& operator=(const NoDescriptorLeft&) = delete;

 private:
  std::size_t before_;
};

/// Closes a raw socket so that its peer gets a reset.
inline void reset(int socket) {
  const linger at_once{1, 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::close(socket);
}

/// A connection and the raw socket at its other end.
class RawPeer {
 public:
  RawPeer(Connection made, int raw) : connection(std::move(made)), socket(raw) {}
  RawPeer(RawPeer&& other) noexcept
      : connection(std::move(other.connection)), socket(std::exchange(other.socket, -1)) {}
  RawPeer& operator=(RawPeer&&) = delete;
  ~RawPeer() { close(); }
  void close() {
    if (socket >= 0) ::close(std::exchange(socket, -1));
  }
  void cut() { reset(std::exchange(socket, -1)); }
  void send(std::string_view text) const {
    EXPECT_EQ(::send(socket, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  /// What is there now, up to `most` bytes.
  [[nodiscard]] std::string receive(std::size_t most = 65536) const {
    std::string text(most, '\0');
    const ssize_t got = ::recv(socket, text.data(), text.size(), MSG_DONTWAIT);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

  Connection connection;
  int socket;
};

inline Coro<RawPeer> connect_to_raw_peer(ConnectOptions options = ConnectOptions()) {
  RawListener listener;
  listener.listen();
  Connection made = co_await open_connection("127.0.0.1", listener.port(), std::move(options));
  co_return RawPeer(std::move(made), listener.accept());
}

/// A name for a socket in /tmp that nobody else has.
inline std::string socket_path(std::string_view name) {
  return "/tmp/cochain-" + std::to_string(::getpid()) + "-" + std::string(name) + ".sock";
}

}  // namespace cochain::testing
