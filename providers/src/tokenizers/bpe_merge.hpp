// Merging the bytes of a piece that is no token, in three ways that give the same tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bpe_tables.hpp"

namespace cochain::detail {

/// Up to here looking through all neighbours for each merge is the fastest way.
inline constexpr std::size_t kScanMergeMax = 24;

/// Looks for the lowest rank among all neighbours, again and again. At most kScanMergeMax bytes.
/// Returns how many tokens it wrote to `out`, which has room for as many as there are bytes.
std::size_t merge_by_scan(const BpeTables& tables, std::string_view piece, Rank* out) noexcept;

/// What merge_by_search() remembers; kept by a thread from piece to piece.
struct SearchScratch {
  std::vector<std::uint64_t> dead_ends;
};

/// Goes from left to right, taking the longest token that stays apart from the one before, and
/// back where nothing does. Appends to `out`. Time in proportion to the piece. Wants is_ordered().
void merge_by_search(const BpeTables& tables, std::string_view piece, SearchScratch& scratch,
                     std::vector<Rank>& out);

/// Keeps all neighbours in a heap: for vocabularies that are not ordered. Appends to `out`.
void merge_by_heap(const BpeTables& tables, std::string_view piece, std::vector<Rank>& out);

}  // namespace cochain::detail
