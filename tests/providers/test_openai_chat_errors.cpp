// The chat model over real sockets when things go wrong: each failure has its type, and the error
// names model, status and request, keeps the text so far, and never holds the key.
#include "chat_peer.hpp"

namespace cochain {
namespace {

using namespace cochain::testing;

constexpr std::string_view kError =
    R"({"error":{"message":"no luck","type":"some_type","code":"some_code"}})";

SimulatedReply refusal(int status, std::vector<std::pair<std::string, std::string>> headers = {}) {
  headers.emplace_back("X-Request-Id", "req_7");
  return SimulatedReply::http(status, "application/json", kError, std::move(headers));
}

using Headers = std::vector<std::pair<std::string, std::string>>;

Headers one_header(std::string name, std::string value) {
  Headers headers;
  headers.emplace_back(std::move(name), std::move(value));
  return headers;
}

/// Both ways of asking fail alike.
template <class E>
Coro<std::optional<E>> expect_status(int status, bool retryable, Headers headers = Headers()) {
  Peer peer(refusal(status, headers));
  auto model = model_of(peer);
  const Streamed by_stream = co_await stream_from(model);
  EXPECT_TRUE(by_stream.events.empty());
  const std::exception_ptr whole = co_await failure_of(text_from(model));
  std::optional<E> last;
  for (const std::exception_ptr& each : {by_stream.error, whole}) {
    last = expect_error<E>(each);
    if (!last) co_return last;
    EXPECT_EQ(last->status(), status);
    EXPECT_EQ(last->retryable(), retryable) << status;
    EXPECT_EQ(last->model(), "sim-1");
    EXPECT_EQ(last->request_id(), "req_7");
    EXPECT_EQ(last->info().code, "some_code");
    EXPECT_NE(std::string(last->what()).find("no luck"), std::string::npos) << last->what();
  }
  EXPECT_EQ(peer.stats().requests, 2U);  // nobody tried again behind our back
  EXPECT_EQ(peer.stats().connections_accepted, 1U);
  co_return last;
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, EachStatusHasItsType) {
  co_await expect_status<BadRequestError>(400, false);
  co_await expect_status<AuthError>(401, false);
  co_await expect_status<QuotaError>(402, false);
  co_await expect_status<AuthError>(403, false);
  co_await expect_status<NotFoundError>(404, false);
  co_await expect_status<ContentTooLargeError>(413, false);
  co_await expect_status<RateLimitError>(429, true);
  co_await expect_status<ServerError>(500, true);
  co_await expect_status<OverloadedError>(503, true);
  co_await expect_status<OverloadedError>(529, true);
}

Coro<> expect_hint(std::string name, std::string value, std::optional<Duration> expected) {
  Headers headers = one_header(std::move(name), value);
  const std::optional<RateLimitError> error =
      co_await expect_status<RateLimitError>(429, true, std::move(headers));
  if (error) {
    EXPECT_EQ(error->retry_after(), expected) << value;
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, HintsWhenToTryAgainArrive) {
  co_await expect_hint("Retry-After", "7", 7s);
  co_await expect_hint("retry-after-ms", "250", 250ms);
  co_await expect_hint("Retry-After", "1.5", 1500ms);
  co_await expect_hint("Retry-After", "soon", std::nullopt);
  co_await expect_hint("Retry-After", "-3", std::nullopt);
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, TheServerMaySayWhetherToTryAgain) {
  Headers yes = one_header("x-should-retry", "true");
  Headers no = one_header("x-should-retry", "false");
  co_await expect_status<BadRequestError>(400, true, std::move(yes));
  co_await expect_status<ServerError>(500, false, std::move(no));
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, ARedirectIsAnErrorAndItsTargetHearsNothing) {
  Peer target(text_answer("never"));
  Peer peer(SimulatedReply::http(307, "text/plain", "",
                                 {{"Location", target.url("/v1?token=" + kCanary)}}));
  const std::exception_ptr error = co_await failure_of(text_from(model_of(peer)));
  if (const auto redirected = expect_error<HttpError>(error)) {
    EXPECT_FALSE(redirected->retryable());
    EXPECT_EQ(std::string(redirected->what()).find("token"), std::string::npos);
  }
  EXPECT_EQ(target.stats().connections_accepted, 0U);
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, APageOfHtml) {
  const std::string page = "<html><head><title>502 Bad Gateway</title></head></html>";
  for (const int status : {502, 200}) {
    Peer peer(SimulatedReply::http(status, "text/html", page));
    auto model = model_of(peer);
    const Streamed by_stream = co_await stream_from(model);
    const std::exception_ptr whole = co_await failure_of(text_from(model));
    for (const std::exception_ptr& each : {by_stream.error, whole}) {
      if (status == 502) {
        if (const auto error = expect_error<ServerError>(each)) {
          EXPECT_TRUE(error->retryable());
        }
      } else {
        expect_error<ProtocolError>(each);
      }
      EXPECT_NE(describe(each).find("Bad Gateway"), std::string::npos) << describe(each);
    }
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, AnEmptyAnswer) {
  for (const int status : {200, 204}) {
    Peer peer(status == 204 ? raw("HTTP/1.1 204 No Content\r\n\r\n")
                            : SimulatedReply::http(200, "text/event-stream", ""));
    auto model = model_of(peer);
    const Streamed by_stream = co_await stream_from(model);
    const std::exception_ptr whole = co_await failure_of(text_from(model));
    expect_error<IncompleteStreamError>(by_stream.error);
    expect_error<IncompleteStreamError>(whole);
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, AnErrorBodyThatIsTooLongOrBreaksOffIsStillThatError) {
  const std::string head = "HTTP/1.1 429 Slow\r\nRetry-After: 3\r\n";
  const std::string length = "Content-Length: 500000\r\n\r\n";
  const std::vector<SimulatedReply> replies = {
      raw(head + length + std::string(500'000, 'e')), raw(head + length + "torn").close(),
      raw(head + length + "torn").delay(10ms).reset(), raw(head + "\r\n").close()};
  for (const SimulatedReply& reply : replies) {
    Peer peer(reply);
    const Streamed all = co_await stream_from(model_of(peer));
    if (const auto error = expect_error<RateLimitError>(all.error)) {
      EXPECT_EQ(error->retry_after(), 3s);
      EXPECT_LT(std::string(error->what()).size(), 1000U);
    }
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, AnErrorInsideTheStream) {
  const std::string event =
      R"(data: {"error":{"message":"too busy","type":"overloaded_error","code":null}})"
      "\n\n";
  for (const std::string before : {"", "Hello"}) {
    Peer peer(
        raw(stream_head() + chunk((before.empty() ? "" : text_event(before)) + event) + chunk("")));
    const Streamed all = co_await stream_from(model_of(peer));
    EXPECT_EQ(all.text, before);
    if (const auto error = expect_error<StreamError>(all.error)) {
      EXPECT_EQ(error->partial_text(), before);
      EXPECT_EQ(error->info().type, "overloaded_error");
      EXPECT_EQ(error->request_id(), "req_1");
      EXPECT_EQ(error->model(), "sim-1");
      EXPECT_TRUE(error->retryable());
    }
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, AStreamThatBreaksKeepsItsText) {
  const std::string begun = stream_head() + chunk(text_event("Once upon"));
  const std::vector<SimulatedReply> broken = {
      raw(begun).delay(20ms).close(), raw(begun).delay(20ms).reset(), raw(begun + chunk("")),
      raw(begun + "zz\r\n"), raw(begun).hang()};
  for (std::size_t i = 0; i < broken.size(); ++i) {
    SCOPED_TRACE(i);
    Peer peer(broken[i]);
    const bool hangs = i + 1 == broken.size();
    auto model = make_openai_model(options_for(peer).with_idle_timeout(hangs ? 150ms : 10s));
    const Streamed all = co_await stream_from(model);
    EXPECT_EQ(all.text, "Once upon");
    if (const auto error = expect_error<ModelError>(all.error)) {
      EXPECT_EQ(error->partial_text(), "Once upon");
      EXPECT_EQ(error->request_id(), "req_1");
    }
    if (i == 0 || i == 2) {
      expect_error<IncompleteStreamError>(all.error);
    } else {
      expect_error<TransportError>(all.error);
    }
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, PingsAreNoContent) {
  for (const std::string ping : {": ping\n\n", "\n\n"}) {
    SimulatedReply reply = raw(stream_head());
    if (ping.front() == ':') reply.write(chunk(text_event("Hi")));
    for (int i = 0; i < 400; ++i) reply.delay(20ms).write(chunk(ping));
    Peer peer(reply);
    auto model =
        make_openai_model(options_for(peer).with_idle_timeout(3s).with_content_timeout(200ms));
    Stopwatch watch;
    const Streamed all = co_await stream_from(model);
    EXPECT_GE(watch.elapsed(), 190ms);
    EXPECT_LT(watch.elapsed(), 5s);
    if (const auto error = expect_error<TransportError>(all.error)) {
      EXPECT_EQ(error->partial_text(), ping.front() == ':' ? "Hi" : "");
    }
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, AnEventOfTwentyMegabytes) {
  Peer peer(raw(stream_head() + chunk(text_event("Hi")) +
                chunk("data: \"" + std::string(20 << 20, 'x') + "\"\n\n") + chunk("")));
  const Streamed all = co_await stream_from(model_of(peer));
  if (const auto error = expect_error<LimitError>(all.error)) {
    EXPECT_EQ(error->partial_text(), "Hi");
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, AnAnswerLargerThanItsLimit) {
  Peer peer(raw(stream_head() + chunk(text_event("Hi") + std::string(50'000, ':')) + chunk("")));
  auto model = make_openai_model(options_for(peer).with_answer_bytes_max(10'000));
  const Streamed all = co_await stream_from(model);
  expect_error<LimitError>(all.error);
  const std::exception_ptr whole = co_await failure_of(text_from(model));
  expect_error<LimitError>(whole);
}

void expect_no_key(const std::exception_ptr& error) {
  EXPECT_EQ(describe(error).find("canary"), std::string::npos) << describe(error);
  if (const auto told = expect_error<ModelError>(error)) {
    const ErrorInfo& info = told->info();
    for (const std::string& text : {info.body, info.type, info.code, info.param, info.request}) {
      EXPECT_EQ(text.find("canary"), std::string::npos) << text;
    }
    for (const auto& [name, value] : info.headers) {
      EXPECT_EQ(value.find("canary"), std::string::npos) << name;
    }
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, NoErrorHoldsTheKeyThoughTheServerRepeatsIt) {
  const std::string echo = R"({"error":{"message":"Incorrect API key: )" + kCanary +
                           R"(","type":"x-)" + kCanary + R"(","code":")" + kCanary + R"("}})";
  const std::vector<SimulatedReply> replies = {
      SimulatedReply::http(401, "application/json", echo, {{"X-Echo", "Bearer " + kCanary}}),
      SimulatedReply::http(200, "application/json", echo),
      SimulatedReply::http(500, "text/html", "<p>" + kCanary + "</p>"),
      SimulatedReply::http(200, "text/html", "<p>" + kCanary + "</p>"),
      raw(stream_head() + chunk("data: " + echo + "\n\n") + chunk("")),
      raw(stream_head() + chunk("data: {broken " + kCanary + "\n\n") + chunk("")),
      raw("HTTP/1.1 " + kCanary + "\r\n\r\n").close()};
  for (std::size_t i = 0; i < replies.size(); ++i) {
    SCOPED_TRACE(i);
    Peer peer(replies[i]);
    auto model = model_of(peer);
    const Streamed by_stream = co_await stream_from(model);
    const std::exception_ptr whole = co_await failure_of(text_from(model));
    expect_no_key(by_stream.error);
    expect_no_key(whole);
  }
}

ASYNC_TEST_REAL_TIME(OpenAIChatErrors, AServerThatIsNotThereIsNamed) {
  auto model = make_openai_model(OpenAIOptions("sim-1").with_base_url("http://127.0.0.1:1/v1"));
  const Streamed all = co_await stream_from(model);
  if (const auto error = expect_error<ConnectError>(all.error)) {
    EXPECT_EQ(error->model(), "sim-1");
    EXPECT_NE(std::string(error->what()).find("127.0.0.1"), std::string::npos);
  }
}

}  // namespace
}  // namespace cochain
