// The life of a TLS session: handshake, records both ways, close_notify both ways.

#include "tls_transport.hpp"

#include <array>
#include <climits>
#include <utility>

#include <openssl/err.h>

namespace cochain::detail {
namespace {

constexpr std::size_t kRecordSpace = std::size_t{17} * 1024;  // a record of the largest size fits

}  // namespace

class TlsTransport::HandshakeWait final : public Waiter {
 public:
  explicit HandshakeWait(TlsTransport& transport) noexcept : transport_(transport) {}
  ~HandshakeWait() override { transport_.waiting_ = nullptr; }
  bool await_ready() const noexcept { return transport_.state_ != State::kHandshake; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    transport_.waiting_ = this;
    suspend(frame);
  }
  void await_resume() {
    throw_if_cancelled();
    if (transport_.state_ == State::kOpen || transport_.state_ == State::kShutdown) return;
    if (transport_.lost_error_) std::rethrow_exception(transport_.lost_error_);
    throw ConnectionError("the connection was closed before its TLS handshake was over",
                          std::make_error_code(std::errc::connection_aborted));
  }

 private:
  TlsTransport& transport_;
};

TlsTransport::TlsTransport(std::shared_ptr<Transport> lower, TlsSessionOptions options)
    : lower_(std::move(lower)),
      options_(std::move(options)),
      session_(options_.context.state().new_session(options_.hostname)),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
  SSL_set_bio(session_.get(), in_, out_);
  if (!in_ || !out_) throw std::bad_alloc();
}

TlsTransport::~TlsTransport() {
  if (read_on_.queued()) loop().forget_ready(read_on_);
}

void TlsTransport::start(std::string_view already_read) {
  state_ = State::kHandshake;
  arm_deadline(options_.handshake_timeout);
  const auto self = shared_from_this();
  lower_->set_protocol(std::static_pointer_cast<TlsTransport>(self));
  lower_->resume_reading();
  if (lower_->is_closing()) return connection_lost(nullptr);
  if (!already_read.empty()) take_in(already_read);
  pump();
}

Coro<> TlsTransport::wait_for_handshake(std::shared_ptr<TlsTransport> self) {
  class CutUnlessDone {
   public:
    explicit CutUnlessDone(TlsTransport& transport) noexcept : transport_(transport) {}
    ~CutUnlessDone() {
      if (!done) transport_.abort(nullptr);
    }
    CutUnlessDone(const CutUnlessDone&) = delete;
    CutUnlessDone& operator=(const CutUnlessDone&) = delete;
    bool done = false;

   private:
    TlsTransport& transport_;
  };
  CutUnlessDone guard(*self);
  co_await HandshakeWait(*self);
  guard.done = true;
}

void TlsTransport::arm_deadline(Duration delay) {
  loop().arm(deadline_, deadline_after(loop().time(), delay));
}

void TlsTransport::on_deadline() noexcept {
  const auto self = shared_from_this();
  const bool in_handshake = state_ == State::kHandshake;
  lower_->abort(std::make_exception_ptr(TimeoutError(
      in_handshake ? "the TLS handshake took too long"
                   : "the peer did not answer the end of the TLS connection in time")));
}

void TlsTransport::set_protocol(std::shared_ptr<Protocol> protocol) {
  if (state_ == State::kLost) {
    protocol->connection_lost(lost_error_);
    return;
  }
  protocol_ = std::move(protocol);
  if (!read_on_.queued()) loop().make_ready(read_on_);
}

std::span<char> TlsTransport::read_space() { return encrypted_.space(kRecordSpace); }

void TlsTransport::data_received(std::size_t bytes) {
  const auto self = shared_from_this();
  encrypted_.commit(bytes);
  take_in(encrypted_.view());
  encrypted_.clear();
  pump();
}

void TlsTransport::take_in(std::string_view encrypted) {
  while (!encrypted.empty()) {
    std::size_t taken = 0;
    if (BIO_write_ex(in_, encrypted.data(), encrypted.size(), &taken) != 1) throw std::bad_alloc();
    encrypted.remove_prefix(taken);
  }
}

void TlsTransport::pump() {
  if (state_ == State::kHandshake) go_on_with_handshake();
  if (state_ == State::kOpen) {
    if (!backlog_.empty()) write_backlog();
    read_decrypted();
  }
  if (state_ == State::kShutdown) go_on_with_shutdown();
}

void TlsTransport::push_out() {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out_, &data);
  if (size <= 0) return;
  lower_->write(std::string_view(data, static_cast<std::size_t>(size)));
  (void)BIO_reset(out_);
}

void TlsTransport::go_on_with_handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  const int error = SSL_get_error(session_.get(), result);
  push_out();                               // an alert too
  if (state_ != State::kHandshake) return;  // lost while writing
  if (result == 1) {
    state_ = State::kOpen;
    deadline_.disarm();
    if (waiting_) waiting_->wake();
  } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
    fail("the TLS handshake failed");
  }
}

void TlsTransport::fail(const std::string& what) {
  std::string text = what;
  if (state_ == State::kHandshake && !options_.hostname.empty())
    text += " for " + options_.hostname;
  const bool in_handshake = state_ == State::kHandshake;
  text += ": " + last_tls_error(in_handshake ? session_.get() : nullptr);
  lower_->abort(std::make_exception_ptr(TlsError(text)));
}

void TlsTransport::read_decrypted() {
  while (protocol_ && !reading_paused_ && state_ == State::kOpen) {
    const std::span<char> space = protocol_->read_space();
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(session_.get(), space.data(), space.size(), &got);
    if (result == 1) {
      protocol_->data_received(got);
      continue;
    }
    const int error = SSL_get_error(session_.get(), result);
    push_out();  // a key update or an alert may have to be answered
    if (error == SSL_ERROR_ZERO_RETURN) {
      protocol_->eof_received();
      return close();  // TLS is not left half open, as in asyncio
    }
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return fail("TLS failed");
    if (!cut_short_) return;
    lower_->abort(std::make_exception_ptr(
        TlsError("the peer cut the connection short: it ended without a TLS close_notify",
                 std::make_error_code(std::errc::connection_aborted))));
  }
}

bool TlsTransport::eof_received() {
  const auto self = shared_from_this();
  switch (state_) {
    case State::kHandshake:
      lower_->abort(std::make_exception_ptr(
          ConnectionError("the peer closed the connection during the TLS handshake",
                          std::make_error_code(std::errc::connection_reset))));
      break;
    case State::kOpen:
      cut_short_ = true;
      read_decrypted();
      break;
    case State::kShutdown: lower_->close(); break;
    case State::kNew:
    case State::kLost: break;
  }
  return true;
}

void TlsTransport::write(std::string_view data) {
  if (is_closing() || data.empty()) return;
  const auto self = shared_from_this();
  backlog_.append(data);
  if (state_ == State::kOpen) {
    write_backlog();
  } else {
    update_writing();
  }
}

void TlsTransport::write_backlog() {
  while (!backlog_.empty()) {
    const std::string_view data = backlog_.view();
    std::size_t taken = 0;
    ERR_clear_error();
    const int result = SSL_write_ex(session_.get(), data.data(), data.size(), &taken);
    if (result != 1) {
      const int error = SSL_get_error(session_.get(), result);
      if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
      return fail("TLS failed");
    }
    backlog_.consume(taken);
  }
  push_out();
  update_writing();
}

void TlsTransport::write_eof() {
  throw InvalidStateError("write_eof() under TLS: it cannot end one direction only; use close()");
}

void TlsTransport::close() noexcept {
  if (is_closing()) return;
  const auto self = shared_from_this();
  try {
    if (state_ == State::kOpen) return begin_shutdown();
    lower_->abort(nullptr);
  } catch (...) {
    lower_->abort(std::current_exception());
  }
}

void TlsTransport::begin_shutdown() {
  state_ = State::kShutdown;
  arm_deadline(options_.shutdown_timeout);
  ERR_clear_error();
  SSL_shutdown(session_.get());
  push_out();
  reading_paused_ = false;
  lower_->resume_reading();  // for the peer's close_notify
  go_on_with_shutdown();
}

void TlsTransport::go_on_with_shutdown() {
  if (state_ != State::kShutdown) return;
  all_sent_ = lower_->write_buffer_size() == 0;
  std::array<char, 4096> unread{};  // nobody reads it any more
  std::size_t got = 0;
  int result = 0;
  do {
    ERR_clear_error();
    result = SSL_read_ex(session_.get(), unread.data(), unread.size(), &got);
  } while (result == 1);
  const int error = SSL_get_error(session_.get(), result);
  ERR_clear_error();
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) lower_->close();
}

void TlsTransport::pause_reading() noexcept {
  reading_paused_ = true;
  if (state_ == State::kOpen) lower_->pause_reading();
}

void TlsTransport::resume_reading() noexcept {
  reading_paused_ = false;
  if (state_ != State::kOpen) return;
  lower_->resume_reading();
  if (!read_on_.queued()) loop().make_ready(read_on_);
}

void TlsTransport::read_on() noexcept {
  const auto self = shared_from_this();
  try {
    if (state_ == State::kOpen) read_decrypted();
  } catch (...) {
    lower_->abort(std::current_exception());
  }
}

void TlsTransport::pause_writing() noexcept {
  lower_paused_ = true;
  update_writing();
}

void TlsTransport::resume_writing() noexcept {
  lower_paused_ = false;
  update_writing();
}

void TlsTransport::update_writing() noexcept {
  const bool pause = lower_paused_ || backlog_.size() > kWriteHighWater;
  if (!protocol_ || pause == writing_paused_) return;
  writing_paused_ = pause;
  if (pause) {
    protocol_->pause_writing();
  } else {
    protocol_->resume_writing();
  }
}

void TlsTransport::connection_lost(std::exception_ptr error) noexcept {
  if (state_ == State::kLost) return;
  const auto self = shared_from_this();
  // Many peers close without waiting for the answer to their close_notify, so that our own meets
  // nobody: an end as good as any, if everything had gone out before.
  const bool forgiven = state_ == State::kShutdown && all_sent_ && deadline_.armed();
  state_ = State::kLost;
  if (!forgiven) lost_error_ = std::move(error);
  deadline_.disarm();
  if (read_on_.queued()) loop().forget_ready(read_on_);
  if (waiting_) waiting_->wake();
  const std::shared_ptr<Protocol> protocol = std::move(protocol_);
  if (protocol) protocol->connection_lost(lost_error_);
}

std::optional<TlsInfo> TlsTransport::tls_info() const {
  if (state_ == State::kNew || state_ == State::kHandshake) return std::nullopt;
  return tls_info_of(session_.get());
}

}  // namespace cochain::detail
