// What one answer cost, in tokens, with the providers' different ways of counting made one.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cochain {

/// What the counts mean that a provider tells while it answers.
enum class UsageReport : std::uint8_t {
  kCumulative,  ///< the whole answer so far: a later report takes an earlier one's place
  kDelta,       ///< since the last report: reports add up
};

/// The tokens that one model call took, or the sum over several calls.
/// Units:    tokens. `input_tokens` includes what was read from and written to a cache;
///           `output_tokens` is what the provider calls output, which at most providers (not at
///           xAI) includes reasoning. So never compute the total: `total_tokens` is as told.
/// Errors:   never; a provider that told nothing leaves `known` false and all counts 0.
class Usage {
 public:
  Usage() = default;
  Usage(std::int64_t input, std::int64_t output) noexcept
      : known(true), input_tokens(input), output_tokens(output), total_tokens(input + output) {}

  bool known = false;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t total_tokens = 0;
  std::int64_t cache_read_tokens = 0;
  std::int64_t cache_write_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t input_audio_tokens = 0;
  std::int64_t output_audio_tokens = 0;

  /// Adds another call's tokens; known as soon as one of the two is.
  Usage& operator+=(const Usage& other) noexcept {
    return combine(other, [](std::int64_t mine, std::int64_t its) { return mine + its; });
  }
  /// Takes away what was counted before, such as the first call's part of a sum; never below 0.
  Usage& operator-=(const Usage& other) noexcept {
    return combine(other, [](std::int64_t mine, std::int64_t its) {
      return std::max<std::int64_t>(0, mine - its);
    });
  }
  /// Takes in one report of an answer that is under way. Adding up cumulative reports counts too
  /// much; taking one in keeps the counts that it does not tell.
  Usage& take(const Usage& report, UsageReport kind) noexcept {
    if (kind == UsageReport::kDelta) return *this += report;
    return combine(report,
                   [](std::int64_t mine, std::int64_t its) { return its != 0 ? its : mine; });
  }
  friend Usage operator+(Usage left, const Usage& right) noexcept { return left += right; }
  friend Usage operator-(Usage left, const Usage& right) noexcept { return left -= right; }
  friend bool operator==(const Usage&, const Usage&) = default;

 private:
  template <class Rule>
  Usage& combine(const Usage& other, Rule rule) noexcept {
    known = known || other.known;
    for (std::int64_t Usage::* count :
         {&Usage::input_tokens, &Usage::output_tokens, &Usage::total_tokens,
          &Usage::cache_read_tokens, &Usage::cache_write_tokens, &Usage::reasoning_tokens,
          &Usage::input_audio_tokens, &Usage::output_audio_tokens}) {
      this->*count = rule(this->*count, other.*count);
    }
    return *this;
  }
};

}  // namespace cochain
