// Requests are parsed by Boost.Beast, with limits, from buffers that the session owns.
// Fed by simulator_session.cpp.
#include "simulator_http.hpp"

#include <utility>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace cochain {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kStashBytesMax = 64 * 1024;

int status_for(const boost::system::error_code& error) {
  if (error == http::error::body_limit) {
    return 413;
  }
  return error == http::error::header_limit ? 431 : 400;
}

std::string to_text(boost::beast::string_view view) {
  return std::string(view.data(), view.size());
}

}  // namespace

class HttpRequestReader::Parser {
 public:
  http::request_parser<http::string_body> beast;
  bool continue_sent = false;
};

HttpRequestReader::HttpRequestReader(std::size_t header_bytes_max, std::size_t body_bytes_max)
    : header_bytes_max_(header_bytes_max), body_bytes_max_(body_bytes_max) {}

HttpRequestReader::~HttpRequestReader() = default;

HttpRequestReader::State HttpRequestReader::feed(std::string_view bytes) {
  if (kept_.empty()) {
    return parse(bytes);
  }
  kept_.append(bytes);
  const std::string all = std::exchange(kept_, std::string());
  return parse(all);
}

HttpRequestReader::State HttpRequestReader::parse(std::string_view bytes) {
  if (bytes.empty() && parser_ == nullptr) {
    return State::kNeedMore;
  }
  if (parser_ == nullptr) {
    parser_ = std::make_unique<Parser>();
    parser_->beast.header_limit(static_cast<std::uint32_t>(header_bytes_max_));
    parser_->beast.body_limit(body_bytes_max_);
    parser_->beast.eager(true);
  }
  while (!parser_->beast.is_done() && !bytes.empty()) {
    boost::system::error_code error;
    const std::size_t used =
        parser_->beast.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    bytes.remove_prefix(used);
    if (error == http::error::need_more || (!error && used == 0)) {
      break;
    }
    if (error) {
      failed_status_ = status_for(error);
      return State::kFailed;
    }
  }
  kept_.assign(bytes);
  return parser_->beast.is_done() ? State::kReady : State::kNeedMore;
}

bool HttpRequestReader::stash(std::string_view bytes) {
  kept_.append(bytes);
  return kept_.size() <= kStashBytesMax;
}

SimulatedRequest HttpRequestReader::take(ConnectionUse& use) {
  http::request<http::string_body> message = parser_->beast.release();
  parser_.reset();
  use = message.keep_alive() ? ConnectionUse::kKeepAlive : ConnectionUse::kClose;
  SimulatedRequest request;
  request.method = to_text(message.method_string());
  request.target = to_text(message.target());
  for (const auto& field : message) {
    request.headers.emplace_back(to_text(field.name_string()), to_text(field.value()));
  }
  request.has_authorization = message.find(http::field::authorization) != message.end();
  request.body = std::move(message.body());
  return request;
}

bool HttpRequestReader::must_send_continue() {
  if (parser_ == nullptr || parser_->continue_sent || !parser_->beast.is_header_done() ||
      parser_->beast.is_done()) {
    return false;
  }
  const auto& fields = parser_->beast.get();
  const auto expect = fields.find(http::field::expect);
  if (expect == fields.end() || !boost::beast::iequals(expect->value(), "100-continue")) {
    return false;
  }
  parser_->continue_sent = true;
  return true;
}

bool HttpRequestReader::is_between_requests() const { return parser_ == nullptr && kept_.empty(); }

}  // namespace cochain
