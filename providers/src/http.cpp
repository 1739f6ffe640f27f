// Headers: a short list, searched from the front. A response has twenty; a map would cost more.

#include "cochain/providers/http.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace cochain {
namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view left, std::string_view right) noexcept {
  return left.size() == right.size() &&
         std::equal(left.begin(), left.end(), right.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

void check(std::string_view name, std::string_view value) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  const bool bad_name = name.empty() || name.find_first_of(kBreaks) != name.npos ||
                        name.find_first_of(": \t") != name.npos;
  if (bad_name || value.find_first_of(kBreaks) != value.npos) {
    throw std::invalid_argument(
        "not an HTTP header: the name is empty or has a space or colon, "
        "or there is a line break or NUL");
  }
}

}  // namespace

HttpHeaders& HttpHeaders::add(std::string name, std::string value) {
  check(name, value);
  entries_.emplace_back(std::move(name), std::move(value));
  return *this;
}

HttpHeaders& HttpHeaders::set(std::string name, std::string value) {
  check(name, value);
  remove(name);
  return add(std::move(name), std::move(value));
}

void HttpHeaders::remove(std::string_view name) {
  std::erase_if(entries_, [name](const Entry& entry) { return same_name(entry.first, name); });
}

std::optional<std::string_view> HttpHeaders::get(std::string_view name) const noexcept {
  for (const Entry& entry : entries_) {
    if (same_name(entry.first, name)) return entry.second;
  }
  return std::nullopt;
}

std::vector<std::string_view> HttpHeaders::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Entry& entry : entries_) {
    if (same_name(entry.first, name)) values.emplace_back(entry.second);
  }
  return values;
}

bool is_secret_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 11> kNames = {
      "authorization", "proxy-authorization", "api-key",
      "x-api-key",     "x-goog-api-key",      "x-amz-security-token",
      "cookie",        "set-cookie",          "mcp-session-id",
      "x-auth-token",  "x-stainless-api-key"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [name](std::string_view known) { return same_name(name, known); });
}

std::string request_id_of(const HttpHeaders& headers) {
  for (const std::string_view name :
       {"x-request-id", "request-id", "x-generation-id", "mistral-correlation-id",
        "apim-request-id", "x-amzn-requestid", "x-goog-request-id", "cf-ray"}) {
    if (const auto value = headers.get(name); value && !value->empty()) return std::string(*value);
  }
  return {};
}

}  // namespace cochain
