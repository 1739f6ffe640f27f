// The tables of a vocabulary, built once: bytes to token, two tokens to the one they merge into,
// and the longest token at a place. Between the rank file and the encoder of pieces.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "rank_file.hpp"

namespace cochain::detail {

using Rank = std::uint32_t;
inline constexpr Rank kNoRank = kRankEnd;

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
  std::memcpy(&key.low, piece, 8);
  std::memcpy(&key.high, piece + 8, 8);
  static_assert(std::endian::native == std::endian::little, "the mask keeps the first bytes");
  if (size < 8) {
    key.low &= (std::uint64_t{1} << (8 * size)) - 1;
    key.high = 0;
  } else if (size < 16) {
    key.high &= (std::uint64_t{1} << (8 * (size - 8))) - 1;
  }
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

/// Shape: ranks index the tables; a rank may be left out, and has no bytes then.
///        A token is reached if merging its bytes gives it. One that is not is found by its bytes
///        alone; it is no part of the pairs and the trie.
/// Errors: the constructor throws VocabularyError for a byte without a token, and for a rank or
///         bytes that come twice.
class BpeTables {
 public:
  explicit BpeTables(const RankFile& file);

  /// Never the same for two tables of one process.
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] Rank rank_end() const noexcept { return rank_end_; }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  /// Each token that is reached has a higher rank than the two it is merged from.
  [[nodiscard]] bool is_ordered() const noexcept { return is_ordered_; }

  [[nodiscard]] std::string_view bytes(Rank rank) const noexcept {
    if (rank >= rank_end_) return {};
    return std::string_view(bytes_.data() + tokens_[rank].begin, length(rank));
  }
  [[nodiscard]] std::size_t length(Rank rank) const noexcept {
    return tokens_[rank].shorter_and_length & kLengthMask;
  }
  [[nodiscard]] Rank byte_rank(unsigned char byte) const noexcept { return of_byte_[byte]; }

  /// The token of these bytes, or kNoRank.
  [[nodiscard]] Rank find(std::string_view piece) const noexcept;
  /// The same for at most 16 bytes whose key and hash are known.
  [[nodiscard]] Rank find_short(PieceKey key, std::size_t size, std::uint64_t hash) const noexcept;

  /// The token that two bytes merge into, or a value from rank_end() on.
  [[nodiscard]] Rank merge_bytes(unsigned char left, unsigned char right) const noexcept {
    return two_bytes_[static_cast<std::size_t>(left) << 8U | right] & kNodeMask;
  }
  /// The token that two neighbours merge into, or kNoRank.
  [[nodiscard]] Rank merge(Rank left, Rank right) const noexcept {
    const std::uint64_t key = std::uint64_t{left} << 21U | right;
    std::size_t at = pair_place(key);
    while (true) {
      const std::uint64_t slot = pairs_[at];
      if (slot >> 21U == key) return static_cast<Rank>(slot & kNoRank);
      if (slot == kEmpty) return kNoRank;
      at = (at + 1) & pairs_mask_;
    }
  }

  /// The longest token that [p, end) begins with and that is reached. `p != end`.
  [[nodiscard]] Rank longest_match(const char* p, const char* end) const noexcept;
  /// The longest such token that `rank` begins with, other than itself; kNoRank for a byte.
  [[nodiscard]] Rank shorter(Rank rank) const noexcept {
    return tokens_[rank].shorter_and_length >> 11U;
  }
  /// Whether merging the bytes of both together leaves these two. Wants is_ordered().
  [[nodiscard]] bool stay_apart(Rank left, Rank right) const noexcept;

 private:
  struct Slot {
    std::uint32_t tag;
    Rank rank;
  };
  /// What the merges ask of a token, in one place: they take it from memory all over the tables.
  struct Token {
    std::uint64_t split = 0;  // left and right, 21 bits each, and a filter
    std::uint32_t begin = 0;  // in bytes_
    std::uint32_t shorter_and_length = kNoRank << 11U;
    // What it is merged from; kNoRank for a byte, and if it is not reached.
    [[nodiscard]] Rank left() const noexcept { return static_cast<Rank>(split >> 43U); }
    [[nodiscard]] Rank right() const noexcept { return static_cast<Rank>(split >> 22U) & kNoRank; }
  };
  static_assert(kTokenBytesMax < 1U << 11U);
  static constexpr std::uint32_t kLengthMask = (1U << 11U) - 1;
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};

  /// A token has a bit for some of the tokens that merge with it, first as the left one, then as
  /// the right one. Most merge with few, so the table of pairs is seldom asked in vain.
  static std::uint64_t partner_bit(Rank partner) noexcept {
    return std::uint64_t{1} << ((partner * 0x9E3779B1U >> 16U) * 11U >> 16U);
  }

  void place_tokens(const RankFile& file);
  void index_bytes(const std::vector<std::uint32_t>& lines);
  void index_pairs();
  void index_trie();
  void add_to_trie(Rank rank);
  void grow_trie();
  void add_filters_to_trie();
  void index_characters();
  void set_split(Rank rank, Rank left, Rank right) noexcept {
    const std::uint64_t filter = tokens_[rank].split & ((std::uint64_t{1} << 22U) - 1);
    tokens_[rank].split = std::uint64_t{left} << 43U | std::uint64_t{right} << 22U | filter;
  }
  void find_split(Rank rank, std::vector<Rank>& parts, std::vector<Rank>& merged);
  [[nodiscard]] std::size_t pair_place(std::uint64_t key) const noexcept {
    return static_cast<std::size_t>(scramble_bits(key * 0x9E3779B97F4A7C15U)) & pairs_mask_;
  }
  /// The node behind a node and a byte, with its filter; kNoNode if there is none.
  [[nodiscard]] std::uint32_t trie_step(std::uint32_t node, unsigned char byte) const noexcept {
    const std::uint32_t key = node << 8U | byte;
    std::size_t at = trie_place(key);
    while (true) {
      const std::uint64_t slot = trie_[at];
      if (slot >> 32U == key) return static_cast<std::uint32_t>(slot);
      if (slot == kEmpty) return kNoNode;
      at = (at + 1) & trie_mask_;
    }
  }
  /// Of eight kinds of bytes, those that go on from a node are marked in the node's upper bits.
  static std::uint32_t node_filter(unsigned char byte) noexcept {
    return 1U << (kNodeBits + byte % 8U);
  }
  [[nodiscard]] std::size_t trie_place(std::uint32_t key) const noexcept {
    return static_cast<std::size_t>(key * 0x9E3779B97F4A7C15U >> 32U) & trie_mask_;
  }

  static constexpr unsigned kNodeBits = 24;
  static constexpr std::uint32_t kNodeMask = (1U << kNodeBits) - 1;
  static constexpr std::uint32_t kNoNode = kNodeMask;  // its filter lets nothing pass

  std::uint64_t serial_;
  std::size_t size_ = 0;
  Rank rank_end_ = 0;
  bool is_ordered_ = true;
  std::string bytes_;          // of all tokens by rank, and room to read beyond the last
  std::vector<Token> tokens_;  // by rank
  Rank of_byte_[256];
  std::vector<Slot> slots_;  // open addressing; kNoRank is an empty slot
  std::size_t slots_mask_ = 0;
  std::vector<std::uint64_t> pairs_;  // left, right and merged, 21 bits each
  std::size_t pairs_mask_ = 0;
  // A node is a token's rank, or a number from rank_end_ on for a beginning that is no token.
  // With it goes the filter of its bytes.
  std::vector<std::uint32_t> two_bytes_;   // the node of each two bytes
  std::vector<std::uint32_t> characters_;  // the node of each code point that has three bytes
  std::vector<std::uint64_t> trie_;        // node, byte and next node: 24, 8 and 32 bits
  std::size_t trie_mask_ = 0;
  std::size_t trie_used_ = 0;
  std::uint32_t node_end_ = 0;
};

}  // namespace cochain::detail
