// The parts of a URL that decide how it may be asked.
#pragma once

#include <string>
#include <string_view>

namespace cochain {

class Url {
 public:
  Url() = default;
  std::string scheme;     // lower case
  std::string host;       // without brackets
  bool loopback = false;  // names this machine and nothing else
};

/// Errors: BadRequestError if it is none, or holds a user name or password.
[[nodiscard]] Url parse_url(const std::string& url);

/// The host, for messages: never fails, never shows credentials or the query.
[[nodiscard]] std::string host_of(const std::string& url) noexcept;

}  // namespace cochain
