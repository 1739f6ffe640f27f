// Who may outlive whom: transports, loops, bodies, in every order.
#include <thread>

#include "cochain/core/runners.hpp"
#include "http_peer.hpp"
#include "process_state.hpp"
#include "raw_http.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

Coro<std::string> body_of(std::shared_ptr<HttpTransport> transport, std::string url) {
  Answer answer = co_await fetch(std::move(transport), std::move(url));
  co_return answer.body;
}

TEST(CurlTransportLoops, OneTransportServesOneLoopAfterAnother) {
  Peer peer(text_answer("hello"));
  auto curl = make_curl_transport();
  // What the process opens once, such as curl's own, is open after the first; and what an earlier
  // test left to a thread that ends by itself may still be closed later.
  EXPECT_EQ(run(body_of(curl, peer.url())), "hello");
  EXPECT_TRUE(wait_until([&] { return peer.stats().connections_open == 0; }, 10s));
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(body_of(curl, peer.url())), "hello");
  EXPECT_EQ(peer.stats().connections_accepted, 4U);  // connections end with their loop
  EXPECT_TRUE(wait_until([&] { return open_descriptors() <= before; }, 10s));
}

TEST(CurlTransportLoops, OneTransportServesTwoThreads) {
  Peer peer(text_answer("hello"));
  auto curl = make_curl_transport();
  const auto many = [&] {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(run(body_of(curl, peer.url())), "hello");
  };
  std::thread first(many);
  std::thread second(many);
  first.join();
  second.join();
  EXPECT_EQ(peer.stats().requests, 100U);
}

TEST(CurlTransportLoops, ALoopEndsWithLiveTransfers) {
  Peer peer(raw(chunked_head() + chunk("begun")).hang());
  auto curl = make_curl_transport();
  {
    EventLoop loop;
    std::vector<Task<Answer>> tasks;
    for (int i = 0; i < 5; ++i) tasks.push_back(loop.create_task(fetch(curl, peer.url())));
    const Task<bool> begun =
        loop.create_task(eventually([&] { return peer.stats().requests_in_flight == 5; }));
    loop.run_until_done(*begun.get());
    EXPECT_TRUE(begun.result());
  }  // without shutdown(): the tasks are destroyed where they stand
  EXPECT_TRUE(run(eventually([&] { return peer.stats().aborted_by_client == 5; })));
}

Coro<HttpResponse> opened(std::shared_ptr<HttpTransport> transport, std::string url) {
  HttpResponse response = co_await transport->open(HttpRequest("GET", std::move(url)));
  co_return response;
}

Coro<std::string> rest_of(HttpResponse& response) {
  const std::string all = co_await read_all(std::move(response.body));
  co_return all;
}

TEST(CurlTransportLoops, ABodyThatOutlivesItsLoopFails) {
  Peer peer(raw(chunked_head() + chunk("begun")).hang());
  auto curl = make_curl_transport();
  HttpResponse response = run(opened(curl, peer.url()));
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(run(eventually([&] { return peer.stats().aborted_by_client == 1; })));
  EXPECT_THROW(run(rest_of(response)), Error);
  HttpResponse other = run(opened(curl, peer.url()));
  other.body->finish();
  HttpResponse third = run(opened(curl, peer.url()));
  curl.reset();
}

TEST(CurlTransportLoops, AnExchangeThatWasNotBegunDoesNotTouchTheLoopThatEnded) {
  Peer peer(text_answer("never"));
  auto curl = make_curl_transport();
  const auto make = [&]() -> Coro<Coro<HttpResponse>> {
    co_return curl->open(HttpRequest("GET", peer.url()));
  };
  Coro<HttpResponse> left = run(make());
  EXPECT_THROW(run(std::move(left)), InvalidStateError);
  EXPECT_EQ(peer.stats().requests, 0U);
}

ASYNC_TEST_REAL_TIME(CurlTransportLoops, ABodyOutlivesItsTransport) {
  Peer peer(raw(chunked_head() + chunk("begun")).delay(50ms).write(chunk(", done") + chunk("")));
  {
    auto curl = make_curl_transport();
    HttpResponse response = co_await curl->open(HttpRequest("GET", peer.url()));
    curl.reset();
    const std::string all = co_await read_all(std::move(response.body));
    EXPECT_EQ(all, "begun, done");
  }
  // The pool goes with the last body.
  const bool closed = co_await eventually([&] { return peer.stats().connections_open == 0; });
  EXPECT_TRUE(closed);
}

ASYNC_TEST_REAL_TIME(CurlTransportLoops, ADroppedTransportClosesItsIdleConnections) {
  Peer peer(text_answer("ok"));
  {
    auto curl = make_curl_transport();
    co_await fetch(curl, peer.url());
    EXPECT_EQ(peer.stats().connections_open, 1U);
  }
  const bool closed = co_await eventually([&] { return peer.stats().connections_open == 0; });
  EXPECT_TRUE(closed);
}

ASYNC_TEST_REAL_TIME(CurlTransportLoops, ATransportDroppedInsideAnExchangeEndsItThere) {
  Peer peer(raw(chunked_head() + chunk("begun")).hang());
  auto curl = make_curl_transport();
  const Task<Answer> task = create_task(fetch(std::move(curl), peer.url()));
  const bool asked = co_await eventually([&] { return peer.stats().requests == 1; });
  EXPECT_TRUE(asked);
  task.cancel();  // the task holds the last reference
  const bool cancelled = co_await was_cancelled(task);
  EXPECT_TRUE(cancelled);
  const bool closed = co_await eventually([&] { return peer.stats().connections_open == 0; });
  EXPECT_TRUE(closed);
}

TEST(CurlTransportLoops, ATransportDroppedOnAnotherThreadLeavesTheLoopAlone) {
  Peer peer(text_answer("ok"));
  auto curl = make_curl_transport();
  const auto body = [&]() -> Coro<> {
    co_await fetch(curl, peer.url());
    std::thread([&] { curl.reset(); }).join();
    co_await sleep(1ms);
  };
  run(body());
}

}  // namespace
}  // namespace cochain
