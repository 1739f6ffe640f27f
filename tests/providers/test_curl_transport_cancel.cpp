// Stopping early: at every point the server sees it soon, and nothing is left behind.
#include <algorithm>
#include <thread>

#include "http_peer.hpp"
#include "process_state.hpp"
#include "raw_http.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

constexpr Duration kSoon = 5s;

Coro<> expect_closed(Peer& peer, std::uint64_t aborted) {
  const bool seen = co_await eventually(
      [&] {
        const SimulatorStats stats = peer.stats();
        return stats.aborted_by_client == aborted && stats.connections_open == 0;
      },
      kSoon);
  EXPECT_TRUE(seen) << "aborted " << peer.stats().aborted_by_client << ", open "
                    << peer.stats().connections_open;
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, BeforeTheFirstStepNothingIsSent) {
  Peer peer(text_answer("never"));
  const Task<Answer> task = create_task(fetch(make_curl_transport(), peer.url()));
  task.cancel();
  const bool cancelled = co_await was_cancelled(task);
  EXPECT_TRUE(cancelled);
  co_await sleep(20ms);
  EXPECT_EQ(peer.stats().connections_accepted, 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, BeforeTheConnection) {
  Peer peer(text_answer("never"));
  co_await fetch(make_curl_transport(), peer.url());  // what the loop itself opens is open now
  const bool alone = co_await eventually([&] { return peer.stats().connections_open == 0; });
  EXPECT_TRUE(alone);
  const std::size_t before = open_descriptors();
  {
    auto curl = make_curl_transport();
    const Task<Answer> task = create_task(fetch(curl, peer.url()));
    co_await sleep(0ms);  // the task runs up to its first suspension
    task.cancel();
    const bool cancelled = co_await was_cancelled(task);
    EXPECT_TRUE(cancelled);
  }
  co_await expect_closed(peer, 0);
  // A connection may be accepted after its end.
  const bool left = co_await eventually([&] { return open_descriptors() <= before; });
  EXPECT_TRUE(left) << open_descriptors();
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, WhileWaitingForTheAnswer) {
  Peer peer(SimulatedReply().hang());
  auto curl = make_curl_transport();
  const Task<Answer> task = create_task(fetch(curl, peer.url()));
  const bool asked = co_await eventually([&] { return peer.stats().requests == 1; });
  EXPECT_TRUE(asked);
  task.cancel();
  const bool cancelled = co_await was_cancelled(task);
  EXPECT_TRUE(cancelled);
  co_await expect_closed(peer, 1);
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, InTheMiddleOfTheBody) {
  Peer peer(raw(chunked_head() + chunk("begun")).hang());
  auto curl = make_curl_transport();
  const Task<Answer> task = create_task(fetch(curl, peer.url()));
  const bool sent =
      co_await eventually([&] { return peer.stats().bytes_written > chunked_head().size(); });
  EXPECT_TRUE(sent);
  co_await sleep(10ms);
  task.cancel();
  const bool cancelled = co_await was_cancelled(task);
  EXPECT_TRUE(cancelled);
  co_await expect_closed(peer, 1);
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, WhileThePeerIsHeldBack) {
  Peer peer(raw(chunked_head() + chunk(std::string(30 << 20, 'x'))).hang());
  auto curl = make_curl_transport();
  HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
  co_await sleep(50ms);
  response.body.reset();
  co_await expect_closed(peer, 1);
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, DroppingTheBody) {
  Peer peer(raw(chunked_head() + chunk("begun")).hang());
  auto curl = make_curl_transport();
  std::vector<Duration> delays;
  for (int i = 0; i < 20; ++i) {
    HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
    Stopwatch watch;
    response.body.reset();
    const auto count = static_cast<std::uint64_t>(i) + 1;
    while (peer.stats().aborted_by_client < count && watch.elapsed() < kSoon) {
      std::this_thread::yield();  // no trip through the loop is needed to close
    }
    delays.push_back(watch.elapsed());
  }
  co_await expect_closed(peer, 20);
  std::sort(delays.begin(), delays.end());
  const auto in_us = [](Duration delay) { return static_cast<int>(delay / 1us); };
  ::testing::Test::RecordProperty("close_delay_median_us", in_us(delays[10]));
  ::testing::Test::RecordProperty("close_delay_most_us", in_us(delays[19]));
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, ADeadline) {
  Peer peer(SimulatedReply().hang());
  auto curl = make_curl_transport();
  const std::exception_ptr error = co_await failure_of(wait_for(fetch(curl, peer.url()), 100ms));
  expect_error<TimeoutError>(error);
  co_await expect_closed(peer, 1);
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, TheCancelledConnectionIsNotUsedAgain) {
  Peer peer([](const SimulatedRequest& request) {
    if (request.number == 0) return raw(chunked_head() + chunk("old") + "3\r\n").hang();
    return text_answer("new");
  });
  auto curl = make_curl_transport();
  {
    HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
    const std::optional<std::string> bytes = co_await response.body->read();
    EXPECT_EQ(bytes, "old");
  }
  Answer answer = co_await fetch(curl, peer.url());
  EXPECT_EQ(answer.body, "new");
  EXPECT_EQ(peer.stats().connections_accepted, 2U);
}

ASYNC_TEST_REAL_TIME(CurlTransportCancel, AnExceptionOfTheReader) {
  Peer peer(raw(chunked_head() + chunk("begun")).hang());
  auto curl = make_curl_transport();
  try {
    HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
    const std::optional<std::string> bytes = co_await response.body->read();
    throw std::runtime_error(*bytes);
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "begun");
  }
  co_await expect_closed(peer, 1);
}

// Real sockets need not come at the same steps each time, so each k is tried on a fresh peer until
// the exchange ends before it.
TEST(CurlTransportCancel, AtEverySuspension) {
  bool injected = true;
  std::uint32_t suspensions = 0;
  for (std::uint32_t k = 1; injected && k < 200; ++k) {
    SCOPED_TRACE("cancelled at suspension " + std::to_string(k));
    injected = false;
    Peer peer(raw(chunked_head() + chunk("one"))
                  .delay(2ms)
                  .write(chunk(std::string(200'000, '2')))
                  .delay(2ms)
                  .write(chunk("three") + chunk("")));
    const std::size_t before = open_descriptors();
    {
      auto curl = make_curl_transport();
      EventLoop loop;
      const Task<Answer> task = loop.create_task(fetch(curl, peer.url()), "exchange");
      loop.run_until_done(*task.get(), [&] {
        if (!injected && task.get()->steps() == k) injected = task.cancel();
      });
      EXPECT_EQ(task.cancelled(), injected);
      EXPECT_EQ(loop.task_count(), 0U);
      loop.shutdown();
    }
    EXPECT_TRUE(wait_until([&] {  // a connection may be accepted after its end
      return peer.stats().connections_open == 0 && open_descriptors() == before;
    })) << open_descriptors();
    suspensions = k;
  }
  EXPECT_FALSE(injected);
  EXPECT_GT(suspensions, 3U);
}

}  // namespace
}  // namespace cochain
