// Merging the bytes of a piece that is no token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bpe_tables.hpp"

namespace cochain::detail {

/// What is kept from piece to piece, by a thread.
struct MergeScratch {
  std::vector<std::uint64_t> dead_ends;
};

/// Appends the tokens of a piece to `out`.
/// Units:  time in proportion to the piece if the tables are ordered, else n log n.
void merge_piece(const BpeTables& tables, std::string_view piece, MergeScratch& scratch,
                 std::vector<Rank>& out);

}  // namespace cochain::detail
