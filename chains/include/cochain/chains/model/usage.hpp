// What one answer cost, in tokens, with the providers' different ways of counting made one.
#pragma once

#include <cstdint>

namespace cochain {

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

  /// Adds another call's tokens; known as soon as one of the two is.
  Usage& operator+=(const Usage& other) noexcept {
    known = known || other.known;
    input_tokens += other.input_tokens;
    output_tokens += other.output_tokens;
    total_tokens += other.total_tokens;
    cache_read_tokens += other.cache_read_tokens;
    cache_write_tokens += other.cache_write_tokens;
    reasoning_tokens += other.reasoning_tokens;
    return *this;
  }
  friend Usage operator+(Usage left, const Usage& right) noexcept { return left += right; }
  friend bool operator==(const Usage&, const Usage&) = default;
};

}  // namespace cochain
