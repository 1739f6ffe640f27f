// The public face of the simulated model server; simulator_server.cpp is its body.
#include <cochain/providers/simulator.hpp>

#include <utility>

#include "simulator_server.hpp"

namespace cochain {

std::uint64_t SimulatorStats::fault_count(SimulatedFault fault) const {
  return faults.at(static_cast<std::size_t>(fault));
}

class Simulator::Impl {
 public:
  explicit Impl(SimulatorOptions options) : server(std::move(options)) {}
  SimulatorServer server;
};

Simulator::Simulator(SimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

Simulator::~Simulator() = default;

std::uint16_t Simulator::port() const { return impl_->server.port(); }

std::string Simulator::base_url() const { return impl_->server.base_url(); }

SimulatorStats Simulator::stats() const { return impl_->server.stats(); }

std::vector<SimulatedRequest> Simulator::requests() const {
  return impl_->server.logged_requests();
}

void Simulator::on_request(RequestHook hook) { impl_->server.set_request_hook(std::move(hook)); }

void Simulator::on_connection(ConnectionHook hook) {
  impl_->server.set_connection_hook(std::move(hook));
}

void Simulator::stop() { impl_->server.stop(); }

}  // namespace cochain
