// Whether the network may be used, for the whole process.

#include "cochain/testing/forbid_network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <atomic>
#include <cstdlib>
#include <string>

namespace cochain::testing {
namespace {

std::atomic<std::size_t> scopes{0};
std::atomic<std::size_t> refused{0};

bool forbidden_from_outside() noexcept {
  static const bool is_set = [] {
    const char* value = std::getenv("COCHAIN_FORBID_NETWORK");
    return value != nullptr && *value != '\0' && std::string_view(value) != "0";
  }();
  return is_set;
}

/// A name that may stand for another address tomorrow is not this machine, but for "localhost".
bool is_this_machine(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host == "localhost") return true;
  const std::string text(host);
  in_addr v4{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

}  // namespace

NetworkForbidden::NetworkForbidden() noexcept : attempts_before_(refused) { ++scopes; }

NetworkForbidden::~NetworkForbidden() { --scopes; }

std::size_t NetworkForbidden::attempts() const noexcept { return refused - attempts_before_; }

bool network_is_forbidden() noexcept { return scopes > 0 || forbidden_from_outside(); }

void check_network(std::string_view host) {
  if (!network_is_forbidden() || is_this_machine(host)) return;
  ++refused;
  const bool by_scope = scopes > 0;
  throw NetworkForbiddenError("no connection to '" + std::string(host) +
                              "': the network is forbidden by " +
                              (by_scope ? "forbid_network()" : "COCHAIN_FORBID_NETWORK"));
}

}  // namespace cochain::testing
