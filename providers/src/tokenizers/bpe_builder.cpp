// What a token is merged from is found by merging it, so that the tables say what the rule says,
// whatever the vocabulary.

#include "bpe_builder.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain::detail {
namespace {

/// A power of two of which `used` is at most half.
std::size_t roomy_capacity(std::size_t used) { return std::bit_ceil(2 * used + 2); }

/// A token at its rank; one without bytes is left out.
struct RankPlace {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  std::uint32_t line = 0;  // of the rank file
  TokenUse use = TokenUse::kEncodes;
};

/// What the tables look into, if they are built and not mapped.
struct BpeStorage {
  std::string bytes;
  std::vector<TokenEntry> tokens;
  std::vector<ByteSlot> slots;
  std::vector<std::uint64_t> pairs;
  std::vector<std::uint64_t> pair_filter;
  std::vector<std::uint32_t> two_bytes;
  std::vector<std::uint32_t> characters;
  std::vector<std::uint64_t> trie;
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> ranks;
};

class BpeBuilder {
 public:
  BpeBuilder(WholePieces whole_pieces, std::string_view source) : source_(source) {
    facts_.whole_pieces = whole_pieces;
  }

  void place_tokens(std::string_view bytes, const std::vector<RankPlace>& places);
  void set_split(Rank rank, Rank left, Rank right) { made_.tokens[rank].set_split(left, right); }
  void find_splits();
  void set_ids(std::vector<std::uint32_t> ids, std::uint32_t id_end);
  [[nodiscard]] std::shared_ptr<const BpeTables> finish();

 private:
  [[nodiscard]] std::string_view bytes(Rank rank) const {
    return std::string_view(made_.bytes).substr(made_.tokens[rank].begin, length(rank));
  }
  [[nodiscard]] std::size_t length(Rank rank) const { return made_.tokens[rank].length(); }
  [[nodiscard]] Rank find(std::string_view piece) const;
  [[nodiscard]] std::uint32_t trie_step(std::uint32_t node, unsigned char byte) const;
  void index_bytes(const std::vector<RankPlace>& places);
  void find_split(Rank rank, std::vector<Rank>& parts, std::vector<Rank>& merged);
  void index_pairs();
  void index_trie();
  void add_to_trie(Rank rank);
  void add_trie_slot(std::uint64_t slot);
  void grow_trie();
  void add_filters_to_trie();
  void index_characters();

  std::string_view source_;  // for errors
  BpeStorage made_;
  BpeFacts facts_;
  Rank rank_end_ = 0;
  std::array<Rank, 256> of_byte_{};
  std::size_t trie_used_ = 0;
  std::uint32_t node_end_ = 0;
};

void BpeBuilder::place_tokens(std::string_view bytes, const std::vector<RankPlace>& places) {
  rank_end_ = static_cast<Rank>(places.size());
  made_.tokens.assign(rank_end_, TokenEntry());
  made_.bytes.reserve(bytes.size() + kReadBeyond);
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    const RankPlace& place = places[rank];
    made_.tokens[rank].begin = static_cast<std::uint32_t>(made_.bytes.size());
    made_.tokens[rank].shorter_and_length |= place.size;
    made_.bytes += bytes.substr(place.begin, place.size);
    if (place.size != 0) ++facts_.size;
  }
  made_.bytes.append(kReadBeyond, '\0');
  index_bytes(places);
}

void BpeBuilder::index_bytes(const std::vector<RankPlace>& places) {
  made_.slots.assign(roomy_capacity(facts_.size), ByteSlot{0, kNoRank});
  const std::size_t mask = made_.slots.size() - 1;
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    if (length(rank) == 0 || places[rank].use == TokenUse::kDecodes) continue;
    const Rank other = find(bytes(rank));
    if (other != kNoRank) {
      const auto [first, last] = std::minmax(places[rank].line, places[other].line);
      throw VocabularyError("line " + std::to_string(last) +
                            " of the rank file: its token is that of line " +
                            std::to_string(first));
    }
    const std::uint64_t hash = hash_piece(bytes(rank));
    std::size_t at = static_cast<std::size_t>(hash) & mask;
    while (made_.slots[at].rank != kNoRank) at = (at + 1) & mask;
    made_.slots[at] = ByteSlot{static_cast<std::uint32_t>(hash >> 32U), rank};
  }
  for (unsigned byte = 0; byte < 256; ++byte) {
    const auto c = static_cast<char>(byte);
    of_byte_[byte] = find(std::string_view(&c, 1));
    if (of_byte_[byte] == kNoRank) {
      throw VocabularyError(std::string(source_) + " has no token for the byte " +
                            std::to_string(byte));
    }
  }
}

Rank BpeBuilder::find(std::string_view piece) const {
  const std::uint64_t hash = hash_piece(piece);
  const std::size_t mask = made_.slots.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash) & mask;
  for (; made_.slots[at].rank != kNoRank; at = (at + 1) & mask) {
    const ByteSlot slot = made_.slots[at];
    if (slot.tag == hash >> 32U && bytes(slot.rank) == piece) return slot.rank;
  }
  return kNoRank;
}

void BpeBuilder::find_splits() {
  std::vector<Rank> parts;
  std::vector<Rank> merged;
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    if (length(rank) >= 2) find_split(rank, parts, merged);
  }
}

/// Merges the token's bytes until two parts are left, by the rule itself: of neighbours that
/// together are a token, those of the lowest rank, the leftmost first.
void BpeBuilder::find_split(Rank rank, std::vector<Rank>& parts, std::vector<Rank>& merged) {
  const std::string_view token = bytes(rank);
  const auto join = [this, token](Rank left, Rank right, std::size_t at) {
    return find(token.substr(at, length(left) + length(right)));
  };
  parts.clear();
  merged.clear();
  for (const char c : token) parts.push_back(of_byte_[static_cast<unsigned char>(c)]);
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

void BpeBuilder::set_ids(std::vector<std::uint32_t> ids, std::uint32_t id_end) {
  made_.ranks.assign(id_end, kNoRank);
  for (Rank rank = 0; rank < rank_end_; ++rank) made_.ranks[ids[rank]] = rank;
  made_.ids = std::move(ids);
}

void BpeBuilder::index_pairs() {
  constexpr std::size_t kSlotsPerWord = 16;  // so a tenth of the bits is set
  made_.pairs.assign(roomy_capacity(facts_.size), kEmptySlot);
  made_.pair_filter.assign(std::max<std::size_t>(made_.pairs.size() / kSlotsPerWord, 1), 0);
  const std::size_t mask = made_.pairs.size() - 1;
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    const Rank left = made_.tokens[rank].left();
    const Rank right = made_.tokens[rank].right();
    if (left == kNoRank) continue;
    if (left >= rank || right >= rank) facts_.is_ordered = 0;
    made_.tokens[left].split |= partner_bit(right);
    made_.tokens[right].split |= partner_bit(left) << 11U;
    const std::uint64_t key = pair_key(left, right);
    const PairBit bit(pair_place(key), made_.pair_filter.size());
    made_.pair_filter[bit.word] |= bit.mask;
    std::size_t at = static_cast<std::size_t>(pair_place(key)) & mask;
    while (made_.pairs[at] != kEmptySlot) at = (at + 1) & mask;
    made_.pairs[at] = key << 21U | rank;
  }
}

void BpeBuilder::index_trie() {
  std::vector<Rank> by_length;
  by_length.reserve(facts_.size);
  for (Rank rank = 0; rank < rank_end_; ++rank) {
    if (made_.tokens[rank].left() != kNoRank) by_length.push_back(rank);
  }
  // A token is added after those that it begins with, so its own node is new.
  std::sort(by_length.begin(), by_length.end(), [this](Rank a, Rank b) {
    return length(a) != length(b) ? length(a) < length(b) : a < b;
  });
  made_.two_bytes.assign(std::size_t{1} << 16U, kNoNode);
  made_.trie.assign(1024, kEmptySlot);
  node_end_ = rank_end_;
  for (const Rank rank : by_length) add_to_trie(rank);
  add_filters_to_trie();
  index_characters();
}

void BpeBuilder::add_to_trie(Rank rank) {
  const std::string_view token = bytes(rank);
  const auto byte = [token](std::size_t n) { return static_cast<unsigned char>(token[n]); };
  if (node_end_ > kNoNode - kTokenBytesMax) throw VocabularyError("the vocabulary is too large");
  Rank shorter = of_byte_[byte(0)];
  std::uint32_t& second = made_.two_bytes[static_cast<std::size_t>(byte(0)) << 8U | byte(1)];
  if (token.size() == 2) second = rank;
  if (second == kNoNode) second = node_end_++;
  std::uint32_t node = second;
  for (std::size_t n = 2; n < token.size(); ++n) {
    if (node < rank_end_) shorter = node;
    std::uint32_t next = trie_step(node, byte(n));
    if (next == kNoNode) {
      next = n + 1 == token.size() ? rank : node_end_++;
      if (6 * ++trie_used_ > 5 * made_.trie.size()) grow_trie();
      add_trie_slot(std::uint64_t{node << 8U | byte(n)} << 32U | next);
    }
    node = next;
  }
  made_.tokens[rank].shorter_and_length = shorter << 11U | static_cast<std::uint32_t>(token.size());
}

std::uint32_t BpeBuilder::trie_step(std::uint32_t node, unsigned char byte) const {
  const std::uint32_t key = node << 8U | byte;
  const std::size_t mask = made_.trie.size() - 1;
  std::size_t at = static_cast<std::size_t>(trie_place(key)) & mask;
  for (; made_.trie[at] != kEmptySlot; at = (at + 1) & mask) {
    if (made_.trie[at] >> 32U == key) return static_cast<std::uint32_t>(made_.trie[at]);
  }
  return kNoNode;
}

void BpeBuilder::add_trie_slot(std::uint64_t slot) {
  const std::size_t mask = made_.trie.size() - 1;
  std::size_t at =
      static_cast<std::size_t>(trie_place(static_cast<std::uint32_t>(slot >> 32U))) & mask;
  while (made_.trie[at] != kEmptySlot) at = (at + 1) & mask;
  made_.trie[at] = slot;
}

void BpeBuilder::grow_trie() {
  std::vector<std::uint64_t> old(2 * made_.trie.size(), kEmptySlot);
  old.swap(made_.trie);
  for (const std::uint64_t slot : old) {
    if (slot != kEmptySlot) add_trie_slot(slot);
  }
}

void BpeBuilder::add_filters_to_trie() {
  std::vector<std::uint32_t> filters(node_end_, 0);
  for (const std::uint64_t slot : made_.trie) {
    if (slot == kEmptySlot) continue;
    const auto key = static_cast<std::uint32_t>(slot >> 32U);
    filters[key >> 8U] |= node_filter(static_cast<unsigned char>(key & 0xFFU));
  }
  for (std::uint64_t& slot : made_.trie) {
    if (slot != kEmptySlot) slot |= filters[slot & kNodeMask];
  }
  for (std::uint32_t& node : made_.two_bytes) {
    if (node != kNoNode) node |= filters[node];
  }
}

void BpeBuilder::index_characters() {
  made_.characters.assign(std::size_t{1} << 16U, kNoNode);
  for (std::uint32_t code_point = 0x800; code_point < 0x10000; ++code_point) {
    const std::uint32_t first = 0xE0U | code_point >> 12U;
    const std::uint32_t second = 0x80U | (code_point >> 6U & 0x3FU);
    const auto third = static_cast<unsigned char>(0x80U | (code_point & 0x3FU));
    const std::uint32_t node = made_.two_bytes[first << 8U | second];
    if ((node & node_filter(third)) == 0) continue;
    made_.characters[code_point] = trie_step(node & kNodeMask, third);
  }
}

std::shared_ptr<const BpeTables> BpeBuilder::finish() {
  index_pairs();
  index_trie();
  auto storage = std::make_shared<const BpeStorage>(std::move(made_));
  BpeArrays arrays;
  arrays.bytes = storage->bytes;
  arrays.tokens = storage->tokens;
  arrays.slots = storage->slots;
  arrays.pairs = storage->pairs;
  arrays.pair_filter = storage->pair_filter;
  arrays.two_bytes = storage->two_bytes;
  arrays.characters = storage->characters;
  arrays.trie = storage->trie;
  arrays.ids = storage->ids;
  arrays.ranks = storage->ranks;
  return std::make_shared<const BpeTables>(arrays, facts_, std::move(storage));
}

/// The merges of a list, and which of them each token comes from.
class ListedMerges {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;

  explicit ListedMerges(const MergeList& list) : list_(list), of_byte_(256, kNone) {
    pairs_.reserve(list.merges.size());
    for (std::uint32_t n = 0; n < list.merges.size(); ++n) {
      pairs_.insert_or_assign(key_of(list.merges[n].left, list.merges[n].right), n);
    }
    for (std::uint32_t n = 0; n < list.tokens.size(); ++n) {
      const ListedToken& token = list.tokens[n];
      if (token.size != 1 || token.use == TokenUse::kDecodes) continue;
      of_byte_[static_cast<unsigned char>(list.bytes[token.begin])] = n;
    }
  }

  /// The merge that a token's bytes end with; kNone if they merge into something else.
  /// Whatever stands around those bytes, they merge in the same order: so no other pair gives it.
  [[nodiscard]] std::uint32_t last_merge_of(std::uint32_t token) {
    const ListedToken& wanted = list_.tokens[token];
    parts_.clear();
    merges_.clear();
    for (const char c : std::string_view(list_.bytes).substr(wanted.begin, wanted.size)) {
      parts_.push_back(of_byte_[static_cast<unsigned char>(c)]);
      if (parts_.back() == kNone) return kNone;
    }
    for (std::size_t n = 0; n + 1 < parts_.size(); ++n) merges_.push_back(merge_at(n));
    std::uint32_t last = kNone;
    while (parts_.size() > 1) {
      const auto lowest = std::min_element(merges_.begin(), merges_.end());
      last = *lowest;
      if (last == kNone) return kNone;
      const auto n = lowest - merges_.begin();
      const auto here = static_cast<std::size_t>(n);
      parts_[here] = list_.merges[last].merged;
      parts_.erase(parts_.begin() + n + 1);
      merges_.erase(lowest);
      if (here < merges_.size()) merges_[here] = merge_at(here);
      if (here > 0) merges_[here - 1] = merge_at(here - 1);
    }
    return parts_[0] == token ? last : kNone;
  }

 private:
  static std::uint64_t key_of(std::uint32_t left, std::uint32_t right) {
    return std::uint64_t{left} << 32U | right;
  }
  [[nodiscard]] std::uint32_t merge_at(std::size_t n) const {
    const auto found = pairs_.find(key_of(parts_[n], parts_[n + 1]));
    return found == pairs_.end() ? kNone : found->second;
  }

  const MergeList& list_;
  std::vector<std::uint32_t> of_byte_;
  std::unordered_map<std::uint64_t, std::uint32_t> pairs_;
  std::vector<std::uint32_t> parts_;
  std::vector<std::uint32_t> merges_;
};

/// A token of a list on its way to its rank.
struct RankedListToken {
  std::uint64_t order;  // bytes, then by the merge, then what merging does not give
  std::uint32_t token;
  std::uint32_t merge;
};

std::vector<RankedListToken> rank_listed_tokens(const MergeList& list) {
  ListedMerges merges(list);
  std::vector<RankedListToken> order;
  order.reserve(list.tokens.size());
  for (std::uint32_t n = 0; n < list.tokens.size(); ++n) {
    const bool encodes = list.tokens[n].use == TokenUse::kEncodes;
    if (encodes && list.tokens[n].size == 1) {
      order.push_back({0, n, ListedMerges::kNone});
      continue;
    }
    const std::uint32_t merge = encodes ? merges.last_merge_of(n) : ListedMerges::kNone;
    order.push_back({std::uint64_t{merge} + 1, n, merge});
  }
  std::sort(order.begin(), order.end(), [](const RankedListToken& a, const RankedListToken& b) {
    return a.order != b.order ? a.order < b.order : a.token < b.token;
  });
  return order;
}

}  // namespace

std::shared_ptr<const BpeTables> build_tables(const RankFile& file) {
  Rank rank_end = 0;
  for (const RankedToken& token : file.tokens) rank_end = std::max(rank_end, token.rank + 1);
  std::vector<RankPlace> places(rank_end);
  for (const RankedToken& token : file.tokens) {
    RankPlace& place = places[token.rank];
    if (place.line != 0) {
      throw VocabularyError("line " + std::to_string(token.line) + " of the rank file: rank " +
                            std::to_string(token.rank) + " is that of line " +
                            std::to_string(place.line));
    }
    place.begin = token.begin;
    place.size = token.size;
    place.line = token.line;
  }
  BpeBuilder builder(WholePieces::kAnyToken, "the rank file");
  builder.place_tokens(file.bytes, places);
  builder.find_splits();
  return builder.finish();
}

std::shared_ptr<const BpeTables> build_tables(const MergeList& list) {
  if (list.tokens.size() >= kRankEnd || list.id_end > kRankEnd) {
    throw VocabularyError("the vocabulary is too large");
  }
  const std::vector<RankedListToken> order = rank_listed_tokens(list);
  std::vector<RankPlace> places;
  std::vector<std::uint32_t> ids;
  std::vector<Rank> ranks(list.tokens.size(), kNoRank);
  for (const RankedListToken& ranked : order) {
    const ListedToken& token = list.tokens[ranked.token];
    ranks[ranked.token] = static_cast<Rank>(places.size());
    places.push_back({token.begin, token.size, 0, token.use});
    ids.push_back(token.id);
  }
  BpeBuilder builder(list.takes_whole_pieces ? WholePieces::kAnyToken : WholePieces::kReached,
                     "the vocabulary");
  builder.place_tokens(list.bytes, places);
  for (const RankedListToken& ranked : order) {
    if (ranked.merge == ListedMerges::kNone) continue;
    const ListedMerge& merge = list.merges[ranked.merge];
    builder.set_split(ranks[ranked.token], ranks[merge.left], ranks[merge.right]);
  }
  builder.set_ids(std::move(ids), list.id_end);
  return builder.finish();
}

}  // namespace cochain::detail
