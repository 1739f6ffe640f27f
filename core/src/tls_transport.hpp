// TLS between a transport and a protocol: to the one below it is a protocol, to the one above a
// transport. The session works on memory, so nothing in it waits, and no call of it meets a socket.
#pragma once

#include <cstdint>
#include <exception>
#include <memory>
#include <string>

#include "byte_buffer.hpp"
#include "cochain/core/coro.hpp"
#include "tls_context.hpp"
#include "transport.hpp"

namespace cochain::detail {

/// What a session is made with.
class TlsSessionOptions {
 public:
  TlsSessionOptions(TlsContext with, std::string host) noexcept
      : context(std::move(with)), hostname(std::move(host)) {}
  TlsContext context;
  std::string hostname;
  Duration handshake_timeout = kTlsHandshakeTimeout;
  Duration shutdown_timeout = kTlsShutdownTimeout;
};

class TlsTransport final : public Transport, public Protocol {
 public:
  /// Errors: InvalidStateError if a name is to be checked and there is none.
  TlsTransport(std::shared_ptr<Transport> lower, TlsSessionOptions options);
  ~TlsTransport() override;

  /// Takes over the transport below and begins the handshake, with what was already read from it.
  void start(std::string_view already_read = {});
  /// Suspends: until the handshake is over. Cancelled or failed, the connection is cut.
  /// Errors:   TlsError, TimeoutError, ConnectionError.
  static Coro<> wait_for_handshake(std::shared_ptr<TlsTransport> self);

  void set_protocol(std::shared_ptr<Protocol> protocol) override;
  void write(std::string_view data) override;
  void write_eof() override;
  [[nodiscard]] bool can_write_eof() const noexcept override { return false; }
  void close() noexcept override;
  void abort(std::exception_ptr error) noexcept override { lower_->abort(std::move(error)); }
  [[nodiscard]] bool is_closing() const noexcept override {
    return state_ == State::kShutdown || state_ == State::kLost;
  }
  void pause_reading() noexcept override;
  void resume_reading() noexcept override;
  void set_write_buffer_limits(std::size_t high, std::size_t low) noexcept override {
    lower_->set_write_buffer_limits(high, low);
  }
  [[nodiscard]] std::size_t write_buffer_size() const noexcept override {
    return backlog_.size() + lower_->write_buffer_size();
  }
  [[nodiscard]] const SocketAddress& peername() const noexcept override {
    return lower_->peername();
  }
  [[nodiscard]] const SocketAddress& sockname() const noexcept override {
    return lower_->sockname();
  }
  [[nodiscard]] std::optional<TlsInfo> tls_info() const override;
  [[nodiscard]] EventLoop& loop() const noexcept override { return lower_->loop(); }

  std::span<char> read_space() override;
  void data_received(std::size_t bytes) override;
  bool eof_received() override;
  void pause_writing() noexcept override;
  void resume_writing() noexcept override;
  void connection_lost(std::exception_ptr error) noexcept override;

 private:
  enum class State : std::uint8_t { kNew, kHandshake, kOpen, kShutdown, kLost };
  class HandshakeWait;
  class Deadline final : public Timer {
   public:
    explicit Deadline(TlsTransport& owner) noexcept : owner_(owner) {}
    ~Deadline() = default;
    void fire() noexcept override { owner_.on_deadline(); }

   private:
    TlsTransport& owner_;
  };
  /// Reading on is put off to the next pass: whoever asks for it is not ready for data yet.
  class ReadOn final : public ReadyItem {
   public:
    explicit ReadOn(TlsTransport& owner) noexcept : owner_(owner) {}
    ~ReadOn() = default;
    void run() noexcept override { owner_.read_on(); }
    [[nodiscard]] std::string what() const override { return "a TLS connection"; }

   private:
    TlsTransport& owner_;
  };

  void pump();
  void take_in(std::string_view encrypted);
  void go_on_with_handshake();
  void read_decrypted();
  void write_backlog();
  void push_out();
  void begin_shutdown();
  void go_on_with_shutdown();
  void read_on() noexcept;
  void on_deadline() noexcept;
  void arm_deadline(Duration delay);
  void update_writing() noexcept;
  void fail(const std::string& what);

  std::shared_ptr<Transport> lower_;
  std::shared_ptr<Protocol> protocol_;
  TlsSessionOptions options_;
  SslPtr<SSL> session_;
  BIO* in_;   // encrypted, from below; the session's
  BIO* out_;  // encrypted, on its way down; the session's
  ByteBuffer encrypted_;
  ByteBuffer backlog_;  // written before the handshake was over
  State state_ = State::kNew;
  bool reading_paused_ = false;
  bool cut_short_ = false;  // the end below came, and no close_notify before it
  bool lower_paused_ = false;
  bool writing_paused_ = false;
  bool all_sent_ = false;
  std::exception_ptr lost_error_;
  HandshakeWait* waiting_ = nullptr;
  Deadline deadline_{*this};
  ReadOn read_on_{*this};
};

}  // namespace cochain::detail
