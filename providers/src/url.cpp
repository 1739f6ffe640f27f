// URLs are taken apart by libcurl, so that what is judged is what will be connected to.

#include "url.hpp"

#include <curl/curl.h>

#include <arpa/inet.h>
#include <algorithm>
#include <cstdint>
#include <memory>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

using CurlUrl = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy = text;
  curl_free(text);
  return copy;
}

bool names_this_machine(const std::string& host) {
  if (host == "localhost") return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return ::inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace

Url parse_url(const std::string& text) {
  const CurlUrl url(curl_url(), &curl_url_cleanup);
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) {
    throw BadRequestError(
        "this is no URL that can be asked: it needs http:// or https:// and a "
        "host");
  }
  if (!part_of(url.get(), CURLUPART_USER).empty() ||
      !part_of(url.get(), CURLUPART_PASSWORD).empty()) {
    throw BadRequestError("a URL must not hold a user name or password; give keys as keys");
  }
  Url parts;
  parts.scheme = part_of(url.get(), CURLUPART_SCHEME);
  parts.host = part_of(url.get(), CURLUPART_HOST);
  std::transform(parts.host.begin(), parts.host.end(), parts.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (parts.scheme != "http" && parts.scheme != "https") {
    throw BadRequestError("a URL of scheme '" + parts.scheme + "' cannot be asked; use https");
  }
  if (parts.host.size() > 2 && parts.host.front() == '[') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  parts.loopback = names_this_machine(parts.host);
  return parts;
}

std::string host_of(const std::string& text) noexcept {
  try {
    return parse_url(text).host;
  } catch (...) {
    return "unknown host";
  }
}

}  // namespace cochain
