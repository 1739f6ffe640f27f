// Error objects: the dozen shapes that providers give them, and what their words mean.

#include "api_error.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>

namespace cochain::detail {
namespace {

// A string as it is; a number as its digits: codes come as both.
std::string word(const std::optional<DomElement>& value) {
  if (!value) return {};
  if (value->is_string()) return std::string(as_string(*value));
  if (const auto number = as_integer(*value)) return std::to_string(*number);
  return {};
}

void fill(std::string& field, std::string value) {
  if (field.empty()) field = std::move(value);
}

// "34.4s"
std::optional<std::chrono::milliseconds> duration_of(std::string_view text) {
  if (text.empty() || text.back() != 's') return std::nullopt;
  const std::string digits(text.substr(0, text.size() - 1));
  char* end = nullptr;
  const double seconds = std::strtod(digits.c_str(), &end);
  if (end == digits.c_str() || *end != '\0' || !(seconds > 0) || seconds > 31.0 * 86400) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

// Google's list of details: how long to wait, and the finer reason.
void read_details(const DomElement& list, ApiError& error) {
  DomArray details;
  if (list.get(details) != simdjson::SUCCESS) return;
  for (const DomElement each : details) {
    const std::string_view type = string_member(each, "@type");
    if (type.find("RetryInfo") != type.npos) {
      error.retry_after = duration_of(string_member(each, "retryDelay"));
    } else if (type.find("ErrorInfo") != type.npos) {
      fill(error.code, std::string(string_member(each, "reason")));
    }
  }
}

// The object that holds message, type, code: the inner one, or the whole document.
void read_object(const DomElement& object, ApiError& error) {
  fill(error.message, word(member(object, "message")));
  fill(error.type, word(member(object, "type")));
  if (const auto details = member(object, "details")) read_details(*details, error);
  fill(error.code, word(member(object, "code")));
  fill(error.type, word(member(object, "status")));  // Google's word for the kind
  fill(error.param, word(member(object, "param")));
  if (const auto metadata = member(object, "metadata")) {
    // A router's own message says little; what it was told by the provider says why.
    const std::string_view raw = string_member(*metadata, "raw");
    if (!raw.empty()) error.message.append(": ").append(raw.substr(0, 2000));
  }
}

// {"detail": "text"} or {"detail": [{"msg": "text", "loc": […]}]}
void read_detail(const DomElement& detail, ApiError& error) {
  if (detail.is_string()) {
    error.message = as_string(detail);
    return;
  }
  DomArray list;
  if (detail.get(list) != simdjson::SUCCESS) {
    read_object(detail, error);
    return;
  }
  for (const DomElement each : list) {
    if (error.message.size() > 2000) return;
    const std::string_view text = string_member(each, "msg");
    if (!text.empty()) error.message.append(error.message.empty() ? "" : "; ").append(text);
  }
}

std::optional<DomElement> unwrapped(const DomElement& root) {
  DomArray list;
  if (root.get(list) != simdjson::SUCCESS) return root;
  if (list.size() == 0) return std::nullopt;
  return list.at(0);
}

bool one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool says(const ApiError& error, std::initializer_list<std::string_view> words) {
  return one_of(error.code, words) || one_of(error.type, words);
}

bool mentions(std::string_view text, std::initializer_list<std::string_view> phrases) {
  std::string lower(text.substr(0, 4096));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
    return lower.find(phrase) != std::string::npos;
  });
}

}  // namespace

ApiError read_api_error(const DomElement& root) {
  ApiError error;
  const std::optional<DomElement> document = unwrapped(root);
  if (!document || !document->is_object()) {
    if (document && document->is_string()) {
      error.found = true;
      error.message = as_string(*document);
    }
    return error;
  }
  const std::optional<DomElement> inner = member(*document, "error");
  if (inner && inner->is_object()) {
    error.found = true;
    read_object(*inner, error);
  } else if (inner && inner->is_string()) {
    error.found = true;
    error.message = as_string(*inner);
    error.code = word(member(*document, "code"));
    error.type = word(member(*document, "type"));
  } else if (const auto detail = member(*document, "detail")) {
    error.found = true;
    read_detail(*detail, error);
  } else if (member(*document, "message")) {
    error.found = true;
    read_object(*document, error);
  }
  if (error.found) {
    fill(error.message, word(member(*document, "message")));
    error.request_id = string_member(*document, "request_id");
  }
  return error;
}

bool is_api_error(const DomElement& root) {
  const std::optional<DomElement> document = unwrapped(root);
  if (!document || !document->is_object()) return false;
  const std::optional<DomElement> inner = member(*document, "error");
  DomObject object;
  // An empty one says that all is well, as null does.
  if (inner && inner->get(object) == simdjson::SUCCESS && object.size() > 0) return true;
  if (inner && !as_string(*inner).empty()) return true;
  return string_member(*document, "object") == "error" ||
         string_member(*document, "type") == "error";
}

ErrorKind kind_of(const ApiError& error, int status) {
  if (says(error, {"context_length_exceeded", "exceed_context_size_error",
                   "model_context_window_exceeded"}) ||
      (one_of(std::to_string(status), {"200", "400", "413", "422", "500"}) &&
       mentions(error.message,
                {"maximum context length", "context window", "context size", "context_length",
                 "prompt is too long", "reduce the length of the messages",
                 "exceeds the maximum number of tokens"}))) {
    return ErrorKind::kContextLength;
  }
  if (status == 402 ||
      says(error, {"insufficient_quota", "credit_balance_exhausted", "402",
                   "organization_spend_limit_exceeded", "project_spend_limit_exceeded",
                   "organization_usage_limit_exceeded", "enforced_spend_limit_reached",
                   "billing_hard_limit_reached", "billing_error", "insufficient_balance"}) ||
      (status == 400 && mentions(error.message, {"credit balance is too low"}))) {
    return ErrorKind::kQuota;
  }
  if (status == 401 || status == 403 ||
      says(error, {"invalid_api_key", "authentication_error", "permission_error", "API_KEY_INVALID",
                   "UNAUTHENTICATED", "PERMISSION_DENIED", "401", "403"}) ||
      (status == 400 &&
       mentions(error.message, {"incorrect api key", "api key not valid", "invalid api key"}))) {
    return ErrorKind::kAuth;
  }
  if (status == 404 || says(error, {"model_not_found", "not_found_error", "NOT_FOUND", "404"})) {
    return ErrorKind::kNotFound;
  }
  if (status == 413 || says(error, {"request_too_large", "413"})) return ErrorKind::kTooLarge;
  if (status == 529 || status == 503 ||
      says(error, {"overloaded_error", "overloaded", "engine_overloaded", "server_overloaded",
                   "UNAVAILABLE", "529", "503"})) {
    return ErrorKind::kOverloaded;
  }
  if (status == 429 || says(error, {"rate_limit_error", "rate_limit_exceeded", "rate_limited",
                                    "RESOURCE_EXHAUSTED", "too_many_requests", "429"})) {
    return ErrorKind::kRateLimit;
  }
  if (status >= 500 ||
      says(error, {"server_error", "api_error", "internal_error", "internal_server_error",
                   "InternalServerError", "INTERNAL", "timeout_error", "500", "502", "504"})) {
    return ErrorKind::kServer;
  }
  // 408, 409 and 425 are worth another try, whatever the words beside them say.
  if (status == 400 || status == 422 ||
      (status < 400 && says(error, {"invalid_request_error", "BadRequestError", "INVALID_ARGUMENT",
                                    "400", "422"}))) {
    return ErrorKind::kBadRequest;
  }
  return ErrorKind::kUnknown;
}

StreamError make_stream_error(const ApiError& error, std::string partial_text) {
  ErrorInfo info;
  info.http_status = 200;
  info.type = error.type;
  info.code = error.code;
  info.param = error.param;
  info.request = error.request_id;
  info.retry_after = error.retry_after;
  info.partial_text = std::move(partial_text);
  const ErrorKind kind = kind_of(error, 0);
  info.retry =
      kind == ErrorKind::kRateLimit || kind == ErrorKind::kOverloaded || kind == ErrorKind::kServer;
  return StreamError(error.message.empty() ? "the provider told of an error in its answer"
                                           : std::string_view(error.message),
                     std::move(info));
}

}  // namespace cochain::detail
