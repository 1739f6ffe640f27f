// The arrays of a vocabulary and what stands in them: built from a file of ranks or merges, or
// mapped from a compiled file, whose layout this is too. A change here is a new version of that
// file.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "rank_file.hpp"

namespace cochain::detail {

/// In which order tokens are merged: the lower one first. Not always the id of the token.
using Rank = std::uint32_t;
inline constexpr Rank kNoRank = kRankEnd;

/// A node of the trie is a token's rank, or a number from rank_end on for a beginning that is no
/// token. With it goes the filter of its bytes.
inline constexpr unsigned kNodeBits = 24;
inline constexpr std::uint32_t kNodeMask = (1U << kNodeBits) - 1;
inline constexpr std::uint32_t kNoNode = kNodeMask;  // its filter lets nothing pass
inline constexpr std::uint64_t kEmptySlot = ~std::uint64_t{0};

/// So much may be read behind the bytes of the last token.
inline constexpr std::size_t kReadBeyond = 16;

/// The bytes of a short piece as two words, the rest zero.
struct PieceKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
};

/// `size` is at most 16; `end` is where what may be read ends.
inline PieceKey load_piece(const char* piece, std::size_t size, const char* end) noexcept {
  PieceKey key;
  if (end - piece < 16) {
    char bytes[16] = {};
    std::memcpy(bytes, piece, size);
    std::memcpy(&key.low, bytes, 8);
    std::memcpy(&key.high, bytes + 8, 8);
    return key;
  }
  static_assert(std::endian::native == std::endian::little, "the mask keeps the first bytes");
  static constexpr std::uint64_t kKept[4] = {~std::uint64_t{0}, ~std::uint64_t{0}, 0, 0};
  const char* const kept = reinterpret_cast<const char*>(kKept) + (16 - size);
  PieceKey mask;
  std::memcpy(&mask.low, kept, 8);
  std::memcpy(&mask.high, kept + 8, 8);
  std::memcpy(&key.low, piece, 8);
  std::memcpy(&key.high, piece + 8, 8);
  key.low &= mask.low;
  key.high &= mask.high;
  return key;
}

inline std::uint64_t scramble_bits(std::uint64_t value) noexcept {
  value ^= value >> 32U;
  value *= 0x9FB21C651E98DF25U;
  return value ^ value >> 29U;
}

inline std::uint64_t hash_short_piece(PieceKey key, std::size_t size) noexcept {
  return scramble_bits(key.low * 0x9E3779B97F4A7C15U ^ (key.high + size) * 0xC2B2AE3D27D4EB4FU);
}

inline std::uint64_t hash_piece(std::string_view piece) noexcept {
  const char* p = piece.data();
  const char* const end = p + piece.size();
  if (piece.size() <= 16) return hash_short_piece(load_piece(p, piece.size(), end), piece.size());
  std::uint64_t hash = piece.size();
  for (; end - p > 16; p += 16) {
    const PieceKey key = load_piece(p, 16, end);
    hash = scramble_bits(hash ^ hash_short_piece(key, 16));
  }
  const auto left = static_cast<std::size_t>(end - p);
  return scramble_bits(hash ^ hash_short_piece(load_piece(p, left, end), left));
}

/// Of the table of bytes, with open addressing; kNoRank is an empty slot.
struct ByteSlot {
  std::uint32_t tag;
  Rank rank;
};

/// What the merges ask of a token, in one place: they take it from memory all over the tables.
struct TokenEntry {
  static constexpr std::uint32_t kLengthMask = (1U << 11U) - 1;
  static_assert(kTokenBytesMax < 1U << 11U);

  std::uint64_t split = std::uint64_t{kNoRank} << 43U | std::uint64_t{kNoRank} << 22U;
  std::uint32_t begin = 0;  // in the bytes of all tokens
  std::uint32_t shorter_and_length = kNoRank << 11U;

  // What it is merged from; kNoRank for a byte, and if it is not reached. Below them is a filter.
  [[nodiscard]] Rank left() const noexcept { return static_cast<Rank>(split >> 43U); }
  [[nodiscard]] Rank right() const noexcept { return static_cast<Rank>(split >> 22U) & kNoRank; }
  [[nodiscard]] std::size_t length() const noexcept { return shorter_and_length & kLengthMask; }
  [[nodiscard]] bool is_reached() const noexcept { return left() != kNoRank || length() == 1; }
  void set_split(Rank left, Rank right) noexcept {
    const std::uint64_t filter = split & ((std::uint64_t{1} << 22U) - 1);
    split = std::uint64_t{left} << 43U | std::uint64_t{right} << 22U | filter;
  }
};
static_assert(sizeof(TokenEntry) == 16);

/// A token has a bit for some of the tokens that merge with it, first as the left one, then as
/// the right one. Most merge with few, so the table of pairs is seldom asked in vain.
inline std::uint64_t partner_bit(Rank partner) noexcept {
  return std::uint64_t{1} << ((partner * 0x9E3779B1U >> 16U) * 11U >> 16U);
}

inline std::uint64_t pair_key(Rank left, Rank right) noexcept {
  return std::uint64_t{left} << 21U | right;
}
inline std::uint64_t pair_place(std::uint64_t key) noexcept {
  return scramble_bits(key * 0x9E3779B97F4A7C15U);
}

/// In the filter of pairs, which is small enough to stay near where the table of pairs is not: most
/// of the pairs that are asked for do not merge. `place` is that of the pair.
struct PairBit {
  PairBit(std::uint64_t place, std::size_t words) noexcept
      : word(static_cast<std::size_t>(place >> 38U) & (words - 1)),
        mask(std::uint64_t{1} << (place >> 32U) % 64U) {}
  std::size_t word;
  std::uint64_t mask;
};

/// Of eight kinds of bytes, those that go on from a node are marked in the node's upper bits.
inline std::uint32_t node_filter(unsigned char byte) noexcept {
  return 1U << (kNodeBits + byte % 8U);
}
/// The children of a node lie together, so that going down touches few lines of the cache.
inline std::uint64_t trie_place(std::uint32_t key) noexcept {
  return ((key >> 8U) * 0x9E3779B97F4A7C15U >> 32U) + (key & 0xFFU);
}

/// The arrays, wherever they lie. Those with open addressing have a power of two as their size.
struct BpeArrays {
  std::span<const char> bytes;                 // of all tokens by rank, and kReadBeyond
  std::span<const TokenEntry> tokens;          // by rank
  std::span<const ByteSlot> slots;             // from bytes to tokens
  std::span<const std::uint64_t> pairs;        // left, right and merged, 21 bits each
  std::span<const std::uint64_t> pair_filter;  // bits that pairs share, see PairBit
  std::span<const std::uint32_t> two_bytes;    // the node of each two bytes
  std::span<const std::uint32_t> characters;   // the node of each code point that has three bytes
  std::span<const std::uint64_t> trie;         // node, byte and next node: 24, 8 and 32 bits
  std::span<const std::uint32_t> ids;          // by rank; none if each rank is an id
  std::span<const std::uint32_t> ranks;        // by id, kNoRank if there is none; the same

  template <class Visit>
  static void for_each(Visit visit) {
    visit(&BpeArrays::bytes);
    visit(&BpeArrays::tokens);
    visit(&BpeArrays::slots);
    visit(&BpeArrays::pairs);
    visit(&BpeArrays::pair_filter);
    visit(&BpeArrays::two_bytes);
    visit(&BpeArrays::characters);
    visit(&BpeArrays::trie);
    visit(&BpeArrays::ids);
    visit(&BpeArrays::ranks);
  }
};
inline constexpr std::size_t kBpeArrays = 10;

/// Which pieces are tokens without any merge.
enum class WholePieces : std::uint32_t {
  kReached,   // those that merging would give, which saves the merging
  kAnyToken,  // those that it would not give too
};

/// What there is to know about the tables besides the arrays.
struct BpeFacts {
  std::uint32_t size = 0;
  std::uint32_t is_ordered = 1;  // each token that is reached ranks behind the two it is made of
  WholePieces whole_pieces = WholePieces::kAnyToken;
};

}  // namespace cochain::detail
