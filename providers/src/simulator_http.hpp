// Bytes in, HTTP requests out: a parser that is fed and never reads by itself.
// The only file of the simulator that knows the HTTP parser library is simulator_http.cpp.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include <cochain/providers/simulator_script.hpp>

#include "simulator_wire.hpp"

namespace cochain {

/// Parses the requests of one connection, one after the other.
/// Shape:    feed(bytes)* until kReady, take(), then feed("") to go on with what came behind.
/// Lives:    holds no memory to speak of between two requests.
class HttpRequestReader {
 public:
  enum class State { kNeedMore, kReady, kFailed };

  HttpRequestReader(std::size_t header_bytes_max, std::size_t body_bytes_max);
  ~HttpRequestReader();

  /// Parses as far as one request reaches; the rest is kept.
  State feed(std::string_view bytes);

  /// Keeps bytes for later; false if too many are waiting already.
  bool stash(std::string_view bytes);

  /// The request that made feed() answer kReady.
  SimulatedRequest take(ConnectionUse& use);

  /// The status that tells the client why feed() answered kFailed.
  int failed_status() const { return failed_status_; }

  /// True once per request whose client waits for leave to send its body.
  bool must_send_continue();

  /// True if nothing of a next request has arrived.
  bool is_between_requests() const;

 private:
  class Parser;

  State parse(std::string_view bytes);

  std::size_t header_bytes_max_;
  std::size_t body_bytes_max_;
  std::unique_ptr<Parser> parser_;
  std::string kept_;  // bytes not yet parsed
  int failed_status_ = 0;
};

}  // namespace cochain
