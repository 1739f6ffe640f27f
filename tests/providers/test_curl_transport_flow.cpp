// Back-pressure: a reader that is slow slows its peer, and costs neither memory nor processor.
#include "http_peer.hpp"
#include "process_state.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

constexpr std::size_t kMegabyte = 1024 * 1024;

/// A body of so many megabytes in chunks of one.
SimulatedReply large_answer(std::size_t megabytes) {
  SimulatedReply reply = raw(chunked_head());
  const std::string one = chunk(std::string(kMegabyte, 'x'));
  for (std::size_t i = 0; i < megabytes; ++i) reply.write(one);
  return reply.write(chunk(""));
}

Coro<std::size_t> count_bytes(HttpBody& body) {
  std::size_t count = 0;
  while (const std::optional<std::string> bytes = co_await body.read()) count += bytes->size();
  co_return count;
}

/// Waits until the peer's written bytes stand still.
Coro<> wait_until_held(Peer& peer) {
  std::uint64_t last = peer.stats().bytes_written;
  for (int still = 0; still < 5;) {
    co_await sleep(20ms);
    const std::uint64_t now = peer.stats().bytes_written;
    still = now == last ? still + 1 : 0;
    last = now;
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFlow, AReaderThatSleepsHoldsThePeerBack) {
  constexpr std::size_t kMegabytes = 50;
  Peer peer(large_answer(kMegabytes));
  auto curl = make_curl_transport();
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  co_await wait_until_held(peer);
  const std::size_t memory = resident_bytes();
  co_await sleep(100ms);
  EXPECT_LT(peer.stats().bytes_written, 12 * kMegabyte);  // socket buffers of both ends
  EXPECT_LT(resident_bytes(), memory + 2 * kMegabyte);
  const std::size_t count = co_await count_bytes(*response.body);
  EXPECT_EQ(count, kMegabytes * kMegabyte);
  if (!sanitized()) {
    EXPECT_LT(resident_bytes(), memory + 2 * kMegabyte);
  }
}

ASYNC_TEST_REAL_TIME(CurlTransportFlow, APausedTransferCostsNoProcessorTime) {
  Peer peer(large_answer(50));
  auto curl = make_curl_transport();
  std::vector<HttpResponse> responses;
  for (int i = 0; i < 10; ++i) {
    responses.push_back(co_await curl->open(HttpRequest("GET", peer.url())));
  }
  co_await wait_until_held(peer);
  const auto before = processor_time();
  co_await sleep(300ms);
  EXPECT_LT(processor_time() - before, 60ms);
}

ASYNC_TEST_REAL_TIME(CurlTransportFlow, OthersGoOnWhileOneIsHeldBack) {
  Peer peer([](const SimulatedRequest& request) {
    if (request.target == "/large") return large_answer(20);
    SimulatedReply reply = raw(chunked_head());
    for (int i = 0; i < 20; ++i) reply.write(chunk("tick ")).delay(2ms);
    return reply.write(chunk(""));
  });
  auto curl = make_curl_transport();
  HttpResponse slow = co_await curl->open(HttpRequest("GET", peer.url("/large")));
  co_await wait_until_held(peer);
  std::vector<Coro<Answer>> others;
  for (int i = 0; i < 8; ++i) others.push_back(fetch(curl, peer.url("/ticks")));
  const std::vector<Answer> answers = co_await gather(std::move(others));
  for (const Answer& answer : answers) EXPECT_EQ(answer.body.size(), 100U);
  EXPECT_LT(peer.stats().bytes_written, 12 * kMegabyte);
  const std::size_t count = co_await count_bytes(*slow.body);
  EXPECT_EQ(count, 20 * kMegabyte);
}

ASYNC_TEST_REAL_TIME(CurlTransportFlow, AReaderThatStutersGetsEveryByteInOrder) {
  std::string body;
  for (int i = 0; body.size() < 3 * kMegabyte; ++i) body += std::to_string(i) + ",";
  Peer peer(text_answer(body));
  auto curl = make_curl_transport(CurlOptions().with_buffer_bytes(5000));
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  std::string all;
  int reads = 0;
  while (const std::optional<std::string> bytes = co_await response.body->read()) {
    EXPECT_LE(bytes->size(), 16U * 1024);
    all += *bytes;
    if (++reads % 40 == 0) co_await sleep(2ms);
  }
  EXPECT_EQ(all, body);
}

ASYNC_TEST_REAL_TIME(CurlTransportFlow, AnEndThatCameWhilePausedIsTold) {
  // The whole answer is in the socket, and the connection closed, before the reader wakes.
  Peer peer(raw("HTTP/1.1 200 OK\r\n\r\n" + std::string(150'000, 'e')).close());
  auto curl = make_curl_transport(CurlOptions().with_buffer_bytes(1000));
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  co_await sleep(50ms);
  const std::size_t count = co_await count_bytes(*response.body);
  EXPECT_EQ(count, 150'000U);
}

ASYNC_TEST_REAL_TIME(CurlTransportFlow, AByteAtATime) {
  std::string events;
  for (int i = 0; i < 60; ++i) events += "data: {\"n\":" + std::to_string(i) + "}\n\n";
  Peer peer(raw("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(events.size()) + "\r\n\r\n")
                .write_slowly(events, 1, 0ms));
  Answer answer = co_await fetch(make_curl_transport(), peer.url());
  EXPECT_EQ(answer.body, events);
}

}  // namespace
}  // namespace cochain
