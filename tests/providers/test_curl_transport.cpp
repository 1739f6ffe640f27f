// The transport's plain duty: what is sent, what comes back, and which connection carries it.
#include "http_peer.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

std::shared_ptr<HttpTransport> transport() { return make_curl_transport(); }

ASYNC_TEST_REAL_TIME(CurlTransport, BringsStatusHeadersAndBody) {
  Peer peer(SimulatedReply::http(418, "text/plain", "short and stout", {{"X-Pot", "tea"}}));
  Answer answer = co_await fetch(transport(), peer.url("/brew?strong=1"));
  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.headers.get("x-pot"), "tea");
  EXPECT_EQ(answer.headers.get("content-type"), "text/plain");
  EXPECT_EQ(answer.body, "short and stout");
  EXPECT_EQ(peer.seen().at(0).target, "/brew?strong=1");
  EXPECT_EQ(peer.seen().at(0).method, "GET");
}

ASYNC_TEST_REAL_TIME(CurlTransport, SendsTheRequestAsItWasMade) {
  Peer peer(text_answer("ok"));
  HttpRequest request("POST", peer.url("/v1"));
  request.header("Content-Type", "application/json").header("X-Empty", "");
  request.secret_header("Authorization", Secret("canary-7f3a"), "Bearer ");
  const std::string body = "{\"text\":\"line\\nline\",\"nul\":\"" + std::string(1, '\0') + "\"}";
  request.with_body(body);
  co_await fetch(transport(), std::move(request));
  const SimulatedRequest seen = peer.seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.body, body);
  EXPECT_EQ(seen.header("content-type"), "application/json");
  EXPECT_EQ(seen.header_count("content-type"), 1U);
  EXPECT_EQ(seen.header("content-length"), std::to_string(body.size()));
  EXPECT_EQ(seen.header("authorization"), "Bearer canary-7f3a");
  EXPECT_EQ(seen.header_count("x-empty"), 1U);
  EXPECT_EQ(seen.header("x-empty"), "");
  EXPECT_EQ(seen.header("user-agent"), "cochain");
  EXPECT_EQ(seen.header_count("expect"), 0U);
  std::size_t places = 0;
  for (const auto& [name, value] : seen.headers) {
    places += value.find("canary-7f3a") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(places, 1U);
  EXPECT_EQ(seen.target.find("canary"), std::string::npos);
}

ASYNC_TEST_REAL_TIME(CurlTransport, SendsALargeBodyWithoutAskingFirst) {
  Peer peer([](const SimulatedRequest& request) {
    return text_answer(std::to_string(request.body.size()));
  });
  HttpRequest request("POST", peer.url());
  request.with_body(std::string(3 * 1024 * 1024, 'x'));
  Answer answer = co_await fetch(transport(), std::move(request));
  EXPECT_EQ(answer.body, "3145728");
  EXPECT_EQ(peer.seen().at(0).header_count("expect"), 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, UsesOtherMethods) {
  Peer peer(text_answer("ok"));
  auto curl = transport();
  co_await fetch(curl, HttpRequest("DELETE", peer.url("/item")));
  co_await fetch(curl, HttpRequest("GET", peer.url("/item")));
  HttpRequest put("PUT", peer.url("/item"));
  put.with_body("new");
  co_await fetch(curl, std::move(put));
  co_await fetch(curl, HttpRequest("POST", peer.url("/item")));
  const std::vector<SimulatedRequest> seen = peer.seen();
  EXPECT_EQ(seen.at(0).method, "DELETE");
  EXPECT_EQ(seen.at(0).body, "");
  EXPECT_EQ(seen.at(0).header_count("content-type"), 0U);
  EXPECT_EQ(seen.at(1).method, "GET");
  EXPECT_EQ(seen.at(1).header_count("content-length"), 0U);
  EXPECT_EQ(seen.at(2).method, "PUT");
  EXPECT_EQ(seen.at(2).body, "new");
  EXPECT_EQ(seen.at(3).method, "POST");
  EXPECT_EQ(seen.at(3).header("content-length"), "0");
}

ASYNC_TEST_REAL_TIME(CurlTransport, AHeadRequestWaitsForNoBody) {
  Peer peer(raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"));
  HttpRequest request("HEAD", peer.url());
  request.with_idle_timeout(300ms);
  Answer answer = co_await fetch(transport(), std::move(request));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("content-length"), "100");
  EXPECT_EQ(answer.body, "");
}

ASYNC_TEST_REAL_TIME(CurlTransport, ReusesAConnection) {
  Peer peer(text_answer("again"));
  auto curl = transport();
  for (int i = 0; i < 5; ++i) {
    Answer answer = co_await fetch(curl, peer.url());
    EXPECT_EQ(answer.body, "again");
  }
  EXPECT_EQ(peer.stats().connections_accepted, 1U);
  EXPECT_EQ(peer.stats().requests, 5U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, AHundredRequestsInTurnsOfTenUseTenConnections) {
  Peer peer(text_answer("one of many"));
  auto curl = transport();
  for (int turn = 0; turn < 10; ++turn) {
    std::vector<Coro<Answer>> at_once;
    for (int i = 0; i < 10; ++i) at_once.push_back(fetch(curl, peer.url()));
    const std::vector<Answer> answers = co_await gather(std::move(at_once));
    for (const Answer& answer : answers) EXPECT_EQ(answer.body, "one of many");
  }
  EXPECT_EQ(peer.stats().requests, 100U);
  EXPECT_LE(peer.stats().connections_accepted, 10U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, SendsAgainWhenAKeptConnectionTurnsOutToBeDead) {
  // The first answer's connection is closed only when the second request is already on its way.
  Peer peer([](const SimulatedRequest& request) {
    if (request.connection == 0 && request.number == 1) return SimulatedReply().close();
    return text_answer("answer " + std::to_string(request.number));
  });
  auto curl = transport();
  Answer first = co_await fetch(curl, peer.url());
  EXPECT_EQ(first.body, "answer 0");
  HttpRequest request("POST", peer.url());
  request.with_body("precious");
  Answer second = co_await fetch(curl, std::move(request));
  EXPECT_EQ(second.body, "answer 2");
  EXPECT_EQ(peer.seen().at(2).body, "precious");
  EXPECT_EQ(peer.stats().connections_accepted, 2U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, DoesNotSendAgainOnceAnAnswerBegan) {
  Peer peer([](const SimulatedRequest& request) {
    if (request.number == 0) return text_answer("fine");
    return raw("HTTP/1.1 200 OK\r\nContent-Le").close();
  });
  auto curl = transport();
  co_await fetch(curl, peer.url());
  const std::exception_ptr error = co_await failure_of(fetch(curl, peer.url()));
  EXPECT_TRUE(error);
  EXPECT_EQ(peer.stats().requests, 2U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, PassesOverInterimAnswers) {
  Peer peer(
      raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
          "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
  Answer answer = co_await fetch(transport(), peer.url());
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.headers.contains("link"));
  EXPECT_EQ(answer.body, "ok");
}

ASYNC_TEST_REAL_TIME(CurlTransport, AnAnswerMayHaveNoBody) {
  Peer peer([](const SimulatedRequest& request) {
    if (request.number == 0) return raw("HTTP/1.1 204 No Content\r\n\r\n");
    if (request.number == 1) return raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n");
    return raw("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  auto curl = transport();
  for (const int status : {204, 304, 200}) {
    Answer answer = co_await fetch(curl, peer.url());
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.body, "");
  }
  EXPECT_EQ(peer.stats().connections_accepted, 1U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, TakesOddHeaderLines) {
  Peer peer(
      raw("HTTP/1.1 200\r\nX-Empty:\r\nX-Blank:   \r\nX-Tight:yes\r\n"
          ": no name\r\nBad Name: x\r\nX-Twice: a\r\nx-twice: b\r\nX-Trail: t  \t\r\n"
          "Content-Length: 2\r\n\r\nok"));
  Answer answer = co_await fetch(transport(), peer.url());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("x-empty"), "");
  EXPECT_EQ(answer.headers.get("x-blank"), "");
  EXPECT_EQ(answer.headers.get("x-tight"), "yes");
  EXPECT_EQ(answer.headers.get("x-trail"), "t");
  EXPECT_EQ(answer.headers.get_all("X-Twice").size(), 2U);
  EXPECT_EQ(answer.body, "ok");
}

ASYNC_TEST_REAL_TIME(CurlTransport, ABodyMayEndWithItsConnection) {
  Peer peer(raw("HTTP/1.1 200 OK\r\n\r\nuntil I hang up").close());
  Answer answer = co_await fetch(transport(), peer.url());
  EXPECT_EQ(answer.body, "until I hang up");
}

ASYNC_TEST_REAL_TIME(CurlTransport, ReadsChunksExtensionsAndTrailers) {
  Peer peer(raw(chunked_head() + "5;name=value\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n"
                                 "X-Trailer: late\r\n\r\n"));
  auto curl = transport();
  for (int i = 0; i < 2; ++i) {
    Answer answer = co_await fetch(curl, peer.url());
    EXPECT_EQ(answer.body, "hello world");
  }
  EXPECT_EQ(peer.stats().connections_accepted, 1U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, BringsPiecesAsTheyCome) {
  Peer peer(raw(chunked_head() + chunk("first")).delay(500ms).write(chunk("second") + chunk("")));
  auto curl = transport();
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  const std::optional<std::string> first = co_await response.body->read();
  EXPECT_EQ(first, "first");
  EXPECT_EQ(peer.stats().answers_ended, 0U);
  const std::optional<std::string> second = co_await response.body->read();
  EXPECT_EQ(second, "second");
  for (int i = 0; i < 3; ++i) {
    const std::optional<std::string> end = co_await response.body->read();
    EXPECT_FALSE(end);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransport, ARedirectIsAnAnswerAndNobodyElseHearsOfIt) {
  Peer second(text_answer("you should not be here"));
  Peer first(SimulatedReply::http(302, "text/plain", "over there",
                                  {{"Location", second.url("/?token=abc")}}));
  HttpRequest request("POST", first.url());
  request.secret_header("x-api-key", Secret("canary-7f3a")).with_body("prompt");
  Answer answer = co_await fetch(transport(), std::move(request));
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.body, "over there");
  EXPECT_EQ(second.stats().connections_accepted, 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, CarriesNoCookiesFromOneExchangeToTheNext) {
  Peer peer(SimulatedReply::http(200, "text/plain", "ok", {{"Set-Cookie", "id=1"}}));
  auto curl = transport();
  co_await fetch(curl, peer.url());
  co_await fetch(curl, peer.url());
  EXPECT_EQ(peer.seen().at(1).header_count("cookie"), 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, AFinishedBodyGivesItsConnectionBackIfItEndsAtOnce) {
  Peer peer(text_answer(std::string(30'000, 'x')));
  auto curl = transport();
  for (std::uint64_t i = 0; i < 3; ++i) {
    HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
    const bool ended = co_await eventually([&] { return peer.stats().answers_ended > i; });
    EXPECT_TRUE(ended);
    response.body->finish();
    response.body->finish();
    EXPECT_THROW((void)response.body->read(), InvalidStateError);
    co_await sleep(20ms);
  }
  EXPECT_EQ(peer.stats().connections_accepted, 1U);
  EXPECT_EQ(peer.stats().aborted_by_client, 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransport, AFinishedBodyThatGoesOnIsClosedSoon) {
  Peer peer(raw(chunked_head() + chunk("all that matters")).hang());
  auto curl = transport();
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  Stopwatch watch;
  response.body->finish();
  const bool closed = co_await eventually([&] { return peer.stats().aborted_by_client == 1; });
  EXPECT_TRUE(closed);
  EXPECT_GE(watch.elapsed(), 50ms);
}

TEST(CurlTransport, NeedsARunningLoop) {
  EXPECT_THROW((void)transport()->open(HttpRequest("GET", "http://127.0.0.1:1/")),
               InvalidStateError);
  EXPECT_NE(curl_version_line().find("libcurl"), std::string::npos);
}

}  // namespace
}  // namespace cochain
