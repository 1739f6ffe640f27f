// Many at once, and many in a row: a thousand streams on one thread, and nothing left of them.
#include <algorithm>

#include "http_peer.hpp"
#include "process_state.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

constexpr std::size_t kStreams = 1000;
// One end here, one at the peer, and the duplicate by which the loop watches.
constexpr std::size_t kDescriptorsEach = 3;

/// Holds all answers until so many requests are there, then lets them go.
SimulatedReply staged(const SimulatedRequest& request) {
  const std::string name = request.target.substr(1);
  return raw(chunked_head() + chunk("hello "))
      .delay(2500ms)  // all thousand are open by then
      .write(chunk(name))
      .delay(20ms)
      .write(chunk("!") + chunk(""));
}

ASYNC_TEST_REAL_TIME(CurlTransportMany, AThousandStreamsAtOnceOnOneThread) {
  const DescriptorLimit limit(kStreams * kDescriptorsEach + 500);
  if (limit.granted() < kStreams * kDescriptorsEach + 100) co_return;
  Peer peer(&staged);
  auto curl = make_curl_transport();
  std::vector<Coro<Answer>> streams;
  for (std::size_t i = 0; i < kStreams; ++i) {
    streams.push_back(fetch(curl, peer.url("/" + std::to_string(i))));
  }
  const std::vector<Outcome<Answer>> outcomes = co_await gather_outcomes(std::move(streams));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_TRUE(outcomes[i].ok()) << describe(outcomes[i].error());
    if (outcomes[i].ok()) {
      EXPECT_EQ(outcomes[i].value().body, "hello " + std::to_string(i) + "!");
    }
  }
  EXPECT_GE(peer.stats().requests_in_flight_max, kStreams);
  // An answer is counted after its last byte was written, which may have been read here by then.
  const bool all_ended =
      co_await eventually([&] { return peer.stats().answers_ended == kStreams; });
  EXPECT_TRUE(all_ended) << peer.stats().answers_ended;
}

ASYNC_TEST_REAL_TIME(CurlTransportMany, HalfOfAThousandStreamsCancelled) {
  const DescriptorLimit limit(kStreams * kDescriptorsEach + 500);
  if (limit.granted() < kStreams * kDescriptorsEach + 100) co_return;
  Peer peer(&staged);
  co_await fetch(make_curl_transport(), peer.url("/0"));  // what the loop itself opens is open now
  const bool alone = co_await eventually([&] { return peer.stats().connections_open == 0; });
  EXPECT_TRUE(alone);
  const std::size_t before = open_descriptors();
  {
    auto curl = make_curl_transport();
    std::vector<Task<Answer>> tasks;
    for (std::size_t i = 0; i < kStreams; ++i) {
      tasks.push_back(create_task(fetch(curl, peer.url("/" + std::to_string(i)))));
    }
    const bool open =
        co_await eventually([&] { return peer.stats().requests_in_flight == kStreams; }, 10s);
    EXPECT_TRUE(open);
    Stopwatch watch;
    for (std::size_t i = 0; i < kStreams; i += 2) tasks[i].cancel();
    const bool closed =
        co_await eventually([&] { return peer.stats().aborted_by_client == kStreams / 2; });
    EXPECT_TRUE(closed) << peer.stats().aborted_by_client;
    ::testing::Test::RecordProperty("close_500_ms", static_cast<int>(watch.elapsed() / 1ms));
    for (std::size_t i = 0; i < kStreams; ++i) {
      const bool cancelled = co_await was_cancelled(tasks[i]);
      EXPECT_EQ(cancelled, i % 2 == 0);
      if (i % 2 == 1) {
        EXPECT_EQ(tasks[i].result().body, "hello " + std::to_string(i) + "!");
      }
    }
  }
  const bool all_closed = co_await eventually([&] { return open_descriptors() <= before; });
  EXPECT_TRUE(all_closed) << open_descriptors() << " against " << before;
}

Coro<> open_more_than_descriptors_allow() {
  Peer peer(raw(chunked_head() + chunk("begun")).delay(300ms).write(chunk(", done") + chunk("")));
  auto curl = make_curl_transport();
  HttpResponse survivor = co_await curl->open(HttpRequest("GET", peer.url()));
  {
    // The next few numbers are free; what is open stays open.
    const DescriptorLimit limit(open_descriptors() + 8);
    std::vector<Coro<Answer>> streams;
    for (int i = 0; i < 20; ++i) {
      HttpRequest request("GET", peer.url());
      request.with_first_byte_timeout(1s);  // the peer cannot accept them all, either
      streams.push_back(fetch(curl, std::move(request)));
    }
    const std::vector<Outcome<Answer>> outcomes = co_await gather_outcomes(std::move(streams));
    std::size_t named = 0;
    for (const Outcome<Answer>& outcome : outcomes) {
      if (outcome.ok()) continue;
      const std::string text = describe(outcome.error());
      if (text.find("the limit is " + std::to_string(limit.granted())) == text.npos) {
        continue;
      }
      ++named;
      if (const auto error = expect_error<ConnectError>(outcome.error())) {
        EXPECT_FALSE(error->retryable());
      }
    }
    EXPECT_GE(named, 10U);
  }
  const std::string rest = co_await read_all(std::move(survivor.body));
  EXPECT_EQ(rest, "begun, done");
  Answer after = co_await fetch(curl, peer.url());
  EXPECT_EQ(after.body, "begun, done");
}

TEST(CurlTransportMany, WithoutDescriptorsTheErrorNamesTheLimitAndOthersLive) {
  if (type_checks_need_descriptors()) GTEST_SKIP() << kNeedsDescriptors;
  run_test(open_more_than_descriptors_allow(), TestOptions().clock(TestClock::kReal));
}

ASYNC_TEST_REAL_TIME(CurlTransportMany, TwoThousandExchangesLeaveNothing) {
  Peer peer([](const SimulatedRequest& request) {
    switch (request.number % 4) {
      case 0: return text_answer("whole");
      case 1: return raw(chunked_head() + chunk("cut")).close();
      case 2: return raw(chunked_head() + chunk("dropped")).hang();
      default: return SimulatedReply::http(500, "text/plain", "sorry");
    }
  });
  auto curl = make_curl_transport();
  std::size_t memory = 0;
  std::size_t descriptors = 0;
  for (int i = 0; i < 2000; ++i) {
    if (i == 500) {
      memory = resident_bytes();
      descriptors = open_descriptors();
    }
    try {
      HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
      const std::optional<std::string> first = co_await response.body->read();
      EXPECT_TRUE(first);
      if (*first == "dropped") continue;
      while (const auto more = co_await response.body->read()) EXPECT_FALSE(more->empty());
    } catch (const IncompleteStreamError&) {
    }
  }
  const bool flat = co_await eventually([&] { return open_descriptors() <= descriptors + 3; });
  EXPECT_TRUE(flat) << open_descriptors() << " against " << descriptors;
  const std::size_t growth = resident_bytes() - std::min(memory, resident_bytes());
  ::testing::Test::RecordProperty("memory_growth_kib", static_cast<int>(growth / 1024));
  if (!sanitized()) {
    EXPECT_LT(growth, 1024U * 1024);
  }
}

}  // namespace
}  // namespace cochain
