// Addresses as text.

#include "cochain/core/socket_address.hpp"

namespace cochain {

std::string SocketAddress::to_string() const {
  switch (family_) {
    case Family::kNone: return "(none)";
    case Family::kIpv4: return text_ + ":" + std::to_string(port_);
    case Family::kIpv6: return "[" + text_ + "]:" + std::to_string(port_);
    case Family::kUnix: break;
  }
  if (text_.empty()) return "(unnamed)";
  if (text_.front() == '\0') return "@" + text_.substr(1);
  return text_;
}

}  // namespace cochain
