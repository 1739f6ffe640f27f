// StreamReader and StreamWriter: the two ends of a connection, or of a pipe, as asyncio has them.
//
// A transport moves bytes between a descriptor and these two. It fills the reader until twice the
// limit is there and nobody takes it, and then leaves the rest to the kernel, which holds back the
// peer. What is written goes out at once, as far as the kernel takes it; the rest waits in a
// buffer, and drain() holds back whoever fills it.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/core/socket_address.hpp"
#include "cochain/core/stream.hpp"
#include "cochain/core/task.hpp"
#include "cochain/core/tls.hpp"

namespace cochain {

namespace detail {

class ReaderState;
class StreamState;
class WriterEnd;

}  // namespace detail

/// How far a reader looks for a separator, and half of what it buffers, unless told otherwise.
inline constexpr std::size_t kStreamLimit = std::size_t{64} * 1024;

/// Gives the bytes of a stream piece by piece. Copies read the same stream.
/// Suspends: each read until its piece is complete, or the stream ends. Cancellable: a read takes
///           all of its piece at its end or nothing at all, so a cancelled one loses no byte.
/// Lives:    as long as it likes; the connection is its writer's.
/// Errors:   of every read: InvalidStateError while another one waits; what broke the connection
///           (ConnectionError), even if some bytes are left.
class StreamReader {
 public:
  /// A reader that is fed by hand, for tests and protocols of one's own.
  explicit StreamReader(std::size_t limit = kStreamLimit);
  explicit StreamReader(std::shared_ptr<detail::ReaderState> state) noexcept;

  class Reading;
  /// Everything up to the end of the stream.
  [[nodiscard]] Reading read() const;
  /// What there is, `bytes_max` at most; empty only at the end of the stream.
  [[nodiscard]] Reading read(std::size_t bytes_max) const;
  /// Errors: IncompleteReadError, with what came, if the stream ends before.
  [[nodiscard]] Reading readexactly(std::size_t bytes) const;
  /// Up to and with the next "\n". At the end of the stream what is left, or nothing.
  /// Errors: LineTooLongError beyond the limit; what there is of the line is dropped.
  [[nodiscard]] Reading readline() const;
  /// Up to and with the separator; of several, up to the end that comes first.
  /// Shape:  `readuntil("\r\n")`, `readuntil("\r\n", "\n")`.
  /// Errors: IncompleteReadError if the stream ends before; LimitOverrunError beyond the limit,
  ///         and then nothing is taken; InvalidStateError if a separator is empty.
  template <class... More>
  [[nodiscard]] Reading readuntil(std::string separator, More... more) const;

  /// The lines of the stream, each with its "\n", if it has one.
  [[nodiscard]] Stream<std::string> lines() const;

  /// True when the stream has ended and everything was read.
  [[nodiscard]] bool at_eof() const noexcept;
  /// What broke the stream; null if nothing did.
  [[nodiscard]] std::exception_ptr exception() const noexcept;

  /// More bytes, the end, a failure: what a transport calls.
  /// Errors: feed_data() throws InvalidStateError after feed_eof().
  void feed_data(std::string_view data) const;
  void feed_eof() const noexcept;
  void set_exception(std::exception_ptr error) const noexcept;

 private:
  std::shared_ptr<detail::ReaderState> state_;
};

/// One read that is awaited.
class StreamReader::Reading final : public Waiter {
 public:
  enum class Kind { kSome, kAll, kExactly, kUntil, kLine };
  Reading(std::shared_ptr<detail::ReaderState> state, Kind kind, std::size_t bytes,
          std::vector<std::string> separators = {});
  Reading(Reading&& other) noexcept;
  ~Reading() override;

  [[nodiscard]] bool await_ready();
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    begin_to_wait();
    suspend(frame);
  }
  std::string await_resume();

 private:
  friend class detail::ReaderState;
  void begin_to_wait();
  [[nodiscard]] bool complete();  // looks at what is new in the buffer
  [[nodiscard]] bool find_separator();
  std::string take_until();
  std::string take_line();

  std::shared_ptr<detail::ReaderState> state_;
  Kind kind_;
  std::size_t bytes_;
  std::vector<std::string> separators_;  // of kUntil; never empty then
  std::size_t searched_ = 0;             // no separator begins before it
  std::optional<std::size_t> match_begin_;
  std::size_t match_end_ = 0;
};

template <class... More>
StreamReader::Reading StreamReader::readuntil(std::string separator, More... more) const {
  std::vector<std::string> separators;
  separators.reserve(1 + sizeof...(more));
  separators.push_back(std::move(separator));
  (separators.emplace_back(std::move(more)), ...);
  return Reading(state_, Reading::Kind::kUntil, 0, std::move(separators));
}

/// How start_tls() turns a connection into one that is encrypted.
class StartTlsOptions {
 public:
  StartTlsOptions() = default;
  /// The name that the server's certificate must have, and for which a client asks (SNI).
  StartTlsOptions& with_server_hostname(std::string value);
  StartTlsOptions& with_ssl_handshake_timeout(Duration value);
  StartTlsOptions& with_ssl_shutdown_timeout(Duration value);

  std::string server_hostname;
  Duration ssl_handshake_timeout = kTlsHandshakeTimeout;
  Duration ssl_shutdown_timeout = kTlsShutdownTimeout;
};

/// Takes the bytes for a stream. Copies write to the same stream.
/// Lives:   the last copy that goes closes the connection, as close() does: in the background what
///          was written still goes out.
/// Threads: the loop's. After the loop is gone it is closed.
class StreamWriter {
 public:
  explicit StreamWriter(std::shared_ptr<detail::WriterEnd> end) noexcept;

  /// Sends `data`, or keeps a copy of what cannot go out now. After close(), or once the connection
  /// broke, it is dropped; drain() tells.
  /// Errors: InvalidStateError after write_eof().
  void write(std::string_view data) const;
  void writelines(std::span<const std::string> parts) const;

  class Drain;
  /// Suspends: until less waits to be sent than the low-water mark, if it had passed the high one.
  /// Errors:   what broke the connection, for the reader too; ConnectionError once it is closed.
  [[nodiscard]] Drain drain() const;

  /// Ends the stream after what was written; the other direction stays open.
  /// Errors: InvalidStateError where the stream cannot do that, as under TLS.
  void write_eof() const;
  [[nodiscard]] bool can_write_eof() const noexcept;

  /// Stops reading, and closes the connection when everything that was written has gone out.
  void close() const noexcept;
  /// Closes the connection at once and drops what was not sent.
  void abort() const noexcept;
  [[nodiscard]] bool is_closing() const noexcept;
  class WaitClosed;
  /// Suspends: until the connection is closed.
  /// Errors:   what broke it, if something did.
  [[nodiscard]] WaitClosed wait_closed() const;

  /// From now on the connection speaks TLS, on the side that `context` was made for.
  /// Suspends: until what was written before has gone out and the handshake is over. A cancelled or
  ///           failed one closes the connection.
  /// Errors:   TlsError; TimeoutError; ConnectionError. Bytes that the reader holds unread belong
  /// to
  ///           the handshake, so nobody on the wire can slip a command in before it.
  [[nodiscard]] Coro<> start_tls(TlsContext context,
                                 StartTlsOptions options = StartTlsOptions()) const;

  /// Units:  bytes. Above `high`, drain() suspends until `low` or less are left.
  /// Errors: InvalidStateError if low is above high.
  void set_write_buffer_limits(std::size_t high, std::size_t low) const;
  [[nodiscard]] std::size_t write_buffer_size() const noexcept;

  [[nodiscard]] const SocketAddress& peername() const noexcept;
  [[nodiscard]] const SocketAddress& sockname() const noexcept;
  /// What the handshake agreed on; nothing without TLS.
  [[nodiscard]] std::optional<TlsInfo> tls_info() const;

 private:
  [[nodiscard]] detail::StreamState& state() const noexcept;
  std::shared_ptr<detail::WriterEnd> end_;
};

/// A drain() that is awaited.
class StreamWriter::Drain final : public Waiter {
 public:
  explicit Drain(std::shared_ptr<detail::StreamState> state) noexcept : state_(std::move(state)) {}
  Drain(Drain&&) noexcept = default;
  [[nodiscard]] bool await_ready() const noexcept;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    suspend(frame);
    begin_to_wait();
  }
  void await_resume();

 private:
  void begin_to_wait() noexcept;
  std::shared_ptr<detail::StreamState> state_;
};

/// A wait_closed() that is awaited.
class StreamWriter::WaitClosed final : public Waiter {
 public:
  explicit WaitClosed(std::shared_ptr<detail::StreamState> state) noexcept
      : state_(std::move(state)) {}
  WaitClosed(WaitClosed&&) noexcept = default;
  [[nodiscard]] bool await_ready() const noexcept;
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> frame) {
    begin_to_wait();
    suspend(frame);
  }
  void await_resume();

 private:
  void begin_to_wait() noexcept;
  std::shared_ptr<detail::StreamState> state_;
};

}  // namespace cochain
