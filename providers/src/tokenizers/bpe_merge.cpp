// The rule: of all neighbours that together are a token, merge those of the lowest rank, of equal
// ones the leftmost; until there are none.

#include "bpe_merge.hpp"

#include <cstring>
#include <queue>

#include "cochain/core/error.hpp"

namespace cochain::detail {
namespace {

// Up to here looking through all neighbours for each merge is the fastest way.
constexpr std::size_t kScanMax = 14;
constexpr std::size_t kUnorderedScanMax = 24;  // where the other way is a heap

/// Looks for the lowest rank among all neighbours, again and again. At most kUnorderedScanMax
/// bytes. Returns how many tokens it wrote to `out`, which has room for as many as there are bytes.
std::size_t merge_by_scan(const BpeTables& tables, std::string_view piece, Rank* out) noexcept {
  const std::size_t size = piece.size();
  Rank merged[kUnorderedScanMax];  // merged[n] is what out[n] and out[n + 1] merge into
  for (std::size_t n = 0; n < size; ++n) {
    const auto here = static_cast<unsigned char>(piece[n]);
    out[n] = tables.byte_rank(here);
    if (n + 1 == size) break;
    const Rank pair = tables.merge_bytes(here, static_cast<unsigned char>(piece[n + 1]));
    merged[n] = pair < tables.rank_end() ? pair : kNoRank;
  }
  std::size_t count = size;
  while (count > 1) {
    std::size_t lowest = 0;
    for (std::size_t n = 1; n + 1 < count; ++n) {
      if (merged[n] < merged[lowest]) lowest = n;
    }
    if (merged[lowest] == kNoRank) break;
    out[lowest] = merged[lowest];
    --count;
    for (std::size_t n = lowest + 1; n < count; ++n) {
      out[n] = out[n + 1];
      merged[n - 1] = merged[n];
    }
    if (lowest + 1 < count) merged[lowest] = tables.merge(out[lowest], out[lowest + 1]);
    if (lowest > 0) merged[lowest - 1] = tables.merge(out[lowest - 1], out[lowest]);
  }
  return count;
}

// Goes from left to right, taking the longest token that stays apart from the one before, and back
// where nothing does. Wants tables that are ordered.
//
// A piece's beginning of any length has one result, and so one last token. If the search leaves a
// place, it was there with the tokens that are the result up to it, and whatever it tried next came
// to nothing; coming there again would be no better. So a place that was left is marked, and no
// place is tried twice: that makes the search linear.
void merge_by_search(const BpeTables& tables, std::string_view piece, MergeScratch& scratch,
                     std::vector<Rank>& out) {
  constexpr std::size_t kLongToken = 8;
  constexpr std::size_t kBits = 64;
  constexpr std::size_t kKeptWords = 4096;
  std::uint64_t dead_ends_of_few = 0;
  std::uint64_t* dead_ends = &dead_ends_of_few;
  if (piece.size() >= kBits) {
    scratch.dead_ends.assign(piece.size() / kBits + 1, 0);
    dead_ends = scratch.dead_ends.data();
  }
  const char* const begin = piece.data();
  const char* const end = begin + piece.size();
  const std::size_t first = out.size();
  std::size_t at = 0;
  Rank candidate = tables.longest_match(begin, end);
  while (true) {
    const bool has_last = out.size() != first;
    for (; candidate != kNoRank; candidate = tables.shorter(candidate)) {
      const std::size_t next = at + tables.length(candidate);
      if ((dead_ends[next / kBits] >> (next % kBits) & 1U) != 0) continue;
      if (!has_last || tables.stay_apart(out.back(), candidate)) break;
    }
    if (candidate != kNoRank) {
      const std::size_t size = tables.length(candidate);
      out.push_back(candidate);
      at += size;
      if (at == piece.size()) break;
      // In a run of blanks a long token comes again, and is not looked for byte by byte.
      const bool comes_again = size >= kLongToken && piece.size() - at >= size &&
                               std::memcmp(begin + at - size, begin + at, size) == 0;
      candidate = comes_again ? tables.longest_match_from(candidate, begin + at, end)
                              : tables.longest_match(begin + at, end);
      continue;
    }
    COCHAIN_ASSERT(has_last);  // there always is a result: the bytes, merged by the rule
    dead_ends[at / kBits] |= std::uint64_t{1} << (at % kBits);
    const Rank last = out.back();
    out.pop_back();
    at -= tables.length(last);
    candidate = tables.shorter(last);
  }
  if (scratch.dead_ends.capacity() > kKeptWords) {
    std::vector<std::uint64_t>().swap(scratch.dead_ends);
  }
}

/// Keeps all neighbours in a heap.
void merge_by_heap(const BpeTables& tables, std::string_view piece, std::vector<Rank>& out) {
  constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Part {
    Rank rank;  // kNoRank once it is merged into the part before
    std::uint32_t before;
    std::uint32_t after;
  };
  struct Merge {
    Rank rank;
    std::uint32_t left;
    Rank left_rank;  // what both were: else the merge is out of date
    Rank right_rank;
    bool operator<(const Merge& other) const noexcept {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };
  std::vector<Part> parts;
  parts.reserve(piece.size());
  for (const char c : piece) {
    const auto n = static_cast<std::uint32_t>(parts.size());
    parts.push_back({tables.byte_rank(static_cast<unsigned char>(c)), n - 1,
                     n + 1 == piece.size() ? kNone : n + 1});
  }
  std::priority_queue<Merge> merges;
  const auto offer = [&](std::uint32_t left) {
    if (left == kNone || parts[left].after == kNone) return;
    const Rank right_rank = parts[parts[left].after].rank;
    const Rank rank = tables.merge(parts[left].rank, right_rank);
    if (rank != kNoRank) merges.push({rank, left, parts[left].rank, right_rank});
  };
  for (std::uint32_t n = 0; n < parts.size(); ++n) offer(n);
  while (!merges.empty()) {
    const Merge next = merges.top();
    merges.pop();
    Part& left = parts[next.left];
    if (left.rank != next.left_rank || left.after == kNone) continue;
    Part& right = parts[left.after];
    if (right.rank != next.right_rank) continue;
    left.rank = next.rank;
    left.after = right.after;
    right.rank = kNoRank;
    if (left.after != kNone) parts[left.after].before = next.left;
    offer(next.left);
    offer(left.before);
  }
  for (std::uint32_t n = 0; n != kNone; n = parts[n].after) out.push_back(parts[n].rank);
}

}  // namespace

void merge_piece(const BpeTables& tables, std::string_view piece, MergeScratch& scratch,
                 std::vector<Rank>& out) {
  if (piece.size() <= (tables.is_ordered() ? kScanMax : kUnorderedScanMax)) {
    Rank ranks[kUnorderedScanMax];
    const std::size_t count = merge_by_scan(tables, piece, ranks);
    out.insert(out.end(), ranks, ranks + count);
  } else if (tables.is_ordered()) {
    merge_by_search(tables, piece, scratch, out);
  } else {
    merge_by_heap(tables, piece, out);
  }
}

}  // namespace cochain::detail
