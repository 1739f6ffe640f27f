// Silence in every phase: each has a limit of its own, counted from where the phase began.
#include "http_peer.hpp"
#include "raw_listener.hpp"
#include "slow_dns.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, NoConnection) {
  RawListener silent;
  silent.become_a_black_hole();
  HttpRequest request("GET", "http://" + silent.address().to_string());
  request.with_connect_timeout(150ms);
  Stopwatch watch;
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), std::move(request)));
  EXPECT_GE(watch.elapsed(), 140ms);
  EXPECT_LT(watch.elapsed(), 4s);
  if (const auto late = expect_error<ConnectError>(error)) {
    EXPECT_EQ(late->kind(), ConnectError::Kind::kConnect);
    EXPECT_TRUE(late->retryable());
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, NoFirstByteIsCountedFromTheRequest) {
  Peer peer(SimulatedReply().hang());
  HttpRequest request("GET", peer.url());
  request.with_first_byte_timeout(150ms);  // the 5 s for connecting are not added
  Stopwatch watch;
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), std::move(request)));
  EXPECT_GE(watch.elapsed(), 140ms);
  EXPECT_LT(watch.elapsed(), 4s);
  if (const auto late = expect_error<TransportError>(error)) {
    EXPECT_NE(std::string(late->what()).find("150 ms"), std::string::npos) << late->what();
  }
  const bool closed = co_await eventually([&] { return peer.stats().aborted_by_client == 1; });
  EXPECT_TRUE(closed);
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, SilenceInTheBodyIsNoticedThoughTheModelMayThinkLong) {
  Peer peer(raw(chunked_head() + chunk("and then")).hang());
  HttpRequest request("GET", peer.url());
  request.with_first_byte_timeout(600s).with_idle_timeout(150ms);
  Stopwatch watch;
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), std::move(request)));
  EXPECT_GE(watch.elapsed(), 140ms);
  EXPECT_LT(watch.elapsed(), 4s);
  if (const auto late = expect_error<TransportError>(error)) {
    EXPECT_TRUE(late->retryable());
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, SilenceInsideTheHeadIsNoticed) {
  Peer peer(raw("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n").hang());
  HttpRequest request("GET", peer.url());
  request.with_first_byte_timeout(600s).with_idle_timeout(150ms);
  Stopwatch watch;
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), std::move(request)));
  EXPECT_LT(watch.elapsed(), 4s);
  expect_error<TransportError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, AfterAnInterimAnswerTheModelMayStillThink) {
  Peer peer(raw("HTTP/1.1 102 Processing\r\n\r\n")
                .delay(300ms)
                .write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  HttpRequest request("GET", peer.url());
  request.with_first_byte_timeout(2s).with_idle_timeout(100ms);
  Answer answer = co_await fetch(make_curl_transport(), std::move(request));
  EXPECT_EQ(answer.body, "ok");
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, ASlowButSteadyPeerIsNotSilent) {
  Peer peer(
      raw("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").write_slowly("slow and ok!", 1, 100ms));
  HttpRequest request("GET", peer.url());
  request.with_first_byte_timeout(1s).with_idle_timeout(1s);
  Answer answer = co_await fetch(make_curl_transport(), std::move(request));
  EXPECT_EQ(answer.body, "slow and ok!");
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, TheTotalEndsEvenASteadyPeer) {
  Peer peer(raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                .write_slowly(std::string(1000, 's'), 1, 20ms));
  HttpRequest request("GET", peer.url());
  request.with_idle_timeout(3s).with_total_timeout(250ms);
  Stopwatch watch;
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), std::move(request)));
  EXPECT_GE(watch.elapsed(), 240ms);
  EXPECT_LT(watch.elapsed(), 4s);
  expect_error<TransportError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, AReaderThatTakesItsTimeIsNoSilentPeer) {
  Peer peer(text_answer(std::string(400'000, 'x')));
  HttpRequest request("GET", peer.url());
  request.with_idle_timeout(500ms);
  auto curl = make_curl_transport();
  HttpResponse response = co_await curl->open(std::move(request));
  co_await sleep(800ms);
  const std::string body = co_await read_all(std::move(response.body));
  EXPECT_EQ(body.size(), 400'000U);
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, LimitsWithoutEndAreNone) {
  Peer peer(text_answer("ok"));
  HttpRequest request("GET", peer.url());
  constexpr auto kForever = std::chrono::milliseconds::max();
  request.with_connect_timeout(kForever).with_first_byte_timeout(kForever);
  request.with_idle_timeout(kForever).with_total_timeout(kForever);
  Answer answer = co_await fetch(make_curl_transport(), std::move(request));
  EXPECT_EQ(answer.body, "ok");
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, ANameThatDoesNotExist) {
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), "https://no.such.host.invalid/v1"));
  if (const auto unknown = expect_error<ConnectError>(error)) {
    EXPECT_EQ(unknown->kind(), ConnectError::Kind::kDns);
    EXPECT_TRUE(unknown->retryable());
    EXPECT_NE(std::string(unknown->what()).find("no.such.host.invalid"), std::string::npos);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, ASlowResolverDoesNotHoldTheLoop) {
  HttpRequest request("GET", "https://slow.dns.invalid/");
  request.with_connect_timeout(150ms);
  Stopwatch watch;
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), std::move(request)));
  EXPECT_LT(watch.elapsed(), kSlowDns / 2);
  if (const auto late = expect_error<ConnectError>(error)) {
    EXPECT_EQ(late->kind(), ConnectError::Kind::kConnect);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportTimeouts, CancellingALookUpDoesNotHoldTheLoop) {
  auto curl = make_curl_transport();
  const Task<Answer> task = create_task(fetch(curl, "https://slow.dns.invalid/"));
  co_await sleep(30ms);
  Stopwatch watch;
  task.cancel();
  const bool cancelled = co_await was_cancelled(task);
  EXPECT_TRUE(cancelled);
  EXPECT_LT(watch.elapsed(), kSlowDns / 2);
}

}  // namespace
}  // namespace cochain
