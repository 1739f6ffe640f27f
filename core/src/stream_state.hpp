// What stands behind StreamReader and StreamWriter: asyncio's StreamReader and
// StreamReaderProtocol.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "byte_buffer.hpp"
#include "cochain/core/stream_io.hpp"
#include "transport.hpp"

namespace cochain::detail {

/// The buffer of a reader, its one waiter, and the brake of its transport.
class ReaderState {
 public:
  explicit ReaderState(std::size_t limit) noexcept : limit_(limit) {}

  /// The transport to hold back; null when there is none (any more).
  void set_transport(Transport* transport) noexcept { transport_ = transport; }

  [[nodiscard]] std::span<char> space();
  void commit(std::size_t bytes);
  void feed(std::string_view data);
  void feed_eof() noexcept;
  void set_exception(std::exception_ptr error) noexcept;

  [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
  /// What is buffered. A read that waits may hold bytes that stand before it: size() counts both.
  [[nodiscard]] std::string_view view() const noexcept { return buffer_.view(); }
  [[nodiscard]] std::size_t size() const noexcept { return piece_filled_ + buffer_.size(); }
  [[nodiscard]] bool ended() const noexcept { return eof_; }
  [[nodiscard]] const std::exception_ptr& error() const noexcept { return error_; }
  std::string take(std::size_t bytes);
  /// Everything, also what is meant for a read that waits.
  std::string take_all();
  /// The piece of the read that waits, if it came whole and without a copy.
  std::optional<std::string> take_piece();
  void drop(std::size_t bytes) noexcept;

  /// A read that waits needs more than there is, however much that may be.
  void wait(StreamReader::Reading& reading);
  void stop_waiting(StreamReader::Reading& reading) noexcept {
    if (reading_ != &reading) return;
    reading_ = nullptr;
    if (!piece_.empty()) put_piece_back();
  }
  void require_nobody_waits() const;

 private:
  void look_again() noexcept;
  [[nodiscard]] std::span<char> space_in_piece();
  void put_piece_back() noexcept;

  std::size_t limit_;
  ByteBuffer buffer_;
  std::size_t next_space_ = std::size_t{4} * 1024;  // grows while reads fill it
  std::size_t given_ = 0;                           // the size of the last space()
  // What a readexactly() that waits will give: bytes come straight into it as long as nothing is
  // buffered, so what it holds stands before the buffer. Empty where nobody waits. The same for
  // read() made echo_64k_100 slower by half: memory for strings came from the kernel and went back.
  std::string piece_;
  std::size_t piece_filled_ = 0;
  bool gave_piece_ = false;  // by the last space()
  bool eof_ = false;
  bool paused_ = false;
  std::exception_ptr error_;
  StreamReader::Reading* reading_ = nullptr;
  Transport* transport_ = nullptr;
};

/// Told once that a connection is lost; only stores and wakes.
class LossListener {
 public:
  virtual void on_connection_lost() noexcept = 0;

 protected:
  ~LossListener() = default;
};

/// One connection between a transport and its reader and writer.
class StreamState final : public Protocol, public std::enable_shared_from_this<StreamState> {
 public:
  StreamState(std::shared_ptr<Transport> transport, std::size_t limit);
  ~StreamState() override;

  /// Reads from now on. Apart from the constructor, because the transport shares this object.
  void start();
  /// Puts a transport over the one there was: a TLS session.
  void replace_transport(std::shared_ptr<Transport> transport);

  std::span<char> read_space() override { return reader_->space(); }
  void data_received(std::size_t bytes) override { reader_->commit(bytes); }
  bool eof_received() override;
  void pause_writing() noexcept override { writing_paused_ = true; }
  void resume_writing() noexcept override;
  void connection_lost(std::exception_ptr error) noexcept override;

  [[nodiscard]] const std::shared_ptr<ReaderState>& reader() const noexcept { return reader_; }
  [[nodiscard]] Transport& transport() const noexcept { return *transport_; }
  [[nodiscard]] std::shared_ptr<Transport> share_transport() const noexcept { return transport_; }
  [[nodiscard]] bool lost() const noexcept { return lost_; }
  [[nodiscard]] const std::exception_ptr& lost_error() const noexcept { return lost_error_; }
  [[nodiscard]] bool writing_paused() const noexcept { return writing_paused_; }

  ListNode drainers;
  ListNode closers;
  LossListener* on_lost = nullptr;

 private:
  std::shared_ptr<ReaderState> reader_;
  std::shared_ptr<Transport> transport_;
  bool writing_paused_ = false;
  bool lost_ = false;
  std::exception_ptr lost_error_;
};

/// What the copies of a writer share: the connection is closed when the last one goes.
class WriterEnd {
 public:
  explicit WriterEnd(std::shared_ptr<StreamState> of) noexcept : state(std::move(of)) {}
  ~WriterEnd() { state->transport().close(); }
  WriterEnd(const WriterEnd&) = delete;
  WriterEnd& operator=(const WriterEnd&) = delete;

  std::shared_ptr<StreamState> state;
};

/// Both ends of a stream over `transport`, which begins to read.
std::pair<StreamReader, StreamWriter> make_streams(std::shared_ptr<Transport> transport,
                                                   std::size_t limit = kStreamLimit);
/// A reader over a transport that somebody else owns and closes, such as the output of a process.
StreamReader make_reader(std::shared_ptr<Transport> transport, std::size_t limit = kStreamLimit);

/// Wakes all who wait in `list`; each leaves it.
void wake_all(ListNode& list) noexcept;

}  // namespace cochain::detail
