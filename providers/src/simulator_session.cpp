// Plays replies on one socket with plain non-blocking calls; asio only tells when it is ready.
// A chunk that can be written at once costs one system call and no allocation.
#include "simulator_session.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <sys/socket.h>

#include <boost/asio/post.hpp>

#include "simulator_server.hpp"

namespace cochain {
namespace {

using boost::asio::ip::tcp;

constexpr std::size_t kHeaderBytesMax = 16 * 1024;
constexpr int kReadsPerTurn = 4;
constexpr int kStepsPerTurn = 64;
constexpr std::size_t kBufferBytesKept = 64 * 1024;
constexpr std::chrono::seconds kDrainLimit{2};

SimulatorTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

SimulatorSession::SimulatorSession(SimulatorServer& server, tcp::socket socket,
                                   std::uint64_t number)
    : server_(server),
      socket_(std::move(socket)),
      number_(number),
      reader_(kHeaderBytesMax, server.options().body_bytes_max()),
      last_moved_(now()) {}

void SimulatorSession::start(std::optional<SimulatedReply> script) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  if (script) {
    begin_reply(play_script(std::move(*script), ConnectionUse::kKeepAlive));
  } else {
    wait_readable();
  }
}

void SimulatorSession::close() {
  if (state_ == State::kClosed) {
    return;
  }
  state_ = State::kClosed;
  if (counted_) {
    counted_ = false;
    server_.counters().in_flight.subtract();
  }
  server_.alarms().cancel(*this);
  boost::system::error_code ignored;
  socket_.close(ignored);
  server_.forget(*this);
}

void SimulatorSession::close_if_idle(SimulatorTime time) {
  // A reply that waits on purpose is not idle: stalls and slow tokens are ours to keep.
  const bool waits_for_client = state_ != State::kAnswering || write_waiting_;
  const SimulatorTime::duration limit =
      state_ == State::kDraining ? kDrainLimit
                                 : SimulatorTime::duration(server_.options().idle_timeout());
  if (waits_for_client && time - last_moved_ > limit) {
    close();
  }
}

void SimulatorSession::wait_readable() {
  if (state_ == State::kClosed || read_waiting_ || reading_paused_ || client_closed_) {
    return;
  }
  read_waiting_ = true;
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       self->read_waiting_ = false;
                       if (!error) {
                         self->on_readable();
                       }
                     });
}

void SimulatorSession::wait_writable() {
  write_waiting_ = true;
  socket_.async_wait(
      tcp::socket::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
        self->write_waiting_ = false;
        if (error || self->state_ == State::kClosed || self->flush() != Flush::kDone) {
          return;
        }
        // Tokens that the client had no room for are not made up for in a burst.
        self->due_ = std::max(self->due_, now());
        const auto step = std::exchange(self->deferred_, std::nullopt);
        if (!step || self->act(*step)) {
          self->play();
        }
      });
}

void SimulatorSession::on_readable() {
  std::vector<char>& buffer = server_.read_buffer();
  for (int reads = 0; reads < kReadsPerTurn && state_ != State::kClosed && !reading_paused_;) {
    const ssize_t count = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      break;
    }
    if (count <= 0) {
      on_client_closed();
      return;
    }
    last_moved_ = now();
    on_bytes(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
    if (static_cast<std::size_t>(count) < buffer.size()) {
      break;  // if more has come since, the next wait ends at once
    }
    ++reads;
  }
  wait_readable();
}

void SimulatorSession::on_bytes(std::string_view bytes) {
  if (state_ == State::kReading) {
    read_requests(bytes);
  } else if (state_ == State::kAnswering) {
    reading_paused_ = !reader_.stash(bytes);
  }
}

void SimulatorSession::on_client_closed() {
  client_closed_ = true;
  if (state_ != State::kAnswering) {
    close();
  } else if (std::exchange(awaiting_client_close_, false)) {
    due_ = now();
    play();
  } else {
    abort();
  }
}

void SimulatorSession::on_alarm() {
  const auto self = shared_from_this();
  play();
}

void SimulatorSession::read_requests(std::string_view bytes) {
  const HttpRequestReader::State state = reader_.feed(bytes);
  if (state == HttpRequestReader::State::kFailed) {
    begin_reply(server_.routes().reject(reader_.failed_status()).reply);
  } else if (state == HttpRequestReader::State::kReady) {
    ConnectionUse use = ConnectionUse::kClose;
    SimulatedRequest request = reader_.take(use);
    begin_request(std::move(request), use);
  } else if (reader_.must_send_continue()) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    flush();
  }
}

void SimulatorSession::begin_request(SimulatedRequest request, ConnectionUse use) {
  SimulatorCounters& counters = server_.counters();
  request.number = counters.requests.value();
  request.connection = number_;
  counters.in_flight.add();
  counters.in_flight_max.set(std::max(counters.in_flight_max.value(), counters.in_flight.value()));
  counters.requests.add();
  counted_ = true;
  server_.log_request(request);
  if (request.method == "HEAD") {
    use = ConnectionUse::kClose;  // our answers carry a body that such a client does not read
  }
  std::unique_ptr<ReplySource> reply;
  try {
    if (std::optional<SimulatedReply> script = server_.ask_request_hook(request)) {
      reply = play_script(std::move(*script), use);
    } else {
      RoutedReply routed = server_.routes().answer(request, use);
      counters.faults[static_cast<std::size_t>(routed.fault)].add();
      reply = std::move(routed.reply);
    }
  } catch (const std::exception&) {
    reply = server_.routes().reject(500).reply;
  }
  begin_reply(std::move(reply));
}

void SimulatorSession::begin_reply(std::unique_ptr<ReplySource> reply) {
  reply_ = std::move(reply);
  state_ = State::kAnswering;
  due_ = now();
  wait_readable();
  play();
}

void SimulatorSession::play() {
  if (state_ != State::kAnswering || write_waiting_) {
    return;
  }
  const std::size_t coalesce_bytes = server_.options().coalesce_bytes();
  for (int steps = 0; steps < kStepsPerTurn; ++steps) {
    const ReplyStep step = reply_->next(out_);
    if (step.action == ReplyAction::kWrite) {
      server_.counters().chunks.add(step.tokens);
      if (out_.size() >= coalesce_bytes && flush() != Flush::kDone) {
        return;
      }
      continue;
    }
    const bool due_already = step.action == ReplyAction::kWait && due_ + step.delay <= now();
    if (!due_already) {
      const Flush flushed = flush();
      if (flushed == Flush::kBlocked) {
        deferred_ = step;
      }
      if (flushed != Flush::kDone) {
        return;
      }
    }
    if (!act(step)) {
      return;
    }
  }
  boost::asio::post(server_.io(), [self = shared_from_this()] { self->play(); });
}

bool SimulatorSession::act(const ReplyStep& step) {
  switch (step.action) {
    case ReplyAction::kWrite: return true;
    case ReplyAction::kWait: return wait_until_due(step.delay);
    case ReplyAction::kFinish: finish_reply(); return false;
    case ReplyAction::kClose:
      count_end();
      close();
      return false;
    case ReplyAction::kReset:
      count_end();
      reset();
      return false;
    case ReplyAction::kHalfClose: {
      boost::system::error_code ignored;
      socket_.shutdown(tcp::socket::shutdown_send, ignored);
      sending_ended_ = true;
      return true;
    }
    case ReplyAction::kHang:
      reply_.reset();  // there is no next step to ask for, so leaving now is leaving too early
      return false;
    case ReplyAction::kAwaitClientClose:
      awaiting_client_close_ = !client_closed_;
      return client_closed_;
  }
  return false;
}

bool SimulatorSession::wait_until_due(std::chrono::microseconds delay) {
  // Counted from the plan and not from now: a late wake-up does not slow the whole stream.
  due_ += delay;
  if (due_ <= now()) {
    return true;
  }
  server_.alarms().set(*this, due_);
  return false;
}

SimulatorSession::Flush SimulatorSession::flush() {
  if (write_waiting_) {
    return Flush::kBlocked;
  }
  while (sent_ < out_.size()) {
    const ssize_t count = ::send(socket_.native_handle(), out_.data() + sent_, out_.size() - sent_,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) {
      sent_ += static_cast<std::size_t>(count);
      server_.counters().bytes.add(static_cast<std::uint64_t>(count));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      last_moved_ = now();
      wait_writable();
      return Flush::kBlocked;
    } else if (errno != EINTR) {
      client_closed_ = true;
      abort();
      return Flush::kClosed;
    }
  }
  out_.clear();
  sent_ = 0;
  return Flush::kDone;
}

void SimulatorSession::finish_reply() {
  count_end();
  const bool keep = reply_->use() == ConnectionUse::kKeepAlive && !sending_ended_;
  reply_.reset();
  if (out_.capacity() > kBufferBytesKept) {
    out_ = std::string();
  }
  last_moved_ = now();
  if (!keep) {
    start_draining();
    return;
  }
  state_ = State::kReading;
  reading_paused_ = false;
  wait_readable();
  if (!reader_.is_between_requests()) {
    // By way of the loop: a client that sent a thousand requests ahead is not a deep recursion.
    boost::asio::post(server_.io(), [self = shared_from_this()] {
      if (self->state_ == State::kReading) {
        self->read_requests(std::string_view());
      }
    });
  }
}

void SimulatorSession::count_end() {
  if (std::exchange(counted_, false)) {
    server_.counters().in_flight.subtract();
    server_.counters().answers_ended.add();
  }
}

void SimulatorSession::abort() {
  // A client may leave between the answer's last byte and our noticing that it was the last.
  bool complete = false;
  if (reply_ != nullptr && out_.empty()) {
    const ReplyAction next = reply_->next(out_).action;
    complete =
        next == ReplyAction::kFinish || next == ReplyAction::kClose || next == ReplyAction::kReset;
  }
  if (complete) {
    count_end();
  } else if (state_ == State::kAnswering) {
    server_.counters().aborted.add();
  }
  close();
}

void SimulatorSession::start_draining() {
  // Closing while the client's bytes are unread would reset the connection, and the answer
  // that it has not read yet would be lost with it.
  state_ = State::kDraining;
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  reading_paused_ = false;
  if (client_closed_) {
    close();
  } else {
    wait_readable();
  }
}

void SimulatorSession::reset() {
  boost::system::error_code ignored;
  socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
  close();
}

}  // namespace cochain
