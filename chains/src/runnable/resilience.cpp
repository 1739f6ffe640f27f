// The parts of trying again that are the same for all steps.

#include "cochain/chains/runnable/resilience.hpp"

#include <algorithm>

namespace cochain {

bool detail::falls_back(const FallbackOptions& options, const std::exception_ptr& error) {
  return !options.handles || options.handles(error);
}

std::optional<Duration> StepTimeouts::for_chunk(bool first, Duration elapsed) const noexcept {
  std::optional<Duration> limit = first ? first_chunk_ : between_chunks_;
  if (total_) {
    const Duration left = std::max(*total_ - elapsed, Duration::zero());
    limit = limit ? std::min(*limit, left) : left;
  }
  return limit;
}

std::string StepTimeouts::text() const {
  std::string text;
  const auto say = [&text](const char* what, const std::optional<Duration>& limit) {
    if (!limit) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(*limit).count();
    text += (text.empty() ? "at most " : ", ") + std::to_string(ms) + " ms" + what;
  };
  say("", total_);
  say(" to the first piece", first_chunk_);
  say(" between pieces", between_chunks_);
  return text;
}

}  // namespace cochain
