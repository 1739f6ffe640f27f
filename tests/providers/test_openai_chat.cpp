// The chat model over real sockets: answers that go well, and how their ends are met.
#include "chat_peer.hpp"
#include "process_state.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

std::shared_ptr<ChatModel> model_of(const Simulator& simulator) {
  return make_openai_model(OpenAIOptions("sim-1").with_base_url(simulator.base_url()));
}

SimulatorOptions quick() {
  return SimulatorOptions().instant().answer_tokens(30).request_log_max(8);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, TheWholeAnswerAndTheStreamSayTheSame) {
  Simulator simulator(quick());
  auto model = model_of(simulator);
  const std::string whole = co_await text_from(model);
  const Streamed pieces = co_await stream_from(model);
  EXPECT_FALSE(pieces.error) << describe(pieces.error);
  EXPECT_FALSE(whole.empty());
  EXPECT_EQ(pieces.text, whole);
  EXPECT_GT(pieces.events.size(), 20U);
  EXPECT_EQ(pieces.events.back().kind, EventKind::kMessageFinish);
  EXPECT_EQ(simulator.stats().connections_accepted, 1U);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, SendsTheKeyInItsHeaderAndNowhereElse) {
  Peer peer(SimulatedReply::http(400, "application/json", "{}"));
  auto model = make_openai_model(options_for(peer)
                                     .with_base_url(peer.url("/v1///"))
                                     .with_organization("o1")
                                     .with_project("p1"));
  co_await failure_of(text_from(model));
  co_await stream_from(model);
  for (const SimulatedRequest& seen : peer.seen()) {
    EXPECT_EQ(seen.target, "/v1/chat/completions");
    EXPECT_EQ(seen.header("authorization"), "Bearer " + kCanary);
    EXPECT_EQ(seen.header("openai-organization"), "o1");
    EXPECT_EQ(seen.header("openai-project"), "p1");
    EXPECT_EQ(seen.header("content-type"), "application/json");
    EXPECT_EQ(seen.body.find("canary"), std::string::npos);
  }
  EXPECT_EQ(peer.seen().at(0).header("accept"), "*/*");
  EXPECT_EQ(peer.seen().at(1).header("accept"), "text/event-stream");
}

ASYNC_TEST_REAL_TIME(OpenAIChat, SendsNoAuthorizationWithoutAKey) {
  Peer peer(SimulatedReply::http(400, "application/json", "{}"));
  co_await failure_of(
      text_from(make_openai_model(OpenAIOptions("m").with_base_url(peer.url("/v1")))));
  EXPECT_EQ(peer.seen().at(0).header_count("authorization"), 0U);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, TheRequestLogShowsNoKey) {
  Simulator simulator(quick().api_key(kCanary));
  auto model = make_openai_model(
      OpenAIOptions("sim-1").with_base_url(simulator.base_url()).with_api_key(Secret(kCanary)));
  const std::string text = co_await text_from(model);
  EXPECT_FALSE(text.empty());
  for (const SimulatedRequest& request : simulator.requests()) {
    for (const auto& [name, value] : request.headers) {
      EXPECT_EQ(value.find("canary"), std::string::npos) << name;
    }
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChat, AByteAtATimeAndWithCarriageReturns) {
  const std::string lines =
      text_event("Hel") + ": ping\n\n" + text_event("lo") + kStopEvent + kDone;
  std::string returns;
  for (const char c : lines) returns += c == '\n' ? "\r\n" : std::string(1, c);
  for (const std::string& body : {lines, returns}) {
    Peer peer(raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n")
                  .write_slowly(body, 1, 0ms));
    const Streamed all = co_await stream_from(testing::model_of(peer));
    EXPECT_FALSE(all.error) << describe(all.error);
    EXPECT_EQ(all.text, "Hello");
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChat, AStreamUnderAnyContentType) {
  for (const std::string type :
       {"", "Content-Type: text/plain\r\n", "Content-Type: application/json\r\n"}) {
    Peer peer(raw("HTTP/1.1 200 OK\r\n" + type + "\r\n\n\n" + text_event("Hi") + kStopEvent + kDone)
                  .close());
    const Streamed all = co_await stream_from(testing::model_of(peer));
    EXPECT_FALSE(all.error) << describe(all.error);
    EXPECT_EQ(all.text, "Hi") << type;
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChat, AWholeAnswerWhereAStreamWasAskedFor) {
  const std::string body =
      R"({"id":"c1","model":"sim-1","choices":[{"index":0,"finish_reason":"stop",)"
      R"("message":{"role":"assistant","content":"All at once"}}]})";
  for (const std::string type :
       {"application/json", "Application/JSON; charset=utf-8", "text/event-stream", "text/plain"}) {
    Peer peer(SimulatedReply::http(200, type, body));
    const Streamed all = co_await stream_from(testing::model_of(peer));
    EXPECT_FALSE(all.error) << describe(all.error);
    EXPECT_EQ(all.text, "All at once");
    EXPECT_EQ(all.events.back().kind, EventKind::kMessageFinish);
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChat, AReasonWithoutAMarkIsAnEnd) {
  Peer peer(raw(stream_head() + chunk(text_event("fine") + kStopEvent) + chunk("")));
  const Streamed all = co_await stream_from(testing::model_of(peer));
  EXPECT_FALSE(all.error) << describe(all.error);
  EXPECT_EQ(all.text, "fine");
}

ASYNC_TEST_REAL_TIME(OpenAIChat, WhatFollowsTheMarkIsNotRead) {
  Peer peer(raw(stream_head() +
                chunk(text_event("fine") + kStopEvent + kDone + text_event("more") + kDone +
                      "data: {broken\n\n") +
                chunk("")));
  auto model = testing::model_of(peer);
  for (int i = 0; i < 2; ++i) {
    const Streamed all = co_await stream_from(model);
    EXPECT_FALSE(all.error) << describe(all.error);
    EXPECT_EQ(all.text, "fine");
  }
  EXPECT_EQ(peer.stats().connections_accepted, 1U);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, ACallIsOverAtTheMarkThoughTheServerHoldsOn) {
  Peer peer(raw(stream_head() + chunk(text_event("fine") + kStopEvent + kDone)).hang());
  auto model = testing::model_of(peer);
  const Streamed all = co_await stream_from(model);
  EXPECT_EQ(peer.stats().aborted_by_client, 0U);  // the call is over before its connection is
  EXPECT_FALSE(all.error) << describe(all.error);
  EXPECT_EQ(all.text, "fine");
  const bool closed = co_await eventually([&] { return peer.stats().aborted_by_client == 1; });
  EXPECT_TRUE(closed);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, AConnectionWhoseEndComesALittleLateIsUsedAgain) {
  Peer peer(raw(stream_head() + chunk(text_event("fine") + kStopEvent + kDone))
                .delay(20ms)
                .write(chunk("")));
  auto model = testing::model_of(peer);
  constexpr std::uint64_t kCalls = 8;
  for (std::uint64_t i = 0; i < kCalls; ++i) {
    const Streamed all = co_await stream_from(model);
    EXPECT_EQ(all.text, "fine");
    // A machine that stands still for longer than is waited for an end costs a connection.
    const bool ended = co_await eventually([&] {
      const SimulatorStats stats = peer.stats();
      return stats.answers_ended + stats.aborted_by_client > i;
    });
    EXPECT_TRUE(ended);
    co_await sleep(10ms);  // the end is read
  }
  const std::uint64_t lost = peer.stats().aborted_by_client;
  EXPECT_LE(peer.stats().connections_accepted, 1 + lost);
  EXPECT_LT(lost, kCalls);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, DroppingTheStreamClosesItsConnection) {
  Simulator simulator(SimulatorOptions()
                          .first_token(SimulatedLatency::none())
                          .between_tokens(SimulatedLatency::fixed(std::chrono::hours(1))));
  auto model = model_of(simulator);
  {
    Stream<ContentEvent> stream = model->generate_events(hello(), model->options());
    const std::optional<ContentEvent> first = co_await stream.next();
    EXPECT_TRUE(first);
    model.reset();  // what it returned keeps what it needs
  }
  const bool closed = co_await eventually([&] { return simulator.stats().aborted_by_client == 1; });
  EXPECT_TRUE(closed);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, AnExceptionOfTheConsumerClosesTheConnection) {
  Peer peer(raw(stream_head() + chunk(text_event("begun"))).hang());
  auto model = testing::model_of(peer);
  try {
    Stream<ContentEvent> stream = model->generate_events(hello(), model->options());
    while (const std::optional<ContentEvent> event = co_await stream.next()) {
      if (event->text == "begun") throw std::runtime_error("enough");
    }
  } catch (const std::runtime_error&) {
  }
  const bool closed = co_await eventually([&] { return peer.stats().aborted_by_client == 1; });
  EXPECT_TRUE(closed);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, ADeadlineAndACancellationEndACall) {
  Peer peer(SimulatedReply().hang());
  auto model = testing::model_of(peer);
  const std::exception_ptr late = co_await failure_of(wait_for(text_from(model), 50ms));
  expect_error<TimeoutError>(late);
  const Task<Streamed> task = create_task(stream_from(model));
  const bool asked = co_await eventually([&] { return peer.stats().requests == 2; });
  EXPECT_TRUE(asked);
  task.cancel();
  const bool cancelled = co_await was_cancelled(task);
  EXPECT_TRUE(cancelled);
  const bool closed = co_await eventually([&] { return peer.stats().aborted_by_client == 2; });
  EXPECT_TRUE(closed);
}

ASYNC_TEST_REAL_TIME(OpenAIChat, ASlowReaderOfAStreamHoldsTheServerBack) {
  SimulatedReply reply = raw(stream_head());
  const std::string piece = chunk(text_event(std::string(60'000, 'x')));
  for (int i = 0; i < 300; ++i) reply.write(piece);
  Peer peer(reply.write(chunk(kStopEvent + kDone) + chunk("")));
  auto model = testing::model_of(peer);
  Stream<ContentEvent> stream = model->generate_events(hello(), model->options());
  co_await stream.next();
  co_await sleep(150ms);
  EXPECT_LT(peer.stats().bytes_written, 12'000'000U);
  const Streamed rest = co_await streamed(std::move(stream));
  EXPECT_FALSE(rest.error) << describe(rest.error);
  EXPECT_EQ(rest.text.size(), 300U * 60'000);
}

TEST(OpenAIChat, OneModelServesOneLoopAfterAnother) {
  Simulator simulator(quick());
  auto model = model_of(simulator);
  const std::string first = run(text_from(model));
  EXPECT_EQ(run(text_from(model)), first);
  EXPECT_THROW((void)make_openai_model(OpenAIOptions()), BadRequestError);
}

}  // namespace
}  // namespace cochain
