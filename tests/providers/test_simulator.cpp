// The simulated server over real sockets: the dialect, the checks, many clients, and the end.
#include <cochain/providers/simulator.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "raw_http.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;
using std::chrono::milliseconds;

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kStream = R"(,"stream":true)";

SimulatorOptions instant() { return SimulatorOptions().instant(); }

TEST(Simulator, StreamsWellFormedEventsInTheOrderOfTheDialect) {
  Simulator simulator(instant());
  const RawReply reply = send_once(
      simulator.port(),
      post_request(kChat, chat_body("Why do cats purr?",
                                    R"(,"stream":true,"stream_options":{"include_usage":true})")));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("Content-Type").rfind("text/event-stream", 0), 0U);
  EXPECT_FALSE(reply.header("x-request-id").empty());
  EXPECT_TRUE(reply.complete);
  const std::vector<std::string> events = event_payloads(reply.body);
  ASSERT_GT(events.size(), 5U);
  EXPECT_NE(events.front().find(R"("role":"assistant","content":"")"), std::string::npos);
  EXPECT_NE(events[1].find(R"("usage":null)"), std::string::npos);
  EXPECT_NE(events[events.size() - 3].find(R"("delta":{},)"), std::string::npos);
  EXPECT_EQ(json_string(events[events.size() - 3], "finish_reason"), "stop");
  const std::string& usage = events[events.size() - 2];
  EXPECT_NE(usage.find(R"("choices":[],"usage":{"prompt_tokens":5)"), std::string::npos);
  EXPECT_NE(usage.find("\"completion_tokens\":" + std::to_string(events.size() - 4)),
            std::string::npos);
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_NE(streamed_text(events).find("purr"), std::string::npos);
}

TEST(Simulator, EachEventIsAChunkOfItsOwn) {
  Simulator simulator(instant().answer_tokens(3));
  RawConnection client(simulator.port());
  client.send(post_request(kChat, chat_body("Hi", kStream)));
  const std::string bytes = client.read_until("0\r\n\r\n");
  std::size_t chunks = 0;
  for (std::size_t at = bytes.find("\r\ndata: "); at != std::string::npos;
       at = bytes.find("\r\ndata: ", at + 1)) {
    ++chunks;
  }
  EXPECT_EQ(chunks, 6U);  // role, three tokens, the finish, the end marker
  EXPECT_EQ(bytes.find("\"usage\""), std::string::npos);
  EXPECT_EQ(simulator.stats().chunks_sent, 3U);
}

TEST(Simulator, TheWholeAnswerHasTheTextOfTheStream) {
  Simulator simulator(instant());
  const RawReply whole = send_once(simulator.port(), post_request(kChat, chat_body("Hello bees")));
  const RawReply stream =
      send_once(simulator.port(), post_request(kChat, chat_body("Hello bees", kStream)));
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(json_string(whole.body, "object"), "chat.completion");
  EXPECT_EQ(json_string(whole.body, "content"), streamed_text(event_payloads(stream.body)));
  EXPECT_NE(whole.body.find(R"("usage":{"prompt_tokens":3,)"), std::string::npos);
}

TEST(Simulator, OneSeedReplaysOneRunByteForByte) {
  std::set<std::string> runs;
  for (int run = 0; run < 2; ++run) {
    Simulator simulator(SimulatorOptions(instant()).seed(42));
    RawConnection client(simulator.port());
    client.send(post_request(kChat, chat_body("Hello bees", kStream)) +
                post_request(kChat, chat_body("Hello ants"), "Connection: close\r\n"));
    runs.insert(client.read_to_end());
  }
  EXPECT_EQ(runs.size(), 1U);
}

TEST(Simulator, StreamsToolCallsInFragments) {
  Simulator simulator(instant());
  const RawReply reply = send_once(
      simulator.port(),
      post_request(kChat, chat_body("The weather in Oslo?", R"(,"stream":true,"tools":[{"type":
          "function","function":{"name":"get_weather","parameters":{"type":"object",
          "properties":{"city":{"type":"string"}}}}}])")));
  std::string arguments;
  const std::vector<std::string> events = event_payloads(reply.body);
  for (const std::string& event : events) {
    arguments += json_string(event, "arguments");
  }
  EXPECT_EQ(arguments, R"({\"city\":\"Oslo\"})");
  EXPECT_EQ(json_string(events[1], "name"), "get_weather");
  EXPECT_EQ(json_string(events[events.size() - 2], "finish_reason"), "tool_calls");
}

TEST(Simulator, ListsModelsAndTellsItsHealth) {
  Simulator simulator(instant().models({"alpha", "beta"}));
  const RawReply list = send_once(simulator.port(), get_request("/v1/models"));
  EXPECT_EQ(list.status, 200);
  EXPECT_NE(list.body.find(R"("id":"beta")"), std::string::npos);
  EXPECT_EQ(send_once(simulator.port(), get_request("/v1/models/alpha")).status, 200);
  EXPECT_EQ(send_once(simulator.port(), get_request("/v1/models/gamma")).status, 404);
  EXPECT_EQ(send_once(simulator.port(), get_request("/healthz")).status, 200);
}

TEST(Simulator, EmbedsLikeTextsCloseTogether) {
  Simulator simulator(instant());
  const RawReply reply = send_once(
      simulator.port(),
      post_request("/v1/embeddings", R"({"model":"e","dimensions":2,"input":["one","two"]})"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find(R"("index":1,"embedding":[)"), std::string::npos);
  const RawReply packed =
      send_once(simulator.port(), post_request("/v1/embeddings", R"({"model":"e","dimensions":2,
          "encoding_format":"base64","input":"one"})"));
  EXPECT_EQ(json_string(packed.body, "embedding").size(), 12U);
  EXPECT_EQ(send_once(simulator.port(), post_request("/v1/embeddings", "{}")).status, 400);
}

TEST(Simulator, ErrorsHaveTheShapeOfTheDialect) {
  Simulator simulator(instant());
  const auto status = [&simulator](const std::string& request) {
    const RawReply reply = send_once(simulator.port(), request);
    EXPECT_NE(reply.body.find("{\"error\":{\"message\":\""), std::string::npos) << reply.body;
    EXPECT_FALSE(reply.header("x-request-id").empty());
    return reply.status;
  };
  EXPECT_EQ(status(post_request(kChat, "{nonsense")), 400);
  EXPECT_EQ(status(post_request(kChat, R"({"model":"m"})")), 400);
  EXPECT_EQ(status(get_request("/v1/nowhere")), 404);
  EXPECT_EQ(status(get_request(kChat)), 405);
  EXPECT_EQ(status(post_request("/v1/models", "{}")), 405);
  EXPECT_EQ(status("this is not http\r\n\r\n"), 400);
  EXPECT_EQ(status(get_request("/healthz", "Origin: https://example.com\r\n")), 403);
  EXPECT_EQ(status(get_request("/healthz", "Host: 127.0.0.1\r\n")), 400);
  EXPECT_EQ(status("GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
  EXPECT_EQ(status("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n"), 421);
  EXPECT_EQ(status(get_request("/healthz", "X: " + std::string(20'000, 'x') + "\r\n")), 431);
}

TEST(Simulator, BodiesHaveALimitThatTheClientIsTold) {
  Simulator simulator(instant().body_bytes_max(1000));
  const RawReply reply =
      send_once(simulator.port(), post_request(kChat, chat_body(std::string(100'000, 'x'))));
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.header("Connection"), "close");
}

TEST(Simulator, LargeAndChunkedBodiesArriveWhole) {
  Simulator simulator(instant().request_log_max(4));
  const std::string body = chat_body(std::string(2'000'000, 'x'));
  EXPECT_EQ(send_once(simulator.port(), post_request(kChat, body)).status, 200);
  const std::string small = chat_body("Hi");
  RawConnection client(simulator.port());
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
      "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 100);
  for (const char byte : small) {
    client.send(std::string("1\r\n") + byte + "\r\n");
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.read_reply().status, 200);
  const std::vector<SimulatedRequest> requests = simulator.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].body, body);
  EXPECT_EQ(requests[1].body, small);
}

TEST(Simulator, AKeyIsAskedForAndNeverLogged) {
  Simulator simulator(instant().api_key("secret-key").request_log_max(8));
  const auto status = [&simulator](std::string_view header) {
    return send_once(simulator.port(), get_request("/v1/models", header)).status;
  };
  EXPECT_EQ(status(""), 401);
  EXPECT_EQ(status("Authorization: Bearer wrong\r\n"), 401);
  EXPECT_EQ(status("Authorization: Bearer secret-keys\r\n"), 401);
  EXPECT_EQ(status("Authorization: Bearer \r\n"), 401);
  EXPECT_EQ(status("Authorization: Bearer secret-key\r\n"), 200);
  EXPECT_EQ(status("api-key: secret-key\r\n"), 200);
  EXPECT_EQ(send_once(simulator.port(), get_request("/healthz")).status, 200);
  const std::vector<SimulatedRequest> requests = simulator.requests();
  EXPECT_FALSE(requests[0].has_authorization);
  EXPECT_TRUE(requests[4].has_authorization);
  EXPECT_EQ(requests[4].header("AUTHORIZATION"), "[redacted]");
  EXPECT_EQ(requests[5].header("Api-Key"), "[redacted]");
}

TEST(Simulator, ServesSeveralRequestsOnOneConnection) {
  Simulator simulator(instant());
  RawConnection client(simulator.port());
  for (int i = 0; i < 5; ++i) {
    client.send(post_request(kChat, chat_body("Hello " + std::to_string(i), kStream)));
    const RawReply reply = client.read_reply();
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(event_payloads(reply.body).back(), "[DONE]");
  }
  EXPECT_EQ(simulator.stats().connections_accepted, 1U);
  EXPECT_EQ(simulator.stats().requests, 5U);
}

TEST(Simulator, AnswersPipelinedRequestsInOrder) {
  Simulator simulator(instant());
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += get_request(i % 2 == 0 ? "/healthz" : "/v1/models");
  }
  RawConnection client(simulator.port());
  client.send(requests);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(client.read_reply().body.find("status") != std::string::npos, i % 2 == 0);
  }
}

TEST(Simulator, HoldsManyStreamsAtOnce) {
  constexpr std::size_t kClients = 300;
  Simulator simulator(
      SimulatorOptions()
          .answer_tokens(20)
          .first_token(SimulatedLatency::fixed(milliseconds(1500)))
          .between_tokens(SimulatedLatency::around(milliseconds(5), milliseconds(5))));
  std::vector<std::unique_ptr<RawConnection>> clients;
  for (std::size_t i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<RawConnection>(simulator.port()));
    clients.back()->send(post_request(kChat, chat_body("Hello", kStream)));
  }
  for (const auto& client : clients) {
    const RawReply reply = client->read_reply();
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(event_payloads(reply.body).size(), 23U);
  }
  const SimulatorStats stats = simulator.stats();
  EXPECT_EQ(stats.requests, kClients);
  EXPECT_EQ(stats.chunks_sent, kClients * 20);
  EXPECT_GT(stats.requests_in_flight_max, kClients / 2);
  EXPECT_EQ(stats.aborted_by_client, 0U);
  clients.clear();
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().connections_open == 0; }));
  EXPECT_EQ(simulator.stats().answers_ended, kClients);
}

TEST(Simulator, CoalescingChangesTheWritesAndNotTheBytes) {
  Simulator one(instant().answer_tokens(400));
  Simulator many(instant().answer_tokens(400).coalesce_bytes(4096));
  const std::string request = post_request(kChat, chat_body("Hello", kStream));
  EXPECT_EQ(send_once(one.port(), request).body, send_once(many.port(), request).body);
}

TEST(Simulator, NoticesAClientThatLeavesInMidStream) {
  Simulator simulator(SimulatorOptions()
                          .first_token(SimulatedLatency::none())
                          .between_tokens(SimulatedLatency::fixed(std::chrono::hours(1))));
  RawConnection client(simulator.port());
  client.send(post_request(kChat, chat_body("Hello", kStream)));
  client.read_until("\"content\":\"\"");
  EXPECT_EQ(simulator.stats().requests_in_flight, 1U);
  client.close();
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().aborted_by_client == 1; }));
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().connections_open == 0; }));
  EXPECT_EQ(simulator.stats().requests_in_flight, 0U);
  EXPECT_EQ(simulator.stats().answers_ended, 0U);
}

TEST(Simulator, StopsWhileStreamsRun) {
  auto simulator = std::make_unique<Simulator>(
      SimulatorOptions()
          .first_token(SimulatedLatency::none())
          .between_tokens(SimulatedLatency::fixed(std::chrono::hours(1))));
  std::vector<std::unique_ptr<RawConnection>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawConnection>(simulator->port()));
    clients.back()->send(post_request(kChat, chat_body("Hello", kStream)));
    clients.back()->read_until("data: ");
  }
  auto other = std::async(std::launch::async, [&simulator] { simulator->stop(); });
  simulator->stop();
  other.get();
  EXPECT_EQ(simulator->stats().connections_open, 0U);
  EXPECT_EQ(simulator->stats().requests_in_flight, 0U);
  EXPECT_EQ(simulator->stats().aborted_by_client, 0U);
  EXPECT_FALSE(clients[0]->read_reply().complete);
  const std::uint16_t port = simulator->port();
  EXPECT_THROW(RawConnection late(port), std::runtime_error);
  simulator.reset();
  Simulator again(instant().port(port));
  EXPECT_EQ(send_once(port, get_request("/healthz")).status, 200);
}

TEST(Simulator, BindsLoopbackOnlyUnlessItIsTold) {
  EXPECT_THROW(Simulator(SimulatorOptions().host("0.0.0.0")), std::invalid_argument);
  EXPECT_THROW(Simulator(SimulatorOptions().host("example.com")), std::invalid_argument);
  Simulator open(SimulatorOptions().host("0.0.0.0").allow_remote());
  EXPECT_EQ(open.base_url(), "http://127.0.0.1:" + std::to_string(open.port()) + "/v1");
  EXPECT_EQ(send_once(open.port(), "GET /healthz HTTP/1.1\r\nHost: box.lan\r\n\r\n").status, 200);
  Simulator first;
  EXPECT_EQ(first.base_url(), "http://127.0.0.1:" + std::to_string(first.port()) + "/v1");
  EXPECT_THROW(Simulator(SimulatorOptions().port(first.port())), std::system_error);
}

}  // namespace
}  // namespace cochain
