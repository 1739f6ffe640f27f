// libcurl's multi handle driven by one event loop: curl names its sockets and its timer, the loop
// says when they are due, and curl runs all transfers that have something to do.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "cochain/core/event_loop.hpp"
#include "cochain/core/reactor.hpp"
#include "cochain/providers/curl_transport.hpp"

namespace cochain {

class CurlTransfer;

class CurlMulti final : private Timer {
 public:
  CurlMulti(EventLoop& loop, CurlOptions options);
  ~CurlMulti();

  [[nodiscard]] EventLoop& loop() noexcept { return loop_; }
  [[nodiscard]] const CurlOptions& options() const noexcept { return options_; }

  /// An easy handle with all options that do not depend on the request.
  [[nodiscard]] CURL* take_handle();
  void give_back(CURL* handle) noexcept;

  void add(CurlTransfer& transfer);
  void remove(CurlTransfer& transfer) noexcept;
  /// Lets a transfer go on that was paused for want of room.
  void resume(CurlTransfer& transfer) noexcept;
  /// Reads the rest of an answer whose consumer is gone, for a moment, to keep the connection.
  void linger(std::unique_ptr<CurlTransfer> transfer);
  /// Destroys the lingering transfers that came to their end.
  void forget_finished() noexcept;

  /// Calls back once nothing is transferred any more: now, or from the loop.
  void when_unused(std::function<void()> callback);
  [[nodiscard]] std::size_t active() const noexcept { return active_.size(); }

  /// A socket was made for curl: it will tell us when it closes it.
  void on_opened(curl_socket_t fd);

  /// The loop ends: fails what is left and lets go of all descriptors. The loop is not touched
  /// after this, by us or by the transfers.
  void close() noexcept;
  [[nodiscard]] bool closed() const noexcept { return multi_ == nullptr; }

 private:
  class Socket;
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void*) noexcept;
  static int on_close_socket(void* self, curl_socket_t fd) noexcept;
  static int on_timer(CURLM* multi, long delay_ms, void* self) noexcept;

  void fire() noexcept override;
  void watch(curl_socket_t fd, int what);
  void unwatch(curl_socket_t fd) noexcept;
  void act(curl_socket_t fd, int events) noexcept;
  void collect_finished() noexcept;

  EventLoop& loop_;
  CurlOptions options_;
  CURLM* multi_;
  std::vector<CURL*> spare_handles_;
  std::vector<CurlTransfer*> active_;  // each knows its place
  std::function<void()> on_last_removed_;
  std::vector<std::unique_ptr<CurlTransfer>> lingering_;
  std::unordered_map<curl_socket_t, std::unique_ptr<Socket>> sockets_;
  std::unordered_set<curl_socket_t> opened_;  // of those, the ones whose end we are told
};

}  // namespace cochain
