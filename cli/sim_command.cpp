// cochain sim: the simulator as a server of its own.

#include <pthread.h>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "cochain/providers/registry.hpp"
#include "cochain/providers/simulator.hpp"
#include "commands.hpp"
#include "progress.hpp"
#include "terminal.hpp"

namespace cochain::cli {
namespace {

/// Ctrl-C and a polite kill, waited for in one place. Threads that are started meanwhile do not
/// see them.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  /// The second one finds its default action again, and ends the program at once.
  void wait() {
    int signal = 0;
    ::sigwait(&signals_, &signal);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

void tell_use(const Simulator& simulator, const SimArguments& arguments) {
  say("listening on " + simulator.base_url());
  say("use it with: export OPENAI_BASE_URL=" + simulator.base_url());
  if (!arguments.api_key_env.empty()) {
    say("requests must bring the key: export OPENAI_API_KEY=\"$" + arguments.api_key_env + "\"");
  }
  say("Ctrl-C ends it");
}

void tell_totals(const SimulatorStats& stats) {
  std::string line = format_number_of(stats.requests, "request") + ", ";
  line += format_number_of(stats.answers_ended, "answer") + ", ";
  line += std::to_string(stats.aborted_by_client) + " aborted by clients, ";
  line += std::to_string(stats.requests_in_flight_max) + " at once at most; ";
  line += format_number_of(stats.connections_accepted, "connection") + ", ";
  line += std::to_string(stats.chunks_sent) + " tokens streamed, ";
  line += format_count(double(stats.bytes_written)) + "B written";
  say(line);
  std::string faults;
  for (std::size_t each = 1; each < kSimulatedFaultKinds; ++each) {
    const auto fault = static_cast<SimulatedFault>(each);
    if (stats.fault_count(fault) == 0) continue;
    faults += faults.empty() ? "faults: " : ", ";
    faults += std::string(to_string(fault)) + " " + std::to_string(stats.fault_count(fault));
  }
  if (!faults.empty()) say(faults);
}

/// Binds the address; what is wrong with it is the caller's to put right.
std::unique_ptr<Simulator> serve(SimulatorOptions options) {
  const std::string address = options.host() + ":" + std::to_string(options.port());
  const bool remote_allowed = options.remote_allowed();
  try {
    return std::make_unique<Simulator>(std::move(options));
  } catch (const std::invalid_argument&) {
    if (remote_allowed) throw UsageError(address + " is no address to listen on");
    throw UsageError(address +
                     " is no address of this machine alone; --allow-remote permits others");
  } catch (const std::system_error& error) {
    throw std::runtime_error("cannot listen on " + address + ": " + error.code().message());
  }
}

}  // namespace

ExitCode run_sim(const SimArguments& arguments) {
  SimulatorOptions options = arguments.options;
  if (!arguments.api_key_env.empty()) {
    const char* key = std::getenv(arguments.api_key_env.c_str());
    if (key == nullptr || *key == '\0') {
      throw ConfigError("the variable " + arguments.api_key_env +
                        " (of --api-key-env) is not set; export it with the key to ask for");
    }
    options.api_key(key);
  }
  StopSignals stop;
  const std::unique_ptr<Simulator> simulator = serve(std::move(options));
  tell_use(*simulator, arguments);
  stop.wait();
  simulator->stop();
  tell_totals(simulator->stats());
  return ExitCode::kOk;
}

}  // namespace cochain::cli
