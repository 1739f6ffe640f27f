// A switch that keeps tests off the network: what would reach beyond this machine fails at once,
// with an error that names the host, in place of a test that passes only where the network does.
//
//   const auto offline = forbid_network();       // in main(), a fixture or one test
//   COCHAIN_FORBID_NETWORK=1 ctest               // or for a whole process, from outside
#pragma once

#include <cstddef>
#include <string_view>

#include "cochain/core/error.hpp"

namespace cochain::testing {

/// A connection beyond this machine was asked for while the network is forbidden.
/// It is no ConnectionError and no ModelError, so that nothing tries it again.
class NetworkForbiddenError : public Error {
 public:
  using Error::Error;
};

/// While it lives, no connection beyond this machine is made, on any thread of the process.
/// Shape:    scopes may nest. Forbidden are open_connection(), before the name is looked up, and
///           every request of the curl transport. Loopback ("localhost", 127.0.0.0/8, ::1) and Unix
///           domain sockets are this machine: the Simulator and servers of tests go on. What a
///           program opens by other means, such as a subprocess, is not seen.
class [[nodiscard]] NetworkForbidden {
 public:
  NetworkForbidden() noexcept;
  ~NetworkForbidden();
  NetworkForbidden(const NetworkForbidden&) = delete;
  NetworkForbidden& operator=(const NetworkForbidden&) = delete;
  /// How many connections were refused since this scope began, whoever caught the error.
  [[nodiscard]] std::size_t attempts() const noexcept;

 private:
  std::size_t attempts_before_;
};

/// Forbids the network until the result goes.
inline NetworkForbidden forbid_network() noexcept { return NetworkForbidden(); }

/// True in a scope of forbid_network(), and where the environment variable COCHAIN_FORBID_NETWORK
/// was set, to anything but "0", when this was first asked.
[[nodiscard]] bool network_is_forbidden() noexcept;

/// For whoever opens connections of their own: call it with the host, a name or a number, before.
/// Errors: NetworkForbiddenError if the network is forbidden and `host` is not this machine.
void check_network(std::string_view host);

}  // namespace cochain::testing
