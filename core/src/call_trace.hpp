// The calls that led to a place, taken fast and read late.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/core/task.hpp"

namespace cochain::detail {

/// What the first call of a trace is to the thing that is told.
enum class TraceOf : std::uint8_t {
  kMaking,  ///< "made in": where it comes from
  kCalling  ///< "called in": where it happens now
};

/// Return addresses, the innermost call first. Taking them costs about a microsecond; reading them
/// starts a process (addr2line, where there is one).
class CallTrace {
 public:
  [[gnu::noinline]] CallTrace() noexcept;

  /// The calls with function, file and line as far as they are known, outside of what cochain does
  /// between its user and this place, up to the step of a task.
  [[nodiscard]] std::vector<StackFrame> frames() const;
  /// The first few of them: lines that begin with a line break. A coroutine is made inside itself:
  /// the first call is left out if it is one of `itself`.
  [[nodiscard]] std::string str(TraceOf what, std::string_view itself = {}) const;

 private:
  static constexpr int kCallsMax = 24;
  std::array<void*, kCallsMax> calls_{};
  int count_ = 0;
};

}  // namespace cochain::detail
