// Record once, replay for ever: HTTP exchanges kept as JSON lines, and a transport that answers
// from them. A model over it is the whole model, but for the network.
//
//   auto recorder = std::make_shared<RecordingTransport>(make_curl_transport(), "weather.jsonl");
//   auto replay = std::make_shared<ReplayTransport>(read_exchanges("weather.jsonl"));
//   auto model = make_openai_model(OpenAIOptions("gpt-5-mini").with_transport(replay));
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/json.hpp"
#include "cochain/core/clock.hpp"
#include "cochain/core/error.hpp"
#include "cochain/providers/transport.hpp"

namespace cochain::testing {

/// One request and the answer to it.
/// Shape:    as JSON: {"method", "path", "query": {}, "request", "status", "headers": {}, "stream",
///           "body"} and, if the answer broke off, "truncated": true. `request` is the body of the
///           request, as JSON if it is JSON and else as a string. Other members are passed over.
///           A header that occurs more than once has an array of values.
class RecordedExchange {
 public:
  RecordedExchange() = default;
  /// An answer to any request.
  RecordedExchange(int the_status, std::string the_body)
      : status(the_status), body(std::move(the_body)) {}

  std::string method = "POST";
  std::string path;             ///< empty: any address
  std::string query;            ///< as in the address, without the '?'
  std::optional<Json> request;  ///< nothing: any body
  int status = 200;
  HttpHeaders headers;
  std::string body;
  bool stream = false;     ///< the body is a stream of events or of lines
  bool truncated = false;  ///< the connection ended before the body did

  RecordedExchange& header(std::string name, std::string value) {
    headers.add(std::move(name), std::move(value));
    return *this;
  }
};

/// Errors: ParseError that names the member.
[[nodiscard]] RecordedExchange exchange_from_json(const Json& value);
[[nodiscard]] JsonObject exchange_to_json(const RecordedExchange& exchange);
/// One exchange a line; empty lines are passed over.
/// Errors: ParseError that names the line.
[[nodiscard]] std::vector<RecordedExchange> parse_exchanges(std::string_view lines);
/// The exchanges of a file.
/// Errors: Error if it cannot be read; ParseError that names the line.
[[nodiscard]] std::vector<RecordedExchange> read_exchanges(const std::string& file);

/// A request came that no recording answers: the test asks for something else than was recorded.
/// It is no ModelError, so nothing tries it again.
class ReplayError : public Error {
 public:
  using Error::Error;
};

/// How recorded exchanges are served.
class ReplayOptions {
 public:
  enum class Order : std::uint8_t {
    kRecorded,  ///< one after the other; the next one must fit the request
    kAny,       ///< the first that fits, each once
    kRepeated   ///< the first that fits, as often as it is asked for
  };
  enum class Match : std::uint8_t {
    kLine,        ///< method and path, and the query if one was recorded
    kLineAndBody  ///< and the body, compared as JSON, where one was recorded
  };

  ReplayOptions() = default;
  ReplayOptions& with_order(Order value) { return set(order, value); }
  ReplayOptions& with_match(Match value) { return set(match, value); }
  /// Delivers bodies in pieces of random sizes, the same for the same seed; else in one piece.
  ReplayOptions& with_split(std::uint64_t seed) { return set(split_seed, seed); }
  /// The time from the request to the headers, and from one piece of the body to the next.
  ReplayOptions& with_first_byte_delay(Duration value) { return set(first_byte_delay, value); }
  ReplayOptions& with_piece_delay(Duration value) { return set(piece_delay, value); }

  Order order = Order::kRecorded;
  Match match = Match::kLine;
  std::optional<std::uint64_t> split_seed;
  Duration first_byte_delay = Duration::zero();
  Duration piece_delay = Duration::zero();

 private:
  template <class Member, class Value>
  ReplayOptions& set(Member& member, Value value) {
    member = value;
    return *this;
  }
};

/// Answers requests from recorded exchanges; there is no network.
/// Suspends: for the delays, by the loop's clock; cancellable. The timeouts of a request hold.
/// Lives:    bodies may outlive it.
/// Errors:   ReplayError if nothing recorded fits; TransportError if a delay is longer than the
///           request's timeout; LimitError; IncompleteStreamError at the end of a truncated body.
/// Threads:  any.
class ReplayTransport final : public HttpTransport {
 public:
  explicit ReplayTransport(std::vector<RecordedExchange> exchanges,
                           ReplayOptions options = ReplayOptions());
  ~ReplayTransport() override;

  [[nodiscard]] Coro<HttpResponse> open(HttpRequest request) override;

  /// What was asked so far, also what was refused.
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// How many exchanges were never served: 0 at the end of a test that asks for all of them.
  [[nodiscard]] std::size_t remaining() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

/// Passes requests on to another transport and keeps what was said, without secrets.
/// Shape:    an exchange is kept when its body ended, or was dropped: `truncated` then, unless
///           finish() was called. Of the request, the body is kept, and no header. The values of
///           `secret_headers` are blotted out wherever they occur; so are query members that hold
///           keys, credentials in answers' headers, and key-like words in the bodies of errors.
///           Other secrets must be named with blot_out(). Bodies are kept decompressed; broken
///           UTF-8 is mended with U+FFFD.
/// Suspends: as the other transport.
/// Errors:   as the other transport; what could not be opened is not kept. Error from the
///           constructor, or from open(), if the file cannot be written.
/// Threads:  any.
class RecordingTransport final : public HttpTransport {
 public:
  /// With a `file`, appends each exchange to it as one line as soon as it is over.
  explicit RecordingTransport(std::shared_ptr<HttpTransport> to, const std::string& file = {});
  ~RecordingTransport() override;

  /// Blots out this text, too, in what is kept from now on.
  void blot_out(Secret secret);
  [[nodiscard]] Coro<HttpResponse> open(HttpRequest request) override;

  [[nodiscard]] std::vector<RecordedExchange> exchanges() const;

 private:
  class State;
  std::shared_ptr<State> state_;
  std::shared_ptr<HttpTransport> to_;
};

}  // namespace cochain::testing
