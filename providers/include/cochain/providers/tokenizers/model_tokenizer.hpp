// Tokenizers by the names of encodings and models, loaded once in a process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cochain/chains/model/tokenize.hpp"
#include "cochain/core/coro.hpp"
#include "cochain/providers/tokenizers/encoding.hpp"
#include "cochain/providers/tokenizers/vocabulary_cache.hpp"

namespace cochain {

/// The encoding of that name, from VocabularyCache::from_environment(). It is kept: the next call
/// gives the same one.
/// Suspends: never; the first call reads megabytes and builds tables, some 0.2 s.
/// Threads:  any; those who ask while it is being loaded wait for it.
/// Errors:   as VocabularyCache::load(). What failed is tried again by the next call.
[[nodiscard]] std::shared_ptr<const Encoding> get_encoding(std::string_view name);

/// get_encoding(encoding_name_for_model(model)).
[[nodiscard]] std::shared_ptr<const Encoding> encoding_for_model(std::string_view model);

/// What the model counts beyond the texts.
/// Shape: a provider before a colon is passed over. A model of no family that is known counts as
///        OpenAI's newer ones.
[[nodiscard]] TokenCounting token_counting_for_model(std::string_view model);

/// The same as encoding_for_model().
/// Suspends: until it is loaded, on a thread of tokenizer_executor(); not if it is.
[[nodiscard]] Coro<std::shared_ptr<const Encoding>> load_encoding_for_model(std::string model);

/// How many tokens the conversation takes for one of OpenAI's models.
/// Shape:    by encoding_for_model() and token_counting_for_model().
/// Suspends: until the encoding is loaded, and then as count_tokens() of its tokenizer.
/// Errors:   VocabularyError for a model that is not known; MissingVocabularyError.
[[nodiscard]] Coro<std::int64_t> count_tokens(Messages messages, std::string model,
                                              TokenizeOptions options = TokenizeOptions());

}  // namespace cochain
