// Sockets of the kernel: addresses, names, connecting and listening, with nothing left behind by a
// failure or a cancellation.
#pragma once

#include <sys/socket.h>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cochain/core/connection.hpp"
#include "fd_transport.hpp"
#include "unique_fd.hpp"

namespace cochain::detail {

/// An address as the kernel wants it.
class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const sockaddr* address, socklen_t size);
  /// Errors: InvalidStateError if the path does not fit.
  static Endpoint of_path(const std::string& path);
  /// Errors: InvalidStateError if it is none that can be connected to.
  static Endpoint of_address(const SocketAddress& address);

  [[nodiscard]] const sockaddr* address() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  [[nodiscard]] socklen_t size() const noexcept { return size_; }
  [[nodiscard]] int family() const noexcept { return storage_.ss_family; }
  void set_port(std::uint16_t port) noexcept;
  [[nodiscard]] SocketAddress to_address() const;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

/// What a name is looked up for.
enum class LookUpFor { kConnect, kListen };

/// The addresses of a name; numbers are answered at once, names by a thread.
/// Errors: OpenConnectionError if there are none.
Coro<std::vector<Endpoint>> look_up(std::string host, std::uint16_t port,
                                    SocketAddress::Family family, LookUpFor purpose);

/// The families in turn, beginning with that of the first; each keeps its order (RFC 8305, 4).
std::vector<Endpoint> interleave_families(std::vector<Endpoint> addresses);

/// Errors: std::system_error.
Coro<UniqueFd> connect_socket(Endpoint to, std::optional<Endpoint> from);

/// The first of the addresses that can be connected to.
/// Errors: OpenConnectionError with all attempts.
Coro<UniqueFd> connect_to_first(std::string host, std::uint16_t port, std::vector<Endpoint> to,
                                std::vector<Endpoint> from, std::optional<Duration> delay);

/// A socket that is bound and not yet listening.
/// Errors: std::system_error.
UniqueFd bind_socket(const Endpoint& to, bool reuse_address, bool reuse_port);

[[nodiscard]] SocketAddress sockname_of(int socket);
[[nodiscard]] EndAddresses addresses_of(int socket);
/// Small messages go out at once. Harmless where there is no such thing.
void send_without_delay(int socket) noexcept;

}  // namespace cochain::detail
