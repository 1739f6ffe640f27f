// From an HTTP answer that is an error to the exception that says so.
// Shared by all dialects: providers differ in the shape of their error bodies, not in the kinds.
#pragma once

#include <chrono>
#include <exception>
#include <optional>
#include <string_view>

#include "cochain/chains/model/error.hpp"
#include "cochain/providers/http.hpp"

namespace cochain {

/// How long the server asks us to wait.
/// Shape:    `retry-after-ms` goes before `retry-after` (seconds, fractions allowed, or an HTTP
///           date). A date counts from the server's own `date` header, else from `now`.
/// Units:    milliseconds, rounded up; at most 31 days.
/// Errors:   none: what is no number, not positive, in the past or beyond 31 days counts as not
///           said.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(
    const HttpHeaders& headers, std::chrono::system_clock::time_point now);

/// An HTTP date in any of the three forms that the standard lists; nullopt if it is none.
/// Source:   RFC 9110, section 5.6.7.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(
    std::string_view text);

/// The exception for an answer that is an error.
/// Shape:    the status decides first, then the provider's code and type: a 429 for want of money
///           is a QuotaError, an oversized prompt a ContextLengthError whatever its status. An
///           error body under a status of 2xx takes its status from the body's numeric code, and
///           is a StreamError if there is none. `x-should-retry` overrules what the kind says.
/// Errors:   none of its own: a body of no known shape (a proxy's HTML, nothing at all) gives the
///           error for its status, with the body's first bytes.
[[nodiscard]] std::exception_ptr decode_error(
    int status, const HttpHeaders& headers, std::string_view body, std::string_view model = {},
    std::optional<std::chrono::system_clock::time_point> now = std::nullopt);

/// Throws what `decode_error()` gives.
[[noreturn]] void throw_http_error(int status, const HttpHeaders& headers, std::string_view body,
                                   std::string_view model = {});

}  // namespace cochain
