// Building the tables. What a token is merged from is found by merging it, so that the tables say
// what the rule says, whatever the vocabulary.

#include "bpe_tables.hpp"

#include <algorithm>
#include <atomic>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kReadBeyond = 16;

std::uint64_t next_tables_serial() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// A power of two of which `used` is at most half.
std::size_t roomy_capacity(std::size_t used) { return std::bit_ceil(2 * used + 2); }

std::uint64_t hash_piece(std::string_view piece) noexcept {
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

}  // namespace

BpeTables::BpeTables(const RankFile& file) : serial_(next_tables_serial()) {
  place_tokens(file);
  index_pairs();
  index_trie();
}

void BpeTables::place_tokens(const RankFile& file) {
  size_ = file.tokens.size();
  for (const RankedToken& token : file.tokens) rank_end_ = std::max(rank_end_, token.rank + 1);
  std::vector<std::uint32_t> lines(rank_end_, 0);
  tokens_.assign(rank_end_, Token());
  for (const RankedToken& token : file.tokens) {
    if (lines[token.rank] != 0) {
      throw VocabularyError("line " + std::to_string(token.line) + " of the rank file: rank " +
                            std::to_string(token.rank) + " is that of line " +
                            std::to_string(lines[token.rank]));
    }
    lines[token.rank] = token.line;
    tokens_[token.rank].shorter_and_length |= token.size;
  }
  // A rank that is left out is no token, and so has no parts either.
  for (Rank rank = 0; rank < rank_end_; ++rank) set_split(rank, kNoRank, kNoRank);
  bytes_.assign(file.bytes.size() + kReadBeyond, '\0');
  std::uint32_t begin = 0;
  for (Token& token : tokens_) {
    token.begin = begin;
    begin += token.shorter_and_length & kLengthMask;
  }
  for (const RankedToken& token : file.tokens) {
    file.bytes.copy(bytes_.data() + tokens_[token.rank].begin, token.size, token.begin);
  }
  index_bytes(lines);
}

void BpeTables::index_bytes(const std::vector<std::uint32_t>& lines) {
  slots_.assign(roomy_capacity(size_), Slot{0, kNoRank});
  slots_mask_ = slots_.size() - 1;
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    if (length(rank) == 0) continue;
    const Rank other = find(bytes(rank));
    if (other != kNoRank) {
      throw VocabularyError("line " + std::to_string(std::max(lines[rank], lines[other])) +
                            " of the rank file: its token is that of line " +
                            std::to_string(std::min(lines[rank], lines[other])));
    }
    const std::uint64_t hash = hash_piece(bytes(rank));
    std::size_t at = static_cast<std::size_t>(hash) & slots_mask_;
    while (slots_[at].rank != kNoRank) at = (at + 1) & slots_mask_;
    slots_[at] = Slot{static_cast<std::uint32_t>(hash >> 32U), rank};
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    of_byte_[byte] = find(std::string_view(&c, 1));
    if (of_byte_[byte] == kNoRank) {
      throw VocabularyError("the rank file has no token for the byte " + std::to_string(byte));
    }
  }
}

Rank BpeTables::find(std::string_view piece) const noexcept {
  const std::uint64_t hash = hash_piece(piece);
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  std::size_t at = static_cast<std::size_t>(hash) & slots_mask_;
  while (slots_[at].rank != kNoRank) {
    if (slots_[at].tag == tag && bytes(slots_[at].rank) == piece) return slots_[at].rank;
    at = (at + 1) & slots_mask_;
  }
  return kNoRank;
}

Rank BpeTables::find_short(PieceKey key, std::size_t size, std::uint64_t hash) const noexcept {
  const auto tag = static_cast<std::uint32_t>(hash >> 32U);
  std::size_t at = static_cast<std::size_t>(hash) & slots_mask_;
  while (slots_[at].rank != kNoRank) {
    const Rank rank = slots_[at].rank;
    if (slots_[at].tag == tag && length(rank) == size) {
      const char* const token = bytes_.data() + tokens_[rank].begin;
      const PieceKey other = load_piece(token, size, token + 16);
      if (other.low == key.low && other.high == key.high) return rank;
    }
    at = (at + 1) & slots_mask_;
  }
  return kNoRank;
}

/// Merges the token's bytes until two parts are left, by the rule itself: of neighbours that
/// together are a token, those of the lowest rank, the leftmost first.
void BpeTables::find_split(Rank rank, std::vector<Rank>& parts, std::vector<Rank>& merged) {
  const std::string_view token = bytes(rank);
  const auto join = [this, token](Rank left, Rank right, std::size_t at) {
    return find(token.substr(at, length(left) + length(right)));
  };
  parts.clear();
  merged.clear();
  for (const char c : token) parts.push_back(byte_rank(static_cast<unsigned char>(c)));
  for (std::size_t n = 0; n + 1 < parts.size(); ++n) merged.push_back(find(token.substr(n, 2)));
  while (parts.size() > 2) {
    const auto lowest = std::min_element(merged.begin(), merged.end());
    if (*lowest == kNoRank) return;  // not reached
    const auto n = lowest - merged.begin();
    parts[static_cast<std::size_t>(n)] = *lowest;
    parts.erase(parts.begin() + n + 1);
    merged.erase(lowest);
    std::size_t at = 0;
    for (auto before = parts.begin(); before != parts.begin() + n; ++before) at += length(*before);
    const auto here = static_cast<std::size_t>(n);
    if (here < merged.size()) merged[here] = join(parts[here], parts[here + 1], at);
    if (here > 0) {
      merged[here - 1] = join(parts[here - 1], parts[here], at - length(parts[here - 1]));
    }
  }
  set_split(rank, parts[0], parts[1]);
}

void BpeTables::index_pairs() {
  pairs_.assign(roomy_capacity(size_), kEmpty);
  pairs_mask_ = pairs_.size() - 1;
  std::vector<Rank> parts;
  std::vector<Rank> merged;
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    if (length(rank) < 2) continue;
    find_split(rank, parts, merged);
    const Rank left = tokens_[rank].left();
    const Rank right = tokens_[rank].right();
    if (left == kNoRank) continue;
    is_ordered_ = is_ordered_ && left < rank && right < rank;
    tokens_[left].split |= partner_bit(right);
    tokens_[right].split |= partner_bit(left) << 11U;
    const std::uint64_t key = std::uint64_t{left} << 21U | right;
    std::size_t at = pair_place(key);
    while (pairs_[at] != kEmpty) at = (at + 1) & pairs_mask_;
    pairs_[at] = key << 21U | rank;
  }
}

void BpeTables::index_trie() {
  std::vector<Rank> by_length;
  by_length.reserve(size_);
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    if (tokens_[rank].left() != kNoRank) by_length.push_back(rank);
  }
  // A token is added after those that it begins with, so its own node is new.
  std::sort(by_length.begin(), by_length.end(), [this](Rank a, Rank b) {
    return length(a) != length(b) ? length(a) < length(b) : a < b;
  });
  two_bytes_.assign(std::size_t{1} << 16U, kNoNode);
  trie_.assign(1024, kEmpty);
  trie_mask_ = trie_.size() - 1;
  node_end_ = rank_end_;
  for (const Rank rank : by_length) add_to_trie(rank);
  add_filters_to_trie();
  index_characters();
}

void BpeTables::add_to_trie(Rank rank) {
  const std::string_view token = bytes(rank);
  const auto byte = [token](std::size_t n) { return static_cast<unsigned char>(token[n]); };
  if (node_end_ > kNoNode - kTokenBytesMax) throw VocabularyError("the vocabulary is too large");
  Rank shorter = byte_rank(byte(0));
  std::uint32_t& second = two_bytes_[static_cast<std::size_t>(byte(0)) << 8U | byte(1)];
  if (token.size() == 2) second = rank;
  if (second == kNoNode) second = node_end_++;
  std::uint32_t node = second;
  for (std::size_t n = 2; n < token.size(); ++n) {
    if (node < rank_end_) shorter = node;
    std::uint32_t next = trie_step(node, byte(n));
    if (next == kNoNode) {
      next = n + 1 == token.size() ? rank : node_end_++;
      if (6 * ++trie_used_ > 5 * trie_.size()) grow_trie();
      const std::uint32_t key = node << 8U | byte(n);
      std::size_t at = trie_place(key);
      while (trie_[at] != kEmpty) at = (at + 1) & trie_mask_;
      trie_[at] = std::uint64_t{key} << 32U | next;
    }
    node = next;
  }
  tokens_[rank].shorter_and_length = shorter << 11U | static_cast<std::uint32_t>(token.size());
}

void BpeTables::grow_trie() {
  std::vector<std::uint64_t> old(2 * trie_.size(), kEmpty);
  old.swap(trie_);
  trie_mask_ = trie_.size() - 1;
  for (const std::uint64_t slot : old) {
    if (slot == kEmpty) continue;
    std::size_t at = trie_place(static_cast<std::uint32_t>(slot >> 32U));
    while (trie_[at] != kEmpty) at = (at + 1) & trie_mask_;
    trie_[at] = slot;
  }
}

void BpeTables::add_filters_to_trie() {
  std::vector<std::uint32_t> filters(node_end_, 0);
  for (const std::uint64_t slot : trie_) {
    if (slot == kEmpty) continue;
    const auto key = static_cast<std::uint32_t>(slot >> 32U);
    filters[key >> 8U] |= node_filter(static_cast<unsigned char>(key & 0xFFU));
  }
  for (std::uint64_t& slot : trie_) {
    if (slot != kEmpty) slot |= filters[slot & kNodeMask];
  }
  for (std::uint32_t& node : two_bytes_) {
    if (node != kNoNode) node |= filters[node];
  }
}

void BpeTables::index_characters() {
  characters_.assign(std::size_t{1} << 16U, kNoNode);
  for (std::uint32_t code_point = 0x800; code_point < 0x10000; ++code_point) {
    const std::uint32_t first = 0xE0U | code_point >> 12U;
    const std::uint32_t second = 0x80U | (code_point >> 6U & 0x3FU);
    const auto third = static_cast<unsigned char>(0x80U | (code_point & 0x3FU));
    const std::uint32_t node = two_bytes_[first << 8U | second];
    if ((node & node_filter(third)) == 0) continue;
    characters_[code_point] = trie_step(node & kNodeMask, third);
  }
}

Rank BpeTables::longest_match(const char* p, const char* end) const noexcept {
  const auto byte = [p](std::size_t n) { return static_cast<unsigned char>(p[n]); };
  const auto size = static_cast<std::size_t>(end - p);
  Rank best = byte_rank(byte(0));
  if (size == 1) return best;
  std::uint32_t node = kNoNode;
  std::size_t n = 3;
  if ((byte(0) & 0xF0U) == 0xE0U && size >= 3) {
    // Most of East Asia. The text is UTF-8, so three bytes are one code point.
    node = characters_[(byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU)];
  }
  if ((node & kNodeMask) >= rank_end_) {
    node = two_bytes_[static_cast<std::size_t>(byte(0)) << 8U | byte(1)];
    n = 2;
  }
  while (true) {
    const std::uint32_t here = node & kNodeMask;
    if (here < rank_end_) best = here;
    if (n == size || (node & node_filter(byte(n))) == 0) return best;
    node = trie_step(here, byte(n++));
  }
}

/// Undoes the merges on both sides of the seam, the latest first. At each state the two tokens at
/// the seam may not be ones that would have been merged before the merge that was just undone.
bool BpeTables::stay_apart(Rank left, Rank right) const noexcept {
  // Of equal ranks the left one merges first; so one on the right of the seam loses to a pair
  // across it, and one on the left wins.
  Rank limit = kNoRank;
  while (true) {
    const Token& left_token = tokens_[left];
    const Token& right_token = tokens_[right];
    const bool left_is_byte = left_token.left() == kNoRank;
    const bool right_is_byte = right_token.left() == kNoRank;
    if (left_is_byte && right_is_byte) {
      const auto byte = [this](const Token& t) {
        return static_cast<unsigned char>(bytes_[t.begin]);
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
  return sizeof *this + bytes_.capacity() + tokens_.capacity() * sizeof(Token) +
         slots_.capacity() * sizeof(Slot) + trie_.capacity() * sizeof(std::uint64_t) +
         pairs_.capacity() * sizeof(std::uint64_t) +
         (two_bytes_.capacity() + characters_.capacity()) * sizeof(std::uint32_t);
}

}  // namespace cochain::detail
