// How long slices of one text are. A splitter asks for the length of many slices that overlap, so
// what can be counted once for the whole text is counted once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cochain/chains/retrieval/text_splitter.hpp"

namespace cochain::detail {

/// How many marked places a text has before any other: a bit for each byte, and a sum for each
/// 64 bytes.
class RankedBits {
 public:
  RankedBits() = default;
  explicit RankedBits(std::size_t size) : bits_(size / 64 + 1), before_(size / 64 + 2) {}

  /// Marks the places; one that is named more than once counts for those in later blocks.
  void mark(std::span<const std::size_t> places);
  /// Marks one bit; sum() must follow.
  void mark(std::size_t place) noexcept { bits_[place / 64] |= std::uint64_t{1} << place % 64; }
  /// Marks 64 of them from `place` on, which is a multiple of that.
  void mark_block(std::size_t place) noexcept { bits_[place / 64] = ~std::uint64_t{0}; }
  void sum() noexcept;

  [[nodiscard]] std::size_t before(std::size_t place) const noexcept;
  [[nodiscard]] bool is_marked(std::size_t place) const noexcept {
    return (bits_[place / 64] >> place % 64 & 1) != 0;
  }

 private:
  std::vector<std::uint64_t> bits_;
  std::vector<std::size_t> before_;
};

/// The lengths of slices of a text, in the unit of the options.
/// Lives: as long as the text and the options.
class TextMeasure {
 public:
  TextMeasure(std::string_view text, const ChunkOptions& options);

  /// Tokens: how many of the whole text's the slice touches. That is what it has alone, but for
  /// what its ends change. Anything else: exact.
  [[nodiscard]] std::size_t length(std::size_t begin, std::size_t end) const;
  /// Whether length() is what fits() goes by.
  [[nodiscard]] bool is_exact() const noexcept { return unit_ != Unit::kTokens; }
  /// Whether the slice, as a text of its own, is at most `limit` long.
  [[nodiscard]] bool fits(std::size_t begin, std::size_t end, std::size_t limit) const;
  /// How far a slice that begins at `begin` and does not fit may reach; tokens only.
  [[nodiscard]] std::size_t reach(std::size_t begin, std::size_t end, std::size_t limit) const;

 private:
  enum class Unit : std::uint8_t { kBytes, kMarks, kTokens, kFunction };

  std::string_view text_;
  const ChunkOptions& options_;
  Unit unit_ = Unit::kBytes;
  RankedBits marks_;
};

}  // namespace cochain::detail
