// Headers and requests.

#include "cochain/providers/http.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace cochain {
namespace {

TEST(HttpHeaders, AreFoundInAnyCase) {
  HttpHeaders headers;
  headers.add("Content-Type", "a").add("content-type", "b").add("X", "");
  EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
  EXPECT_EQ(headers.get_all("content-Type").size(), 2U);
  EXPECT_EQ(headers.get("x"), "");
  EXPECT_FALSE(headers.get("y"));
  headers.set("CONTENT-type", "c");
  EXPECT_EQ(headers.get_all("content-type").size(), 1U);
  headers.remove("Content-Type");
  EXPECT_FALSE(headers.contains("content-type"));
  EXPECT_EQ(headers.size(), 1U);
}

TEST(HttpHeaders, RefuseWhatWouldSmuggleInAnother) {
  HttpHeaders headers;
  EXPECT_THROW(headers.add("a", "b\r\nc: d"), std::invalid_argument);
  EXPECT_THROW(headers.add("a", "b\n"), std::invalid_argument);
  EXPECT_THROW(headers.add("a", std::string("b\0c", 3)), std::invalid_argument);
  EXPECT_THROW(headers.add("a\n", "b"), std::invalid_argument);
  EXPECT_THROW(headers.add("a: b", "c"), std::invalid_argument);
  EXPECT_THROW(headers.add("", "c"), std::invalid_argument);
  EXPECT_THROW(headers.set("a", "\r"), std::invalid_argument);
  EXPECT_TRUE(headers.empty());
}

TEST(HttpHeaders, KnowWhichOfThemAreSecret) {
  for (const char* name : {"Authorization", "x-api-key", "X-Goog-Api-Key", "Set-Cookie", "cookie",
                           "API-Key", "mcp-session-id", "Proxy-Authorization"}) {
    EXPECT_TRUE(is_secret_header(name)) << name;
  }
  EXPECT_FALSE(is_secret_header("content-type"));
}

TEST(HttpHeaders, NameTheRequestUnderEveryProvidersName) {
  for (const char* name : {"x-request-id", "Request-Id", "x-generation-id",
                           "mistral-correlation-id", "apim-request-id"}) {
    EXPECT_EQ(request_id_of(HttpHeaders().add(name, "r")), "r") << name;
  }
  EXPECT_EQ(request_id_of(HttpHeaders()), "");
}

TEST(HttpRequest, ChainsItsSettingsAndKeepsKeysApart) {
  using namespace std::chrono_literals;
  const HttpRequest request = HttpRequest("POST", "https://x/v1")
                                  .header("Accept", "text/event-stream")
                                  .secret_header("Authorization", Secret("sk-1"), "Bearer ")
                                  .with_body("{}")
                                  .with_idle_timeout(5s)
                                  .with_total_timeout(9s);
  EXPECT_EQ(request.connect_timeout, 5s);
  EXPECT_EQ(request.first_byte_timeout, 60s);
  EXPECT_EQ(request.idle_timeout, 5s);
  EXPECT_EQ(request.total_timeout, 9000ms);
  EXPECT_EQ(request.body_bytes_max, 64U * 1024 * 1024);
  EXPECT_FALSE(request.headers.contains("Authorization"));
  ASSERT_EQ(request.secret_headers.size(), 1U);
  EXPECT_EQ(request.secret_headers[0].value.reveal(), "sk-1");
}

}  // namespace
}  // namespace cochain
