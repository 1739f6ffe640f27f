// What can go wrong between a request to a model and its answer.
//
//   Error
//     ModelError                model, status, request id, retryable, retry_after, partial text
//       ConnectError            nothing was sent: dns, connect, tls, tls_verify, proxy
//       TransportError          the connection broke after the request went out
//       HttpError               the provider answered with an error; headers and body are kept
//         BadRequestError       400, 422: the request itself is wrong
//           ContextLengthError  more tokens than the model takes
//         AuthError             401, 403: the key is wrong or lacks a right
//         QuotaError            402 and the 429s that waiting does not heal: money, spend limits
//         NotFoundError         404: no such model or address
//         ContentTooLargeError  413: more bytes than the provider takes
//         RateLimitError        429: too fast; `retry_after` says how long to wait, if told
//         ServerError           5xx
//           OverloadedError     503, 529: the provider has no room at the moment
//       StreamError             an error told inside an answer that began well (status 200)
//       IncompleteStreamError   the answer ended without its end mark
//       ProtocolError           the answer is not what the provider's protocol says
//       LimitError              the answer is larger than our own limits
//     ParseError                the model's text is not in the form that was asked for
//       DecodeError             its JSON does not fit the type, see json_convert.hpp
//     InvalidInputError         a step was given what it cannot work on
//     RecursionError            steps called steps until the limit of the run was reached
//
// What a retry loop needs is a word of the base: `retryable()` and `info().retry_after`.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/core/error.hpp"

namespace cochain {

/// Facts about a failed call, as far as they are known.
/// Shape:    each word sets one fact: `ErrorInfo().status(429).request_id("req_1")`. The members
///           are read through `ModelError::info()`.
/// Units:    `status` is the HTTP status, 0 if there was none.
class ErrorInfo {
 public:
  ErrorInfo() = default;

  std::string model_name;
  std::string request;
  int http_status = 0;
  std::string type;   ///< the provider's word for the kind of error
  std::string code;   ///< the provider's finer word
  std::string param;  ///< the part of the request that it points at
  /// How long the provider asks us to wait; never zero or negative.
  std::optional<std::chrono::milliseconds> retry_after;
  /// Overrides what the kind of error says about retrying.
  std::optional<bool> retry;
  /// What had arrived of the answer's text.
  std::string partial_text;
  std::vector<std::pair<std::string, std::string>> headers;
  /// The first bytes of the error's body, keys removed.
  std::string body;

  ErrorInfo& model(std::string value) { return set(model_name, std::move(value)); }
  ErrorInfo& request_id(std::string value) { return set(request, std::move(value)); }
  ErrorInfo& status(int value) { return set(http_status, value); }
  ErrorInfo& partial(std::string value) { return set(partial_text, std::move(value)); }
  ErrorInfo& retryable(bool value) { return set(retry, value); }

 private:
  template <class Member, class Value>
  ErrorInfo& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
};

/// The base of everything that can go wrong with a model call.
/// Shape:    `what()` names the message, then model, status and request id where known. Key-like
///           words in the message are blotted out and control characters removed.
class ModelError : public Error {
 public:
  explicit ModelError(std::string_view message, ErrorInfo info = ErrorInfo());

  [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }
  /// The message alone.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const ErrorInfo& info() const noexcept { return info_; }
  [[nodiscard]] const std::string& model() const noexcept { return info_.model_name; }
  [[nodiscard]] const std::string& request_id() const noexcept { return info_.request; }
  [[nodiscard]] int status() const noexcept { return info_.http_status; }
  [[nodiscard]] const std::string& partial_text() const noexcept { return info_.partial_text; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept {
    return info_.retry_after;
  }
  /// True if the same request may succeed later, provided that none of the answer was delivered.
  [[nodiscard]] bool retryable() const noexcept {
    return info_.retry.value_or(retryable_by_kind());
  }

  /// Fills in what the place that threw did not know; known facts stay. For `catch (ModelError&
  /// error) { error.add_context(…); throw; }`.
  void add_context(std::string_view model, std::string_view request_id,
                   std::string_view partial_text = {});

 protected:
  [[nodiscard]] virtual bool retryable_by_kind() const noexcept { return false; }

 private:
  void compose();
  std::string message_;
  ErrorInfo info_;
  std::string what_;
};

/// No connection came about, so nothing was sent.
class ConnectError : public ModelError {
 public:
  enum class Kind : std::uint8_t { kDns, kConnect, kTls, kTlsVerify, kProxy };
  ConnectError(Kind kind, std::string_view message, ErrorInfo info = ErrorInfo())
      : ModelError(message, std::move(info)), kind_(kind) {}
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 protected:
  /// A certificate or a proxy that refuses us refuses us again.
  [[nodiscard]] bool retryable_by_kind() const noexcept override {
    return kind_ == Kind::kDns || kind_ == Kind::kConnect || kind_ == Kind::kTls;
  }

 private:
  Kind kind_;
};

/// The connection broke after the request went out.
class TransportError : public ModelError {
 public:
  using ModelError::ModelError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return true; }
};

/// The provider answered with an error.
class HttpError : public ModelError {
 public:
  using ModelError::ModelError;
  [[nodiscard]] const std::string& body() const noexcept { return info().body; }
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& headers() const noexcept {
    return info().headers;
  }

 protected:
  /// 408, 409, 425, 429, 500, 502 to 504, 520 to 524 and 529.
  [[nodiscard]] bool retryable_by_kind() const noexcept override;
};

/// The request is wrong; sending it again changes nothing.
class BadRequestError : public HttpError {
 public:
  using HttpError::HttpError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return false; }
};

/// The conversation is longer than the model takes.
class ContextLengthError : public BadRequestError {
 public:
  using BadRequestError::BadRequestError;
};

/// The key is wrong, or lacks the right.
class AuthError : public HttpError {
 public:
  using HttpError::HttpError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return false; }
};

/// The account has no money or no allowance left; waiting a little does not help.
class QuotaError : public HttpError {
 public:
  using HttpError::HttpError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return false; }
};

/// No such model, or no such address.
class NotFoundError : public HttpError {
 public:
  using HttpError::HttpError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return false; }
};

/// The request has more bytes than the provider takes.
class ContentTooLargeError : public HttpError {
 public:
  using HttpError::HttpError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return false; }
};

/// Too many requests or tokens in a span of time.
class RateLimitError : public HttpError {
 public:
  using HttpError::HttpError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return true; }
};

/// The provider failed.
class ServerError : public HttpError {
 public:
  using HttpError::HttpError;
};

/// The provider has no room at the moment.
class OverloadedError : public ServerError {
 public:
  using ServerError::ServerError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return true; }
};

/// The provider told of an error inside an answer that had begun well.
/// Shape:    `info().type` and `code` are the provider's words; whoever made the error says
///           whether it is worth another try.
class StreamError : public ModelError {
 public:
  using ModelError::ModelError;
};

/// The answer ended before its end: `partial_text()` is what had come.
class IncompleteStreamError : public ModelError {
 public:
  using ModelError::ModelError;

 protected:
  [[nodiscard]] bool retryable_by_kind() const noexcept override { return true; }
};

/// The answer is not what the provider's protocol says it should be.
class ProtocolError : public ModelError {
 public:
  using ModelError::ModelError;
};

/// The answer is larger than one of our own limits.
class LimitError : public ModelError {
 public:
  using ModelError::ModelError;
};

/// A step of a chain was given an input that it cannot work on; the message says why.
class InvalidInputError : public Error {
 public:
  using Error::Error;
};

/// Steps called steps until the limit of the run was reached.
class RecursionError : public Error {
 public:
  using Error::Error;
};

/// The model's text is not in the form that was asked for.
/// Shape:    `text()` is the whole text, which `what()` does not repeat.
class ParseError : public Error {
 public:
  explicit ParseError(const std::string& message, std::string text = {})
      : Error(message), text_(std::move(text)) {}
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

}  // namespace cochain
