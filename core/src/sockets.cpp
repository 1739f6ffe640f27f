// Addresses, names and connecting.

#include "sockets.hpp"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include "cochain/core/executor.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain::detail {
namespace {

constexpr Duration kFirstRetry = std::chrono::milliseconds(1);
constexpr Duration kLastRetry = std::chrono::milliseconds(100);

[[noreturn]] void fail(int error, const char* what) {
  throw std::system_error(error, std::generic_category(), what);
}

class LookUpResult {
 public:
  LookUpResult() = default;
  int error = 0;
  int system_error = 0;
  std::vector<Endpoint> addresses;
};

LookUpResult ask_for_addresses(const std::string& host, std::uint16_t port, int family, int flags) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  LookUpResult result;
  const std::string service = std::to_string(port);
  result.error =
      ::getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &hints, &list);
  result.system_error = errno;
  for (const addrinfo* each = list; each; each = each->ai_next) {
    result.addresses.emplace_back(each->ai_addr, each->ai_addrlen);
  }
  if (list) ::freeaddrinfo(list);
  return result;
}

int family_number(SocketAddress::Family family) {
  if (family == SocketAddress::Family::kIpv4) return AF_INET;
  if (family == SocketAddress::Family::kIpv6) return AF_INET6;
  return AF_UNSPEC;
}

std::string ip_text(const sockaddr_in6& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  std::string host = text.data();
  if (address.sin6_scope_id == 0) return host;
  std::array<char, IF_NAMESIZE> name{};
  if (::if_indextoname(address.sin6_scope_id, name.data())) return host + "%" + name.data();
  return host + "%" + std::to_string(address.sin6_scope_id);
}

/// Waits until a socket is connected, or has failed to.
class ConnectWait final : public Waiter, public FdRegistration {
 public:
  ConnectWait(Reactor& reactor, UniqueFd socket) : FdRegistration(reactor, std::move(socket)) {
    want(EPOLLOUT);
  }
  ~ConnectWait() override = default;
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(frame);
  }
  void await_resume() { throw_if_cancelled(); }

 private:
  void on_events(std::uint32_t) noexcept override {
    want(0);
    wake();
  }
};

}  // namespace

Endpoint::Endpoint(const sockaddr* address, socklen_t size) : size_(size) {
  std::memcpy(&storage_, address, std::min<std::size_t>(size, sizeof storage_));
}

Endpoint Endpoint::of_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool is_abstract = path.starts_with('\0');
  // A path ends with NUL in there; the length of an abstract name is told apart.
  if (path.size() + (is_abstract ? 0 : 1) > sizeof address.sun_path) {
    throw InvalidStateError("the path of a Unix domain socket is too long: " + path);
  }
  if (path.empty()) throw InvalidStateError("the path of a Unix domain socket is empty");
  std::memcpy(address.sun_path, path.data(), path.size());
  const std::size_t size = offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1);
  return Endpoint(reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size));
}

Endpoint Endpoint::of_address(const SocketAddress& address) {
  if (address.family() == SocketAddress::Family::kUnix) return of_path(address.path());
  const LookUpResult found = ask_for_addresses(address.host(), address.port(),
                                               family_number(address.family()), AI_NUMERICHOST);
  if (address.host().empty() || found.addresses.empty()) {
    throw InvalidStateError("not an address to connect to: " + address.to_string());
  }
  return found.addresses.front();
}

void Endpoint::set_port(std::uint16_t port) noexcept {
  if (family() == AF_INET) reinterpret_cast<sockaddr_in&>(storage_).sin_port = htons(port);
  if (family() == AF_INET6) reinterpret_cast<sockaddr_in6&>(storage_).sin6_port = htons(port);
}

SocketAddress Endpoint::to_address() const {
  if (family() == AF_INET) {
    const auto& ip = reinterpret_cast<const sockaddr_in&>(storage_);
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &ip.sin_addr, text.data(), text.size());
    return SocketAddress(SocketAddress::Family::kIpv4, text.data(), ntohs(ip.sin_port));
  }
  if (family() == AF_INET6) {
    const auto& ip = reinterpret_cast<const sockaddr_in6&>(storage_);
    return SocketAddress(SocketAddress::Family::kIpv6, ip_text(ip), ntohs(ip.sin6_port));
  }
  if (family() != AF_UNIX) return SocketAddress();
  const auto& local = reinterpret_cast<const sockaddr_un&>(storage_);
  std::size_t size =
      size_ > offsetof(sockaddr_un, sun_path) ? size_ - offsetof(sockaddr_un, sun_path) : 0;
  if (size > 0 && local.sun_path[0] != '\0') size = ::strnlen(local.sun_path, size);
  return SocketAddress(SocketAddress::Family::kUnix, std::string(local.sun_path, size));
}

Coro<std::vector<Endpoint>> look_up(std::string host, std::uint16_t port,
                                    SocketAddress::Family family, LookUpFor purpose) {
  if (host.empty() && purpose == LookUpFor::kConnect) {
    throw OpenConnectionError(host, port, "the name of the host is empty");
  }
  const int number = family_number(family);
  const int passive = purpose == LookUpFor::kListen ? AI_PASSIVE : 0;
  LookUpResult result = ask_for_addresses(host, port, number, passive | AI_NUMERICHOST);
  if (result.error == EAI_NONAME) {  // not a number
    result = co_await to_thread(&ask_for_addresses, host, port, number, passive);
  }
  if (result.error == EAI_SYSTEM) {
    throw OpenConnectionError(host, port, std::generic_category().message(result.system_error));
  }
  if (result.error != 0) throw OpenConnectionError(host, port, ::gai_strerror(result.error));
  co_return std::move(result.addresses);
}

std::vector<Endpoint> interleave_families(std::vector<Endpoint> addresses) {
  std::vector<Endpoint> first;
  std::vector<Endpoint> others;
  for (const Endpoint& each : addresses) {
    (each.family() == addresses.front().family() ? first : others).push_back(each);
  }
  std::vector<Endpoint> mixed;
  for (std::size_t i = 0; i < std::max(first.size(), others.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < others.size()) mixed.push_back(others[i]);
  }
  return mixed;
}

Coro<UniqueFd> connect_socket(Endpoint to, std::optional<Endpoint> from) {
  UniqueFd socket(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) fail(errno, "socket");
  if (from && ::bind(socket.get(), from->address(), from->size()) != 0) fail(errno, "bind");
  Duration retry = kFirstRetry;
  while (::connect(socket.get(), to.address(), to.size()) != 0) {
    const int error = errno;
    if (error == EAGAIN && to.family() == AF_UNIX) {  // its backlog is full; nothing tells when
      co_await sleep(retry);
      retry = std::min(retry * 2, kLastRetry);
      continue;
    }
    if (error != EINPROGRESS && error != EINTR) fail(error, "connect");
    ConnectWait wait(EventLoop::current().reactor(), std::move(socket));
    co_await wait;
    int outcome = 0;
    socklen_t size = sizeof outcome;
    ::getsockopt(wait.fd(), SOL_SOCKET, SO_ERROR, &outcome, &size);
    if (outcome != 0) fail(outcome, "connect");
    socket = wait.leave();
    break;
  }
  co_return std::move(socket);
}

UniqueFd bind_socket(const Endpoint& to, bool reuse_address, bool reuse_port) {
  UniqueFd socket(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) fail(errno, "socket");
  const int on = 1;
  const auto set = [&](int level, int option) {
    if (::setsockopt(socket.get(), level, option, &on, sizeof on) != 0) fail(errno, "setsockopt");
  };
  if (to.family() != AF_UNIX) {
    if (reuse_address) set(SOL_SOCKET, SO_REUSEADDR);
    if (reuse_port) set(SOL_SOCKET, SO_REUSEPORT);
  }
  if (to.family() == AF_INET6) set(IPPROTO_IPV6, IPV6_V6ONLY);  // IPv4 has a socket of its own
  if (::bind(socket.get(), to.address(), to.size()) != 0) fail(errno, "bind");
  return socket;
}

SocketAddress sockname_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return {};
  return Endpoint(reinterpret_cast<const sockaddr*>(&storage), size).to_address();
}

EndAddresses addresses_of(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  SocketAddress peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &size) == 0) {
    peer = Endpoint(reinterpret_cast<const sockaddr*>(&storage), size).to_address();
  }
  return EndAddresses(sockname_of(socket), std::move(peer));
}

void send_without_delay(int socket) noexcept {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace cochain::detail
