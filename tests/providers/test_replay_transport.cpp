// Recorded exchanges served again: which one fits, how the body is cut, and what goes wrong.
#include <gmock/gmock.h>

#include "async_test.hpp"
#include "cochain/chains/model/error.hpp"
#include "cochain/providers/openai.hpp"
#include "cochain/testing/replay_transport.hpp"
#include "thrown.hpp"

namespace cochain::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Order = ReplayOptions::Order;
using Match = ReplayOptions::Match;

template <class E>
std::string words_of(const std::exception_ptr& error) {
  try {
    if (error) std::rethrow_exception(error);
  } catch (const E& known) {
    return known.what();
  }
  return {};
}

HttpRequest post(std::string url, std::string body = {}) {
  return HttpRequest("POST", std::move(url)).with_body(std::move(body));
}

RecordedExchange exchange(std::string path, std::string body) {
  RecordedExchange made(200, std::move(body));
  made.path = std::move(path);
  return made;
}

template <class... Each>
std::vector<RecordedExchange> list(Each... each) {
  std::vector<RecordedExchange> exchanges;
  (exchanges.push_back(std::move(each)), ...);
  return exchanges;
}

/// Awaits an answer and all of its body.
Coro<std::string> text_of(std::shared_ptr<HttpTransport> transport, HttpRequest request) {
  HttpResponse response = co_await transport->open(std::move(request));
  std::string text = co_await read_all(std::move(response.body));
  co_return text;
}

Coro<std::vector<std::string>> pieces_of(std::shared_ptr<HttpTransport> transport) {
  HttpResponse response = co_await transport->open(post("http://x/"));
  std::vector<std::string> pieces;
  while (auto piece = co_await response.body->read()) pieces.push_back(std::move(*piece));
  co_return pieces;
}

ASYNC_TEST(ReplayTransport, ServesExchangesInTheirOrder) {
  const auto replay =
      std::make_shared<ReplayTransport>(list(exchange("/a", "one"), exchange("/b", "two")));
  EXPECT_EQ(replay->remaining(), 2U);
  const std::string one = co_await text_of(replay, post("https://api.example/a"));
  const std::string two = co_await text_of(replay, post("https://api.example/b?x=1#y"));
  EXPECT_EQ(one, "one");
  EXPECT_EQ(two, "two");
  EXPECT_EQ(replay->remaining(), 0U);
  EXPECT_EQ(replay->requests().at(1).url, "https://api.example/b?x=1#y");
}

ASYNC_TEST(ReplayTransport, GivesStatusAndHeaders) {
  RecordedExchange refused(429, "{}");
  refused.header("Retry-After", "3").header("Warning", "a").header("Warning", "b");
  const auto replay = std::make_shared<ReplayTransport>(list(std::move(refused)));
  const HttpResponse response = co_await replay->open(post("http://x/anything"));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers.get("retry-after"), "3");
  EXPECT_THAT(response.headers.get_all("warning"), ElementsAre("a", "b"));
}

ASYNC_TEST(ReplayTransport, SaysWhyTheNextExchangeDoesNotFit) {
  const auto replay =
      std::make_shared<ReplayTransport>(list(exchange("/a", "one"), exchange("/b", "two")));
  const std::exception_ptr error = co_await error_of(text_of(replay, post("http://x/b")));
  EXPECT_EQ(words_of<ReplayError>(error),
            "no recorded exchange answers POST /b (request 1; 0 of 2 exchanges were served)\n"
            "  - exchange 1: it is for POST /a");
  EXPECT_FALSE(is<ModelError>(error));
  EXPECT_EQ(replay->remaining(), 2U);
}

ASYNC_TEST(ReplayTransport, RunsOutOfExchanges) {
  const auto replay = std::make_shared<ReplayTransport>(list(exchange("", "one")));
  co_await text_of(replay, post("http://x"));
  const std::exception_ptr error = co_await error_of(text_of(replay, post("http://x")));
  EXPECT_EQ(words_of<ReplayError>(error),
            "no recorded exchange answers POST / (request 2; 1 of 1 exchanges were served)");
}

ASYNC_TEST(ReplayTransport, FindsTheExchangeWhoseBodyIsEqualAsJson) {
  RecordedExchange first = exchange("/a", "first");
  first.request = parse_json(R"({"model":"m","messages":[{"content":"one"}]})");
  RecordedExchange second = exchange("/a", "second");
  second.request = parse_json(R"({"model":"m","messages":[{"content":"two"}]})");
  const auto replay = std::make_shared<ReplayTransport>(
      list(first, second), ReplayOptions().with_order(Order::kAny).with_match(Match::kLineAndBody));
  const std::string found = co_await text_of(
      replay, post("http://x/a", R"({ "messages": [{"content":"two"}], "model": "m" })"));
  EXPECT_EQ(found, "second");
  // Each is served once, and the other one does not fit.
  const std::exception_ptr error = co_await error_of(
      text_of(replay, post("http://x/a", R"({"messages":[{"content":"two"}],"model":"m"})")));
  EXPECT_THAT(words_of<ReplayError>(error),
              HasSubstr("exchange 1: the body differs at $.messages[0].content"));
}

ASYNC_TEST(ReplayTransport, NamesWhereABodyDiffers) {
  RecordedExchange recorded = exchange("", "x");
  recorded.request = parse_json(R"({"a":[1,2],"b":{"c":null}})");
  const auto replay = std::make_shared<ReplayTransport>(
      list(std::move(recorded)),
      ReplayOptions().with_order(Order::kRepeated).with_match(Match::kLineAndBody));
  const auto place = [&](std::string body) {
    return error_of(text_of(replay, post("http://x", body)));
  };
  const std::exception_ptr longer = co_await place(R"({"a":[1,2,3],"b":{"c":null}})");
  EXPECT_THAT(words_of<ReplayError>(longer), HasSubstr("differs at $.a[2]"));
  const std::exception_ptr missing = co_await place(R"({"a":[1,2],"b":{}})");
  EXPECT_THAT(words_of<ReplayError>(missing), HasSubstr("differs at $.b.c"));
  const std::exception_ptr more = co_await place(R"({"a":[1,2],"b":{"c":null},"d":1})");
  EXPECT_THAT(words_of<ReplayError>(more), HasSubstr("differs at $.d"));
  const std::exception_ptr text = co_await place("no json");
  EXPECT_THAT(words_of<ReplayError>(text), HasSubstr("differs at $"));
  const std::exception_ptr same = co_await place(R"({"b":{"c":null},"a":[1,2]})");
  EXPECT_EQ(same, nullptr);
}

ASYNC_TEST(ReplayTransport, RepeatsExchangesIfItIsAskedTo) {
  const auto replay =
      std::make_shared<ReplayTransport>(list(exchange("/a", "one"), exchange("/b", "two")),
                                        ReplayOptions().with_order(Order::kRepeated));
  for (int round = 0; round < 3; ++round) {
    const std::string two = co_await text_of(replay, post("http://x/b"));
    EXPECT_EQ(two, "two");
  }
  EXPECT_EQ(replay->remaining(), 1U);
}

ASYNC_TEST(ReplayTransport, AQueryMattersIfOneWasRecorded) {
  RecordedExchange one = exchange("/a", "one");
  one.query = "v=1";
  RecordedExchange two = exchange("/a", "two");
  two.query = "v=2";
  const auto replay =
      std::make_shared<ReplayTransport>(list(one, two), ReplayOptions().with_order(Order::kAny));
  const std::string text = co_await text_of(replay, post("http://x/a?v=2"));
  EXPECT_EQ(text, "two");
}

ASYNC_TEST(ReplayTransport, CutsBodiesByTheSeed) {
  const std::string body(5000, 'x');
  const auto cut = [&](std::uint64_t seed) {
    return pieces_of(std::make_shared<ReplayTransport>(list(exchange("", body)),
                                                       ReplayOptions().with_split(seed)));
  };
  const std::vector<std::string> pieces = co_await cut(7);
  const std::vector<std::string> again = co_await cut(7);
  const std::vector<std::string> other = co_await cut(8);
  EXPECT_GT(pieces.size(), 10U);
  EXPECT_EQ(pieces, again);
  EXPECT_NE(pieces, other);
  std::string whole;
  for (const std::string& piece : other) whole += piece;
  EXPECT_EQ(whole, body);
}

ASYNC_TEST(ReplayTransport, WaitsByTheLoopsClock) {
  const auto replay = std::make_shared<ReplayTransport>(
      list(exchange("", std::string(500, 'x'))),
      ReplayOptions().with_split(1).with_first_byte_delay(2s).with_piece_delay(10ms));
  const TimePoint start = EventLoop::current().time();
  const std::vector<std::string> pieces = co_await pieces_of(replay);
  const auto gaps = static_cast<int>(pieces.size()) - 1;
  EXPECT_GT(gaps, 0);
  EXPECT_EQ(EventLoop::current().time() - start, 2s + gaps * 10ms);
}

ASYNC_TEST(ReplayTransport, HoldsToTheTimeoutsOfTheRequest) {
  const auto late = std::make_shared<ReplayTransport>(list(exchange("", "x")),
                                                      ReplayOptions().with_first_byte_delay(2s));
  const TimePoint start = EventLoop::current().time();
  HttpRequest hurried = post("http://x").with_first_byte_timeout(1s);
  const std::exception_ptr no_answer = co_await error_of(text_of(late, std::move(hurried)));
  EXPECT_EQ(words_of<TransportError>(no_answer), "no answer came within 1000 ms (replay)");
  EXPECT_EQ(EventLoop::current().time() - start, 1s);
  const auto slow =
      std::make_shared<ReplayTransport>(list(exchange("", std::string(1000, 'x'))),
                                        ReplayOptions().with_split(1).with_piece_delay(5s));
  HttpRequest impatient = post("http://x").with_idle_timeout(1s);
  const std::exception_ptr silent = co_await error_of(text_of(slow, std::move(impatient)));
  EXPECT_EQ(words_of<TransportError>(silent), "no byte came for 1000 ms (replay)");
}

ASYNC_TEST(ReplayTransport, EndsTruncatedAndTooLargeBodiesWithAnError) {
  RecordedExchange broken = exchange("", "half");
  broken.truncated = true;
  const auto replay =
      std::make_shared<ReplayTransport>(list(std::move(broken), exchange("", "12345")));
  const std::exception_ptr incomplete = co_await error_of(text_of(replay, post("http://x")));
  EXPECT_TRUE(is<IncompleteStreamError>(incomplete));
  HttpRequest small = post("http://x").with_body_bytes_max(4);
  const std::exception_ptr too_large = co_await error_of(text_of(replay, std::move(small)));
  EXPECT_TRUE(is<LimitError>(too_large));
}

ASYNC_TEST(ReplayTransport, AFinishedBodyGivesNothingMore) {
  const auto replay = std::make_shared<ReplayTransport>(list(exchange("", "12345")));
  HttpResponse response = co_await replay->open(post("http://x"));
  response.body->finish();
  const std::exception_ptr error = co_await error_of(response.body->read());
  EXPECT_TRUE(is<InvalidStateError>(error));
}

TEST(ReplayTransport, CanBeCancelledAtEverySuspension) {
  const int suspensions = cancel_at_every_suspension([] {
    const auto replay = std::make_shared<ReplayTransport>(
        list(exchange("", std::string(500, 'x'))),
        ReplayOptions().with_split(3).with_first_byte_delay(1s).with_piece_delay(1s));
    return [](std::shared_ptr<HttpTransport> transport) -> Coro<> {
      co_await pieces_of(std::move(transport));
    }(replay);
  });
  EXPECT_GT(suspensions, 2);
}

ASYNC_TEST(ReplayTransport, AModelOverItIsTheWholeModel) {
  RecordedExchange recorded = exchange(
      "/v1/chat/completions",
      "data: "
      "{\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}"
      "\n\n"
      "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: "
      "[DONE]\n\n");
  const auto replay =
      std::make_shared<ReplayTransport>(list(std::move(recorded)), ReplayOptions().with_split(5));
  const auto model = make_openai_model(OpenAIOptions("m").with_transport(replay));
  std::string text;
  Stream<AIMessageChunk> chunks = model->stream(messages("hello"));
  while (auto chunk = co_await chunks.next()) text += chunk->content();
  EXPECT_EQ(text, "Hi");
  EXPECT_THAT(replay->requests().at(0).body, HasSubstr("hello"));
  const std::exception_ptr error = co_await error_of(model->invoke(messages("again")));
  EXPECT_TRUE(is<ReplayError>(error));
}

TEST(RecordedExchange, IsReadAndWrittenAsOneLine) {
  const std::string line =
      R"({"method":"POST","path":"/v1/x","query":{"a":"1","b":""},"request":{"m":1},"status":200,)"
      R"("headers":{"x":"1","y":["2","3"]},"stream":true,"body":"hé\n","truncated":true})";
  const RecordedExchange read = exchange_from_json(parse_json(line));
  EXPECT_EQ(read.query, "a=1&b=");
  EXPECT_THAT(read.headers.get_all("y"), ElementsAre("2", "3"));
  EXPECT_TRUE(read.stream);
  EXPECT_TRUE(read.truncated);
  EXPECT_EQ(json_text(exchange_to_json(read)), line);
}

TEST(RecordedExchange, HasDefaults) {
  const RecordedExchange read = exchange_from_json(parse_json(R"({"body":"x","expect":{}})"));
  EXPECT_EQ(read.method, "POST");
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.path, "");
  EXPECT_FALSE(read.request.has_value());
  EXPECT_FALSE(read.stream);
}

TEST(RecordedExchange, BadInputIsNamedWithItsLine) {
  const auto fault = [](std::string_view lines) {
    return words_of<ParseError>(error_of_call([&] { return parse_exchanges(lines); }));
  };
  EXPECT_EQ(parse_exchanges("\n{}\n  \r\n{}").size(), 2U);
  EXPECT_THAT(fault("{}\n{"), HasSubstr("line 2: no JSON"));
  EXPECT_THAT(fault("[]"), HasSubstr("line 1: a recorded exchange is no object"));
  EXPECT_THAT(fault(R"({"headers":{"a":1}})"), HasSubstr("'headers' is no string"));
  EXPECT_THAT(fault(R"({"headers":{"a b":"1"}})"), HasSubstr("line 1: not an HTTP header"));
  EXPECT_THAT(fault(R"({"stream":1})"), HasSubstr("'stream' is no boolean"));
  EXPECT_THAT(fault(R"({"query":[]})"), HasSubstr("'query' is no object"));
  const std::string missing =
      words_of<Error>(error_of_call([] { return read_exchanges("/no/such"); }));
  EXPECT_EQ(missing, "cannot read /no/such: No such file or directory");
}

}  // namespace
}  // namespace cochain::testing
