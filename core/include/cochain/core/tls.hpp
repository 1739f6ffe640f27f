// What a TLS connection is made with, and what can be known of it. No TLS library shows here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/core/clock.hpp"
#include "cochain/core/error.hpp"

namespace cochain {

namespace detail {

class TlsContextState;

}  // namespace detail

/// A certificate chain and its private key: two PEM files, or the text of both.
/// Shape: the chain begins with the certificate itself. One file or text may hold both.
class TlsIdentity {
 public:
  TlsIdentity() = default;
  [[nodiscard]] static TlsIdentity files(std::string chain, std::string key);
  [[nodiscard]] static TlsIdentity pem(std::string chain, std::string key);
  [[nodiscard]] bool empty() const noexcept { return chain.empty(); }

  std::string chain;
  std::string key;
  bool is_text = false;  // chain and key are PEM text, not the names of files
};

/// How a client speaks TLS. By default it trusts what the system trusts, and checks the name.
class TlsClientOptions {
 public:
  TlsClientOptions() = default;
  /// Trusts the certificates of this PEM file, and no longer those of the system.
  TlsClientOptions& with_ca_file(std::string value);
  /// The same from PEM text.
  TlsClientOptions& with_ca_pem(std::string value);
  /// Shows this certificate to servers that ask for one.
  TlsClientOptions& with_identity(TlsIdentity value);
  /// Offers these protocols, the best first: "h2", "http/1.1".
  template <class... Names>
  TlsClientOptions& with_alpn(Names... names) {
    alpn = std::vector<std::string>{std::string(std::move(names))...};
    return *this;
  }
  /// Believes any certificate: for tests. Whoever sits on the wire reads along.
  TlsClientOptions& without_verification();
  /// Checks the certificate, but not for which host it is.
  TlsClientOptions& without_hostname_check();

  std::string ca_file;
  std::string ca_pem;
  TlsIdentity identity;
  std::vector<std::string> alpn;
  bool verify = true;
  bool check_hostname = true;
};

/// How a server speaks TLS.
class TlsServerOptions {
 public:
  explicit TlsServerOptions(TlsIdentity own) : identity(std::move(own)) {}
  /// Asks clients for a certificate by one of these authorities, and refuses those without.
  TlsServerOptions& with_client_ca_file(std::string value);
  TlsServerOptions& with_client_ca_pem(std::string value);
  /// Of the protocols that a client offers, the first of these is taken; without any in common the
  /// handshake goes on without one.
  template <class... Names>
  TlsServerOptions& with_alpn(Names... names) {
    alpn = std::vector<std::string>{std::string(std::move(names))...};
    return *this;
  }

  TlsIdentity identity;
  std::string client_ca_file;
  std::string client_ca_pem;
  std::vector<std::string> alpn;
};

/// Certificates, trust and settings, read once and shared by any number of connections.
/// TLS 1.2 is the least that is spoken.
/// Threads: may be used by several loops at once. Copies name the same context.
class TlsContext {
 public:
  /// Errors: TlsError if a file cannot be read or holds no such thing.
  [[nodiscard]] static TlsContext client(TlsClientOptions options = TlsClientOptions());
  /// Errors: TlsError as above, or if the key does not belong to the certificate.
  [[nodiscard]] static TlsContext server(TlsServerOptions options);

  [[nodiscard]] const detail::TlsContextState& state() const noexcept { return *state_; }

 private:
  explicit TlsContext(std::shared_ptr<const detail::TlsContextState> state) noexcept
      : state_(std::move(state)) {}
  std::shared_ptr<const detail::TlsContextState> state_;
};

/// What a certificate says, as text.
class TlsCertificate {
 public:
  TlsCertificate() = default;
  std::string subject;                 // "CN=example.com,O=Example"
  std::string issuer;                  //
  std::vector<std::string> alt_names;  // "DNS:example.com", "IP:127.0.0.1"
  std::string not_before;              // "2026-01-31T12:00:00Z"
  std::string not_after;               //
  std::string pem;
};

/// What was agreed on in a handshake.
class TlsInfo {
 public:
  TlsInfo() = default;
  std::string version;      // "TLSv1.3"
  std::string cipher;       // "TLS_AES_256_GCM_SHA384"
  std::string alpn;         // empty if none was agreed on
  std::string server_name;  // for which the client asked (SNI); empty if for none
  std::optional<TlsCertificate> peer_certificate;
};

inline constexpr Duration kTlsHandshakeTimeout = std::chrono::seconds(60);
inline constexpr Duration kTlsShutdownTimeout = std::chrono::seconds(30);

}  // namespace cochain
