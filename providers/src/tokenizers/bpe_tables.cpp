// What is asked of the tables. Building them is the work of BpeBuilder.

#include "bpe_tables.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace cochain::detail {
namespace {

std::uint64_t next_tables_serial() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

BpeTables::BpeTables(const BpeArrays& arrays, const BpeFacts& facts,
                     std::shared_ptr<const void> storage)
    : serial_(next_tables_serial()),
      arrays_(arrays),
      facts_(facts),
      rank_end_(static_cast<Rank>(arrays.tokens.size())),
      slots_mask_(arrays.slots.size() - 1),
      pairs_mask_(arrays.pairs.size() - 1),
      trie_mask_(arrays.trie.size() - 1),
      storage_(std::move(storage)) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    of_byte_[byte] = find(std::string_view(&c, 1));
  }
}

Rank BpeTables::find(std::string_view piece, std::uint64_t hash) const noexcept {
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  std::size_t at = static_cast<std::size_t>(hash) & slots_mask_;
  while (arrays_.slots[at].rank != kNoRank) {
    if (arrays_.slots[at].tag == tag && token_bytes(arrays_.slots[at].rank) == piece) {
      return arrays_.slots[at].rank;
    }
    at = (at + 1) & slots_mask_;
  }
  return kNoRank;
}

Rank BpeTables::find_whole(std::string_view piece, std::uint64_t hash) const noexcept {
  const Rank rank = find(piece, hash);
  return rank != kNoRank && is_whole(rank) ? rank : kNoRank;
}

Rank BpeTables::find_short(PieceKey key, std::size_t size, std::uint64_t hash) const noexcept {
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  std::size_t at = static_cast<std::size_t>(hash) & slots_mask_;
  while (arrays_.slots[at].rank != kNoRank) {
    const Rank rank = arrays_.slots[at].rank;
    if (arrays_.slots[at].tag == tag && length(rank) == size) {
      const char* const token = arrays_.bytes.data() + arrays_.tokens[rank].begin;
      const PieceKey other = load_piece(token, size, token + 16);
      if (other.low == key.low && other.high == key.high) return is_whole(rank) ? rank : kNoRank;
    }
    at = (at + 1) & slots_mask_;
  }
  return kNoRank;
}

Rank BpeTables::longest_match(const char* p, const char* end) const noexcept {
  const auto byte = [p](std::size_t n) { return static_cast<unsigned char>(p[n]); };
  const auto size = static_cast<std::size_t>(end - p);
  Rank best = byte_rank(byte(0));
  if (size == 1) return best;
  std::uint32_t node = kNoNode;
  std::size_t depth = 3;
  if ((byte(0) & 0xF0U) == 0xE0U && size >= 3) {
    // Most of East Asia. The text is UTF-8, so three bytes are one code point.
    node =
        arrays_.characters[(byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU)];
  }
  if ((node & kNodeMask) >= rank_end_) {
    node = arrays_.two_bytes[static_cast<std::size_t>(byte(0)) << 8U | byte(1)];
    depth = 2;
  }
  return longest_below(node, depth, best, p, end);
}

Rank BpeTables::longest_match_from(Rank known, const char* p, const char* end) const noexcept {
  const std::uint32_t any_byte = ~kNodeMask;  // which bytes go on from here is not known
  return longest_below(known | any_byte, length(known), known, p, end);
}

/// Undoes the merges on both sides of the seam, the latest first. At each state the two tokens at
/// the seam may not be ones that would have been merged before the merge that was just undone.
bool BpeTables::stay_apart(Rank left, Rank right) const noexcept {
  // Of equal ranks the left one merges first; so one on the right of the seam loses to a pair
  // across it, and one on the left wins.
  Rank limit = kNoRank;
  while (true) {
    const TokenEntry& left_token = arrays_.tokens[left];
    const TokenEntry& right_token = arrays_.tokens[right];
    const bool left_is_byte = left_token.left() == kNoRank;
    const bool right_is_byte = right_token.left() == kNoRank;
    if (left_is_byte && right_is_byte) {
      const auto byte = [this](const TokenEntry& t) {
        return static_cast<unsigned char>(arrays_.bytes[t.begin]);
      };
      const Rank merged = merge_bytes(byte(left_token), byte(right_token));
      return merged >= std::min(limit, rank_end_);
    }
    const bool may_merge = (left_token.split & partner_bit(right)) != 0 &&
                           (right_token.split >> 11U & partner_bit(left)) != 0;
    if (may_merge && merge(left, right) < limit) return false;
    if (right_is_byte || (!left_is_byte && left > right)) {
      limit = left;
      left = left_token.right();
    } else {
      limit = right + 1;
      right = right_token.left();
    }
  }
}

std::size_t BpeTables::memory_bytes() const noexcept {
  std::size_t total = sizeof *this;
  BpeArrays::for_each([&](auto array) { total += (arrays_.*array).size_bytes(); });
  return total;
}

}  // namespace cochain::detail
