// TLS: who is trusted, what is spoken, and what happens when the handshake goes wrong.
#include <sys/socket.h>

#include "http_peer.hpp"
#include "tls_server.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

std::string url_of(const TlsServer& server, const std::string& host = "127.0.0.1") {
  return "https://" + host + ":" + std::to_string(server.port()) + "/";
}

std::shared_ptr<HttpTransport> trusting(const TlsServer& server) {
  return make_curl_transport(CurlOptions().with_ca_file(server.ca_file()));
}

Coro<> expect_refused(std::shared_ptr<HttpTransport> curl, std::string url,
                      ConnectError::Kind kind) {
  HttpRequest request("POST", std::move(url));
  request.secret_header("Authorization", Secret("canary-7f3a"), "Bearer ").with_body("prompt");
  const std::exception_ptr error = co_await failure_of(fetch(std::move(curl), std::move(request)));
  if (const auto refused = expect_error<ConnectError>(error)) {
    EXPECT_EQ(refused->kind(), kind) << refused->what();
    EXPECT_FALSE(refused->retryable()) << refused->what();
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, ATrustedServerIsAsked) {
  TlsServer server;
  auto curl = trusting(server);
  for (const std::string host : {"127.0.0.1", "localhost", "127.0.0.1"}) {
    Answer answer = co_await fetch(curl, url_of(server, host));
    EXPECT_EQ(answer.body, "secret garden");
  }
  EXPECT_EQ(server.handshakes(), 2U);  // one connection for each name
  EXPECT_EQ(server.offered_protocols(), "h2,http/1.1");
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, TheEnvironmentMayNameWhomToTrust) {
  TlsServer server;
  const EnvironmentVariable none("SSL_CERT_FILE", "");  // an empty one says nothing
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    const EnvironmentVariable variable(name, server.ca_file());
    Answer answer = co_await fetch(make_curl_transport(), url_of(server));
    EXPECT_EQ(answer.body, "secret garden");
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, AnUnknownCertificateIsRefused) {
  TlsServer server;
  TlsServer other;
  co_await expect_refused(make_curl_transport(), url_of(server), ConnectError::Kind::kTlsVerify);
  co_await expect_refused(trusting(other), url_of(server), ConnectError::Kind::kTlsVerify);
  EXPECT_EQ(server.heads().size(), 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, ACertificateForAnotherNameIsRefused) {
  TlsServer server(TlsPeerOptions().names("DNS:api.example.com"));
  co_await expect_refused(trusting(server), url_of(server), ConnectError::Kind::kTlsVerify);
  co_await expect_refused(trusting(server), url_of(server, "localhost"),
                          ConnectError::Kind::kTlsVerify);
  EXPECT_EQ(server.heads().size(), 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, AnExpiredCertificateIsRefused) {
  TlsServer server(TlsPeerOptions().valid_for(std::chrono::seconds(-10)));
  co_await expect_refused(trusting(server), url_of(server), ConnectError::Kind::kTlsVerify);
  EXPECT_EQ(server.heads().size(), 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, AnOldVersionIsRefused) {
  TlsServer server(TlsPeerOptions().old_version_only());
  co_await expect_refused(trusting(server), url_of(server), ConnectError::Kind::kTls);
  EXPECT_EQ(server.handshakes(), 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, AMissingFileOfCertificatesIsTold) {
  TlsServer server;
  auto curl = make_curl_transport(CurlOptions().with_ca_file("/no/such/file.pem"));
  co_await expect_refused(curl, url_of(server), ConnectError::Kind::kTlsVerify);
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, AHandshakeThatStallsTimesOutForAllWhoWaitForIt) {
  TlsServer server(TlsPeerOptions().stall());
  auto curl = trusting(server);
  std::vector<Coro<Answer>> exchanges;
  for (int i = 0; i < 10; ++i) {
    HttpRequest request("GET", url_of(server));
    request.with_connect_timeout(200ms);
    exchanges.push_back(fetch(curl, std::move(request)));
  }
  Stopwatch watch;
  const std::vector<Outcome<Answer>> outcomes = co_await gather_outcomes(std::move(exchanges));
  EXPECT_LT(watch.elapsed(), 1900ms);  // together, not one after the other
  for (const Outcome<Answer>& outcome : outcomes) {
    if (const auto late = expect_error<ConnectError>(outcome.error())) {
      EXPECT_EQ(late->kind(), ConnectError::Kind::kConnect);
      EXPECT_TRUE(late->retryable());
    }
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, AConnectionThatBreaksInTheHandshakeMayBeTriedAgain) {
  ThreadServer server([](int socket) { ::shutdown(socket, SHUT_RDWR); });
  const std::exception_ptr error = co_await failure_of(
      fetch(make_curl_transport(), "https://127.0.0.1:" + std::to_string(server.port()) + "/"));
  if (const auto broken = expect_error<ConnectError>(error)) {
    EXPECT_EQ(broken->kind(), ConnectError::Kind::kTls);
    EXPECT_TRUE(broken->retryable());
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, PlainHttpWhereTlsIsExpectedIsRefused) {
  Peer peer(text_answer("plain"));
  const std::exception_ptr error = co_await failure_of(fetch(
      make_curl_transport(), "https://127.0.0.1:" + std::to_string(peer.simulator().port()) + "/"));
  expect_error<ConnectError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportTls, CancellingInTheHandshakeClosesTheConnection) {
  TlsServer server(TlsPeerOptions().stall());
  const Task<Answer> task = create_task(fetch(trusting(server), url_of(server)));
  const bool connected = co_await eventually([&] { return server.connections() == 1; });
  EXPECT_TRUE(connected);
  co_await sleep(10ms);
  task.cancel();
  const bool cancelled = co_await was_cancelled(task);
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace cochain
