// Connecting: addresses in turn or beside each other, then TLS, then both ends.

#include "cochain/core/connection.hpp"

#include <sys/socket.h>
#include <utility>

#include "cochain/core/locks.hpp"
#include "cochain/core/task_group.hpp"
#include "cochain/core/timeouts.hpp"
#include "cochain/testing/forbid_network.hpp"
#include "sockets.hpp"
#include "stream_state.hpp"
#include "tls_transport.hpp"

namespace cochain {
namespace {

std::string target_of(const std::string& host, std::uint16_t port) {
  const bool is_name_of_ip6 = host.find(':') != std::string::npos;
  return is_name_of_ip6 ? "[" + host + "]:" + std::to_string(port)
                        : host + ":" + std::to_string(port);
}

std::string list_of(const std::string& host, std::uint16_t port,
                    const std::vector<ConnectAttempt>& attempts) {
  std::string text = "cannot connect to ";
  const bool is_path =
      !attempts.empty() && attempts.front().address.family() == SocketAddress::Family::kUnix;
  text += is_path ? attempts.front().address.to_string() : target_of(host, port);
  if (attempts.size() == 1) return text + ": " + attempts.front().code.message();
  for (const ConnectAttempt& attempt : attempts) {
    text += "\n  - " + attempt.address.to_string() + ": " + attempt.code.message();
  }
  return text;
}

}  // namespace

OpenConnectionError::OpenConnectionError(std::string host, std::uint16_t port,
                                         std::vector<ConnectAttempt> attempts)
    : ConnectionError(list_of(host, port, attempts),
                      attempts.empty() ? std::error_code() : attempts.back().code),
      host_(std::move(host)),
      port_(port),
      attempts_(std::move(attempts)) {}

OpenConnectionError::OpenConnectionError(std::string host, std::uint16_t port,
                                         const std::string& reason)
    : ConnectionError("cannot find an address of '" + host + "': " + reason),
      host_(std::move(host)),
      port_(port) {}

namespace detail {
namespace {

/// What the attempts on the addresses of a host share.
class Race {
 public:
  Race() = default;
  UniqueFd winner;
  std::vector<ConnectAttempt> failures;
  std::size_t running = 0;
  Event changed;
};

std::optional<Endpoint> local_for(const Endpoint& to, const std::vector<Endpoint>& from) {
  for (const Endpoint& each : from) {
    if (each.family() == to.family()) return each;
  }
  return std::nullopt;
}

Coro<> attempt(Race& race, Endpoint to, std::vector<Endpoint> from) {
  try {
    if (!from.empty() && !local_for(to, from)) {
      throw std::system_error(EAFNOSUPPORT, std::generic_category());
    }
    UniqueFd socket = co_await connect_socket(to, local_for(to, from));
    if (!race.winner) race.winner = std::move(socket);
  } catch (const std::system_error& error) {
    race.failures.emplace_back(to.to_address(), error.code());
  }
  --race.running;
  race.changed.set();
}

/// Until an attempt ends, or `limit` has passed.
Coro<> wait_for_change(Race& race, std::optional<Duration> limit) {
  race.changed.clear();
  if (!limit) {
    co_await race.changed.wait();
    co_return;
  }
  try {
    co_await wait_for(race.changed.wait(), *limit);
  } catch (const TimeoutError&) {
  }
}

}  // namespace

Coro<UniqueFd> connect_to_first(std::string host, std::uint16_t port, std::vector<Endpoint> to,
                                std::vector<Endpoint> from, std::optional<Duration> delay) {
  Race race;
  TaskGroup group;  // destroyed first: a cancellation ends all attempts
  for (std::size_t next = 0; next < to.size() && !race.winner; ++next) {
    ++race.running;
    group.create_task(attempt(race, to[next], from));
    const bool is_last = next + 1 == to.size();
    const std::size_t failed = race.failures.size();
    if (!is_last && delay) {
      co_await wait_for_change(race, delay);
      continue;
    }
    // One after the other; and the last one, while those before it may still succeed.
    while (!race.winner && race.running > 0 && (is_last || race.failures.size() == failed)) {
      co_await wait_for_change(race, std::nullopt);
    }
  }
  group.cancel();
  co_await group.join();
  if (!race.winner) throw OpenConnectionError(host, port, std::move(race.failures));
  co_return std::move(race.winner);
}

namespace {

/// A transport that is cut off, unless it found its use.
class CutUnlessKept {
 public:
  explicit CutUnlessKept(std::shared_ptr<Transport> transport) noexcept
      : transport_(std::move(transport)) {}
  ~CutUnlessKept() {
    if (transport_) transport_->abort(nullptr);
  }
  CutUnlessKept(const CutUnlessKept&) = delete;
  CutUnlessKept& operator=(const CutUnlessKept&) = delete;
  std::shared_ptr<Transport> keep() noexcept { return std::move(transport_); }
  [[nodiscard]] const std::shared_ptr<Transport>& get() const noexcept { return transport_; }

 private:
  std::shared_ptr<Transport> transport_;
};

Connection connection_over(std::shared_ptr<Transport> transport, std::size_t limit) {
  auto [reader, writer] = make_streams(std::move(transport), limit);
  return Connection(std::move(reader), std::move(writer));
}

Coro<Connection> connection_on(UniqueFd socket, std::string hostname, ConnectOptions options) {
  const EndAddresses addresses = addresses_of(socket.get());
  CutUnlessKept plain(FdTransport::of_socket(EventLoop::current(), std::move(socket), addresses));
  if (!options.ssl) co_return connection_over(plain.keep(), options.limit);
  TlsSessionOptions session(*options.ssl, std::move(hostname));
  session.handshake_timeout = options.ssl_handshake_timeout;
  session.shutdown_timeout = options.ssl_shutdown_timeout;
  const auto tls = std::make_shared<TlsTransport>(plain.get(), std::move(session));
  tls->start();
  co_await TlsTransport::wait_for_handshake(tls);
  plain.keep();
  co_return connection_over(tls, options.limit);
}

/// What is wrong with the options shows before anything is connected.
void check(const ConnectOptions& options, const std::string& hostname) {
  if (!options.ssl) return;
  if (options.ssl->state().is_server()) {
    throw InvalidStateError("a client cannot speak TLS with the context of a server");
  }
  (void)options.ssl->state().new_session(hostname);
}

/// Tests may forbid what leaves this machine; to look up a name leaves it, too.
void check_network(const std::string& host, const std::vector<SocketAddress>& addresses) {
  if (addresses.empty()) testing::check_network(host);
  for (const SocketAddress& address : addresses) {
    if (address.family() != SocketAddress::Family::kUnix) testing::check_network(address.host());
  }
}

Coro<Connection> open_tcp(std::string host, std::uint16_t port, ConnectOptions options) {
  std::string hostname = options.server_hostname.empty() ? host : options.server_hostname;
  check(options, hostname);
  check_network(host, options.addresses);
  std::vector<Endpoint> to;
  for (const SocketAddress& given : options.addresses) to.push_back(Endpoint::of_address(given));
  if (to.empty()) to = co_await look_up(host, port, options.family, LookUpFor::kConnect);
  std::vector<Endpoint> from;
  if (options.local_address) {
    from = co_await look_up(options.local_address->first, options.local_address->second,
                            options.family, LookUpFor::kListen);
  }
  if (options.happy_eyeballs_delay) to = interleave_families(std::move(to));
  UniqueFd socket = co_await connect_to_first(host, port, std::move(to), std::move(from),
                                              options.happy_eyeballs_delay);
  send_without_delay(socket.get());
  Coro<Connection> connecting =
      connection_on(std::move(socket), std::move(hostname), std::move(options));
  co_return co_await std::move(connecting);
}

Coro<Connection> open_unix(std::string path, ConnectOptions options) {
  check(options, options.server_hostname);
  std::vector<Endpoint> to{Endpoint::of_path(path)};
  std::vector<Endpoint> from;
  UniqueFd socket =
      co_await connect_to_first(path, 0, std::move(to), std::move(from), std::nullopt);
  std::string hostname = options.server_hostname;
  Coro<Connection> connecting =
      connection_on(std::move(socket), std::move(hostname), std::move(options));
  co_return co_await std::move(connecting);
}

}  // namespace
}  // namespace detail

ConnectOptions& ConnectOptions::with_ssl(TlsContext value) {
  ssl = std::move(value);
  return *this;
}
ConnectOptions& ConnectOptions::with_server_hostname(std::string value) {
  server_hostname = std::move(value);
  return *this;
}
ConnectOptions& ConnectOptions::with_ssl_handshake_timeout(Duration value) {
  ssl_handshake_timeout = value;
  return *this;
}
ConnectOptions& ConnectOptions::with_ssl_shutdown_timeout(Duration value) {
  ssl_shutdown_timeout = value;
  return *this;
}
ConnectOptions& ConnectOptions::with_happy_eyeballs_delay(Duration value) {
  happy_eyeballs_delay = value;
  return *this;
}
ConnectOptions& ConnectOptions::without_happy_eyeballs() {
  happy_eyeballs_delay.reset();
  return *this;
}
ConnectOptions& ConnectOptions::with_local_address(std::string host, std::uint16_t port) {
  local_address.emplace(std::move(host), port);
  return *this;
}
ConnectOptions& ConnectOptions::with_addresses(std::vector<SocketAddress> value) {
  addresses = std::move(value);
  return *this;
}
ConnectOptions& ConnectOptions::with_family(SocketAddress::Family value) {
  family = value;
  return *this;
}
ConnectOptions& ConnectOptions::with_limit(std::size_t value) {
  limit = value;
  return *this;
}

Coro<Connection> open_connection(std::string host, std::uint16_t port, ConnectOptions options) {
  return detail::open_tcp(std::move(host), port, std::move(options));
}

Coro<Connection> open_unix_connection(std::string path, ConnectOptions options) {
  return detail::open_unix(std::move(path), std::move(options));
}

Connection connect_descriptors(int read_fd, int write_fd, std::size_t limit) {
  EventLoop& loop = EventLoop::current();
  detail::UniqueFd read(read_fd);
  if (read_fd == write_fd) {
    const detail::EndAddresses addresses = detail::addresses_of(read_fd);
    return detail::connection_over(detail::FdTransport::of_socket(loop, std::move(read), addresses),
                                   limit);
  }
  return detail::connection_over(
      detail::FdTransport::of_pipes(loop, std::move(read), detail::UniqueFd(write_fd)), limit);
}

}  // namespace cochain
