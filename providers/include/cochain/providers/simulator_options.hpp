// What a simulated model server may be told: latency, length, faults, limits.
// Read by the planner (pure) and by the server; nothing here does any work.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cochain {

/// A distribution of delays, sampled from uniform numbers that the caller supplies.
/// Units:    microseconds; a sample is never negative and never above one hour.
class SimulatedLatency {
 public:
  /// No delay at all.
  static SimulatedLatency none();

  /// Always the same delay.
  static SimulatedLatency fixed(std::chrono::microseconds delay);

  /// Evenly spread over mean - jitter to mean + jitter.
  static SimulatedLatency around(std::chrono::microseconds mean, std::chrono::microseconds jitter);

  /// Log-normal: half of the samples lie below the median, sigma stretches the right tail.
  /// Units:    sigma is the standard deviation of the logarithm; 0.3 is mild, 1.0 is wild.
  static SimulatedLatency lognormal(std::chrono::microseconds median, double sigma);

  /// Turns two independent uniform numbers in [0, 1) into one delay.
  std::chrono::microseconds sample(double first, double second) const;

  /// True if every sample is zero.
  bool is_none() const;

 private:
  enum class Shape { kFixed, kUniform, kLognormal };
  SimulatedLatency(Shape shape, std::chrono::microseconds centre, double spread);

  Shape shape_;
  std::chrono::microseconds centre_;
  double spread_;  // microseconds of jitter, or sigma
};

/// The ways in which the simulated server misbehaves on its own.
enum class SimulatedFault {
  kNone,
  kRateLimit,      // 429 with Retry-After, before any output
  kServerError,    // 500, before any output
  kStall,          // some tokens, then silence on an open connection
  kReset,          // some tokens, then a TCP reset
  kTruncate,       // some tokens, then the connection ends inside the body
  kMissingDone,    // a body that ends correctly, without finish_reason and without [DONE]
  kErrorInStream,  // an error object inside a 200 answer
};

/// How many kinds of fault there are, kNone included.
inline constexpr std::size_t kSimulatedFaultKinds = 8;

/// A short lower-case name for a fault, such as "rate_limit".
const char* to_string(SimulatedFault fault);

/// Settings of a Simulator; every setter returns the object, every getter has the same name.
/// Shape:    SimulatorOptions().seed(7).answer_tokens(512).instant()
/// Errors:   std::invalid_argument from the setter that was given an impossible value.
class SimulatorOptions {
 public:
  SimulatorOptions();

  /// The address to bind; anything but a loopback address also needs allow_remote().
  SimulatorOptions& host(std::string address);
  const std::string& host() const { return host_; }

  /// The TCP port; 0 lets the system choose.
  SimulatorOptions& port(std::uint16_t number);
  std::uint16_t port() const { return port_; }

  /// Permits a non-loopback address, and with it any Host header.
  SimulatorOptions& allow_remote();
  bool remote_allowed() const { return remote_allowed_; }

  /// The seed of every choice that the simulator makes.
  SimulatorOptions& seed(std::uint64_t value);
  std::uint64_t seed() const { return seed_; }

  /// The time from the request to the first token.
  SimulatorOptions& first_token(SimulatedLatency latency);
  const SimulatedLatency& first_token() const { return first_token_; }

  /// The time from one token to the next.
  SimulatorOptions& between_tokens(SimulatedLatency latency);
  const SimulatedLatency& between_tokens() const { return between_tokens_; }

  /// Sets both latencies to none, as tests want it.
  SimulatorOptions& instant();

  /// The exact number of tokens of each answer; 0, the default, lets the prompt decide.
  SimulatorOptions& answer_tokens(std::size_t tokens);
  std::size_t answer_tokens() const { return answer_tokens_; }

  /// The probability of one fault per chat request.
  /// Errors:   std::invalid_argument outside 0..1, or if all rates together exceed 1.
  SimulatorOptions& fault_rate(SimulatedFault fault, double probability);
  double fault_rate(SimulatedFault fault) const;

  /// The delay that a 429 asks for.
  SimulatorOptions& retry_after(std::chrono::milliseconds delay);
  std::chrono::milliseconds retry_after() const { return retry_after_; }

  /// The bearer key that requests must carry; empty, the default, asks for none.
  SimulatorOptions& api_key(std::string key);
  const std::string& api_key() const { return api_key_; }

  /// The names that GET /v1/models lists; chat requests may name any model.
  SimulatorOptions& models(std::vector<std::string> names);
  const std::vector<std::string>& models() const { return models_; }

  /// Connections held at once; further ones get a 503. Default 16384.
  SimulatorOptions& connections_max(std::size_t connections);
  std::size_t connections_max() const { return connections_max_; }

  /// Largest request body. Default 8 MiB.
  SimulatorOptions& body_bytes_max(std::size_t bytes);
  std::size_t body_bytes_max() const { return body_bytes_max_; }

  /// Gathers due chunks up to this many bytes into one write; 0, the default, writes each alone.
  SimulatorOptions& coalesce_bytes(std::size_t bytes);
  std::size_t coalesce_bytes() const { return coalesce_bytes_; }

  /// How many of the newest requests Simulator::requests() keeps; 0, the default, keeps none.
  SimulatorOptions& request_log_max(std::size_t requests);
  std::size_t request_log_max() const { return request_log_max_; }

  /// Closes a connection that has neither sent nor taken a byte for this long. Default 120 s.
  SimulatorOptions& idle_timeout(std::chrono::milliseconds limit);
  std::chrono::milliseconds idle_timeout() const { return idle_timeout_; }

 private:
  std::string host_ = "127.0.0.1";
  std::uint16_t port_ = 0;
  bool remote_allowed_ = false;
  std::uint64_t seed_ = 1;
  SimulatedLatency first_token_;
  SimulatedLatency between_tokens_;
  std::size_t answer_tokens_ = 0;
  std::array<double, kSimulatedFaultKinds> fault_rates_{};
  std::chrono::milliseconds retry_after_{1000};
  std::string api_key_;
  std::vector<std::string> models_;
  std::size_t connections_max_ = 16384;
  std::size_t body_bytes_max_ = std::size_t{8} << 20;
  std::size_t coalesce_bytes_ = 0;
  std::size_t request_log_max_ = 0;
  std::chrono::milliseconds idle_timeout_{120'000};
};

}  // namespace cochain
