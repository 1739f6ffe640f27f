// Reads what a tokenizer.json of Hugging Face says, as far as it is byte-level BPE. Between the
// file and the parts of an encoding; whatever is not supported is refused where it stands.
#pragma once

#include <string>
#include <vector>

#include "merge_list.hpp"
#include "text_front.hpp"
#include "tokenizer_json.hpp"

namespace cochain::detail {

/// The model: tokens and merges.
[[nodiscard]] MergeList read_merges(const JsonPlace& model);

/// The normalizer and the pre_tokenizer.
[[nodiscard]] FrontParts read_front(const JsonPlace& file);

/// Adds the added tokens to a front. Returns all of them.
[[nodiscard]] std::vector<SpecialToken> read_added_tokens(const JsonPlace& file, FrontParts& front);

}  // namespace cochain::detail
