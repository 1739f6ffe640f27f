// One table from errors to exit codes, words and advice.

#include "exit_code.hpp"

#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/prompts/template.hpp"
#include "cochain/providers/registry.hpp"

namespace cochain::cli {
namespace {

template <class E>
std::pair<ExitCode, std::string> meaning(E error) {
  const std::exception_ptr pointer = std::make_exception_ptr(std::move(error));
  return {exit_code_of(pointer), error_word(pointer)};
}

using Expected = std::pair<ExitCode, std::string>;

TEST(ExitCode, TellsTheKindsApart) {
  EXPECT_EQ(meaning(AuthError("x")), Expected(ExitCode::kAuth, "auth"));
  EXPECT_EQ(meaning(RateLimitError("x")), Expected(ExitCode::kRateLimit, "rate_limit"));
  EXPECT_EQ(meaning(QuotaError("x")), Expected(ExitCode::kRateLimit, "quota"));
  EXPECT_EQ(meaning(ConnectError(ConnectError::Kind::kDns, "x")),
            Expected(ExitCode::kNetwork, "connect"));
  EXPECT_EQ(meaning(TransportError("x")), Expected(ExitCode::kNetwork, "transport"));
  EXPECT_EQ(meaning(IncompleteStreamError("x")), Expected(ExitCode::kNetwork, "incomplete"));
  EXPECT_EQ(meaning(TimeoutError()), Expected(ExitCode::kNetwork, "timeout"));
  EXPECT_EQ(meaning(ConfigError("x")), Expected(ExitCode::kConfig, "config"));
  EXPECT_EQ(meaning(PromptError("x")), Expected(ExitCode::kUsage, "template"));
  EXPECT_EQ(meaning(UsageError("x")), Expected(ExitCode::kUsage, "usage"));
  EXPECT_EQ(meaning(BrokenPipe()), Expected(ExitCode::kBrokenPipe, "pipe"));
  EXPECT_EQ(meaning(KeyboardInterrupt()), Expected(ExitCode::kInterrupted, "interrupted"));
  EXPECT_EQ(meaning(CancelledError()), Expected(ExitCode::kInterrupted, "interrupted"));
  EXPECT_EQ(meaning(ServerError("x")), Expected(ExitCode::kFailed, "server"));
  EXPECT_EQ(meaning(OverloadedError("x")), Expected(ExitCode::kFailed, "overloaded"));
  EXPECT_EQ(meaning(ContextLengthError("x")), Expected(ExitCode::kFailed, "context_length"));
  EXPECT_EQ(meaning(BadRequestError("x")), Expected(ExitCode::kFailed, "bad_request"));
  EXPECT_EQ(meaning(StreamError("x")), Expected(ExitCode::kFailed, "stream"));
  EXPECT_EQ(meaning(std::runtime_error("x")), Expected(ExitCode::kFailed, "failed"));
  EXPECT_EQ(meaning(42), Expected(ExitCode::kFailed, "failed"));
}

TEST(ExitCode, LooksIntoGroups) {
  std::vector<std::exception_ptr> inner = {std::make_exception_ptr(AuthError("x"))};
  std::vector<std::exception_ptr> outer = {
      std::make_exception_ptr(ExceptionGroup("inner", std::move(inner)))};
  EXPECT_EQ(meaning(ExceptionGroup("outer", std::move(outer))), Expected(ExitCode::kAuth, "auth"));
}

TEST(ExitCode, SaysInOneLineWhatToDo) {
  const auto error = std::make_exception_ptr(
      AuthError("wrong\nkey sk-abcdefghijklmnop\x1b[31m", ErrorInfo().status(401)));
  const std::string line = error_line(error);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(line.find("abcdefgh"), std::string::npos);
  EXPECT_NE(line.find("401"), std::string::npos);
  EXPECT_NE(line.find("OPENAI_API_KEY"), std::string::npos);
}

}  // namespace
}  // namespace cochain::cli
