// Proxies from the environment: used for other machines, never for this one.
#include "http_peer.hpp"
#include "raw_listener.hpp"
#include "tls_server.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

const std::string kProxyUser = "http://agent:canary-7f3a@127.0.0.1:";

std::shared_ptr<HttpTransport> open_minded(const std::string& ca_file = {}) {
  return make_curl_transport(
      CurlOptions().with_plain_http(CurlOptions::PlainHttp::kAllowed).with_ca_file(ca_file));
}

std::string proxy_at(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }

ASYNC_TEST_REAL_TIME(CurlTransportProxy, CarriesPlainHttp) {
  Peer proxy(text_answer("by proxy"));
  const EnvironmentVariable variable("http_proxy", proxy.url(""));
  Answer answer = co_await fetch(open_minded(), "http://model.example.invalid/v1/models");
  EXPECT_EQ(answer.body, "by proxy");
  EXPECT_EQ(proxy.seen().at(0).target, "http://model.example.invalid/v1/models");
  EXPECT_EQ(proxy.seen().at(0).header("host"), "model.example.invalid");
}

ASYNC_TEST_REAL_TIME(CurlTransportProxy, IsNotAskedForThisMachine) {
  Peer proxy(text_answer("by proxy"));
  Peer peer(text_answer("directly"));
  const EnvironmentVariable http("http_proxy", proxy.url(""));
  const EnvironmentVariable all("ALL_PROXY", proxy.url(""));
  auto curl = open_minded();
  Answer elsewhere = co_await fetch(curl, "http://model.example.invalid/");
  EXPECT_EQ(elsewhere.body, "by proxy");
  const std::string port = std::to_string(peer.simulator().port());
  for (const std::string host : {"127.0.0.1", "localhost"}) {  // the handle is the same as before
    Answer answer = co_await fetch(curl, "http://" + host + ":" + port + "/");
    EXPECT_EQ(answer.body, "directly");
  }
  Answer again = co_await fetch(curl, "http://model.example.invalid/");
  EXPECT_EQ(again.body, "by proxy");
}

ASYNC_TEST_REAL_TIME(CurlTransportProxy, IsNotAskedForNamesThatAreExcepted) {
  Peer proxy(text_answer("by proxy"));
  const EnvironmentVariable http("http_proxy", proxy.url(""));
  const EnvironmentVariable except("NO_PROXY", "example.invalid");
  const std::exception_ptr error =
      co_await failure_of(fetch(open_minded(), "http://model.example.invalid/"));
  if (const auto unknown = expect_error<ConnectError>(error)) {
    EXPECT_EQ(unknown->kind(), ConnectError::Kind::kDns);
  }
  EXPECT_EQ(proxy.stats().connections_accepted, 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportProxy, TunnelsTlsAndHearsNoSecrets) {
  TlsServer server(
      TlsPeerOptions().names("DNS:model.example.invalid").after_connect("HTTP/1.1 200 OK\r\n\r\n"));
  const EnvironmentVariable variable("HTTPS_PROXY", proxy_at(server.port()));
  HttpRequest request("POST", "https://model.example.invalid/v1");
  request.secret_header("Authorization", Secret("canary-7f3a"), "Bearer ");
  Answer answer = co_await fetch(open_minded(server.ca_file()), std::move(request));
  EXPECT_EQ(answer.body, "secret garden");
  EXPECT_EQ(answer.status, 200);
  const std::vector<std::string> heads = server.heads();
  EXPECT_EQ(heads.size(), 2U);
  EXPECT_TRUE(heads.at(0).starts_with("CONNECT model.example.invalid:443 ")) << heads.at(0);
  EXPECT_EQ(heads.at(0).find("canary"), std::string::npos) << heads.at(0);
  EXPECT_NE(heads.at(1).find("Authorization: Bearer canary-7f3a"), std::string::npos);
}

Coro<> expect_proxy_error(const char* variable_name, std::string proxy) {
  const EnvironmentVariable variable(variable_name, proxy);
  const std::exception_ptr error =
      co_await failure_of(fetch(open_minded(), "https://model.example.invalid/v1"));
  if (const auto refused = expect_error<ConnectError>(error)) {
    EXPECT_EQ(refused->kind(), ConnectError::Kind::kProxy) << refused->what();
    EXPECT_FALSE(refused->retryable());
    EXPECT_EQ(std::string(refused->what()).find("canary"), std::string::npos) << refused->what();
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportProxy, ThatRefusesATunnel) {
  for (const std::string status : {"407 Proxy Authentication Required", "403 Forbidden",
                                   "502 Bad Gateway", "301 Moved Permanently"}) {
    TlsServer server(TlsPeerOptions().stall().after_connect(
        "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
    co_await expect_proxy_error("HTTPS_PROXY", kProxyUser + std::to_string(server.port()));
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportProxy, WithAnUnknownName) {
  co_await expect_proxy_error("HTTPS_PROXY", "http://agent:canary-7f3a@proxy.invalid:3128");
}

ASYNC_TEST_REAL_TIME(CurlTransportProxy, ThatIsNotThere) {
  const RawListener nobody;
  const EnvironmentVariable variable("HTTPS_PROXY", kProxyUser + std::to_string(nobody.port()));
  const std::exception_ptr error =
      co_await failure_of(fetch(open_minded(), "https://model.example.invalid/v1"));
  if (const auto refused = expect_error<ConnectError>(error)) {
    EXPECT_EQ(std::string(refused->what()).find("canary"), std::string::npos) << refused->what();
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportProxy, ThatAnswersItself407ToPlainHttp) {
  Peer proxy(SimulatedReply::http(407, "text/plain", "who are you?"));
  const EnvironmentVariable variable("http_proxy", proxy.url(""));
  Answer answer = co_await fetch(open_minded(), "http://model.example.invalid/");
  EXPECT_EQ(answer.status, 407);
}

}  // namespace
}  // namespace cochain
