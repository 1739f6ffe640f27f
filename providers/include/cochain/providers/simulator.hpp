// A model server for the same machine: the peer of tests and benchmarks, and the model that
// answers when no API key is set. Speaks HTTP/1.1 and the OpenAI Chat Completions dialect.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cochain/providers/simulator_options.hpp>
#include <cochain/providers/simulator_script.hpp>

namespace cochain {

/// Counters of a Simulator, read at one moment.
/// Shape:    each number is exact; numbers read together may be a request apart. What is written
///           is counted afterwards: a client may have read it by then.
class SimulatorStats {
 public:
  SimulatorStats() = default;

  /// How often a fault was chosen.
  std::uint64_t fault_count(SimulatedFault fault) const;

  std::uint64_t requests = 0;            // received whole
  std::uint64_t answers_ended = 0;       // written whole, or ended by a fault of ours
  std::uint64_t requests_in_flight = 0;  // received, and neither ended nor aborted
  std::uint64_t requests_in_flight_max = 0;
  std::uint64_t aborted_by_client = 0;  // the client closed before the answer ended
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_open = 0;
  std::uint64_t connections_refused = 0;  // over connections_max
  std::uint64_t accept_pauses = 0;        // out of file descriptors, tried again later
  std::uint64_t chunks_sent = 0;          // token events of streamed answers
  std::uint64_t bytes_written = 0;
  std::array<std::uint64_t, kSimulatedFaultKinds> faults{};
};

/// A simulated OpenAI-compatible server on its own thread.
/// Shape:    POST /v1/chat/completions, POST /v1/embeddings, GET /v1/models[/name], GET /healthz.
///           A chat request that offers tools is answered with the calls that its text spells out:
///           `call NAME {json}`; see plan_answer().
/// Lives:    until stop() or destruction; either closes every connection and joins the thread.
/// Errors:   std::invalid_argument for an address that is not allowed, std::system_error if
///           the address cannot be bound.
class Simulator {
 public:
  /// Decides about one request: a reply to play, or nothing for the usual answer.
  using RequestHook = std::function<std::optional<SimulatedReply>(const SimulatedRequest&)>;

  /// Decides about one connection, given its number, before a byte is read from it.
  using ConnectionHook = std::function<std::optional<SimulatedReply>(std::uint64_t)>;

  /// Binds, listens and starts serving; connections succeed once it returns.
  explicit Simulator(SimulatorOptions options = SimulatorOptions());
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  /// The bound port.
  std::uint16_t port() const;

  /// What a client is configured with, such as "http://127.0.0.1:40001/v1".
  std::string base_url() const;

  /// The counters; safe from any thread.
  SimulatorStats stats() const;

  /// The newest requests, oldest first, as far as request_log_max keeps them.
  /// Shape:    the values of authorization and api-key headers are replaced by "[redacted]".
  std::vector<SimulatedRequest> requests() const;

  /// Installs a hook that may script the reply to a request; an empty one removes it.
  /// Shape:    runs on the simulator's thread and sees headers unredacted; if it throws, the
  ///           client gets a 500.
  void on_request(RequestHook hook);

  /// Installs a hook that may script a connection before its first request.
  void on_connection(ConnectionHook hook);

  /// Stops serving; safe from any thread, and more than once.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cochain
