// One connection: reads requests, plays replies, and notices when the client leaves.
// Created by simulator_server.cpp and living on its thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "simulator_alarms.hpp"
#include "simulator_http.hpp"
#include "simulator_reply.hpp"

namespace cochain {

class SimulatorServer;

/// The state machine of one connection.
/// Shape:    kReading -> kAnswering -> kReading ...; kDraining after our side has ended;
///           kClosed from anywhere. Reading goes on in every state, so that a client that
///           leaves is noticed at once.
class SimulatorSession final : private AlarmTarget,
                               public std::enable_shared_from_this<SimulatorSession> {
 public:
  SimulatorSession(SimulatorServer& server, boost::asio::ip::tcp::socket socket,
                   std::uint64_t number);

  /// Begins with the first request, or with a script that a hook gave for the connection.
  void start(std::optional<SimulatedReply> script);

  /// Ends at once, without counting an abort.
  void close();

  /// Ends if the client has kept us waiting for longer than it may.
  void close_if_idle(SimulatorTime now);

 private:
  enum class State { kReading, kAnswering, kDraining, kClosed };
  enum class Flush { kDone, kBlocked, kClosed };

  void wait_readable();
  void wait_writable();
  void on_readable();
  void on_bytes(std::string_view bytes);
  void on_client_closed();
  void on_alarm() override;

  void read_requests(std::string_view bytes);
  void begin_request(SimulatedRequest request, ConnectionUse use);
  void begin_reply(std::unique_ptr<ReplySource> reply);
  void play();
  bool act(const ReplyStep& step);
  bool wait_until_due(std::chrono::microseconds delay);
  Flush flush();
  void finish_reply();
  void count_end();
  void abort();
  void start_draining();
  void reset();

  SimulatorServer& server_;
  boost::asio::ip::tcp::socket socket_;
  const std::uint64_t number_;
  HttpRequestReader reader_;
  std::unique_ptr<ReplySource> reply_;
  std::string out_;  // bytes to send, from sent_ on
  std::size_t sent_ = 0;
  std::optional<ReplyStep> deferred_;  // a step that waits for out_ to be sent
  SimulatorTime due_;                  // when the reply's last wait ended, by plan
  SimulatorTime last_moved_;           // for the idle sweep
  State state_ = State::kReading;
  bool counted_ = false;  // the reply answers a request that is counted as in flight
  bool read_waiting_ = false;
  bool write_waiting_ = false;
  bool reading_paused_ = false;  // too much has been sent ahead
  bool awaiting_client_close_ = false;
  bool client_closed_ = false;
  bool sending_ended_ = false;
};

}  // namespace cochain
