// open_connection(): from a name and a port, or a path, to a StreamReader and a StreamWriter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/core/stream_io.hpp"

namespace cochain {

/// An address that was tried, and why it was not to be connected to.
class ConnectAttempt {
 public:
  ConnectAttempt(SocketAddress tried, std::error_code why) : address(std::move(tried)), code(why) {}
  SocketAddress address;
  std::error_code code;
};

/// No connection came about.
/// Shape: `what()` names the host, each address and why; `attempts()` is empty if the name was not
///        found. `code()` is that of the last attempt.
class OpenConnectionError : public ConnectionError {
 public:
  OpenConnectionError(std::string host, std::uint16_t port, std::vector<ConnectAttempt> attempts);
  OpenConnectionError(std::string host, std::uint16_t port, const std::string& reason);
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::vector<ConnectAttempt>& attempts() const noexcept { return attempts_; }

 private:
  std::string host_;
  std::uint16_t port_;
  std::vector<ConnectAttempt> attempts_;
};

/// How a connection is made.
class ConnectOptions {
 public:
  ConnectOptions() = default;
  /// Speaks TLS, with a context for clients; the certificate is checked for the host's name.
  ConnectOptions& with_ssl(TlsContext value);
  /// The name to check and to ask for in place of the host.
  ConnectOptions& with_server_hostname(std::string value);
  ConnectOptions& with_ssl_handshake_timeout(Duration value);
  ConnectOptions& with_ssl_shutdown_timeout(Duration value);
  /// If an address has not answered for so long, the next one is tried beside it: families in
  /// turn, the first to connect wins (RFC 8305). The default is 250 ms.
  ConnectOptions& with_happy_eyeballs_delay(Duration value);
  /// One address after the other, each until the system gives up on it.
  ConnectOptions& without_happy_eyeballs();
  /// Connects from this address; port 0 means any.
  ConnectOptions& with_local_address(std::string host, std::uint16_t port = 0);
  /// Connects to one of these in place of what the host's name stands for.
  ConnectOptions& with_addresses(std::vector<SocketAddress> value);
  /// Only addresses of this family.
  ConnectOptions& with_family(SocketAddress::Family value);
  /// The limit of the reader.
  ConnectOptions& with_limit(std::size_t value);

  std::optional<TlsContext> ssl;
  std::string server_hostname;
  Duration ssl_handshake_timeout = kTlsHandshakeTimeout;
  Duration ssl_shutdown_timeout = kTlsShutdownTimeout;
  std::optional<Duration> happy_eyeballs_delay = std::chrono::milliseconds(250);
  std::optional<std::pair<std::string, std::uint16_t>> local_address;
  std::vector<SocketAddress> addresses;
  SocketAddress::Family family = SocketAddress::Family::kNone;
  std::size_t limit = kStreamLimit;
};

/// Both ends of a connection: `auto [reader, writer] = co_await open_connection(host, port);`
class Connection {
 public:
  Connection(StreamReader from, StreamWriter to) noexcept
      : reader(std::move(from)), writer(std::move(to)) {}
  StreamReader reader;
  StreamWriter writer;
};

/// Connects to `port` of `host`, a name or a number. Names are looked up on a thread of the default
/// executor, so the loop goes on meanwhile.
/// Suspends: until the connection, and with it the TLS session, is made. Cancellable: nothing of it
///           is left.
/// Errors:   OpenConnectionError, TlsError, TimeoutError (of the handshake); NetworkForbiddenError
///           where a test forbids the network.
[[nodiscard]] Coro<Connection> open_connection(std::string host, std::uint16_t port,
                                               ConnectOptions options = ConnectOptions());

/// Connects to a Unix domain socket; a path that begins with NUL is an abstract name.
/// Errors: as above; InvalidStateError if the path is too long, or for TLS without a hostname.
[[nodiscard]] Coro<Connection> open_unix_connection(std::string path,
                                                    ConnectOptions options = ConnectOptions());

/// A connection over descriptors that the caller has: two ends of pipes, or one connected stream
/// socket given twice. -1 for a direction that there is not.
/// Lives:  takes the descriptors, and closes them when its writer is closed or gone, also if it can
///         only be read. A pipe that can only be read closes at its end; one that can only be
///         written to, when nobody reads it any more.
/// Errors: std::system_error if they cannot be watched, as plain files. The descriptors become
///         non-blocking, for everyone who shares them.
[[nodiscard]] Connection connect_descriptors(int read_fd, int write_fd,
                                             std::size_t limit = kStreamLimit);

}  // namespace cochain
