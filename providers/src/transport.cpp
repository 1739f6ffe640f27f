// What can be done with any transport.

#include "cochain/providers/transport.hpp"

namespace cochain {

Coro<std::string> read_all(std::unique_ptr<HttpBody> body, std::size_t bytes_max) {
  std::string all;
  while (std::optional<std::string> bytes = co_await body->read()) {
    if (all.empty()) {
      all = std::move(*bytes);  // most answers come in one piece
    } else {
      all += *bytes;
    }
    if (all.size() < bytes_max) continue;
    all.resize(bytes_max);
    break;
  }
  co_return all;
}

}  // namespace cochain
