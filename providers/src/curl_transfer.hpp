// One request and its answer. Curl's callbacks fill it; the reading coroutine empties it.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cochain/core/event_loop.hpp"
#include "cochain/core/locks.hpp"
#include "cochain/providers/transport.hpp"
#include "curl_multi.hpp"

namespace cochain {

class CurlTransfer final : private Timer {
 public:
  CurlTransfer(std::shared_ptr<CurlMulti> multi, HttpRequest request);
  ~CurlTransfer();

  void start();
  Coro<> wait_for_headers();
  Coro<std::optional<std::string>> read();

  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] HttpHeaders take_headers() noexcept { return std::move(headers_); }
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  [[nodiscard]] CURL* handle() const noexcept { return easy_; }

  // For CurlMulti.
  static constexpr std::size_t kNowhere = std::size_t(-1);
  void on_done(CURLcode code) noexcept;
  void fail(std::exception_ptr error) noexcept;
  /// The same from inside a callback of curl's, where nothing may be removed: with the next timer.
  void fail_soon(std::exception_ptr error) noexcept;
  /// Drops what comes from now on, and fails after `limit`.
  void discard(Duration limit) noexcept;
  std::size_t place_in_active = kNowhere;

 private:
  /// What is waited for, each with a limit of its own to the silence.
  enum class Phase : std::uint8_t { kConnection, kAnswer, kMoreBytes };

  static curl_socket_t on_open_socket(void* self, curlsocktype purpose,
                                      curl_sockaddr* address) noexcept;
  static int on_connected(void* self, char*, char*, int, int) noexcept;
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;

  void check_request() const;
  void set_request_options();
  void set_headers();
  bool take_header_line(std::string_view line);
  void take_status_line(std::string_view line);
  std::size_t take_body(std::string_view bytes);
  void end(std::exception_ptr error) noexcept;
  void fire() noexcept override;
  void enter(Phase phase);
  void rearm();
  [[nodiscard]] Duration silence_limit() const noexcept;
  [[nodiscard]] std::exception_ptr silence_error() const;

  std::shared_ptr<CurlMulti> multi_;
  HttpRequest request_;
  // A virtual clock must not jump over a transfer. Empty once it ended: the loop may be gone then.
  std::optional<EventLoop::ExternalWork> outside_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = "";

  int status_ = 0;
  HttpHeaders headers_;
  std::size_t header_bytes_ = 0;
  bool headers_done_ = false;

  std::string buffer_;  // what arrived and was not read; bounded by CurlOptions::buffer_bytes
  std::size_t body_bytes_ = 0;
  bool paused_ = false;      // curl keeps the bytes that had no room
  bool discarding_ = false;  // nobody reads any more
  bool no_descriptor_ = false;
  bool failing_ = false;  // fails when the timer fires
  bool finished_ = false;
  std::exception_ptr error_;
  Event changed_;  // headers done, bytes there, or finished
  Phase phase_ = Phase::kConnection;
  TimePoint last_byte_at_{};  // or when the phase began
};

}  // namespace cochain
