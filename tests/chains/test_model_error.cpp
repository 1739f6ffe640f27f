// The tree of model errors, and what keeps keys out of it.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"

namespace cochain {
namespace {

TEST(ModelError, NamesWhatIsKnownAndLearnsTheRest) {
  ProtocolError error("no JSON");
  EXPECT_STREQ(error.what(), "no JSON");
  error.add_context("demo", "req_1", "half");
  EXPECT_STREQ(error.what(), "no JSON [model demo, request req_1]");
  EXPECT_EQ(error.partial_text(), "half");
  error.add_context("other", "req_2", "more");
  EXPECT_STREQ(error.what(), "no JSON [model demo, request req_1]");
  const ModelError& base = error;
  EXPECT_EQ(base.model(), "demo");
}

TEST(ModelError, IsRetryableByKindUnlessToldOtherwise) {
  EXPECT_TRUE(ConnectError(ConnectError::Kind::kDns, "").retryable());
  EXPECT_TRUE(ConnectError(ConnectError::Kind::kConnect, "").retryable());
  EXPECT_TRUE(ConnectError(ConnectError::Kind::kTls, "").retryable());
  EXPECT_FALSE(ConnectError(ConnectError::Kind::kTlsVerify, "").retryable());
  EXPECT_FALSE(ConnectError(ConnectError::Kind::kProxy, "").retryable());
  EXPECT_TRUE(TransportError("").retryable());
  EXPECT_TRUE(IncompleteStreamError("").retryable());
  EXPECT_FALSE(ProtocolError("").retryable());
  EXPECT_FALSE(LimitError("").retryable());
  EXPECT_FALSE(StreamError("").retryable());
  EXPECT_FALSE(AuthError("", ErrorInfo().status(500)).retryable());
  EXPECT_TRUE(RateLimitError("").retryable());
  EXPECT_FALSE(RateLimitError("", ErrorInfo().retryable(false)).retryable());
  EXPECT_TRUE(ServerError("", ErrorInfo().status(502)).retryable());
  EXPECT_FALSE(ServerError("", ErrorInfo().status(501)).retryable());
}

TEST(ModelError, IsCaughtAsAnyOfItsBases) {
  EXPECT_THROW(throw ContextLengthError("x"), BadRequestError);
  EXPECT_THROW(throw ContextLengthError("x"), HttpError);
  EXPECT_THROW(throw OverloadedError("x"), ServerError);
  EXPECT_THROW(throw StreamError("x"), ModelError);
  EXPECT_THROW(throw ParseError("x", "text"), Error);
}

TEST(ModelError, ShowsNoKeysAndNoControlCharacters) {
  const ModelError error("bad key sk-abcdefghijkl\x1B[31m\n",
                         ErrorInfo().model("AIzaSyABCDEFGHIJ"));
  EXPECT_STREQ(error.what(), "bad key sk-*** [31m  [model AIza***]");
}

TEST(RedactKeys, KnowsTheShapesOfKeys) {
  EXPECT_EQ(redact_keys("sk-proj-abcdefghijk"), "sk-***");
  EXPECT_EQ(redact_keys("(sk-abc****************wxyz)."), "(sk-***).");
  EXPECT_EQ(redact_keys("Authorization: Bearer abcdefgh.ijkl, x"), "Authorization: Bearer ***, x");
  EXPECT_EQ(redact_keys("authorization: bearer abcdefghijkl"), "authorization: bearer ***");
  EXPECT_EQ(redact_keys("?key=AIzaSyABCDEFGHIJ&x=1"), "?key=AIza***&x=1");
  EXPECT_EQ(redact_keys("xoxb-123456789 ghp_abcdefghi gsk_abcdefghi hf_abcdefghi"),
            "xoxb-*** ghp_*** gsk_*** hf_***");
  EXPECT_EQ(redact_keys("\"sk-abcdefghijk\""), "\"sk-***\"");
}

TEST(RedactKeys, LeavesWordsAlone) {
  for (const std::string text : {"task-force-members", "the risk-management-team", "sk-", "sk-abc",
                                 "a bearer of news", "Basic plan", "", "disk-full-error"}) {
    EXPECT_EQ(redact_keys(text), text);
  }
}

TEST(OneLine, KeepsTextAndDropsWhatMovesACursor) {
  EXPECT_EQ(one_line("a\r\n\tb", 99), "a b");
  EXPECT_EQ(one_line("a\x1B[2Jb\x7F", 99), "a [2Jb ");
  EXPECT_EQ(one_line("caf\xC3\xA9 \xF0\x9F\x98\x80", 99), "caf\xC3\xA9 \xF0\x9F\x98\x80");
  EXPECT_EQ(one_line("a\xC2\x9B"
                     "b\xFF\xE2\x82",
                     99),
            "a?b??");
  EXPECT_EQ(one_line("caf\xC3\xA9s", 4), "caf…");
  EXPECT_EQ(one_line("caf\xC3\xA9s", 3), "caf…");
  EXPECT_EQ(one_line("abc", 3), "abc");
}

}  // namespace
}  // namespace cochain
