// What may be asked at all: plain HTTP, credentials, and URLs that are none.
#include "http_peer.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

Coro<std::string> refusal(std::string url) {
  const std::exception_ptr error = co_await failure_of(fetch(make_curl_transport(), url));
  const std::optional<BadRequestError> refused = expect_error<BadRequestError>(error);
  if (!refused) co_return "";
  EXPECT_FALSE(refused->retryable());
  co_return refused->what();
}

ASYNC_TEST_REAL_TIME(CurlTransportUrls, RefusesPlainHttpToOtherMachines) {
  for (const std::string host : {"example.invalid", "10.0.0.1", "[fe80::1]",
                                 "127.0.0.1.example.com", "localhost.example.com", "0.0.0.0"}) {
    const std::string text = co_await refusal("http://" + host + "/v1");
    EXPECT_NE(text.find("https"), std::string::npos) << host;
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportUrls, AllowsPlainHttpToThisMachineByItsNames) {
  Peer peer(text_answer("home"));
  const std::string port = std::to_string(peer.simulator().port());
  auto curl = make_curl_transport();
  for (const std::string host : {"127.0.0.1", "localhost", "LocalHost"}) {
    Answer answer = co_await fetch(curl, "http://" + host + ":" + port + "/");
    EXPECT_EQ(answer.body, "home") << host;
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportUrls, RefusesCredentialsInTheUrlAndDoesNotRepeatThem) {
  for (const std::string url :
       {"https://user:canary-7f3a@example.invalid/", "https://canary-7f3a@example.invalid/",
        "http://:canary-7f3a@127.0.0.1/"}) {
    const std::string text = co_await refusal(url);
    EXPECT_NE(text.find("user name"), std::string::npos) << text;
    EXPECT_EQ(text.find("canary"), std::string::npos) << text;
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportUrls, RefusesWhatIsNoUrl) {
  for (const std::string url :
       {"", "/v1/chat", "localhost:8080/v1", "http://", "http://a b/", "http://127.0.0.1:99999/",
        "http://127.0.0.1/\r\nX-Evil: 1", "http://[::1", "ftp://127.0.0.1/", "file:///etc/passwd",
        "gopher://127.0.0.1:1/_x"}) {
    co_await refusal(url);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportUrls, RefusesAMethodThatWouldSmuggleHeaders) {
  Peer peer(text_answer("ok"));
  for (const std::string method : {"GET / HTTP/1.1\r\nX-Evil: 1\r\n", "", "TWO WORDS"}) {
    const std::exception_ptr error =
        co_await failure_of(fetch(make_curl_transport(), HttpRequest(method, peer.url())));
    expect_error<BadRequestError>(error);
  }
  EXPECT_EQ(peer.stats().requests, 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportUrls, RefusesASecretHeaderThatWouldSmuggleAnother) {
  Peer peer(text_answer("ok"));
  HttpRequest by_prefix("GET", peer.url());
  by_prefix.secret_header("Authorization", Secret("x"), "Bearer\r\nX-Evil: ");
  HttpRequest by_name("GET", peer.url());
  by_name.secret_header("X-Evil: 1\r\nAuthorization", Secret("x"));
  auto curl = make_curl_transport();
  const std::exception_ptr first = co_await failure_of(fetch(curl, std::move(by_prefix)));
  const std::exception_ptr second = co_await failure_of(fetch(curl, std::move(by_name)));
  expect_error<BadRequestError>(first);
  expect_error<BadRequestError>(second);
  EXPECT_EQ(peer.stats().requests, 0U);
}

}  // namespace
}  // namespace cochain
