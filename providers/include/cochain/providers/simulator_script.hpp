// Raw replies for tests: any bytes, in any rhythm, with any ending.
// A Simulator asks its hooks for one of these before it answers by itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cochain {

/// One HTTP request as the simulated server received it.
class SimulatedRequest {
 public:
  SimulatedRequest() = default;

  /// The value of the first header of that name, compared without case; empty if absent.
  std::string_view header(std::string_view name) const;

  /// How often a header occurs.
  std::size_t header_count(std::string_view name) const;

  std::uint64_t number = 0;      // counts from 0 over the life of the simulator
  std::uint64_t connection = 0;  // counts accepted connections from 0
  std::string method;
  std::string target;  // path and query
  std::vector<std::pair<std::string, std::string>> headers;
  bool has_authorization = false;
  std::string body;
};

/// A reply made of raw steps, played in order.
/// Shape:    after the last step the connection is kept for the next request, unless a step
///           ended it; a client that closes earlier ends the script and counts as an abort.
class SimulatedReply {
 public:
  SimulatedReply() = default;

  /// Sends these bytes as they are.
  SimulatedReply& write(std::string bytes);

  /// Sends these bytes a few at a time, with a pause before each piece but the first.
  SimulatedReply& write_slowly(std::string_view bytes, std::size_t bytes_each,
                               std::chrono::milliseconds pause);

  /// Waits.
  SimulatedReply& delay(std::chrono::milliseconds time);

  /// Ends the connection in order (FIN).
  SimulatedReply& close();

  /// Ends the connection with a TCP reset.
  SimulatedReply& reset();

  /// Ends the sending side only; the steps behind it and the client's bytes still run.
  SimulatedReply& half_close();

  /// Says nothing more until the client gives up, which counts as an abort.
  SimulatedReply& hang();

  /// Waits until the client closes, then goes on; does not count as an abort.
  SimulatedReply& await_client_close();

  /// A correct HTTP answer with Content-Length.
  static SimulatedReply http(int status, std::string_view content_type, std::string_view body,
                             std::vector<std::pair<std::string, std::string>> headers = {});

  /// A correct chunked event stream: one "data:" event per payload, nothing added.
  static SimulatedReply event_stream(const std::vector<std::string>& payloads);

  /// One step; kind decides which of the fields is used.
  class Step {
   public:
    enum class Kind { kWrite, kDelay, kClose, kReset, kHalfClose, kHang, kAwaitClientClose };
    Step(Kind step_kind, std::string step_bytes, std::chrono::milliseconds step_time)
        : kind(step_kind), bytes(std::move(step_bytes)), time(step_time) {}
    Kind kind;
    std::string bytes;
    std::chrono::milliseconds time;
  };

  /// The steps so far.
  const std::vector<Step>& steps() const { return steps_; }

 private:
  SimulatedReply& add(Step::Kind kind, std::string bytes = std::string(),
                      std::chrono::milliseconds time = std::chrono::milliseconds(0));

  std::vector<Step> steps_;
};

}  // namespace cochain
