// The port through which everything in this floor meets HTTP: curl in programs, fakes in tests.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cochain/core/coro.hpp"
#include "cochain/providers/http.hpp"

namespace cochain {

/// The body of an answer, as it arrives.
/// Suspends: read() until bytes are there; cancellable. One reader at a time. While nobody reads,
///           a bounded amount is buffered and then the peer is held back.
/// Lives:    destroying it before its end closes the connection; nothing else is needed to cancel.
/// Errors:   read() throws TransportError (broken, idle for too long), IncompleteStreamError
///           (ended before its announced end), LimitError (larger than `body_bytes_max`).
class HttpBody {
 public:
  virtual ~HttpBody() = default;
  /// The next bytes, decompressed, at least one; nothing at the end and ever after.
  [[nodiscard]] virtual Coro<std::optional<std::string>> read() = 0;
  /// Says that the rest is of no interest: if it ends at once the connection is kept for the next
  /// request, otherwise it is closed. Nothing can be read afterwards.
  virtual void finish() noexcept = 0;
};

/// An answer whose status and headers are there, and whose body may still be coming.
class HttpResponse {
 public:
  HttpResponse() = default;
  HttpResponse(int the_status, HttpHeaders the_headers, std::unique_ptr<HttpBody> the_body)
      : status(the_status), headers(std::move(the_headers)), body(std::move(the_body)) {}

  int status = 0;
  HttpHeaders headers;
  std::unique_ptr<HttpBody> body;
};

/// Sends requests.
/// Suspends: open() until the headers of the answer are there; cancellable, which closes.
/// Threads:  usable from any event loop; connections belong to the loop that opened them and end
///           with it.
/// Lives:    bodies may outlive the transport; not the loop, with which they fail.
/// Errors:   ConnectError, TransportError, LimitError, BadRequestError (an unusable URL). A status
///           such as 404 or 302 is an answer, not an error: redirects are never followed.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  [[nodiscard]] virtual Coro<HttpResponse> open(HttpRequest request) = 0;
};

/// The whole body, or its first `bytes_max` bytes where that is enough.
/// Suspends: until the body ended, or that much of it is there.
[[nodiscard]] Coro<std::string> read_all(std::unique_ptr<HttpBody> body,
                                         std::size_t bytes_max = std::size_t(-1));

}  // namespace cochain
