// What libcurl's codes mean to a caller.
#pragma once

#include <curl/curl.h>

#include <exception>
#include <string>

namespace cochain {

/// The exception for a transfer that curl ended with `code`.
/// `detail` is curl's own text for it; `host` is who was asked, without credentials.
[[nodiscard]] std::exception_ptr curl_error(CURL* easy, CURLcode code, const std::string& detail,
                                            const std::string& host);

/// The exception for want of file descriptors, naming the limit.
[[nodiscard]] std::exception_ptr descriptors_exhausted();

}  // namespace cochain
