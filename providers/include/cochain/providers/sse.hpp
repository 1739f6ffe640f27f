// Server-sent events: from the bytes of a response to events, wherever the network cut them.
// The transport feeds it; the dialects' stream decoders read what comes out.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cochain {

/// One server-sent event.
/// Shape:    `name` is empty where the stream gave none ("message" by the standard); `data` is the
///           data lines joined by LF; `id` is the last id that the stream gave. `terminated` is
///           false for an event that the end of the input cut off before its blank line.
/// Lives:    views into the decoder, until its next `feed()` or `next_event()`. At least
///           `kSsePadding` readable bytes of the same allocation follow `data`.
class SseEvent {
 public:
  SseEvent() = default;

  std::string_view name;
  std::string_view data;
  std::string_view id;
  bool terminated = true;
};

/// The bytes behind `SseEvent::data` that a vectorised parser may read past its end.
inline constexpr std::size_t kSsePadding = 64;

/// How much the decoder takes before it gives up.
/// Units:    bytes, 16 MiB by default: a picture in base64 comes as one line.
class SseLimits {
 public:
  SseLimits() = default;
  std::size_t line_bytes_max = std::size_t{16} * 1024 * 1024;
  std::size_t event_bytes_max = std::size_t{16} * 1024 * 1024;
  SseLimits& line_bytes(std::size_t value) {
    line_bytes_max = value;
    return *this;
  }
  SseLimits& event_bytes(std::size_t value) {
    event_bytes_max = value;
    return *this;
  }
};

/// Splits a byte stream into server-sent events.
/// Shape:    `feed(bytes)`, then `next_event()` until it gives nothing, and so on; `finish()` when
///           the input ended, then `next_event()` once more. How the input is cut changes nothing.
/// Errors:   LimitError from `feed()` or `next_event()` if a line or an event passes its limit; the
///           decoder holds nothing and takes nothing afterwards. Unknown fields, comments and
///           `retry` are passed over, as the standard demands. One departure from it: an event that
///           lacks only its blank line at the end of the input is given, marked `terminated =
///           false`, since some providers leave it out.
/// Lives:    the bytes fed may die as soon as `feed()` returns.
/// Source:   WHATWG HTML, "Interpreting an event stream".
class SseDecoder {
 public:
  explicit SseDecoder(SseLimits limits = SseLimits());

  void feed(std::string_view bytes);
  [[nodiscard]] std::optional<SseEvent> next_event();
  void finish();

  /// Lines that were comments: keep-alives of the server.
  [[nodiscard]] std::size_t comments() const noexcept { return comments_; }
  /// Bytes held at the moment.
  [[nodiscard]] std::size_t buffered() const noexcept { return end_ - at_ + data_.size; }

 private:
  // Bytes with kSsePadding more behind them. No std::string: reading behind the end of one is an
  // error to a sanitizer's eyes.
  struct Bytes {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
    std::size_t capacity = 0;
    void reserve(std::size_t wanted);
    void append(std::string_view more);
  };

  bool take_line(std::string_view& line);
  bool take_field(std::string_view line, SseEvent& out);
  void add_data(std::string_view value);
  bool dispatch(SseEvent& out);
  void keep_pending();
  void make_room(std::size_t bytes);
  void skip_start();
  [[noreturn]] void give_up(const char* what, std::size_t limit);

  SseLimits limits_;
  // The input lies in buffer_[at_, end_); at_ is always the start of a line.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  // The first LF and CR at or behind at_, or where the search for them stopped (no such byte
  // before it). They only move forward, so that each byte is searched once for each, whatever the
  // mixture of line ends.
  std::size_t lf_ = 0;
  std::size_t cr_ = 0;

  // The event under way. A single data line stays where it is in buffer_, as long as no feed()
  // comes between; otherwise the data is gathered in data_.
  std::string_view line_data_;
  Bytes data_;
  bool has_data_ = false;
  std::string name_;
  std::string id_;

  std::size_t comments_ = 0;
  bool started_ = false;   // the place where a byte order mark may stand lies behind us
  bool after_cr_ = false;  // the last line ended with a CR that was the last byte so far
  bool clear_ = false;     // the last event was given out; forget it before the next line
  bool finished_ = false;
  bool failed_ = false;
};

}  // namespace cochain
