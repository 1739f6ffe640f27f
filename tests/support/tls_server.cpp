// Blocking OpenSSL, without cleverness: what is tested is the client.
#include "tls_server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace cochain::testing {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nsecret garden";

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

std::string write_pem(X509* certificate) {
  std::string path = "/tmp/cochain-test-ca-XXXXXX";
  const int file = ::mkstemp(path.data());
  if (file < 0) {
    throw std::runtime_error("cannot make a file for a certificate");
  }
  FILE* stream = ::fdopen(file, "w");
  PEM_write_X509(stream, certificate);
  std::fclose(stream);
  return path;
}

}  // namespace

ThreadServer::ThreadServer(Handler handler)
    : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (listener_ < 0 || ::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    throw std::runtime_error("cannot listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ThreadServer::~ThreadServer() { stop(); }

void ThreadServer::stop() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      return;
    }
    stopping_ = true;
    for (const int socket : open_) {
      ::shutdown(socket, SHUT_RDWR);
    }
  }
  ::shutdown(listener_, SHUT_RDWR);  // ends accept()
  acceptor_.join();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  ::close(listener_);
}

void ThreadServer::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) {
      return;
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      ::close(socket);
      return;
    }
    ++connections_;
    open_.push_back(socket);
    threads_.emplace_back([this, socket] {
      // OpenSSL writes without MSG_NOSIGNAL. Only this thread is shielded: a client that lets
      // the signal through shall be found out.
      sigset_t broken_pipe;
      sigemptyset(&broken_pipe);
      sigaddset(&broken_pipe, SIGPIPE);
      ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
      handler_(socket);
      const std::lock_guard done(mutex_);
      std::erase(open_, socket);
      ::close(socket);
    });
  }
}

std::string read_head(int socket) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && ::recv(socket, &byte, 1, 0) == 1) {
    head += byte;
  }
  return head;
}

void write_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) {
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

TlsServer::TlsServer(TlsPeerOptions options)
    : options_(std::move(options)), context_(SSL_CTX_new(TLS_server_method())) {
  make_certificate();
  if (options_.old_only) {
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, TLS1_1_VERSION);
  }
  SSL_CTX_set_alpn_select_cb(context_, &TlsServer::choose_protocol, this);
  server_ = std::make_unique<ThreadServer>([this](int socket) { serve(socket); });
}

TlsServer::~TlsServer() {
  server_->stop();
  SSL_CTX_free(context_);
  ::unlink(ca_file_.c_str());
}

std::string TlsServer::offered_protocols() const {
  const std::lock_guard lock(mutex_);
  return offered_;
}

std::vector<std::string> TlsServer::heads() const {
  const std::lock_guard lock(mutex_);
  return heads_;
}

void TlsServer::note_head(std::string head) {
  const std::lock_guard lock(mutex_);
  heads_.push_back(std::move(head));
}

void TlsServer::make_certificate() {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -86400);
  X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(options_.validity.count()));
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* text = reinterpret_cast<const unsigned char*>("cochain test");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate, NID_subject_alt_name, options_.cert_names);
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX_use_certificate(context_, certificate);
  SSL_CTX_use_PrivateKey(context_, key);
  ca_file_ = write_pem(certificate);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

int TlsServer::choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                               const unsigned char* offered, unsigned offered_size, void* self) {
  auto& server = *static_cast<TlsServer*>(self);
  const std::string_view wanted = server.options_.http2_handler ? "h2" : "http/1.1";
  int verdict = SSL_TLSEXT_ERR_NOACK;
  std::string list;
  for (unsigned at = 0; at < offered_size; at += offered[at] + 1U) {
    const auto* text = reinterpret_cast<const char*>(offered + at + 1);
    const std::string_view protocol(text, offered[at]);
    list.append(list.empty() ? "" : ",").append(protocol);
    if (protocol == wanted) {
      *out = offered + at + 1;
      *out_size = offered[at];
      verdict = SSL_TLSEXT_ERR_OK;
    }
  }
  const std::lock_guard lock(server.mutex_);
  server.offered_ = list;
  return verdict;
}

void TlsServer::serve(int socket) {
  if (!options_.connect_reply.empty()) {
    note_head(read_head(socket));
    write_all(socket, options_.connect_reply);
  }
  if (options_.stalls) {
    char byte = 0;
    while (::recv(socket, &byte, 1, 0) == 1) {
    }
    return;
  }
  SSL* session = SSL_new(context_);
  SSL_set_fd(session, socket);
  if (SSL_accept(session) == 1) {
    ++handshakes_;
    if (options_.http2_handler) {
      options_.http2_handler(session);
    } else {
      serve_http1(session);
    }
    SSL_shutdown(session);
  }
  SSL_free(session);
}

void TlsServer::serve_http1(SSL* session) {
  std::string pending;
  char buffer[4096];
  for (;;) {
    const int count = SSL_read(session, buffer, sizeof buffer);
    if (count <= 0) {
      return;
    }
    pending.append(buffer, static_cast<std::size_t>(count));
    const std::size_t end = pending.find("\r\n\r\n");
    if (end == std::string::npos) {
      continue;
    }
    note_head(pending.substr(0, end + 4));
    pending.erase(0, end + 4);
    SSL_write(session, kAnswer.data(), static_cast<int>(kAnswer.size()));
  }
}

}  // namespace cochain::testing
