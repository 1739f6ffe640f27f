// The plain words of HTTP: headers and a request. Wire code fills them in, the transport sends
// them.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/providers/secret.hpp"

namespace cochain {

/// The headers of a request or a response, in order; a name may occur more than once.
/// Shape:    names are compared without regard to case, as HTTP demands.
/// Errors:   `add()` and `set()` throw std::invalid_argument on an empty name and on line breaks
///           or NULs, which would let a value smuggle in a header of its own.
class HttpHeaders {
 public:
  using Entry = std::pair<std::string, std::string>;

  HttpHeaders() = default;

  HttpHeaders& add(std::string name, std::string value);
  /// Replaces all of that name.
  HttpHeaders& set(std::string name, std::string value);
  void remove(std::string_view name);
  /// The first value of that name. Lives until the headers change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  [[nodiscard]] std::vector<std::string_view> get_all(std::string_view name) const;
  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    return get(name).has_value();
  }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] auto begin() const noexcept { return entries_.begin(); }
  [[nodiscard]] auto end() const noexcept { return entries_.end(); }

 private:
  std::vector<Entry> entries_;
};

/// True for headers that carry credentials, in requests or responses: never log their values.
[[nodiscard]] bool is_secret_header(std::string_view name) noexcept;

/// The id that the provider gave to the exchange, whatever it calls the header; empty if none.
[[nodiscard]] std::string request_id_of(const HttpHeaders& headers);

/// A header whose value is a secret, with what stands before it: `Authorization: Bearer …`.
class SecretHeader {
 public:
  SecretHeader(std::string the_name, Secret the_value, std::string the_prefix = {})
      : name(std::move(the_name)), prefix(std::move(the_prefix)), value(std::move(the_value)) {}

  std::string name;
  std::string prefix;
  Secret value;
};

/// A request as the transport takes it.
/// Shape:    plain members, and setters that chain:
///           `HttpRequest("POST", url).header("Accept", "text/event-stream").with_body(json)`.
///           Keys go into `secret_headers` alone, so that the rest may be shown.
/// Units:    timeouts as durations: until connected (TLS included), until the first byte of the
///           answer, between two reads of it, and for the whole exchange (none by default, since a
///           stream may well take an hour). `body_bytes_max` counts the answer after decompression.
class HttpRequest {
 public:
  HttpRequest() = default;
  HttpRequest(std::string the_method, std::string the_url)
      : method(std::move(the_method)), url(std::move(the_url)) {}

  std::string method = "GET";
  std::string url;
  HttpHeaders headers;
  std::vector<SecretHeader> secret_headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{std::chrono::seconds(5)};
  std::chrono::milliseconds first_byte_timeout{std::chrono::seconds(60)};
  std::chrono::milliseconds idle_timeout{std::chrono::seconds(60)};
  std::optional<std::chrono::milliseconds> total_timeout;
  std::size_t body_bytes_max = std::size_t{64} * 1024 * 1024;

  HttpRequest& header(std::string name, std::string value) {
    headers.add(std::move(name), std::move(value));
    return *this;
  }
  HttpRequest& secret_header(std::string name, Secret value, std::string prefix = {}) {
    secret_headers.emplace_back(std::move(name), std::move(value), std::move(prefix));
    return *this;
  }
  HttpRequest& with_body(std::string value) { return set(body, std::move(value)); }
  HttpRequest& with_connect_timeout(std::chrono::milliseconds value) {
    return set(connect_timeout, value);
  }
  HttpRequest& with_first_byte_timeout(std::chrono::milliseconds value) {
    return set(first_byte_timeout, value);
  }
  HttpRequest& with_idle_timeout(std::chrono::milliseconds value) {
    return set(idle_timeout, value);
  }
  HttpRequest& with_total_timeout(std::chrono::milliseconds value) {
    return set(total_timeout, value);
  }
  HttpRequest& with_body_bytes_max(std::size_t value) { return set(body_bytes_max, value); }

 private:
  template <class Member, class Value>
  HttpRequest& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
};

}  // namespace cochain
