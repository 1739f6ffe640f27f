// What is fixed about the encodings of OpenAI's models, besides their rank files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::detail {

struct KnownEncoding {
  std::string name;
  PieceRule rule;
  std::size_t tokens;  // rows of the rank file
  std::vector<SpecialToken> special_tokens;
};

/// Errors: VocabularyError naming those that are known.
[[nodiscard]] KnownEncoding find_known_encoding(std::string_view name);

/// Errors: VocabularyError if the vocabulary has another number of tokens.
[[nodiscard]] Encoding make_known_encoding(KnownEncoding known, Vocabulary vocabulary);

/// The model in "openai:gpt-5". The colons of "ft:gpt-4o:acme::1" belong to the name.
[[nodiscard]] std::string_view without_provider(std::string_view model) noexcept;

}  // namespace cochain::detail
