// With which number the program ends: the one table, and what leads to each of its lines.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace cochain::cli {

/// What a caller can tell from the exit status alone.
enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,         // whatever has no line of its own
  kUsage = 2,          // a wrong option, or a file that cannot be used
  kPartial = 3,        // batch: the job went through, and some rows have no answer
  kConfig = 4,         // no key, an unknown provider, a bad address in the environment
  kAuth = 5,           // the provider refused the key
  kRateLimit = 6,      // too fast, or nothing left to spend
  kNetwork = 7,        // no connection, a broken one, or silence for too long
  kInterrupted = 130,  // Ctrl-C (128 + SIGINT)
  kBrokenPipe = 141,   // nobody reads the output any more (128 + SIGPIPE)
};

/// A wrong call of the program: what() says what is wrong with it.
class UsageError : public std::exception {
 public:
  explicit UsageError(std::string message) : message_(std::move(message)) {}
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// The output is gone: the reader closed its end. Nothing is said about it.
class BrokenPipe : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "the reader has gone"; }
};

/// What one exception means to the caller of the program.
[[nodiscard]] ExitCode exit_code_of(const std::exception_ptr& error);

/// A short word for the kind of an error, such as "rate_limit": for rows of output and counts.
[[nodiscard]] std::string error_word(const std::exception_ptr& error);

/// One line for people: what went wrong, where, and what can be done about it.
[[nodiscard]] std::string error_line(const std::exception_ptr& error);

}  // namespace cochain::cli
