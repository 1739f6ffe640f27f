// Tokenizing by definition: patterns matched by trying, merges by looking through everything.
// Slow, and written without a look at the library's way; what both say is what the tests compare.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/providers/tokenizers/encoding.hpp"

namespace cochain::testing {

/// A character of the random texts, with what Unicode says of it.
struct KnownCharacter {
  std::string_view bytes;
  std::string_view category;  // "Lu", "Zs", ..; "White" for a control that is white space
};

/// Characters of every category that the patterns tell apart.
const std::vector<KnownCharacter>& known_characters();

/// A text made of known characters and of bytes that are no UTF-8, and what it is after mending.
struct RandomText {
  std::string text;
  std::string mended;
};
/// Up to `units_max` characters, in runs of one kind and mixed.
RandomText random_text(std::mt19937_64& random, std::size_t units_max);
/// The same, of UTF-8 alone.
std::string random_utf8(std::mt19937_64& random, std::size_t units_max);

/// Words, numbers, blanks and line breaks of ASCII, and sometimes a known character: long stretches
/// that can be looked at many bytes at once.
std::string random_ascii_text(std::mt19937_64& random, std::size_t units_max);

/// The pieces of a text of known characters.
std::vector<std::string> reference_pieces(PieceRule rule, std::string_view text);

/// The tokens of one piece: whole if it is one, else merged.
std::vector<TokenId> reference_merge(const std::map<std::string, TokenId>& ranks,
                                     std::string_view piece);
std::vector<TokenId> reference_encode(const std::map<std::string, TokenId>& ranks, PieceRule rule,
                                      std::string_view text);

/// Vocabularies of the tests.
std::map<std::string, TokenId> byte_ranks();
/// Bytes, and merges learned from a text: `merges` times the pair that occurs most often.
std::map<std::string, TokenId> trained_ranks(std::string_view text, std::size_t merges);
/// Bytes, and all pairs of bytes in some order. Any two neighbours would merge, so a piece that
/// ends at the wrong place shows in the tokens.
std::map<std::string, TokenId> all_pair_ranks();
/// The same tokens with other ranks, so that a token may come before those it is merged from.
std::map<std::string, TokenId> shuffled_ranks(std::map<std::string, TokenId> ranks,
                                              std::uint64_t seed);

std::string base64(std::string_view bytes);
/// The text of a `.tiktoken` file.
std::string rank_file(const std::map<std::string, TokenId>& ranks);
/// Some prose, code and other scripts, to train on.
std::string_view training_text();

}  // namespace cochain::testing
