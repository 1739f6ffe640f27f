// Where an end of a connection is: a host and a port, or a path.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace cochain {

/// The address of a socket, as text.
/// Shape: `host()` is a number such as "127.0.0.1" or "fe80::1%eth0", never a name; `path()` that
///        of a Unix domain socket: it begins with NUL if it is abstract, and is empty if unnamed.
class SocketAddress {
 public:
  enum class Family : std::uint8_t { kNone, kIpv4, kIpv6, kUnix };

  SocketAddress() = default;
  SocketAddress(Family family, std::string host_or_path, std::uint16_t port = 0)
      : family_(family), text_(std::move(host_or_path)), port_(port) {}

  [[nodiscard]] Family family() const noexcept { return family_; }
  [[nodiscard]] std::string host() const { return is_ip() ? text_ : std::string(); }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string path() const { return is_ip() ? std::string() : text_; }
  /// "127.0.0.1:80", "[::1]:80", "/run/app.sock", "@abstract", "(unnamed)".
  [[nodiscard]] std::string to_string() const;

  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;

 private:
  [[nodiscard]] bool is_ip() const noexcept {
    return family_ == Family::kIpv4 || family_ == Family::kIpv6;
  }

  Family family_ = Family::kNone;
  std::string text_;
  std::uint16_t port_ = 0;
};

}  // namespace cochain
