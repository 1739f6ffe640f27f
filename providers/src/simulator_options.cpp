// Checks and defaults of the simulator's settings, and the shapes of its delays.
// Read by simulator_plan.cpp, which samples, and by simulator_server.cpp, which binds.
#include <cochain/providers/simulator_options.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace cochain {
namespace {

using std::chrono::microseconds;

constexpr double kLongestDelayUs = 3.6e9;

std::size_t fault_index(SimulatedFault fault) { return static_cast<std::size_t>(fault); }

}  // namespace

SimulatedLatency::SimulatedLatency(Shape shape, microseconds centre, double spread)
    : shape_(shape), centre_(centre), spread_(spread) {
  if (centre.count() < 0 || !(spread >= 0.0) || spread > kLongestDelayUs) {
    throw std::invalid_argument("a simulated latency must be neither negative nor unbounded");
  }
}

SimulatedLatency SimulatedLatency::none() {
  return SimulatedLatency(Shape::kFixed, microseconds(0), 0.0);
}

SimulatedLatency SimulatedLatency::fixed(microseconds delay) {
  return SimulatedLatency(Shape::kFixed, delay, 0.0);
}

SimulatedLatency SimulatedLatency::around(microseconds mean, microseconds jitter) {
  return SimulatedLatency(Shape::kUniform, mean, static_cast<double>(jitter.count()));
}

SimulatedLatency SimulatedLatency::lognormal(microseconds median, double sigma) {
  return SimulatedLatency(Shape::kLognormal, median, sigma);
}

microseconds SimulatedLatency::sample(double first, double second) const {
  const double centre = static_cast<double>(centre_.count());
  double delay = centre;
  if (shape_ == Shape::kUniform) {
    delay = centre + spread_ * (2.0 * first - 1.0);
  } else if (shape_ == Shape::kLognormal) {
    // Box and Muller: two uniform numbers make one that is normally distributed.
    constexpr double kTau = 6.283185307179586;
    const double normal = std::sqrt(-2.0 * std::log(1.0 - first)) * std::cos(kTau * second);
    delay = centre * std::exp(spread_ * normal);
  }
  return microseconds(static_cast<std::int64_t>(std::clamp(delay, 0.0, kLongestDelayUs)));
}

bool SimulatedLatency::is_none() const {
  return centre_.count() == 0 && (shape_ != Shape::kUniform || spread_ == 0.0);
}

const char* to_string(SimulatedFault fault) {
  switch (fault) {
    case SimulatedFault::kNone: return "none";
    case SimulatedFault::kRateLimit: return "rate_limit";
    case SimulatedFault::kServerError: return "server_error";
    case SimulatedFault::kStall: return "stall";
    case SimulatedFault::kReset: return "reset";
    case SimulatedFault::kTruncate: return "truncate";
    case SimulatedFault::kMissingDone: return "missing_done";
    case SimulatedFault::kErrorInStream: return "error_in_stream";
  }
  return "unknown";
}

// The defaults let a reader watch the words arrive, yet end a short answer within a second.
SimulatorOptions::SimulatorOptions()
    : first_token_(SimulatedLatency::lognormal(std::chrono::milliseconds(80), 0.25)),
      between_tokens_(
          SimulatedLatency::around(std::chrono::milliseconds(8), std::chrono::milliseconds(4))),
      models_{"sim-1", "sim-1-mini"} {}

SimulatorOptions& SimulatorOptions::host(std::string address) {
  host_ = std::move(address);
  return *this;
}

SimulatorOptions& SimulatorOptions::port(std::uint16_t number) {
  port_ = number;
  return *this;
}

SimulatorOptions& SimulatorOptions::allow_remote() {
  remote_allowed_ = true;
  return *this;
}

SimulatorOptions& SimulatorOptions::seed(std::uint64_t value) {
  seed_ = value;
  return *this;
}

SimulatorOptions& SimulatorOptions::first_token(SimulatedLatency latency) {
  first_token_ = latency;
  return *this;
}

SimulatorOptions& SimulatorOptions::between_tokens(SimulatedLatency latency) {
  between_tokens_ = latency;
  return *this;
}

SimulatorOptions& SimulatorOptions::instant() {
  first_token_ = SimulatedLatency::none();
  between_tokens_ = SimulatedLatency::none();
  return *this;
}

SimulatorOptions& SimulatorOptions::answer_tokens(std::size_t tokens) {
  constexpr std::size_t kTokensMax = 1'000'000;
  if (tokens > kTokensMax) {
    throw std::invalid_argument("answer_tokens may not exceed 1000000");
  }
  answer_tokens_ = tokens;
  return *this;
}

SimulatorOptions& SimulatorOptions::fault_rate(SimulatedFault fault, double probability) {
  if (fault == SimulatedFault::kNone || !(probability >= 0.0 && probability <= 1.0)) {
    throw std::invalid_argument("a fault rate must name a fault and lie within 0..1");
  }
  std::array<double, kSimulatedFaultKinds> rates = fault_rates_;
  rates.at(fault_index(fault)) = probability;
  double sum = 0.0;
  for (const double rate : rates) {
    sum += rate;
  }
  if (sum > 1.0 + 1e-9) {
    throw std::invalid_argument("all fault rates together may not exceed 1");
  }
  fault_rates_ = rates;
  return *this;
}

double SimulatorOptions::fault_rate(SimulatedFault fault) const {
  return fault_rates_.at(fault_index(fault));
}

SimulatorOptions& SimulatorOptions::retry_after(std::chrono::milliseconds delay) {
  if (delay.count() < 0) {
    throw std::invalid_argument("retry_after may not be negative");
  }
  retry_after_ = delay;
  return *this;
}

SimulatorOptions& SimulatorOptions::api_key(std::string key) {
  api_key_ = std::move(key);
  return *this;
}

SimulatorOptions& SimulatorOptions::models(std::vector<std::string> names) {
  models_ = std::move(names);
  return *this;
}

SimulatorOptions& SimulatorOptions::connections_max(std::size_t connections) {
  connections_max_ = connections;
  return *this;
}

SimulatorOptions& SimulatorOptions::body_bytes_max(std::size_t bytes) {
  body_bytes_max_ = bytes;
  return *this;
}

SimulatorOptions& SimulatorOptions::coalesce_bytes(std::size_t bytes) {
  coalesce_bytes_ = bytes;
  return *this;
}

SimulatorOptions& SimulatorOptions::request_log_max(std::size_t requests) {
  request_log_max_ = requests;
  return *this;
}

SimulatorOptions& SimulatorOptions::idle_timeout(std::chrono::milliseconds limit) {
  if (limit.count() <= 0) {
    throw std::invalid_argument("idle_timeout must be positive");
  }
  idle_timeout_ = limit;
  return *this;
}

}  // namespace cochain
