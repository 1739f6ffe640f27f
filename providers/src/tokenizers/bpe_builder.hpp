// Builds the tables of a vocabulary, from ranks or from merges.
#pragma once

#include <memory>

#include "bpe_tables.hpp"
#include "merge_list.hpp"
#include "rank_file.hpp"

namespace cochain::detail {

/// Errors: VocabularyError for a byte without a token, and for a rank or bytes that come twice.
[[nodiscard]] std::shared_ptr<const BpeTables> build_tables(const RankFile& file);

/// Errors: VocabularyError for a byte without a token, and for more tokens than tables can have.
[[nodiscard]] std::shared_ptr<const BpeTables> build_tables(const MergeList& list);

}  // namespace cochain::detail
