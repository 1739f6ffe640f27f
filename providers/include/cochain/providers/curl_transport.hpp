// HTTP by libcurl on the event loop: HTTP/1.1 and HTTP/2, TLS, proxies, a pool of connections.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "cochain/providers/transport.hpp"

namespace cochain {

/// How a curl transport connects.
/// Shape: setters chain: `CurlOptions().with_ca_file("ca.pem").with_user_agent("me/1.0")`.
class CurlOptions {
 public:
  /// Plain HTTP carries keys and prompts in the clear, so it is refused but for this machine.
  enum class PlainHttp { kLoopbackOnly, kAllowed };

  CurlOptions() = default;
  CurlOptions& with_ca_file(std::string value);
  CurlOptions& with_ca_directory(std::string value);
  CurlOptions& with_user_agent(std::string value);
  CurlOptions& with_buffer_bytes(std::size_t value);
  CurlOptions& with_idle_connections(std::size_t value);
  CurlOptions& with_plain_http(PlainHttp value);

  /// PEM file and directory of trusted certificates. Empty: SSL_CERT_FILE or CURL_CA_BUNDLE, and
  /// SSL_CERT_DIR, if set in the environment; else the system's.
  std::string ca_file;
  std::string ca_directory;
  std::string user_agent = "cochain";
  /// Bytes of a body that wait for its reader; a peer that sends more is held back.
  std::size_t buffer_bytes = 64 * 1024;
  /// Idle connections that are kept for the next request.
  std::size_t idle_connections = 256;
  PlainHttp plain_http = PlainHttp::kLoopbackOnly;
};

/// A transport by libcurl.
/// Proxies come from the environment, by libcurl's rules (HTTPS_PROXY, https_proxy, http_proxy,
/// ALL_PROXY, NO_PROXY), and are never used for this machine. TLS is verified, at least version
/// 1.2. Nothing is read from .netrc. Answers are decompressed (gzip, br, zstd, deflate).
/// Errors: as the port; NetworkForbiddenError where a test forbids the network.
[[nodiscard]] std::shared_ptr<HttpTransport> make_curl_transport(
    CurlOptions options = CurlOptions());

/// libcurl's version and what it was built with, in one line.
[[nodiscard]] std::string curl_version_line();

}  // namespace cochain
