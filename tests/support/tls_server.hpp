// A small HTTPS server that a test can make go wrong: certificates, versions, stalls.
// Blocking, one thread per connection; keys and certificates are made when it starts.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

struct ssl_st;
struct ssl_ctx_st;

namespace cochain::testing {

/// Listens on 127.0.0.1 and gives each connection to a handler, on a thread of its own.
/// Lives:    destruction shuts all connections down and joins all threads.
class ThreadServer {
 public:
  using Handler = std::function<void(int socket)>;
  explicit ThreadServer(Handler handler);
  ~ThreadServer();
  ThreadServer(const ThreadServer&) = delete;
  ThreadServer& operator=(const ThreadServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::size_t connections() const { return connections_.load(); }
  void stop();

 private:
  void accept_all();

  Handler handler_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<std::size_t> connections_{0};
  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// Reads from a socket until an empty line came; what was read, or less if the peer left.
std::string read_head(int socket);

/// Writes all of it, or as much as the peer takes.
void write_all(int socket, std::string_view bytes);

class TlsPeerOptions {
 public:
  TlsPeerOptions() = default;
  /// The names in the certificate, as OpenSSL writes them.
  TlsPeerOptions& names(std::string value) { return set(cert_names, std::move(value)); }
  /// The certificate's end, counted from now.
  TlsPeerOptions& valid_for(std::chrono::seconds value) { return set(validity, value); }
  /// Nothing newer than TLS 1.1 is spoken.
  TlsPeerOptions& old_version_only() { return set(old_only, true); }
  /// Accepts connections and never says a word.
  TlsPeerOptions& stall() { return set(stalls, true); }
  /// Answers like a proxy first: reads one request head and sends this.
  TlsPeerOptions& after_connect(std::string reply) { return set(connect_reply, std::move(reply)); }
  /// HTTP/2 instead of HTTP/1.1, for clients that offer it.
  TlsPeerOptions& http2(std::function<void(ssl_st*)> value) {
    return set(http2_handler, std::move(value));
  }

  std::string cert_names = "DNS:localhost,IP:127.0.0.1";
  std::chrono::seconds validity{3600};
  bool old_only = false;
  bool stalls = false;
  std::string connect_reply;
  std::function<void(ssl_st*)> http2_handler;

 private:
  template <class Member, class Value>
  TlsPeerOptions& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
};

/// Answers every request with 200 and the text "secret garden".
class TlsServer {
 public:
  explicit TlsServer(TlsPeerOptions options = TlsPeerOptions());
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const { return server_->port(); }
  std::size_t connections() const { return server_->connections(); }
  /// A PEM file with the certificate to trust.
  const std::string& ca_file() const { return ca_file_; }
  std::size_t handshakes() const { return handshakes_.load(); }
  /// The protocols that the last client offered, with commas between them.
  std::string offered_protocols() const;
  /// The heads of all requests, and of CONNECTs before them.
  std::vector<std::string> heads() const;
  void note_head(std::string head);

 private:
  void make_certificate();
  void serve(int socket);
  void serve_http1(ssl_st* session);
  static int choose_protocol(ssl_st* session, const unsigned char** out, unsigned char* out_size,
                             const unsigned char* offered, unsigned offered_size, void* self);

  TlsPeerOptions options_;
  ssl_ctx_st* context_ = nullptr;
  std::string ca_file_;
  std::atomic<std::size_t> handshakes_{0};
  mutable std::mutex mutex_;
  std::string offered_;
  std::vector<std::string> heads_;
  std::unique_ptr<ThreadServer> server_;
};

}  // namespace cochain::testing
