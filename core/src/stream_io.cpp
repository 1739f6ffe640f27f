// Writing, and the connection between a transport and its reader and writer.

#include "cochain/core/stream_io.hpp"

#include <utility>

#include "stream_state.hpp"
#include "tls_transport.hpp"

namespace cochain {
namespace detail {

void wake_all(ListNode& list) noexcept {
  while (list.linked()) static_cast<Waiter&>(*list.next()).wake();
}

StreamState::StreamState(std::shared_ptr<Transport> transport, std::size_t limit)
    : reader_(std::make_shared<ReaderState>(limit)), transport_(std::move(transport)) {}

StreamState::~StreamState() { reader_->set_transport(nullptr); }

void StreamState::start() {
  reader_->set_transport(transport_.get());
  transport_->set_protocol(shared_from_this());
}

void StreamState::replace_transport(std::shared_ptr<Transport> transport) {
  transport_ = std::move(transport);
  reader_->set_transport(transport_.get());
}

bool StreamState::eof_received() {
  reader_->feed_eof();
  return true;
}

void StreamState::resume_writing() noexcept {
  writing_paused_ = false;
  wake_all(drainers);
}

void StreamState::connection_lost(std::exception_ptr error) noexcept {
  if (std::exchange(lost_, true)) return;
  writing_paused_ = false;
  reader_->set_transport(nullptr);
  if (error) {
    reader_->set_exception(error);
  } else {
    reader_->feed_eof();
  }
  lost_error_ = std::move(error);
  wake_all(drainers);
  wake_all(closers);
  if (on_lost) std::exchange(on_lost, nullptr)->on_connection_lost();
}

std::pair<StreamReader, StreamWriter> make_streams(std::shared_ptr<Transport> transport,
                                                   std::size_t limit) {
  auto state = std::make_shared<StreamState>(std::move(transport), limit);
  StreamReader reader(state->reader());
  StreamWriter writer(std::make_shared<WriterEnd>(state));
  state->start();
  return {std::move(reader), std::move(writer)};
}

StreamReader make_reader(std::shared_ptr<Transport> transport, std::size_t limit) {
  const auto state = std::make_shared<StreamState>(std::move(transport), limit);
  state->start();
  return StreamReader(state->reader());
}

}  // namespace detail

StreamWriter::StreamWriter(std::shared_ptr<detail::WriterEnd> end) noexcept
    : end_(std::move(end)) {}

detail::StreamState& StreamWriter::state() const noexcept { return *end_->state; }

void StreamWriter::write(std::string_view data) const { state().transport().write(data); }

void StreamWriter::writelines(std::span<const std::string> parts) const {
  std::size_t size = 0;
  for (const std::string& part : parts) size += part.size();
  std::string all;
  all.reserve(size);
  for (const std::string& part : parts) all += part;
  write(all);  // one call of the kernel, and one packet, for the price of a copy
}

StreamWriter::Drain StreamWriter::drain() const { return Drain(end_->state); }
void StreamWriter::write_eof() const { state().transport().write_eof(); }
bool StreamWriter::can_write_eof() const noexcept { return state().transport().can_write_eof(); }
void StreamWriter::close() const noexcept { state().transport().close(); }
void StreamWriter::abort() const noexcept { state().transport().abort(nullptr); }
bool StreamWriter::is_closing() const noexcept { return state().transport().is_closing(); }
StreamWriter::WaitClosed StreamWriter::wait_closed() const { return WaitClosed(end_->state); }

void StreamWriter::set_write_buffer_limits(std::size_t high, std::size_t low) const {
  if (low > high) throw InvalidStateError("the low-water mark of a stream is above the high one");
  state().transport().set_write_buffer_limits(high, low);
}

std::size_t StreamWriter::write_buffer_size() const noexcept {
  return state().transport().write_buffer_size();
}

const SocketAddress& StreamWriter::peername() const noexcept {
  return state().transport().peername();
}
const SocketAddress& StreamWriter::sockname() const noexcept {
  return state().transport().sockname();
}
std::optional<TlsInfo> StreamWriter::tls_info() const { return state().transport().tls_info(); }

bool StreamWriter::Drain::await_ready() const noexcept {
  if (state_->lost() || state_->reader()->error()) return true;
  return !state_->writing_paused() && !state_->transport().is_closing();
}

void StreamWriter::Drain::begin_to_wait() noexcept {
  if (state_->writing_paused()) {
    link_before(state_->drainers);
  } else {
    wake();  // it is closing: gives way once, so that its end can be noticed
  }
}

void StreamWriter::Drain::await_resume() {
  throw_if_cancelled();
  if (const std::exception_ptr& error = state_->reader()->error()) std::rethrow_exception(error);
  if (!state_->lost()) return;
  if (state_->lost_error()) std::rethrow_exception(state_->lost_error());
  throw ConnectionError("the connection is closed", std::make_error_code(std::errc::not_connected));
}

bool StreamWriter::WaitClosed::await_ready() const noexcept { return state_->lost(); }
void StreamWriter::WaitClosed::begin_to_wait() noexcept { link_before(state_->closers); }
void StreamWriter::WaitClosed::await_resume() {
  throw_if_cancelled();
  if (state_->lost_error()) std::rethrow_exception(state_->lost_error());
}

namespace {

// What the reader holds unread becomes the beginning of what TLS reads.
Coro<> start_tls_on(std::shared_ptr<detail::StreamState> stream, TlsContext context,
                    StartTlsOptions options) {
  co_await StreamWriter::Drain(stream);
  detail::TlsSessionOptions session(std::move(context), std::move(options.server_hostname));
  session.handshake_timeout = options.ssl_handshake_timeout;
  session.shutdown_timeout = options.ssl_shutdown_timeout;
  const auto tls =
      std::make_shared<detail::TlsTransport>(stream->share_transport(), std::move(session));
  const std::string unread = stream->reader()->take_all();
  stream->replace_transport(tls);
  tls->start(unread);
  tls->set_protocol(stream);
  co_await detail::TlsTransport::wait_for_handshake(tls);
}

}  // namespace

Coro<> StreamWriter::start_tls(TlsContext context, StartTlsOptions options) const {
  if (state().transport().tls_info()) throw InvalidStateError("this connection speaks TLS already");
  return start_tls_on(end_->state, std::move(context), std::move(options));
}

StartTlsOptions& StartTlsOptions::with_server_hostname(std::string value) {
  server_hostname = std::move(value);
  return *this;
}
StartTlsOptions& StartTlsOptions::with_ssl_handshake_timeout(Duration value) {
  ssl_handshake_timeout = value;
  return *this;
}
StartTlsOptions& StartTlsOptions::with_ssl_shutdown_timeout(Duration value) {
  ssl_shutdown_timeout = value;
  return *this;
}

}  // namespace cochain
