// TLS contexts: certificates, trust, names.

#include "cochain/core/tls.hpp"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <system_error>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls_context.hpp"

namespace cochain {
namespace {

using detail::SslPtr;

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw TlsError("cannot read " + path + ": " + std::generic_category().message(errno),
                   std::error_code(errno, std::generic_category()));
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

[[noreturn]] void fail(const std::string& what) {
  throw TlsError(what + ": " + detail::last_tls_error(nullptr));
}

SslPtr<BIO> bio_of(const std::string& text) {
  SslPtr<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) throw std::bad_alloc();
  return bio;
}

std::vector<SslPtr<X509>> certificates_in(const std::string& text, const std::string& source) {
  ERR_clear_error();
  const SslPtr<BIO> bio = bio_of(text);
  std::vector<SslPtr<X509>> found;
  for (;;) {
    SslPtr<X509> next(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!next) break;
    found.push_back(std::move(next));
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) fail("bad certificate in " + source);
  ERR_clear_error();
  if (found.empty()) throw TlsError("there is no PEM certificate in " + source);
  return found;
}

// An encrypted key is an error; OpenSSL's own way would be to ask on the terminal.
int no_password(char*, int, int, void*) { return -1; }

SslPtr<EVP_PKEY> key_in(const std::string& text, const std::string& source) {
  ERR_clear_error();
  const SslPtr<BIO> bio = bio_of(text);
  SslPtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &no_password, nullptr));
  if (!key) fail("there is no PEM private key without a password in " + source);
  return key;
}

void use_identity(SSL_CTX* context, const TlsIdentity& identity) {
  const std::string chain = identity.is_text ? identity.chain : read_file(identity.chain);
  const std::string key = identity.is_text ? identity.key : read_file(identity.key);
  const std::string chain_source = identity.is_text ? "the text of the chain" : identity.chain;
  const std::string key_source = identity.is_text ? "the text of the key" : identity.key;
  const std::vector<SslPtr<X509>> certificates = certificates_in(chain, chain_source);
  if (SSL_CTX_use_certificate(context, certificates.front().get()) != 1) {
    fail("cannot use the certificate in " + chain_source);
  }
  for (std::size_t i = 1; i < certificates.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, certificates[i].get()) != 1) fail("bad certificate chain");
  }
  const SslPtr<EVP_PKEY> private_key = key_in(key, key_source);
  if (SSL_CTX_use_PrivateKey(context, private_key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    fail("the key in " + key_source + " does not belong to the certificate in " + chain_source);
  }
}

void trust(SSL_CTX* context, const std::string& text, const std::string& source) {
  for (const SslPtr<X509>& certificate : certificates_in(text, source)) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate.get()) != 1) {
      fail("cannot trust a certificate in " + source);
    }
  }
}

SslPtr<SSL_CTX> new_context() {
  SslPtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  return context;
}

std::string alpn_wire(const std::vector<std::string>& names) {
  std::string wire;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) {
      throw TlsError("the name of an ALPN protocol has 1 to 255 bytes");
    }
    wire += static_cast<char>(name.size());
    wire += name;
  }
  return wire;
}

const unsigned char* bytes_of(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_ip_address(const std::string& host) {
  std::array<unsigned char, 16> ignored{};
  return ::inet_pton(AF_INET, host.c_str(), ignored.data()) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), ignored.data()) == 1;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<std::size_t>(size));
}

SslPtr<BIO> memory_bio() {
  SslPtr<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio) throw std::bad_alloc();
  return bio;
}

std::string text_of(const X509_NAME* name) {
  const SslPtr<BIO> bio = memory_bio();
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253);
  return text_of(bio.get());
}

std::string text_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return std::string(text.data(), size);
}

std::vector<std::string> alt_names_of(const X509* certificate) {
  std::vector<std::string> names;
  auto* list = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS) {
      names.push_back(
          "DNS:" +
          std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                      static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))));
    } else if (name->type == GEN_IPADD) {
      std::array<char, INET6_ADDRSTRLEN> text{};
      const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      if (::inet_ntop(family, ASN1_STRING_get0_data(name->d.iPAddress), text.data(), text.size())) {
        names.push_back("IP:" + std::string(text.data()));
      }
    }
  }
  GENERAL_NAMES_free(list);
  return names;
}

TlsCertificate describe_certificate(X509* certificate) {
  TlsCertificate described;
  described.subject = text_of(X509_get_subject_name(certificate));
  described.issuer = text_of(X509_get_issuer_name(certificate));
  described.alt_names = alt_names_of(certificate);
  described.not_before = text_of(X509_get0_notBefore(certificate));
  described.not_after = text_of(X509_get0_notAfter(certificate));
  const SslPtr<BIO> bio = memory_bio();
  PEM_write_bio_X509(bio.get(), certificate);
  described.pem = text_of(bio.get());
  return described;
}

std::string text_or_empty(const char* text) { return text ? text : ""; }

}  // namespace

namespace detail {

TlsContextState::TlsContextState(const TlsClientOptions& options)
    : context_(new_context()),
      is_server_(false),
      check_hostname_(options.verify && options.check_hostname),
      protocols_(alpn_wire(options.alpn)) {
  if (options.verify) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (options.ca_file.empty() && options.ca_pem.empty()) {
      SSL_CTX_set_default_verify_paths(context_.get());
    }
    if (!options.ca_file.empty()) {
      trust(context_.get(), read_file(options.ca_file), options.ca_file);
    }
    if (!options.ca_pem.empty()) trust(context_.get(), options.ca_pem, "the text of the CA");
  }
  if (!options.identity.empty()) use_identity(context_.get(), options.identity);
  if (!protocols_.empty()) {
    SSL_CTX_set_alpn_protos(context_.get(), bytes_of(protocols_),
                            static_cast<unsigned>(protocols_.size()));
  }
}

TlsContextState::TlsContextState(const TlsServerOptions& options)
    : context_(new_context()), is_server_(true), protocols_(alpn_wire(options.alpn)) {
  use_identity(context_.get(), options.identity);
  static constexpr std::array<unsigned char, 7> kSessions{'c', 'o', 'c', 'h', 'a', 'i', 'n'};
  SSL_CTX_set_session_id_context(context_.get(), kSessions.data(), kSessions.size());
  const auto ask_for = [&](const std::string& text, const std::string& source) {
    trust(context_.get(), text, source);
    for (const SslPtr<X509>& authority : certificates_in(text, source)) {
      SSL_CTX_add_client_CA(context_.get(), authority.get());
    }
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  };
  if (!options.client_ca_file.empty()) {
    ask_for(read_file(options.client_ca_file), options.client_ca_file);
  }
  if (!options.client_ca_pem.empty()) ask_for(options.client_ca_pem, "the text of the client CA");
  if (!protocols_.empty()) SSL_CTX_set_alpn_select_cb(context_.get(), &choose_protocol, this);
}

int TlsContextState::choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                                     const unsigned char* offered, unsigned offered_size,
                                     void* self) {
  const std::string& ours = static_cast<const TlsContextState*>(self)->protocols_;
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, bytes_of(ours), static_cast<unsigned>(ours.size()),
                            offered, offered_size) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

SslPtr<SSL> TlsContextState::new_session(const std::string& hostname) const {
  SslPtr<SSL> session(SSL_new(context_.get()));
  if (!session) throw std::bad_alloc();
  if (is_server_) {
    SSL_set_accept_state(session.get());
    return session;
  }
  SSL_set_connect_state(session.get());
  std::string host = hostname;
  if (host.ends_with('.')) host.pop_back();  // an absolute name; certificates have no dot there
  const bool is_ip = is_ip_address(host);
  if (!host.empty() && !is_ip) SSL_set_tlsext_host_name(session.get(), host.c_str());
  if (!check_hostname_) return session;
  if (host.empty()) {
    throw InvalidStateError(
        "to check the name in the certificate, TLS needs with_server_hostname(...)");
  }
  SSL_set_hostflags(session.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session.get()), host.c_str())
                        : SSL_set1_host(session.get(), host.c_str());
  if (set != 1) throw TlsError("not a host name: " + host);
  return session;
}

TlsInfo tls_info_of(SSL* session) {
  TlsInfo info;
  info.version = text_or_empty(SSL_get_version(session));
  info.cipher = text_or_empty(SSL_CIPHER_get_name(SSL_get_current_cipher(session)));
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(session, &protocol, &size);
  if (protocol) info.alpn.assign(reinterpret_cast<const char*>(protocol), size);
  info.server_name = text_or_empty(SSL_get_servername(session, TLSEXT_NAMETYPE_host_name));
  const SslPtr<X509> peer(SSL_get1_peer_certificate(session));
  if (peer) info.peer_certificate = describe_certificate(peer.get());
  return info;
}

std::string last_tls_error(SSL* session) {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = error != 0 ? ERR_reason_error_string(error) : nullptr;
  std::string text = reason ? reason : "unknown error";
  if (session) {
    const long verdict = SSL_get_verify_result(session);
    if (verdict != X509_V_OK) {
      text += std::string(" (") + X509_verify_cert_error_string(verdict) + ")";
    }
  }
  return text;
}

}  // namespace detail

TlsIdentity TlsIdentity::files(std::string chain, std::string key) {
  TlsIdentity identity;
  identity.chain = std::move(chain);
  identity.key = std::move(key);
  return identity;
}
TlsIdentity TlsIdentity::pem(std::string chain, std::string key) {
  TlsIdentity identity = files(std::move(chain), std::move(key));
  identity.is_text = true;
  return identity;
}

TlsClientOptions& TlsClientOptions::with_ca_file(std::string value) {
  ca_file = std::move(value);
  return *this;
}
TlsClientOptions& TlsClientOptions::with_ca_pem(std::string value) {
  ca_pem = std::move(value);
  return *this;
}
TlsClientOptions& TlsClientOptions::with_identity(TlsIdentity value) {
  identity = std::move(value);
  return *this;
}
TlsClientOptions& TlsClientOptions::without_verification() {
  verify = false;
  return *this;
}
TlsClientOptions& TlsClientOptions::without_hostname_check() {
  check_hostname = false;
  return *this;
}
TlsServerOptions& TlsServerOptions::with_client_ca_file(std::string value) {
  client_ca_file = std::move(value);
  return *this;
}
TlsServerOptions& TlsServerOptions::with_client_ca_pem(std::string value) {
  client_ca_pem = std::move(value);
  return *this;
}

TlsContext TlsContext::client(TlsClientOptions options) {
  return TlsContext(std::make_shared<const detail::TlsContextState>(options));
}
TlsContext TlsContext::server(TlsServerOptions options) {
  return TlsContext(std::make_shared<const detail::TlsContextState>(options));
}

}  // namespace cochain
