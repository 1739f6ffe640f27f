// The simulator's thread: listener, connections, alarms, counters.
// simulator.cpp owns one; each accepted connection becomes a SimulatorSession.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cochain/providers/simulator.hpp>

#include "simulator_alarms.hpp"
#include "simulator_routes.hpp"

namespace cochain {

class SimulatorSession;

/// A counter that one thread writes and any thread reads.
class SharedCount {
 public:
  // One writer needs no locked instruction, and these sit on the way of each chunk.
  void add(std::uint64_t amount = 1) { set(value() + amount); }
  void subtract(std::uint64_t amount = 1) { set(value() - amount); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_release); }
  std::uint64_t value() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class SimulatorCounters {
 public:
  SimulatorStats read() const;

  SharedCount requests;
  SharedCount answers_ended;
  SharedCount in_flight;
  SharedCount in_flight_max;
  SharedCount aborted;
  SharedCount accepted;
  SharedCount open;
  SharedCount refused;
  SharedCount accept_pauses;
  SharedCount chunks;
  SharedCount bytes;
  std::array<SharedCount, kSimulatedFaultKinds> faults;
};

class SimulatorServer final : private AlarmTarget {
 public:
  explicit SimulatorServer(SimulatorOptions options);
  ~SimulatorServer();

  std::uint16_t port() const { return port_; }
  std::string base_url() const;
  const SimulatorOptions& options() const { return options_; }
  SimulatorStats stats() const { return counters_.read(); }
  std::vector<SimulatedRequest> logged_requests() const;
  void set_request_hook(Simulator::RequestHook hook);
  void set_connection_hook(Simulator::ConnectionHook hook);
  void stop();

  // For sessions, on the server's thread.
  SimulatorCounters& counters() { return counters_; }
  SimulatorAlarms& alarms() { return alarms_; }
  SimulatorRoutes& routes() { return routes_; }
  boost::asio::io_context& io() { return io_; }
  std::vector<char>& read_buffer() { return read_buffer_; }
  void log_request(const SimulatedRequest& request);
  std::optional<SimulatedReply> ask_request_hook(const SimulatedRequest& request) const;
  void forget(SimulatorSession& session);

 private:
  using Tcp = boost::asio::ip::tcp;

  void listen();
  void accept_next();
  void admit(Tcp::socket socket);
  void on_alarm() override;  // the sweep, once a second or sooner
  void schedule_sweep();
  void close_all();

  // Declared first, so destroyed last: sockets and timers below unregister from it.
  boost::asio::io_context io_{1};
  const SimulatorOptions options_;
  SimulatorCounters counters_;
  SimulatorAlarms alarms_{io_};
  SimulatorRoutes routes_{options_};
  Tcp::acceptor acceptor_{io_};
  boost::asio::ip::address address_;
  std::uint16_t port_ = 0;
  std::vector<char> read_buffer_;  // shared: bytes are parsed before the next read
  std::unordered_map<SimulatorSession*, std::shared_ptr<SimulatorSession>> sessions_;
  bool accept_paused_ = false;
  bool closing_ = false;

  mutable std::mutex shared_;  // guards the four below
  Simulator::RequestHook request_hook_;
  Simulator::ConnectionHook connection_hook_;
  std::deque<SimulatedRequest> log_;
  bool stopped_ = false;

  std::mutex joining_;
  std::thread thread_;
};

}  // namespace cochain
