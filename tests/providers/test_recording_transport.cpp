// Exchanges kept as they happen, without what nobody should keep.
#include <gmock/gmock.h>

#include <unistd.h>
#include <filesystem>

#include "async_test.hpp"
#include "cochain/chains/model/error.hpp"
#include "cochain/providers/curl_transport.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/providers/simulator.hpp"
#include "cochain/testing/replay_transport.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kKey = "verysecretkey-0123456789";

/// A transport that answers each request with one exchange.
std::shared_ptr<RecordingTransport> recorder_of(RecordedExchange answer) {
  std::vector<RecordedExchange> exchanges;
  exchanges.push_back(std::move(answer));
  return std::make_shared<RecordingTransport>(std::make_shared<ReplayTransport>(
      std::move(exchanges), ReplayOptions().with_order(ReplayOptions::Order::kRepeated)));
}

HttpRequest post(std::string url, std::string body = {}) {
  return HttpRequest("POST", std::move(url))
      .with_body(std::move(body))
      .secret_header("Authorization", Secret(kKey), "Bearer ");
}

Coro<std::string> text_of(std::shared_ptr<HttpTransport> transport, HttpRequest request) {
  HttpResponse response = co_await transport->open(std::move(request));
  std::string text = co_await read_all(std::move(response.body));
  co_return text;
}

/// A file that is gone when the test is over.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() / (name + "-" + std::to_string(::getpid()))) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

ASYNC_TEST(RecordingTransport, KeepsRequestAndAnswer) {
  RecordedExchange answer(201, "made");
  answer.header("Content-Type", "text/event-stream; charset=utf-8").header("X-Request-Id", "r1");
  const auto recorder = recorder_of(std::move(answer));
  const std::string text =
      co_await text_of(recorder, post("https://api.example/v1/x?a=1&b=2#f", R"({"m": 1})"));
  EXPECT_EQ(text, "made");
  const std::vector<RecordedExchange> kept = recorder->exchanges();
  EXPECT_THAT(kept, SizeIs(1));
  EXPECT_EQ(json_text(exchange_to_json(kept.at(0))),
            R"({"method":"POST","path":"/v1/x","query":{"a":"1","b":"2"},"request":{"m":1},)"
            R"("status":201,"headers":{"Content-Type":"text/event-stream; charset=utf-8",)"
            R"("X-Request-Id":"r1"},"stream":true,"body":"made"})");
}

ASYNC_TEST(RecordingTransport, BlotsOutSecretsWhereverTheyOccur) {
  RecordedExchange answer(200, std::string("you said ") + kKey + " and other-secret");
  answer.header("Set-Cookie", "session=1").header("OpenAI-Organization", "org-1");
  answer.header("X-Echo", std::string("key ") + kKey).header("X-Key", "sk-abcdefghijklmnop");
  const auto recorder = recorder_of(std::move(answer));
  recorder->blot_out(Secret("other-secret"));
  co_await text_of(recorder, post(std::string("https://api.example/") + kKey + "?key=abc&v=1",
                                  std::string(R"({"echo":")") + kKey + "\"}"));
  const std::string line = json_text(exchange_to_json(recorder->exchanges().at(0)));
  EXPECT_EQ(line, R"({"method":"POST","path":"/***","query":{"key":"***","v":"1"},)"
                  R"("request":{"echo":"***"},"status":200,"headers":{"X-Echo":"key ***",)"
                  R"("X-Key":"sk-***"},"stream":false,"body":"you said *** and ***"})");
}

ASYNC_TEST(RecordingTransport, BlotsOutKeyLikeWordsInErrorsOnly) {
  const auto good = recorder_of(RecordedExchange(200, "Basic understanding"));
  co_await text_of(good, post("http://x"));
  EXPECT_EQ(good->exchanges().at(0).body, "Basic understanding");
  const auto bad = recorder_of(RecordedExchange(401, "wrong key sk-abcdefghijklmnop"));
  co_await text_of(bad, post("http://x"));
  EXPECT_EQ(bad->exchanges().at(0).body, "wrong key sk-***");
}

ASYNC_TEST(RecordingTransport, KeepsTextThatIsNoJsonAndMendsWhatIsNoText) {
  const auto recorder = recorder_of(RecordedExchange(200, "caf\xe9"));
  co_await text_of(recorder, post("http://x", "plain \xff"));
  EXPECT_EQ(recorder->exchanges().at(0).request, Json("plain \uFFFD"));
  EXPECT_EQ(recorder->exchanges().at(0).body, "caf\uFFFD");
}

ASYNC_TEST(RecordingTransport, ABodyThatIsDroppedIsTruncatedAndAFinishedOneIsNot) {
  const auto recorder = recorder_of(RecordedExchange(200, "12345"));
  {
    const HttpResponse dropped = co_await recorder->open(post("http://x"));
    EXPECT_EQ(dropped.status, 200);
  }
  HttpResponse response = co_await recorder->open(post("http://x"));
  const std::optional<std::string> piece = co_await response.body->read();
  response.body->finish();
  response.body.reset();
  EXPECT_EQ(piece, "12345");
  const std::vector<RecordedExchange> kept = recorder->exchanges();
  EXPECT_THAT(kept, SizeIs(2));
  EXPECT_TRUE(kept.at(0).truncated);
  EXPECT_FALSE(kept.at(1).truncated);
  EXPECT_EQ(kept.at(1).body, "12345");
}

ASYNC_TEST(RecordingTransport, WhatCouldNotBeOpenedIsNotKept) {
  const auto recorder = std::make_shared<RecordingTransport>(
      std::make_shared<ReplayTransport>(std::vector<RecordedExchange>()));
  const std::exception_ptr error = co_await error_of(text_of(recorder, post("http://x")));
  EXPECT_TRUE(is<ReplayError>(error));
  EXPECT_THAT(recorder->exchanges(), SizeIs(0));
}

TEST(RecordingTransport, AFileThatCannotBeWrittenIsAnError) {
  const std::exception_ptr error =
      error_of_call([] { RecordingTransport recorder(make_curl_transport(), "/no/such/file"); });
  EXPECT_TRUE(is<Error>(error));
}

TEST(RecordingTransport, CanBeCancelledAtEverySuspension) {
  const int suspensions = cancel_at_every_suspension([] {
    std::vector<RecordedExchange> exchanges;
    exchanges.emplace_back(200, std::string(500, 'x'));
    const auto recorder = std::make_shared<RecordingTransport>(std::make_shared<ReplayTransport>(
        std::move(exchanges),
        ReplayOptions().with_split(3).with_first_byte_delay(1s).with_piece_delay(1s)));
    return [](std::shared_ptr<RecordingTransport> transport) -> Coro<> {
      co_await text_of(std::move(transport), post("http://x"));
    }(recorder);
  });
  EXPECT_GT(suspensions, 2);
}

// Once over a socket, then from the file: the two conversations are equal to the last event.
ASYNC_TEST_REAL_TIME(RecordingTransport, WhatWasRecordedFromAServerIsReplayedTheSame) {
  const TemporaryFile file("cochain-recording");
  Simulator simulator(SimulatorOptions().instant().api_key(kKey));
  const auto ask = [](std::shared_ptr<HttpTransport> transport, std::string base_url) {
    const auto model = make_openai_model(OpenAIOptions("sim-1")
                                             .with_base_url(std::move(base_url))
                                             .with_api_key(Secret(kKey))
                                             .with_transport(std::move(transport)));
    return model->generate_events(messages("Tell me about rain"), ChatOptions()).collect();
  };
  const auto recorder = std::make_shared<RecordingTransport>(make_curl_transport(), file.path());
  const std::vector<ContentEvent> live = co_await ask(recorder, simulator.base_url());
  simulator.stop();
  const std::vector<RecordedExchange> kept = read_exchanges(file.path());
  EXPECT_THAT(kept, SizeIs(1));
  EXPECT_THAT(json_text(exchange_to_json(kept.at(0))), Not(HasSubstr(kKey)));
  const auto replay = std::make_shared<ReplayTransport>(
      kept, ReplayOptions().with_split(9).with_match(ReplayOptions::Match::kLineAndBody));
  const std::vector<ContentEvent> again = co_await ask(replay, "https://replay.invalid/v1");
  EXPECT_EQ(live, again);
  EXPECT_GT(live.size(), 5U);
}

}  // namespace
}  // namespace cochain::testing
