// The door to OpenSSL: contexts, and what can be read from a session.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "cochain/core/tls.hpp"

namespace cochain::detail {

struct SslFree {
  void operator()(SSL* session) const noexcept { SSL_free(session); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
template <class T>
using SslPtr = std::unique_ptr<T, SslFree>;

class TlsContextState {
 public:
  explicit TlsContextState(const TlsClientOptions& options);
  explicit TlsContextState(const TlsServerOptions& options);

  [[nodiscard]] bool is_server() const noexcept { return is_server_; }
  /// A session before its handshake; `hostname` is what a client connects to, and may be empty for
  /// a server.
  /// Errors: InvalidStateError if a client has to check a name and has none.
  [[nodiscard]] SslPtr<SSL> new_session(const std::string& hostname) const;

 private:
  static int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                             const unsigned char* offered, unsigned offered_size, void* self);

  SslPtr<SSL_CTX> context_;
  bool is_server_;
  bool check_hostname_ = false;
  std::string protocols_;  // as ALPN has them: each with its length before it
};

/// What was agreed on. The session must have done its handshake.
TlsInfo tls_info_of(SSL* session);

/// What OpenSSL has to say about the last failure of this thread; leaves nothing of it behind.
std::string last_tls_error(SSL* session);

}  // namespace cochain::detail
