// Error answers: every shape that providers give them, and how long they ask us to wait.

#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/error.hpp"
#include "cochain/providers/http_error.hpp"

namespace cochain {
namespace {

using namespace std::chrono_literals;

std::string class_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const ContextLengthError&) {
    return "context";
  } catch (const BadRequestError&) {
    return "bad request";
  } catch (const AuthError&) {
    return "auth";
  } catch (const QuotaError&) {
    return "quota";
  } catch (const NotFoundError&) {
    return "not found";
  } catch (const ContentTooLargeError&) {
    return "too large";
  } catch (const RateLimitError&) {
    return "rate limit";
  } catch (const OverloadedError&) {
    return "overloaded";
  } catch (const ServerError&) {
    return "server";
  } catch (const HttpError&) {
    return "http";
  } catch (const StreamError&) {
    return "stream";
  }
}

// The facts of an error; by default as the base, which holds all but the kind.
template <class T = ModelError>
T error_of(int status, std::string_view body, const HttpHeaders& headers = HttpHeaders()) {
  try {
    throw_http_error(status, headers, body, "demo");
  } catch (const T& error) {
    return error;
  }
}

// Not by error_of(): a copy as the base does not know its kind.
bool retryable(int status, std::string_view body, const HttpHeaders& headers = HttpHeaders()) {
  try {
    throw_http_error(status, headers, body);
  } catch (const ModelError& error) {
    return error.retryable();
  }
}

std::string kind(int status, std::string_view body) {
  return class_of(decode_error(status, HttpHeaders(), body));
}

TEST(HttpErrors, KnowTheShapeOfEveryProvider) {
  struct Row {
    int status;
    std::string body;
    std::string kind;
    std::string message;
  };
  const std::vector<Row> rows = {
      // OpenAI and most others
      {400, R"({"error":{"message":"bad","type":"invalid_request_error","param":"x","code":null}})",
       "bad request", "bad"},
      {401, R"({"error":{"message":"bad","type":"x","code":"invalid_api_key"}})", "auth", "bad"},
      {404, R"({"error":{"message":"bad","code":"model_not_found"}})", "not found", "bad"},
      {429, R"({"error":{"message":"bad","code":"rate_limit_exceeded"}})", "rate limit", "bad"},
      {429, R"({"error":{"message":"bad","type":"insufficient_quota"}})", "quota", "bad"},
      {429, R"({"error":{"message":"bad","code":"insufficient_quota"}})", "quota", "bad"},
      {400, R"({"error":{"message":"bad","code":"context_length_exceeded"}})", "context", "bad"},
      {500, R"({"error":{"message":"bad","type":"server_error"}})", "server", "bad"},
      // Anthropic
      {529, R"({"type":"error","error":{"type":"overloaded_error","message":"bad"}})", "overloaded",
       "bad"},
      {500, R"({"type":"error","error":{"type":"overloaded_error","message":"bad"}})", "overloaded",
       "bad"},
      {413, R"({"type":"error","error":{"type":"request_too_large","message":"bad"}})", "too large",
       "bad"},
      {400,
       R"({"type":"error","error":{"type":"invalid_request_error",)"
       R"("message":"Your credit balance is too low"}})",
       "quota", "Your credit balance is too low"},
      {429,
       R"({"error":{"type":"rate_limit_error","message":"bad",)"
       R"("code":"enforced_spend_limit_reached"}})",
       "quota", "bad"},
      // Gemini, also as a list of one
      {404, R"({"error":{"code":404,"message":"bad","status":"NOT_FOUND"}})", "not found", "bad"},
      {400,
       R"([{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT",)"
       R"("details":[{"@type":"x.ErrorInfo","reason":"API_KEY_INVALID"}]}}])",
       "auth", "API key not valid."},
      // Mistral
      {400, R"({"object":"error","message":"bad","type":"invalid_model","code":"1500"})",
       "bad request", "bad"},
      {422, R"({"detail":[{"loc":["body"],"msg":"bad"},{"msg":"worse"}]})", "bad request",
       "bad; worse"},
      // llama-server
      {400, R"({"error":{"code":400,"message":"bad","type":"exceed_context_size_error"}})",
       "context", "bad"},
      {500, R"({"error":{"code":500,"message":"tools param requires --jinja flag"}})", "server",
       "tools param requires --jinja flag"},
      // Ollama, xAI, Cohere, and one more
      {404, R"({"error":"bad"})", "not found", "bad"},
      {400, R"({"code":"invalid-argument","error":"Incorrect API key provided: xa***"})", "auth",
       "Incorrect API key provided: xa***"},
      {400, R"({"id":"1","message":"bad"})", "bad request", "bad"},
      {401, R"({"detail":"bad"})", "auth", "bad"},
      // vLLM
      {400,
       R"({"object":"error","message":"This model's maximum context length is 4096","code":400})",
       "context", "This model's maximum context length is 4096"},
      // OpenRouter
      {400, R"({"error":{"code":400,"message":"bad","metadata":{"raw":"why"}},"user_id":"u"})",
       "bad request", "bad: why"},
      {200, R"({"error":{"code":502,"message":"bad"}})", "server", "bad"},
      {200, R"({"error":{"code":429,"message":"bad"}})", "rate limit", "bad"},
      {200, R"({"error":{"message":"bad"}})", "stream", "bad"},
      {402, R"({"error":{"code":402,"message":"bad"}})", "quota", "bad"},
      // By status alone
      {403, "", "auth", "HTTP status 403 with an empty body"},
      {408, "{}", "http", "HTTP status 408 with a body of type unknown: {}"},
      {503, "[]", "overloaded", "HTTP status 503 with a body of type unknown: []"},
      {504, "  \n", "server", "HTTP status 504 with an empty body"},
      {409, R"({"error":{"message":"bad","type":"invalid_request_error"}})", "http", "bad"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(kind(row.status, row.body), row.kind) << row.status << " " << row.body;
    EXPECT_EQ(error_of(row.status, row.body).message(), row.message) << row.body;
  }
}

TEST(HttpErrors, AreRetryableBySortAndStatus) {
  for (const int status : {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 524, 529}) {
    EXPECT_TRUE(retryable(status, "")) << status;
  }
  for (const int status : {301, 307, 400, 401, 402, 403, 404, 405, 413, 422, 451, 501, 505, 525}) {
    EXPECT_FALSE(retryable(status, "")) << status;
  }
  EXPECT_FALSE(retryable(429, R"({"error":{"code":"insufficient_quota"}})"));
  EXPECT_TRUE(retryable(200, R"({"error":{"type":"server_error","message":"x"}})"));
}

TEST(HttpErrors, ObeyTheServerAboutRetrying) {
  HttpHeaders no;
  no.add("X-Should-Retry", "false");
  EXPECT_FALSE(retryable(500, "", no));
  EXPECT_FALSE(retryable(429, "", no));
  HttpHeaders yes;
  yes.add("x-should-retry", "true");
  EXPECT_TRUE(retryable(400, "", yes));
  HttpHeaders other;
  other.add("x-should-retry", "maybe");
  EXPECT_TRUE(retryable(500, "", other));
}

TEST(HttpErrors, NameModelStatusAndRequest) {
  HttpHeaders headers;
  headers.add("X-Request-Id", "req_9").add("Set-Cookie", "session=1").add("Server", "x");
  const auto error = error_of<HttpError>(
      400, R"({"error":{"message":"bad","type":"t","code":"c","param":"p"}})", headers);
  EXPECT_STREQ(error.what(), "bad [model demo, status 400, type t, code c, request req_9]");
  EXPECT_EQ(error.info().param, "p");
  ASSERT_EQ(error.headers().size(), 2U) << "the cookie is a secret";
  const auto inside = error_of(400, R"({"error":{"message":"bad"},"request_id":"req_8"})");
  EXPECT_EQ(inside.request_id(), "req_8");
}

TEST(HttpErrors, KeepTheFirstBytesOfAStrangersPage) {
  HttpHeaders headers;
  headers.add("content-type", "text/html");
  const std::string page =
      "<html>\r\n<h1>502 Bad Gateway</h1>\x1B]0;owned\x07" + std::string(100'000, 'x') + "</html>";
  const auto error = error_of<ServerError>(502, page, headers);
  EXPECT_EQ(error.message().find("HTTP status 502 with a body of type text/html: <html> <h1>502"),
            0U)
      << error.message();
  EXPECT_EQ(error.message().find('\x1B'), std::string::npos);
  EXPECT_LT(error.message().size(), 400U);
  EXPECT_EQ(error.body().size(), 2048U);
}

TEST(HttpErrors, DoNotSayWhereARedirectLedInFull) {
  HttpHeaders headers;
  headers.add("location", "https://elsewhere/login?token=secret");
  EXPECT_EQ(error_of(302, "", headers).message(),
            "HTTP status 302: redirected to https://elsewhere/login, which is not followed");
}

TEST(HttpErrors, HoldNoKeys) {
  const std::string key = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789";
  const std::string body = R"({"error":{"message":"Incorrect API key provided: )" + key +
                           R"(","type":")" + key + R"(","code":")" + key + R"("}})";
  const auto error = error_of<AuthError>(401, body);
  EXPECT_EQ(std::string(error.what()).find("abcdefgh"), std::string::npos);
  EXPECT_EQ(error.body().find("abcdefgh"), std::string::npos);
  EXPECT_EQ(error.message(), "Incorrect API key provided: sk-***");
  // One that would be cut in two by the limit on what is kept.
  for (std::size_t pad = 1990; pad < 2060; ++pad) {
    const auto cut = error_of<HttpError>(500, std::string(pad, ' ') + key);
    EXPECT_EQ(cut.body().find("abc"), std::string::npos) << pad;
  }
}

TEST(HttpErrors, SurviveHostileBodies) {
  for (const std::string& body :
       {std::string(100'000, '['), std::string(100'000, '{'), std::string("\0\xFF", 2),
        R"({"error":{"message":)" + std::string(2000, '[') + "}}", std::string("null"),
        std::string(R"({"error":[1,2]})"),
        std::string(R"({"error":{"message":{"a":1},"code":[]}})"),
        std::string(R"({"error":{"code":1e400}})"), std::string(R"({"detail":{"message":"x"}})")}) {
    EXPECT_EQ(kind(500, body), "server");
    EXPECT_EQ(kind(418, body), "http");
  }
}

using Delay = std::optional<std::chrono::milliseconds>;

Delay delay(const std::vector<std::pair<std::string, std::string>>& told) {
  HttpHeaders headers;
  for (const auto& [name, value] : told) headers.add(name, value);
  // Sun, 06 Nov 1994 08:49:37 GMT
  return parse_retry_after(headers,
                           std::chrono::system_clock::time_point(std::chrono::seconds(784111777)));
}

TEST(RetryAfter, TakesSecondsAndMilliseconds) {
  EXPECT_EQ(delay({}), Delay());
  EXPECT_EQ(delay({{"Retry-After", "7"}}), Delay(7s));
  EXPECT_EQ(delay({{"retry-after", " 1.5 "}}), Delay(1500ms));
  EXPECT_EQ(delay({{"retry-after-ms", "250"}}), Delay(250ms));
  EXPECT_EQ(delay({{"retry-after-ms", "250.2"}}), Delay(251ms));
  EXPECT_EQ(delay({{"retry-after", "7"}, {"Retry-After-Ms", "250"}}), Delay(250ms));
  EXPECT_EQ(delay({{"retry-after", "7"}, {"retry-after-ms", "soon"}}), Delay(7s));
}

TEST(RetryAfter, TakesDatesInAllThreeForms) {
  for (const std::string date : {"Sun, 06 Nov 1994 08:49:47 GMT", "Sunday, 06-Nov-94 08:49:47 GMT",
                                 "Sun Nov  6 08:49:47 1994"}) {
    EXPECT_EQ(delay({{"retry-after", date}}), Delay(10s)) << date;
  }
  // Against the server's own clock, which here is an hour behind ours.
  EXPECT_EQ(delay({{"retry-after", "Sun, 06 Nov 1994 07:50:00 GMT"},
                   {"date", "Sun, 06 Nov 1994 07:49:37 GMT"}}),
            Delay(23s));
  EXPECT_EQ(delay({{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}}), Delay());
  EXPECT_EQ(delay({{"retry-after", "Sun, 06 Nov 1994 08:00:00 GMT"}}), Delay());
  EXPECT_EQ(delay({{"retry-after", "Mon, 06 Nov 1995 08:49:37 GMT"}}), Delay());
}

TEST(RetryAfter, IgnoresGarbage) {
  for (const std::string text : {"",
                                 " ",
                                 "soon",
                                 "NaN",
                                 "nan",
                                 "inf",
                                 "-inf",
                                 "1e309",
                                 "-1",
                                 "0",
                                 "-0.0",
                                 "1000000000000",
                                 "99999999999999999999999",
                                 "0x10",
                                 "7 seconds",
                                 "1,5",
                                 "Sun, 06 Nov 1994",
                                 "Sun, 31 Feb 2030 08:49:37 GMT",
                                 "Sun, 06 Foo 1994 08:49:47 GMT",
                                 "Sun, 06 Nov 1994 25:49:47 GMT",
                                 "Sun, 06 Nov 1994 08:49:47 CET",
                                 "a b c d e f g h i j k",
                                 "Sun Nov 6 8 49 1994 x y"}) {
    EXPECT_EQ(delay({{"retry-after", text}}), Delay()) << text;
    EXPECT_EQ(delay({{"retry-after-ms", text}}), Delay()) << text;
  }
  EXPECT_EQ(delay({{"retry-after", "1e2"}}), Delay(100s));
  EXPECT_EQ(delay({{"retry-after", "2678400"}}), Delay(std::chrono::hours(31 * 24)));
  EXPECT_EQ(delay({{"retry-after", "2678401"}}), Delay());
}

TEST(RetryAfter, ReachesTheError) {
  HttpHeaders headers;
  headers.add("retry-after", "7");
  EXPECT_EQ(error_of(429, "", headers).retry_after(), Delay(7s));
  EXPECT_EQ(error_of(503, "", headers).retry_after(), Delay(7s));
  EXPECT_EQ(error_of(429, "").retry_after(), Delay());
  // Google says it in the body.
  const std::string body =
      R"({"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.4s"}]}})";
  EXPECT_EQ(error_of<RateLimitError>(429, body).retry_after(), Delay(34400ms));
}

}  // namespace
}  // namespace cochain
