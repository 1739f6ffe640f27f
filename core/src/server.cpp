// Listening: which sockets, and what a Server says and does with them.

#include "cochain/core/server.hpp"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <system_error>
#include <utility>

#include "server_state.hpp"

namespace cochain {
namespace detail {
namespace {

// With port 0, what the system chose for the first address may be taken on another one.
constexpr int kTriesForOnePort = 20;

[[noreturn]] void fail(const Endpoint& address, std::error_code code) {
  throw ConnectionError(
      "cannot listen on " + address.to_address().to_string() + ": " + code.message(), code);
}

/// True if this machine has no such addresses at all.
bool is_missing_family(std::error_code code) {
  return code == std::errc::address_family_not_supported ||
         code == std::errc::address_not_available;
}

/// The sockets for all addresses; with port 0, all with the number of the first. Empty if that
/// number is taken on one of them.
std::vector<UniqueFd> try_to_bind(const std::vector<Endpoint>& addresses, std::uint16_t port,
                                  const ServerOptions& options) {
  std::vector<UniqueFd> sockets;
  std::uint16_t chosen = port;
  std::optional<std::pair<Endpoint, std::error_code>> missing;
  for (Endpoint address : addresses) {
    address.set_port(chosen);
    try {
      sockets.push_back(bind_socket(address, options.reuse_address, options.reuse_port));
      if (chosen == 0) chosen = sockname_of(sockets.back().get()).port();
    } catch (const std::system_error& error) {
      if (port == 0 && chosen != 0 && error.code() == std::errc::address_in_use) return {};
      if (!is_missing_family(error.code())) fail(address, error.code());
      missing.emplace(address, error.code());
    }
  }
  if (sockets.empty() && missing) fail(missing->first, missing->second);
  return sockets;
}

std::vector<UniqueFd> bind_all(const std::vector<Endpoint>& addresses, std::uint16_t port,
                               const ServerOptions& options) {
  for (int tries = 0; tries < kTriesForOnePort; ++tries) {
    std::vector<UniqueFd> sockets = try_to_bind(addresses, port, options);
    if (!sockets.empty()) return sockets;
  }
  throw ConnectionError("no port is free on all addresses",
                        std::make_error_code(std::errc::address_in_use));
}

void check(const ServerOptions& options) {
  if (options.ssl && !options.ssl->state().is_server()) {
    throw InvalidStateError("a server cannot speak TLS with the context of a client");
  }
}

Coro<Server> start_on_hosts(ClientConnected client_connected, std::vector<std::string> hosts,
                            std::uint16_t port, ServerOptions options) {
  check(options);
  std::vector<Endpoint> addresses;
  for (const std::string& host : hosts) {
    const std::vector<Endpoint> found =
        co_await look_up(host, port, options.family, LookUpFor::kListen);
    for (const Endpoint& each : found) {
      const SocketAddress same = each.to_address();
      const bool is_new =
          std::none_of(addresses.begin(), addresses.end(),
                       [&](const Endpoint& old) { return old.to_address() == same; });
      if (is_new) addresses.push_back(each);
    }
  }
  const bool serve = options.start_serving;
  std::vector<UniqueFd> sockets = bind_all(addresses, port, options);
  auto state = std::make_shared<ServerState>(EventLoop::current(), std::move(client_connected),
                                             std::move(options));
  for (UniqueFd& socket : sockets) state->add_socket(std::move(socket));
  if (serve) state->start_serving();
  co_return Server(std::move(state));
}

// As asyncio: a socket is what an earlier server left; anything else is somebody's file.
void remove_stale_socket(const std::string& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

Coro<Server> start_on_path(ClientConnected client_connected, std::string path,
                           ServerOptions options) {
  check(options);
  const Endpoint address = Endpoint::of_path(path);
  const bool is_abstract = path.starts_with('\0');
  if (!is_abstract) remove_stale_socket(path);
  std::vector<UniqueFd> sockets = try_to_bind({address}, 0, options);
  const bool serve = options.start_serving;
  auto state = std::make_shared<ServerState>(EventLoop::current(), std::move(client_connected),
                                             std::move(options));
  if (!is_abstract) state->own_path(path);
  for (UniqueFd& socket : sockets) state->add_socket(std::move(socket));
  if (serve) state->start_serving();
  co_return Server(std::move(state));
}

Coro<> wait_until_over(std::shared_ptr<ServerState> state) {
  const AnyTask self = current_task();
  while (!state->over_for(self.get())) {
    co_await ServerState::Change(*state);
  }
}

Coro<> wait_until_closed(std::shared_ptr<ServerState> state) {
  while (!state->closed()) {
    co_await ServerState::Change(*state);
  }
}

Coro<> serve_until_closed(std::shared_ptr<ServerState> state) {
  if (state->serving_for_ever) {
    throw InvalidStateError("serve_forever() of this server is awaited already");
  }
  state->start_serving();
  state->serving_for_ever = true;
  std::exception_ptr cancelled;
  try {
    co_await wait_until_closed(state);
  } catch (const CancelledError&) {
    cancelled = std::current_exception();
    state->close();
    state->close_clients();
  }
  state->serving_for_ever = false;
  co_await wait_until_over(state);
  if (cancelled) std::rethrow_exception(cancelled);
}

}  // namespace
}  // namespace detail

ServerOptions& ServerOptions::with_ssl(TlsContext value) {
  ssl = std::move(value);
  return *this;
}
ServerOptions& ServerOptions::with_ssl_handshake_timeout(Duration value) {
  ssl_handshake_timeout = value;
  return *this;
}
ServerOptions& ServerOptions::with_ssl_shutdown_timeout(Duration value) {
  ssl_shutdown_timeout = value;
  return *this;
}
ServerOptions& ServerOptions::with_backlog(int value) {
  backlog = value;
  return *this;
}
ServerOptions& ServerOptions::without_reuse_address() {
  reuse_address = false;
  return *this;
}
ServerOptions& ServerOptions::with_reuse_port() {
  reuse_port = true;
  return *this;
}
ServerOptions& ServerOptions::with_family(SocketAddress::Family value) {
  family = value;
  return *this;
}
ServerOptions& ServerOptions::with_limit(std::size_t value) {
  limit = value;
  return *this;
}
ServerOptions& ServerOptions::without_serving() {
  start_serving = false;
  return *this;
}

Server::Server(std::shared_ptr<detail::ServerState> state) noexcept : state_(std::move(state)) {}

Server& Server::operator=(Server&& other) noexcept {
  if (this == &other) return *this;
  const Server ended(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

Server::~Server() {
  if (state_) state_->shut_down();
}

std::vector<SocketAddress> Server::addresses() const { return state_->addresses(); }

std::uint16_t Server::port() const {
  const std::vector<SocketAddress> all = addresses();
  return all.empty() ? std::uint16_t{0} : all.front().port();
}

std::vector<int> Server::sockets() const { return state_->sockets(); }
bool Server::is_serving() const noexcept { return state_->serving(); }
void Server::start_serving() const { state_->start_serving(); }
Coro<> Server::serve_forever() const { return detail::serve_until_closed(state_); }
void Server::close() const noexcept { state_->close(); }
void Server::close_clients() const noexcept { state_->close_clients(); }
void Server::abort_clients() const noexcept { state_->abort_clients(); }
Coro<> Server::wait_closed() const { return detail::wait_until_over(state_); }

Coro<Server> start_server(ClientConnected client_connected, std::string host, std::uint16_t port,
                          ServerOptions options) {
  std::vector<std::string> hosts{std::move(host)};
  return detail::start_on_hosts(std::move(client_connected), std::move(hosts), port,
                                std::move(options));
}

Coro<Server> start_server(ClientConnected client_connected, std::vector<std::string> hosts,
                          std::uint16_t port, ServerOptions options) {
  return detail::start_on_hosts(std::move(client_connected), std::move(hosts), port,
                                std::move(options));
}

Coro<Server> start_unix_server(ClientConnected client_connected, std::string path,
                               ServerOptions options) {
  return detail::start_on_path(std::move(client_connected), std::move(path), std::move(options));
}

}  // namespace cochain
