// start_server(): one task for each client that connects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/core/stream_io.hpp"

namespace cochain {

namespace detail {

class ServerState;

}  // namespace detail

/// What serves a client: a coroutine that takes both ends of its connection.
/// Lives: the function lives as long as its server and all its tasks. One that captures is given
///        a name before the statement with co_await (see docs/compilers.md).
using ClientConnected = std::function<Coro<>(StreamReader reader, StreamWriter writer)>;

/// How a server listens.
class ServerOptions {
 public:
  ServerOptions() = default;
  /// Speaks TLS, with a context for servers. A client whose handshake fails meets no task.
  ServerOptions& with_ssl(TlsContext value);
  ServerOptions& with_ssl_handshake_timeout(Duration value);
  ServerOptions& with_ssl_shutdown_timeout(Duration value);
  /// How many connections the system may hold that were not accepted yet.
  ServerOptions& with_backlog(int value);
  /// Refuses a port that connections of an earlier server still occupy.
  ServerOptions& without_reuse_address();
  /// Lets several servers, also of other processes, share a port.
  ServerOptions& with_reuse_port();
  /// Only addresses of this family.
  ServerOptions& with_family(SocketAddress::Family value);
  /// The limit of each reader.
  ServerOptions& with_limit(std::size_t value);
  /// Binds and listens only with start_serving() or serve_forever().
  ServerOptions& without_serving();

  std::optional<TlsContext> ssl;
  Duration ssl_handshake_timeout = kTlsHandshakeTimeout;
  Duration ssl_shutdown_timeout = kTlsShutdownTimeout;
  int backlog = 100;
  bool reuse_address = true;
  bool reuse_port = false;
  bool start_serving = true;
  SocketAddress::Family family = SocketAddress::Family::kNone;
  std::size_t limit = kStreamLimit;
};

/// Listening sockets, and the tasks of the clients that came through them.
/// Lives:  destroying it stops listening and destroys the tasks where they stand, without
///         CancelledError; their connections close after what was written. The task that destroys
///         it, if it is one of them, is cancelled instead. For an end in good order: close(), then
///         `co_await wait_closed()`.
/// Errors: what a client's task throws goes to the loop's exception handler, and its connection is
///         closed. If descriptors or memory run out, the handler is told, and accepting goes on
///         a second later.
class Server {
 public:
  explicit Server(std::shared_ptr<detail::ServerState> state) noexcept;
  Server(Server&&) noexcept = default;
  Server& operator=(Server&& other) noexcept;
  ~Server();

  /// Where it listens; empty after close().
  [[nodiscard]] std::vector<SocketAddress> addresses() const;
  /// The port of the first address: what port 0 became.
  [[nodiscard]] std::uint16_t port() const;
  /// The descriptors that listen; they stay the server's.
  [[nodiscard]] std::vector<int> sockets() const;
  [[nodiscard]] bool is_serving() const noexcept;

  /// Accepts from now on. Harmless if it does already.
  /// Errors: InvalidStateError after close().
  void start_serving() const;
  /// Accepts until it is cancelled, and then closes everything; or until close().
  /// Suspends: until then, and until all connections are closed.
  /// Errors:   CancelledError if it was cancelled.
  [[nodiscard]] Coro<> serve_forever() const;
  /// Stops listening. Connections that there are go on.
  void close() const noexcept;
  /// Closes all connections, as their writers' close() would.
  void close_clients() const noexcept;
  /// Cuts all connections, as their writers' abort() would.
  void abort_clients() const noexcept;
  /// Suspends: until close() was called, all connections are closed and all their tasks done. The
  ///           task of a client that waits for this does not count.
  [[nodiscard]] Coro<> wait_closed() const;

 private:
  std::shared_ptr<detail::ServerState> state_;
};

/// Listens on `port` of `host`: a name, a number, or empty for all interfaces, IPv4 and IPv6. Port
/// 0 lets the system choose, one number for all addresses. Errors: ConnectionError that names the
/// address and why it cannot be listened on.
[[nodiscard]] Coro<Server> start_server(ClientConnected client_connected, std::string host,
                                        std::uint16_t port,
                                        ServerOptions options = ServerOptions());
/// The same for several hosts.
[[nodiscard]] Coro<Server> start_server(ClientConnected client_connected,
                                        std::vector<std::string> hosts, std::uint16_t port,
                                        ServerOptions options = ServerOptions());

/// Listens on a Unix domain socket. One that is left there from before is replaced; it is removed
/// at close(), unless somebody replaced it. A path that begins with NUL is an abstract name.
/// Errors: ConnectionError; InvalidStateError if the path is too long.
[[nodiscard]] Coro<Server> start_unix_server(ClientConnected client_connected, std::string path,
                                             ServerOptions options = ServerOptions());

}  // namespace cochain
