// The tables of a vocabulary: bytes to token, two tokens to the one they merge into, and the
// longest token at a place. Between the files that they come from and the encoder of pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "bpe_layout.hpp"

namespace cochain::detail {

/// Shape: ranks index the tables; a rank may be left out, and has no bytes then.
///        A token is reached if merging its bytes gives it. One that is not is found by its bytes
///        alone; it is no part of the pairs and the trie.
/// Lives: a view of the arrays, which `storage` keeps.
class BpeTables {
 public:
  BpeTables(const BpeArrays& arrays, const BpeFacts& facts, std::shared_ptr<const void> storage);

  /// A number that no other tables of this process have.
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }
  [[nodiscard]] const BpeArrays& arrays() const noexcept { return arrays_; }
  [[nodiscard]] const BpeFacts& facts() const noexcept { return facts_; }
  [[nodiscard]] std::size_t size() const noexcept { return facts_.size; }
  [[nodiscard]] Rank rank_end() const noexcept { return rank_end_; }
  [[nodiscard]] std::uint32_t id_end() const noexcept {
    return has_ids() ? static_cast<std::uint32_t>(arrays_.ranks.size()) : rank_end_;
  }
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  /// Each token that is reached has a higher rank than the two it is merged from.
  [[nodiscard]] bool is_ordered() const noexcept { return facts_.is_ordered != 0; }

  /// The bytes of the token that has this id; empty if there is none.
  [[nodiscard]] std::string_view bytes(std::uint32_t id) const noexcept {
    return id < id_end() ? token_bytes(has_ids() ? arrays_.ranks[id] : id) : std::string_view();
  }
  [[nodiscard]] bool has_ids() const noexcept { return !arrays_.ids.empty(); }
  /// Makes ids of the ranks of tokens.
  void name_tokens(Rank* first, const Rank* last) const noexcept {
    if (!has_ids()) return;
    for (; first != last; ++first) *first = arrays_.ids[*first];
  }
  [[nodiscard]] std::uint32_t id_of(Rank rank) const noexcept {
    return has_ids() ? arrays_.ids[rank] : rank;
  }

  [[nodiscard]] std::string_view token_bytes(Rank rank) const noexcept {
    if (rank >= rank_end_) return {};
    return std::string_view(arrays_.bytes.data() + arrays_.tokens[rank].begin, length(rank));
  }
  [[nodiscard]] std::size_t length(Rank rank) const noexcept {
    return arrays_.tokens[rank].length();
  }
  [[nodiscard]] Rank byte_rank(unsigned char byte) const noexcept { return of_byte_[byte]; }

  /// The token of these bytes, or kNoRank.
  [[nodiscard]] Rank find(std::string_view piece) const noexcept {
    return piece.empty() ? kNoRank : find(piece, hash_piece(piece));  // it may have no address
  }
  /// The token that a piece of these bytes is without being merged, or kNoRank.
  [[nodiscard]] Rank find_whole(std::string_view piece, std::uint64_t hash) const noexcept;
  /// The same for at most 16 bytes whose key and hash are known.
  [[nodiscard]] Rank find_short(PieceKey key, std::size_t size, std::uint64_t hash) const noexcept;

  /// Has that brought near which finding a short piece will read. One after the other, each for
  /// many pieces.
  void prefetch_slot(std::uint64_t hash) const noexcept {
    __builtin_prefetch(&arrays_.slots[static_cast<std::size_t>(hash) & slots_mask_]);
  }
  void prefetch_token(std::uint64_t hash) const noexcept {
    const Rank rank = arrays_.slots[static_cast<std::size_t>(hash) & slots_mask_].rank;
    if (rank != kNoRank) __builtin_prefetch(&arrays_.tokens[rank]);
  }
  void prefetch_bytes(std::uint64_t hash) const noexcept {
    const Rank rank = arrays_.slots[static_cast<std::size_t>(hash) & slots_mask_].rank;
    if (rank != kNoRank) __builtin_prefetch(&arrays_.bytes[arrays_.tokens[rank].begin]);
  }

  /// The token that two bytes merge into, or a value from rank_end() on.
  [[nodiscard]] Rank merge_bytes(unsigned char left, unsigned char right) const noexcept {
    return arrays_.two_bytes[static_cast<std::size_t>(left) << 8U | right] & kNodeMask;
  }
  /// The token that two neighbours merge into, or kNoRank.
  [[nodiscard]] Rank merge(Rank left, Rank right) const noexcept {
    const std::uint64_t key = pair_key(left, right);
    const std::uint64_t place = pair_place(key);
    const PairBit bit(place, arrays_.pair_filter.size());
    if ((arrays_.pair_filter[bit.word] & bit.mask) == 0) return kNoRank;
    std::size_t at = static_cast<std::size_t>(place) & pairs_mask_;
    while (true) {
      const std::uint64_t slot = arrays_.pairs[at];
      if (slot >> 21U == key) return static_cast<Rank>(slot & kNoRank);
      if (slot == kEmptySlot) return kNoRank;
      at = (at + 1) & pairs_mask_;
    }
  }

  /// The longest token that [p, end) begins with and that is reached. `p != end`.
  [[nodiscard]] Rank longest_match(const char* p, const char* end) const noexcept;
  /// The same where [p, end) is known to begin with a token that is reached.
  [[nodiscard]] Rank longest_match_from(Rank known, const char* p, const char* end) const noexcept;
  /// The longest such token that `rank` begins with, other than itself; kNoRank for a byte.
  [[nodiscard]] Rank shorter(Rank rank) const noexcept {
    return arrays_.tokens[rank].shorter_and_length >> 11U;
  }
  /// Whether merging the bytes of both together leaves these two. Wants is_ordered().
  [[nodiscard]] bool stay_apart(Rank left, Rank right) const noexcept;

 private:
  [[nodiscard]] Rank find(std::string_view piece, std::uint64_t hash) const noexcept;
  /// The longest token on the way down from a node, which has `depth` bytes of p; else `best`.
  [[nodiscard]] Rank longest_below(std::uint32_t node, std::size_t depth, Rank best, const char* p,
                                   const char* end) const noexcept {
    const auto size = static_cast<std::size_t>(end - p);
    while (true) {
      const std::uint32_t here = node & kNodeMask;
      if (here < rank_end_) best = here;
      if (depth == size) return best;
      const auto byte = static_cast<unsigned char>(p[depth++]);
      if ((node & node_filter(byte)) == 0) return best;
      node = trie_step(here, byte);
    }
  }
  /// The node behind a node and a byte, with its filter; kNoNode if there is none.
  [[nodiscard]] std::uint32_t trie_step(std::uint32_t node, unsigned char byte) const noexcept {
    const std::uint32_t key = node << 8U | byte;
    std::size_t at = static_cast<std::size_t>(trie_place(key)) & trie_mask_;
    while (true) {
      const std::uint64_t slot = arrays_.trie[at];
      if (slot >> 32U == key) return static_cast<std::uint32_t>(slot);
      if (slot == kEmptySlot) return kNoNode;
      at = (at + 1) & trie_mask_;
    }
  }
  [[nodiscard]] bool is_whole(Rank rank) const noexcept {
    return facts_.whole_pieces == WholePieces::kAnyToken || arrays_.tokens[rank].is_reached();
  }

  std::uint64_t serial_;
  BpeArrays arrays_;
  BpeFacts facts_;
  Rank rank_end_;
  std::size_t slots_mask_;
  std::size_t pairs_mask_;
  std::size_t trie_mask_;
  Rank of_byte_[256];
  std::shared_ptr<const void> storage_;
};

}  // namespace cochain::detail
