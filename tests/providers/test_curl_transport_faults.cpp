// Answers that go wrong on the way: lengths that lie, connections that break, heads without end.
#include "http_peer.hpp"
#include "raw_listener.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

Coro<std::exception_ptr> fault(SimulatedReply reply) {
  Peer peer(std::move(reply));
  HttpRequest request("GET", peer.url());
  request.with_idle_timeout(2s).with_first_byte_timeout(2s);
  const std::exception_ptr error =
      co_await failure_of(fetch(make_curl_transport(), std::move(request)));
  co_return error;
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, ConnectionRefused) {
  const RawListener nobody;
  const std::string url = "http://" + nobody.address().to_string();
  const std::exception_ptr error = co_await failure_of(fetch(make_curl_transport(), url));
  if (const auto refused = expect_error<ConnectError>(error)) {
    EXPECT_EQ(refused->kind(), ConnectError::Kind::kConnect);
    EXPECT_TRUE(refused->retryable());
    EXPECT_NE(std::string(refused->what()).find("127.0.0.1"), std::string::npos);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, ClosedRightAfterAccept) {
  Peer peer(text_answer("never"));
  peer.simulator().on_connection([](std::uint64_t) { return SimulatedReply().close(); });
  const std::exception_ptr error = co_await failure_of(fetch(make_curl_transport(), peer.url()));
  if (const auto broken = expect_error<TransportError>(error)) {
    EXPECT_TRUE(broken->retryable());
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, ResetBeforeAnswering) {
  const std::exception_ptr error = co_await fault(SimulatedReply().reset());
  if (const auto broken = expect_error<TransportError>(error)) {
    EXPECT_TRUE(broken->retryable());
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, ResetInsideAChunk) {
  Peer peer(raw(chunked_head() + "64\r\nhalf of the chu").delay(30ms).reset());
  auto curl = make_curl_transport();
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  const std::optional<std::string> some = co_await response.body->read();
  EXPECT_EQ(some, "half of the chu");
  for (int i = 0; i < 2; ++i) {  // asked again, it says the same
    const std::exception_ptr error = co_await failure_of(response.body->read());
    expect_error<TransportError>(error);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, EndInsideAChunkedBody) {
  const std::exception_ptr error = co_await fault(raw(chunked_head() + chunk("some")).close());
  if (const auto cut = expect_error<IncompleteStreamError>(error)) {
    EXPECT_TRUE(cut->retryable());
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, EndBeforeTheAnnouncedLength) {
  const std::exception_ptr error =
      co_await fault(raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort").close());
  expect_error<IncompleteStreamError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, EndInsideTheHead) {
  const std::exception_ptr error = co_await fault(raw("HTTP/1.1 200 OK\r\nContent-T").close());
  expect_error<TransportError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, MoreThanTheAnnouncedLengthIsNotRead) {
  Peer peer(raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntakeHTTP/1.1 500 No\r\n\r\n"));
  auto curl = make_curl_transport();
  for (int i = 0; i < 2; ++i) {
    Answer answer = co_await fetch(curl, peer.url());
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "take");
  }
  EXPECT_EQ(peer.stats().connections_accepted, 2U);  // the rest would be read as an answer
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, LengthsThatAreNoNumbers) {
  for (const std::string length : {"-1", "ten", "99999999999999999999999"}) {
    const std::exception_ptr error = co_await fault(
        raw("HTTP/1.1 200 OK\r\nContent-Length: " + length + "\r\n\r\nbody").delay(200ms).close());
    if (length == "99999999999999999999999" || !error) continue;  // read to the end, or refused
    expect_error<ModelError>(error);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, ChunkSizesThatAreNone) {
  for (const std::string size : {"xyz", "-5", "ffffffffffffffffff"}) {
    const std::exception_ptr error =
        co_await fault(raw(chunked_head() + size + "\r\nhello\r\n0\r\n\r\n"));
    expect_error<TransportError>(error);
  }
  const std::exception_ptr no_line_end =
      co_await fault(raw(chunked_head() + "5\r\nhelloworld\r\n0\r\n\r\n").delay(50ms).close());
  EXPECT_TRUE(no_line_end);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, AnswersThatAreNotHttp) {
  for (const std::string bytes : {"SSH-2.0-OpenSSH_9.2\r\n", "<html>hello</html>\n\n",
                                  "HTTP/1.1 abc\r\n\r\nbody", "HTTP/7.3 200 OK\r\n\r\nbody"}) {
    const std::exception_ptr error = co_await fault(raw(bytes).close());
    if (const auto wrong = expect_error<ModelError>(error)) {
      EXPECT_FALSE(dynamic_cast<const BadRequestError*>(&*wrong)) << bytes;
    }
    try {
      std::rethrow_exception(error);
    } catch (const BadRequestError&) {
      ADD_FAILURE() << "the request was right, the answer wrong: " << bytes;
    } catch (const std::exception&) {
    }
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, AHeaderWithANul) {
  std::string bytes = "HTTP/1.1 200 OK\r\nX-Nul: a_b\r\nContent-Length: 2\r\n\r\nok";
  bytes[bytes.find('_')] = '\0';
  const std::exception_ptr error = co_await fault(raw(bytes).close());
  expect_error<ModelError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, AHeaderLineWithoutColon) {
  const std::exception_ptr error =
      co_await fault(raw("HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\nok").close());
  expect_error<ProtocolError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, SwitchingProtocolsUnasked) {
  const std::exception_ptr error = co_await fault(
      raw("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n" + std::string(300'000, 'b')).hang());
  expect_error<ProtocolError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, AHeaderOfAMegabyte) {
  const std::exception_ptr error = co_await fault(
      raw("HTTP/1.1 200 OK\r\nX-Huge: " + std::string(1 << 20, 'h') + "\r\n\r\nbody").close());
  expect_error<LimitError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, TenThousandHeaders) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10'000; ++i) head += "X: 1\r\n";
  const std::exception_ptr error = co_await fault(raw(head + "\r\nbody").close());
  expect_error<LimitError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, AStormOfInterimAnswers) {
  std::string storm;
  for (int i = 0; i < 10'000; ++i) storm += "HTTP/1.1 102 Processing\r\n\r\n";
  const std::exception_ptr error = co_await fault(raw(storm).hang());
  expect_error<LimitError>(error);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, ABodyLargerThanItsLimit) {
  Peer peer(text_answer(std::string(300'000, 'x')));
  auto curl = make_curl_transport();
  HttpRequest exact("GET", peer.url());
  exact.with_body_bytes_max(300'000);
  Answer answer = co_await fetch(curl, std::move(exact));
  EXPECT_EQ(answer.body.size(), 300'000U);
  HttpRequest less("GET", peer.url());
  less.with_body_bytes_max(299'999);
  const std::exception_ptr error = co_await failure_of(fetch(curl, std::move(less)));
  if (const auto limit = expect_error<LimitError>(error)) {
    EXPECT_FALSE(limit->retryable());
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, TheLimitHoldsWhileTheReaderSleeps) {
  // The limit is met by bytes that curl kept while the transfer was paused.
  Peer peer(text_answer(std::string(400'000, 'x')));
  auto curl = make_curl_transport(CurlOptions().with_buffer_bytes(8 * 1024));
  HttpRequest request("GET", peer.url());
  request.with_body_bytes_max(100'000).with_idle_timeout(10s);
  HttpResponse response = co_await curl->open(std::move(request));
  co_await sleep(50ms);
  Stopwatch watch;
  const std::exception_ptr error = co_await failure_of(read_all(std::move(response.body)));
  expect_error<LimitError>(error);
  EXPECT_LT(watch.elapsed(), 5s);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, AnEarlyRefusalIsHeardWhileTheRequestIsStillSent) {
  Peer peer(text_answer("never asked"));
  HttpRequest request("POST", peer.url());
  request.with_body(std::string(std::size_t{20} << 20, 'x'));  // the peer takes 8 MiB
  const Answer answer = co_await fetch(make_curl_transport(), std::move(request));
  EXPECT_EQ(answer.status, 413);
}

ASYNC_TEST_REAL_TIME(CurlTransportFaults, OneFailureLeavesTheOthersAlone) {
  Peer peer([](const SimulatedRequest& request) {
    if (request.target == "/bad") return raw(chunked_head() + "zz\r\n").reset();
    return raw(chunked_head() + chunk("slow ")).delay(50ms).write(chunk("and sure") + chunk(""));
  });
  auto curl = make_curl_transport();
  std::vector<Coro<Answer>> exchanges;
  for (int i = 0; i < 20; ++i) exchanges.push_back(fetch(curl, peer.url(i % 2 ? "/bad" : "/good")));
  const std::vector<Outcome<Answer>> outcomes = co_await gather_outcomes(std::move(exchanges));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].ok(), i % 2 == 0) << i;
    if (i % 2 == 0 && outcomes[i].ok()) {
      EXPECT_EQ(outcomes[i].value().body, "slow and sure");
    }
  }
}

}  // namespace
}  // namespace cochain
