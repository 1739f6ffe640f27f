// The texts of all rows. The peers in other languages make the same.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cochain::bench {

/// Tokens of a stream, and of the answer of `invoke`.
constexpr std::size_t kStreamTokens = 1000;
constexpr std::size_t kAnswerTokens = 50;
constexpr std::size_t kBatchItems = 5000;
constexpr std::size_t kBatchAtOnce = 64;
constexpr std::size_t kTools = 10;

/// Words with a blank before each, in turn.
[[nodiscard]] std::vector<std::string> words(std::size_t count);
/// `{"items": […]}` with products, the first to be `bytes` long or longer.
[[nodiscard]] std::string document(std::size_t bytes);
/// A text in pieces of four bytes.
[[nodiscard]] std::vector<std::string> in_fours(std::string_view text);

}  // namespace cochain::bench
