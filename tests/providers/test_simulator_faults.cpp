// How the simulated server goes wrong: on its own by rates, and step by step by script.
#include <cochain/providers/simulator.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "raw_http.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;
using std::chrono::milliseconds;

constexpr std::string_view kChat = "/v1/chat/completions";
constexpr std::string_view kStream = R"(,"stream":true)";

SimulatorOptions always(SimulatedFault fault) {
  return SimulatorOptions().instant().answer_tokens(40).fault_rate(fault, 1.0);
}

std::string stream_request() { return post_request(kChat, chat_body("Hello bees", kStream)); }
std::string whole_request() { return post_request(kChat, chat_body("Hello bees")); }

TEST(SimulatorFaults, RateLimitTellsWhenToRetry) {
  Simulator simulator(always(SimulatedFault::kRateLimit).retry_after(milliseconds(250)));
  const RawReply reply = send_once(simulator.port(), stream_request());
  EXPECT_EQ(reply.status, 429);
  EXPECT_EQ(reply.header("Retry-After"), "1");
  EXPECT_EQ(reply.header("retry-after-ms"), "250");
  EXPECT_EQ(json_string(reply.body, "code"), "rate_limit_exceeded");
  EXPECT_EQ(simulator.stats().fault_count(SimulatedFault::kRateLimit), 1U);
}

TEST(SimulatorFaults, ServerErrorIsA500) {
  Simulator simulator(always(SimulatedFault::kServerError));
  const RawReply reply = send_once(simulator.port(), whole_request());
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(json_string(reply.body, "type"), "server_error");
}

TEST(SimulatorFaults, StallKeepsTheConnectionAndSaysNothingMore) {
  Simulator simulator(always(SimulatedFault::kStall));
  RawConnection client(simulator.port());
  client.send(stream_request());
  client.read_until("\"delta\":{\"content\":\"");
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().chunks_sent > 0; }));
  EXPECT_EQ(send_once(simulator.port(), get_request("/healthz")).status, 200);
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().requests_in_flight == 1; }));
  client.close();
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().aborted_by_client == 1; }));
}

TEST(SimulatorFaults, ResetComesInMidStream) {
  Simulator simulator(always(SimulatedFault::kReset));
  for (const std::string& request : {stream_request(), whole_request()}) {
    RawConnection client(simulator.port());
    client.send(request);
    const std::string bytes = client.read_to_end();
    EXPECT_TRUE(client.was_reset());
    EXPECT_EQ(bytes.find("[DONE]"), std::string::npos);
  }
  EXPECT_TRUE(wait_until([&simulator] { return simulator.stats().connections_open == 0; }));
  EXPECT_EQ(simulator.stats().answers_ended, 2U);
  EXPECT_EQ(simulator.stats().aborted_by_client, 0U);
}

TEST(SimulatorFaults, TruncateEndsInsideTheBody) {
  Simulator simulator(always(SimulatedFault::kTruncate));
  for (const std::string& request : {stream_request(), whole_request()}) {
    RawConnection client(simulator.port());
    client.send(request);
    const RawReply reply = client.read_reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_FALSE(reply.complete);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(reply.body.find("\"finish_reason\":\"stop\""), std::string::npos);
  }
}

TEST(SimulatorFaults, MissingDoneEndsTheBodyCorrectly) {
  Simulator simulator(always(SimulatedFault::kMissingDone));
  RawConnection client(simulator.port());
  client.send(stream_request());
  const RawReply reply = client.read_reply();
  EXPECT_TRUE(reply.complete);
  EXPECT_FALSE(streamed_text(event_payloads(reply.body)).empty());
  EXPECT_EQ(reply.body.find("[DONE]"), std::string::npos);
  EXPECT_EQ(reply.body.find("\"finish_reason\":\"stop\""), std::string::npos);
  client.send(get_request("/healthz"));
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(SimulatorFaults, ErrorsComeInsideA200) {
  Simulator simulator(always(SimulatedFault::kErrorInStream));
  const RawReply stream = send_once(simulator.port(), stream_request());
  EXPECT_EQ(stream.status, 200);
  EXPECT_TRUE(stream.complete);
  const std::vector<std::string> events = event_payloads(stream.body);
  EXPECT_FALSE(streamed_text(events).empty());
  EXPECT_EQ(events.back().rfind("{\"error\":{", 0), 0U);
  const RawReply whole = send_once(simulator.port(), whole_request());
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.body.rfind("{\"error\":{", 0), 0U);
}

TEST(SimulatorFaults, ARetryMayFareBetter) {
  Simulator simulator(
      SimulatorOptions().instant().seed(3).fault_rate(SimulatedFault::kServerError, 0.5));
  int failed = 0;
  for (int i = 0; i < 60; ++i) {
    failed += send_once(simulator.port(), whole_request()).status == 500 ? 1 : 0;
  }
  EXPECT_GT(failed, 10);
  EXPECT_LT(failed, 50);
  EXPECT_EQ(simulator.stats().fault_count(SimulatedFault::kServerError),
            static_cast<std::uint64_t>(failed));
}

TEST(SimulatorScript, AHookSeesTheRequestAndMayLeaveItAlone) {
  Simulator simulator(SimulatorOptions().instant());
  std::string seen;
  simulator.on_request([&seen](const SimulatedRequest& request) -> std::optional<SimulatedReply> {
    seen =
        request.method + ' ' + request.target + ' ' + std::string(request.header("authorization"));
    if (request.target == "/scripted") {
      return SimulatedReply::http(302, "text/html", "<html>", {{"Location", "http://x.example"}});
    }
    return std::nullopt;
  });
  const RawReply redirect =
      send_once(simulator.port(), get_request("/scripted", "Authorization: Bearer k\r\n"));
  EXPECT_EQ(redirect.status, 302);
  EXPECT_EQ(redirect.header("Location"), "http://x.example");
  EXPECT_EQ(seen, "GET /scripted Bearer k");
  EXPECT_EQ(send_once(simulator.port(), get_request("/healthz")).status, 200);
  simulator.on_request(nullptr);
  EXPECT_EQ(send_once(simulator.port(), get_request("/scripted")).status, 404);
}

TEST(SimulatorScript, AHookThatThrowsIsA500) {
  Simulator simulator(SimulatorOptions().instant());
  simulator.on_request([](const SimulatedRequest&) -> std::optional<SimulatedReply> {
    throw std::runtime_error("broken test");
  });
  EXPECT_EQ(send_once(simulator.port(), whole_request()).status, 500);
}

class SimulatorScriptTest : public ::testing::Test {
 protected:
  /// Answers every request with one script.
  void answer_with(SimulatedReply reply) {
    simulator_.on_request([reply](const SimulatedRequest&) { return std::optional(reply); });
  }

  Simulator simulator_{SimulatorOptions().instant()};
};

TEST_F(SimulatorScriptTest, SendsAnyBytes) {
  const std::string garbage("\x1f\x8b\x08\0\xff rubbish", 13);
  answer_with(SimulatedReply().write(garbage).close());
  RawConnection client(simulator_.port());
  client.send(whole_request());
  EXPECT_EQ(client.read_to_end(), garbage);
  EXPECT_TRUE(client.ended());
}

TEST_F(SimulatorScriptTest, StreamsEventsAndKeepsTheConnection) {
  answer_with(SimulatedReply::event_stream({"{\"a\":1}", "[DONE]"}));
  RawConnection client(simulator_.port());
  for (int i = 0; i < 2; ++i) {
    client.send(whole_request());
    const RawReply reply = client.read_reply();
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(event_payloads(reply.body), (std::vector<std::string>{"{\"a\":1}", "[DONE]"}));
  }
}

TEST_F(SimulatorScriptTest, TricklesByteByByte) {
  answer_with(SimulatedReply().write_slowly("slowly", 1, milliseconds(3)).close());
  RawConnection client(simulator_.port());
  const auto before = std::chrono::steady_clock::now();
  client.send(whole_request());
  EXPECT_EQ(client.read_to_end(), "slowly");
  EXPECT_GE(std::chrono::steady_clock::now() - before, milliseconds(14));
}

TEST_F(SimulatorScriptTest, HalfClosesAndGoesOn) {
  answer_with(SimulatedReply().write("half").half_close().delay(milliseconds(5)).reset());
  RawConnection client(simulator_.port());
  client.send(whole_request());
  EXPECT_EQ(client.read_to_end(), "half");
  EXPECT_TRUE(client.ended());
  EXPECT_TRUE(wait_until([this] { return simulator_.stats().connections_open == 0; }));
}

TEST_F(SimulatorScriptTest, ResetsAtOnce) {
  answer_with(SimulatedReply().reset());
  RawConnection client(simulator_.port());
  client.send(whole_request());
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.was_reset());
}

TEST_F(SimulatorScriptTest, HangsUntilTheClientGivesUp) {
  answer_with(SimulatedReply().write("HTTP/1.1 200 OK\r\n").hang());
  RawConnection client(simulator_.port());
  client.send(whole_request());
  client.read_until("\r\n");
  client.close();
  EXPECT_TRUE(wait_until([this] { return simulator_.stats().aborted_by_client == 1; }));
}

TEST_F(SimulatorScriptTest, WaitsForTheClientToClose) {
  answer_with(SimulatedReply().write("x").await_client_close().write("late").close());
  RawConnection client(simulator_.port());
  client.send(whole_request());
  client.read_until("x");
  client.shutdown_send();
  EXPECT_EQ(client.read_to_end(), "xlate");
  EXPECT_TRUE(wait_until([this] { return simulator_.stats().answers_ended == 1; }));
  EXPECT_EQ(simulator_.stats().aborted_by_client, 0U);
}

TEST_F(SimulatorScriptTest, EndsAConnectionBeforeItsFirstRequest) {
  simulator_.on_connection([](std::uint64_t number) -> std::optional<SimulatedReply> {
    if (number == 0) {
      return SimulatedReply().close();
    }
    return std::nullopt;
  });
  RawConnection first(simulator_.port());
  EXPECT_EQ(first.read_to_end(), "");
  EXPECT_EQ(send_once(simulator_.port(), get_request("/healthz")).status, 200);
}

TEST_F(SimulatorScriptTest, AHookMayStopTheServer) {
  simulator_.on_request([this](const SimulatedRequest&) -> std::optional<SimulatedReply> {
    simulator_.stop();
    return SimulatedReply().hang();
  });
  RawConnection client(simulator_.port());
  client.send(whole_request());
  EXPECT_EQ(client.read_to_end(), "");
}

}  // namespace
}  // namespace cochain
