// One form for the error objects of all providers.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "cochain/chains/model/error.hpp"
#include "json_reader.hpp"

namespace cochain::detail {

/// What an error body says, whatever its shape.
class ApiError {
 public:
  ApiError() = default;

  bool found = false;
  std::string message;
  std::string type;
  std::string code;
  std::string param;
  std::string request_id;
  std::optional<std::chrono::milliseconds> retry_after;
};

/// Reads an error out of a document; `found` is false if there is none in it.
ApiError read_api_error(const DomElement& root);

/// True if the document says in so many words that it is an error: an `error` that is not null, or
/// `"object":"error"`.
bool is_api_error(const DomElement& root);

/// What kind of failure the provider's words speak of, by code and type alone.
enum class ErrorKind : std::uint8_t {
  kUnknown,
  kContextLength,
  kQuota,
  kAuth,
  kNotFound,
  kTooLarge,
  kRateLimit,
  kOverloaded,
  kServer,
  kBadRequest,
};
ErrorKind kind_of(const ApiError& error, int status);

/// The error for an object inside an answer that began well.
StreamError make_stream_error(const ApiError& error, std::string partial_text);

}  // namespace cochain::detail
