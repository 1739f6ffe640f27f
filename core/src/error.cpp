// What errors say about themselves. Nothing here is on a hot path.

#include "cochain/core/error.hpp"

#include <cstdio>
#include <cstdlib>
#include <typeinfo>

namespace cochain {
namespace {

std::string list_of(const std::string& message, const std::vector<std::exception_ptr>& errors) {
  std::string text = message + " (" + std::to_string(errors.size()) +
                     (errors.size() == 1 ? " error)" : " errors)");
  for (const std::exception_ptr& each : errors) {
    text += "\n  - ";
    for (const char c : describe(each)) {
      text += c;
      if (c == '\n') text += "    ";  // the lines of a nested group stay under its dash
    }
  }
  return text;
}

std::string incomplete(std::size_t came, std::optional<std::size_t> expected) {
  std::string text = "the stream ended after " + std::to_string(came);
  if (expected) return text + " of " + std::to_string(*expected) + " expected bytes";
  return text + " bytes, before a separator";
}

}  // namespace

IncompleteReadError::IncompleteReadError(std::string partial, std::optional<std::size_t> expected)
    : Error(incomplete(partial.size(), expected)),
      partial_(std::move(partial)),
      expected_(expected) {}

ExceptionGroup::ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions)
    : Error(list_of(message, exceptions)), exceptions_(std::move(exceptions)) {}

std::string describe(const std::exception_ptr& exception) {
  if (!exception) return "no exception";
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    return error.what();
  } catch (const CancelledError& cancelled) {
    return cancelled.message().empty() ? "cancelled" : "cancelled: " + cancelled.message();
  } catch (const KeyboardInterrupt&) {
    return "keyboard interrupt";
  } catch (...) {
    return "an exception of a type outside std::exception";
  }
}

bool detail::is_cancelled_error(const std::exception_ptr& exception) noexcept {
#ifdef __GLIBCXX__
  // Asked of every task that fails: comparing types is some 1000 times cheaper than a throw.
  const std::type_info* type = exception ? exception.__cxa_exception_type() : nullptr;
  return type && *type == typeid(CancelledError);
#else
  try {
    if (exception) std::rethrow_exception(exception);
  } catch (const CancelledError&) {
    return true;
  } catch (...) {
  }
  return false;
#endif
}

void detail::assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "cochain: assertion failed: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace cochain
