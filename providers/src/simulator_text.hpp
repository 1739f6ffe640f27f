// Readable answers from nothing: sentences that echo the words of the prompt.
// Called by simulator_plan.cpp; pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulator_random.hpp"

namespace cochain {

/// The words of a prompt that carry its subject, in order, each once, never empty.
std::vector<std::string> subject_words(std::string_view prompt);

/// Where each token of a text ends: a word with the space before it, or one other sign.
std::vector<std::uint32_t> token_ends(std::string_view text);

/// A few complete sentences about the words; how many is up to the random numbers.
std::string compose_answer(SeededRandom& random, const std::vector<std::string>& words);

/// Sentences of exactly that many tokens.
std::string compose_answer_of(SeededRandom& random, const std::vector<std::string>& words,
                              std::size_t tokens);

/// The lower-case letters, digits and non-ASCII bytes of a text, cut into words.
std::vector<std::string> lower_words(std::string_view text);

}  // namespace cochain
