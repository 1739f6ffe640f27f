// A client that hides nothing: blocking sockets, every byte as it came, deadlines everywhere.
// For tests of servers, where a real HTTP client would smooth over what is being tested.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cochain::testing {

/// One HTTP response as far as it arrived.
class RawReply {
 public:
  RawReply() = default;

  /// The value of a header, by its exact name; empty if absent.
  std::string header(std::string_view name) const;

  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;       // chunked bodies are decoded
  bool complete = false;  // the body ended as its framing said it would
};

/// A connection to a port on 127.0.0.1.
/// Errors:   std::runtime_error if nothing happens for the length of the deadline.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);
  ~RawConnection();
  RawConnection(RawConnection&& other) noexcept;
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void send(std::string_view bytes);
  void shutdown_send();
  void close();

  /// Reads until the bytes so far contain a marker, and returns them all; fewer if the peer ends.
  std::string read_until(std::string_view marker);

  /// Reads until the peer ends the connection.
  std::string read_to_end();

  /// Reads one response and keeps what follows it.
  RawReply read_reply();

  /// The peer ended the connection in order.
  bool ended() const { return ended_; }

  /// The peer reset the connection.
  bool was_reset() const { return reset_; }

 private:
  bool read_more();
  bool take_chunk(RawReply& reply);

  int socket_ = -1;
  std::string pending_;
  bool ended_ = false;
  bool reset_ = false;
};

/// A POST with a JSON body, as bytes.
std::string post_request(std::string_view path, std::string_view json,
                         std::string_view more_headers = "");

/// A GET, as bytes.
std::string get_request(std::string_view path, std::string_view more_headers = "");

/// A chat request body with one user message; members are put behind it, such as ",\"n\":1".
std::string chat_body(std::string_view prompt, std::string_view members = "");

/// Sends one request on a connection of its own.
RawReply send_once(std::uint16_t port, std::string_view request);

/// The payloads of the "data:" events of a body.
std::vector<std::string> event_payloads(std::string_view body);

/// All the delta texts of a stream's payloads, joined.
std::string streamed_text(const std::vector<std::string>& payloads);

/// The value of the first string member of that name in a JSON text, with its escapes left in.
std::string json_string(std::string_view json, std::string_view name);

/// Waits, by short polls, until a condition holds; false if it does not within the time.
bool wait_until(const std::function<bool()>& condition,
                std::chrono::milliseconds limit = std::chrono::milliseconds(5000));

}  // namespace cochain::testing
