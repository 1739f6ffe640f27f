// Which exception an HTTP answer is: facts first, then the kind.

#include "cochain/providers/http_error.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include "api_error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "json_reader.hpp"

namespace cochain {
namespace {

using detail::ApiError;
using detail::ErrorKind;

constexpr std::size_t kBodyBytesRead = std::size_t{64} * 1024;
constexpr std::size_t kBodyBytesKept = 2048;

ApiError read_body(std::string_view body) {
  detail::DomElement root;
  // A body that is longer than any error is no error; what is kept of it is text.
  if (body.size() > kBodyBytesRead * 16) return {};
  if (detail::parse_text(body, root) != simdjson::SUCCESS) return {};
  return detail::read_api_error(root);
}

std::string location_of(const HttpHeaders& headers) {
  const auto location = headers.get("location");
  if (!location) return "an unknown place";
  // What stands behind '?' may be a secret.
  return std::string(location->substr(0, location->find_first_of("?#")));
}

std::string message_of(int status, const HttpHeaders& headers, std::string_view body,
                       const ApiError& error) {
  if (!error.message.empty()) return error.message;
  const std::string what = "HTTP status " + std::to_string(status);
  if (status >= 300 && status < 400) {
    return what + ": redirected to " + location_of(headers) + ", which is not followed";
  }
  const std::string text = one_line(redact_keys(body.substr(0, kBodyBytesRead)), 200);
  if (text.find_first_not_of(' ') == text.npos) return what + " with an empty body";
  const auto type = headers.get("content-type");
  return what + " with a body of type " + std::string(type ? *type : "unknown") + ": " + text;
}

// The status to judge by: the body's own number if the status line says that all is well.
int status_to_judge(int status, const ApiError& error) {
  if (status < 200 || status > 299) return status;
  int code = 0;
  const char* const end = error.code.data() + error.code.size();
  const auto [stop, wrong] = std::from_chars(error.code.data(), end, code);
  return wrong == std::errc() && stop == end && code >= 400 && code <= 599 ? code : status;
}

std::exception_ptr make(ErrorKind kind, int status, std::string_view message, ErrorInfo info) {
  switch (kind) {
    case ErrorKind::kContextLength:
      return std::make_exception_ptr(ContextLengthError(message, std::move(info)));
    case ErrorKind::kQuota: return std::make_exception_ptr(QuotaError(message, std::move(info)));
    case ErrorKind::kAuth: return std::make_exception_ptr(AuthError(message, std::move(info)));
    case ErrorKind::kNotFound:
      return std::make_exception_ptr(NotFoundError(message, std::move(info)));
    case ErrorKind::kTooLarge:
      return std::make_exception_ptr(ContentTooLargeError(message, std::move(info)));
    case ErrorKind::kRateLimit:
      return std::make_exception_ptr(RateLimitError(message, std::move(info)));
    case ErrorKind::kOverloaded:
      return std::make_exception_ptr(OverloadedError(message, std::move(info)));
    case ErrorKind::kServer: return std::make_exception_ptr(ServerError(message, std::move(info)));
    case ErrorKind::kBadRequest:
      return std::make_exception_ptr(BadRequestError(message, std::move(info)));
    case ErrorKind::kUnknown: break;
  }
  if (status >= 200 && status <= 299) {
    return std::make_exception_ptr(StreamError(message, std::move(info)));
  }
  return std::make_exception_ptr(HttpError(message, std::move(info)));
}

}  // namespace

std::exception_ptr decode_error(int status, const HttpHeaders& headers, std::string_view body,
                                std::string_view model,
                                std::optional<std::chrono::system_clock::time_point> now) {
  ApiError error = read_body(body);
  // Amazon puts the kind of error where nobody else does.
  if (const auto type = headers.get("x-amzn-errortype"); type && error.type.empty()) {
    error.type = type->substr(0, type->find(':'));
  }
  const std::string message = message_of(status, headers, body, error);
  ErrorInfo info;
  info.model_name = model;
  info.request = request_id_of(headers);
  if (info.request.empty()) info.request = error.request_id;
  info.http_status = status_to_judge(status, error);
  info.type = error.type;
  info.code = error.code;
  info.param = error.param;
  info.retry_after = parse_retry_after(headers, now.value_or(std::chrono::system_clock::now()));
  if (!info.retry_after) info.retry_after = error.retry_after;
  if (const auto told = headers.get("x-should-retry")) {
    if (*told == "true") info.retry = true;
    if (*told == "false") info.retry = false;
  }
  for (const auto& [name, value] : headers) {
    if (!is_secret_header(name)) info.headers.emplace_back(name, value);
  }
  // Keys out first: a cut in the middle of one would make it unrecognisable.
  info.body = redact_keys(body.substr(0, kBodyBytesRead)).substr(0, kBodyBytesKept);
  const int judged = info.http_status;
  const ErrorKind kind = detail::kind_of(error, judged);
  // A failure of the provider that hides behind a good status can pass, like any other.
  if (kind == ErrorKind::kServer && judged < 300 && !info.retry) info.retry = true;
  return make(kind, judged, message, std::move(info));
}

void throw_http_error(int status, const HttpHeaders& headers, std::string_view body,
                      std::string_view model) {
  std::rethrow_exception(decode_error(status, headers, body, model));
}

}  // namespace cochain
