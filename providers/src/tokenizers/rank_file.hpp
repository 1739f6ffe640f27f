// Reads the text of a `.tiktoken` file. Below the tables, which are built from what it gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cochain::detail {

inline constexpr std::size_t kTokenBytesMax = 1024;
inline constexpr std::uint32_t kRankEnd = (1U << 21U) - 1;  // a rank has 21 bits in the tables

/// One line: the bytes of a token, in RankFile::bytes, and its rank.
struct RankedToken {
  std::uint32_t rank;
  std::uint32_t begin;
  std::uint32_t size;
  std::uint32_t line;
};

struct RankFile {
  std::string bytes;
  std::vector<RankedToken> tokens;  // in the order of the lines
};

/// Adds a token as the next line would, with the next rank.
/// Errors: VocabularyError naming the line.
void add_token(std::string_view token, RankFile& file);

/// Errors: VocabularyError naming the line.
[[nodiscard]] RankFile read_rank_file(std::string_view text);

}  // namespace cochain::detail
