// Listens, admits connections, sweeps idle ones and stops in order.
// The sessions do the talking.
#include "simulator_server.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include "simulator_session.hpp"

namespace cochain {
namespace {

constexpr int kBacklog = 4096;
constexpr std::size_t kReadBufferBytes = 64 * 1024;
constexpr std::chrono::milliseconds kSweepInterval{1000};
constexpr std::chrono::milliseconds kAcceptPause{50};

boost::asio::ip::address address_of(const SimulatorOptions& options) {
  const std::string host = options.host() == "localhost" ? "127.0.0.1" : options.host();
  boost::system::error_code error;
  const boost::asio::ip::address address = boost::asio::ip::make_address(host, error);
  if (error) {
    throw std::invalid_argument("the simulator's host is not an IP address: " + host);
  }
  if (!address.is_loopback() && !options.remote_allowed()) {
    throw std::invalid_argument(
        "the simulator serves loopback addresses only, unless "
        "allow_remote() is set: " +
        host);
  }
  return address;
}

void check(const boost::system::error_code& error, const char* what) {
  if (error) {
    throw std::system_error(std::error_code(error), what);
  }
}

bool is_shortage(const boost::system::error_code& error) {
  switch (error.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return true;
    default: return false;
  }
}

}  // namespace

SimulatorStats SimulatorCounters::read() const {
  SimulatorStats stats;
  stats.requests = requests.value();
  stats.answers_ended = answers_ended.value();
  stats.requests_in_flight = in_flight.value();
  stats.requests_in_flight_max = in_flight_max.value();
  stats.aborted_by_client = aborted.value();
  stats.connections_accepted = accepted.value();
  stats.connections_open = open.value();
  stats.connections_refused = refused.value();
  stats.accept_pauses = accept_pauses.value();
  stats.chunks_sent = chunks.value();
  stats.bytes_written = bytes.value();
  for (std::size_t i = 0; i < faults.size(); ++i) {
    stats.faults[i] = faults[i].value();
  }
  return stats;
}

SimulatorServer::SimulatorServer(SimulatorOptions options)
    : options_(std::move(options)), read_buffer_(kReadBufferBytes) {
  listen();
  accept_next();
  schedule_sweep();
  // Signals belong to the program's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { io_.run(); });
  } catch (...) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SimulatorServer::~SimulatorServer() { stop(); }

void SimulatorServer::listen() {
  const Tcp::endpoint endpoint(address_of(options_), options_.port());
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  check(error, "simulator: socket");
  acceptor_.set_option(Tcp::acceptor::reuse_address(true), error);
  check(error, "simulator: SO_REUSEADDR");
  acceptor_.bind(endpoint, error);
  check(error, "simulator: bind");
  acceptor_.listen(kBacklog, error);
  check(error, "simulator: listen");
  address_ = endpoint.address();
  port_ = acceptor_.local_endpoint().port();
}

std::string SimulatorServer::base_url() const {
  using boost::asio::ip::address_v4;
  using boost::asio::ip::address_v6;
  const bool any = address_.is_unspecified();  // good for listening, but nobody's address
  const std::string host =
      address_.is_v4() ? (any ? address_v4::loopback() : address_.to_v4()).to_string()
                       : '[' + (any ? address_v6::loopback() : address_.to_v6()).to_string() + ']';
  return "http://" + host + ':' + std::to_string(port_) + "/v1";
}

void SimulatorServer::accept_next() {
  acceptor_.async_accept([this](const boost::system::error_code& error, Tcp::socket socket) {
    if (closing_ || error == boost::asio::error::operation_aborted) {
      return;
    }
    if (is_shortage(error)) {
      // The connection stays in the backlog; asking again at once would only spin.
      accept_paused_ = true;
      counters_.accept_pauses.add();
      schedule_sweep();
      return;
    }
    if (!error) {
      admit(std::move(socket));
    }
    accept_next();
  });
}

void SimulatorServer::admit(Tcp::socket socket) {
  const std::uint64_t number = counters_.accepted.value();
  counters_.accepted.add();
  if (sessions_.size() >= options_.connections_max()) {
    counters_.refused.add();
    const std::string reply = whole_response(
        503, "application/json",
        error_body("The simulator serves no more connections.", "server_error", "", "overloaded"),
        {}, ConnectionUse::kClose);
    // Best effort: a client that has sent its request already may see a reset instead.
    (void)::send(socket.native_handle(), reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return;
  }
  Simulator::ConnectionHook hook;
  {
    const std::lock_guard<std::mutex> lock(shared_);
    hook = connection_hook_;
  }
  std::optional<SimulatedReply> script;
  if (hook) {
    try {
      script = hook(number);
    } catch (const std::exception&) {
      return;  // closing the connection is all that can be said before a request
    }
  }
  const auto session = std::make_shared<SimulatorSession>(*this, std::move(socket), number);
  sessions_.emplace(session.get(), session);
  counters_.open.add();
  session->start(std::move(script));
}

void SimulatorServer::schedule_sweep() {
  const std::chrono::milliseconds interval =
      accept_paused_ ? kAcceptPause : std::min(kSweepInterval, options_.idle_timeout());
  alarms_.set(*this, std::chrono::steady_clock::now() + interval);
}

void SimulatorServer::on_alarm() {
  const SimulatorTime time = std::chrono::steady_clock::now();
  std::vector<std::shared_ptr<SimulatorSession>> all;  // closing one changes the map
  all.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_) {
    all.push_back(session);
  }
  for (const auto& session : all) {
    session->close_if_idle(time);
  }
  if (std::exchange(accept_paused_, false)) {
    accept_next();
  }
  schedule_sweep();
}

void SimulatorServer::stop() {
  {
    const std::lock_guard<std::mutex> lock(shared_);
    if (!std::exchange(stopped_, true)) {
      boost::asio::post(io_, [this] { close_all(); });
    }
  }
  if (io_.get_executor().running_in_this_thread()) {
    return;  // called by a hook: the thread ends once the hook has returned
  }
  const std::lock_guard<std::mutex> lock(joining_);
  if (thread_.joinable()) {
    thread_.join();
  }
}

void SimulatorServer::close_all() {
  closing_ = true;
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  while (!sessions_.empty()) {
    const std::shared_ptr<SimulatorSession> session = sessions_.begin()->second;
    session->close();
  }
  alarms_.clear();
}

void SimulatorServer::forget(SimulatorSession& session) {
  if (sessions_.erase(&session) > 0) {
    counters_.open.subtract();
  }
}

void SimulatorServer::log_request(const SimulatedRequest& request) {
  if (options_.request_log_max() == 0) {
    return;
  }
  SimulatedRequest copy = request;
  for (auto& [name, value] : copy.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char byte) {
      return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
    });
    if (lower == "authorization" || lower == "proxy-authorization" || lower == "cookie" ||
        lower.find("api-key") != std::string::npos) {
      value = "[redacted]";
    }
  }
  const std::lock_guard<std::mutex> lock(shared_);
  log_.push_back(std::move(copy));
  if (log_.size() > options_.request_log_max()) {
    log_.pop_front();
  }
}

std::optional<SimulatedReply> SimulatorServer::ask_request_hook(
    const SimulatedRequest& request) const {
  Simulator::RequestHook hook;
  {
    const std::lock_guard<std::mutex> lock(shared_);
    hook = request_hook_;
  }
  return hook ? hook(request) : std::nullopt;
}

std::vector<SimulatedRequest> SimulatorServer::logged_requests() const {
  const std::lock_guard<std::mutex> lock(shared_);
  return std::vector<SimulatedRequest>(log_.begin(), log_.end());
}

void SimulatorServer::set_request_hook(Simulator::RequestHook hook) {
  const std::lock_guard<std::mutex> lock(shared_);
  request_hook_ = std::move(hook);
}

void SimulatorServer::set_connection_hook(Simulator::ConnectionHook hook) {
  const std::lock_guard<std::mutex> lock(shared_);
  connection_hook_ = std::move(hook);
}

}  // namespace cochain
