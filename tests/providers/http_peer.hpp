// What the tests of the HTTP path share: a peer that says what it is told to say, and ways to look
// at what came of it.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async_test.hpp"
#include "cochain/chains/model/error.hpp"
#include "cochain/providers/curl_transport.hpp"
#include "cochain/providers/simulator.hpp"
#include "environment_variable.hpp"

namespace cochain::testing {

/// A server that answers every request by a script, and remembers what it was asked.
class Peer {
 public:
  using Script = std::function<SimulatedReply(const SimulatedRequest&)>;

  explicit Peer(Script script) {
    simulator_.on_request([this, script = std::move(script)](const SimulatedRequest& request) {
      {
        const std::lock_guard lock(mutex_);
        seen_.push_back(request);
      }
      return std::optional<SimulatedReply>(script(request));
    });
  }
  explicit Peer(SimulatedReply reply)
      : Peer([reply = std::move(reply)](const SimulatedRequest&) { return reply; }) {}

  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(simulator_.port()) + path;
  }
  std::vector<SimulatedRequest> seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  SimulatorStats stats() const { return simulator_.stats(); }
  Simulator& simulator() { return simulator_; }

 private:
  mutable std::mutex mutex_;
  std::vector<SimulatedRequest> seen_;
  Simulator simulator_;
};

/// An answer as bytes on the wire, then whatever is added to it.
inline SimulatedReply raw(std::string bytes) { return SimulatedReply().write(std::move(bytes)); }

inline SimulatedReply text_answer(std::string_view body) {
  return SimulatedReply::http(200, "text/plain", body);
}

/// The head of a chunked answer, without its last empty line's follower.
inline std::string chunked_head(const std::string& more_headers = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n" +
         more_headers + "\r\n";
}

inline std::string chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

class Answer {
 public:
  Answer() = default;
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

/// One exchange, read to its end.
inline Coro<Answer> fetch(std::shared_ptr<HttpTransport> transport, HttpRequest request) {
  HttpResponse response = co_await transport->open(std::move(request));
  Answer answer;
  answer.status = response.status;
  answer.headers = std::move(response.headers);
  answer.body = co_await read_all(std::move(response.body));
  co_return answer;
}

inline Coro<Answer> fetch(std::shared_ptr<HttpTransport> transport, std::string url) {
  return fetch(std::move(transport), HttpRequest("GET", std::move(url)));
}

/// What an operation throws; null if nothing.
template <class T>
Coro<std::exception_ptr> failure_of(Coro<T> operation) {
  try {
    co_await std::move(operation);
  } catch (const std::exception&) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

/// The error as what it is; a failed test if it is something else.
template <class E>
std::optional<E> expect_error(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const E& expected) {
    return expected;
  } catch (...) {
    ADD_FAILURE() << "another error: " << describe(error) << " of type "
                  << error.__cxa_exception_type()->name();
  }
  return std::nullopt;
}

/// Waits for a task; true if it ended by being cancelled.
template <class T>
Coro<bool> was_cancelled(Task<T> task) {
  try {
    (void)co_await task;
  } catch (const CancelledError&) {
    co_return true;
  } catch (const std::exception&) {
  }
  co_return false;
}

/// Looks again and again, by the loop's time, until the condition holds.
inline Coro<bool> eventually(std::function<bool()> condition, Duration limit = 5s) {
  const TimePoint deadline = EventLoop::current().time() + limit;
  while (!condition()) {
    if (EventLoop::current().time() > deadline) co_return false;
    co_await sleep(1ms);
  }
  co_return true;
}

/// How long something took, by the loop's clock.
class Stopwatch {
 public:
  Stopwatch() : start_(EventLoop::current().time()) {}
  Duration elapsed() const { return EventLoop::current().time() - start_; }

 private:
  TimePoint start_;
};

}  // namespace cochain::testing
