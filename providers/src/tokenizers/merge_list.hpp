// A vocabulary whose merges are listed: each pair of tokens that merges, in the order in which
// pairs are merged. Between the reader of a tokenizer file and the tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cochain::detail {

/// Of a listed token: may a text have it?
enum class TokenUse : std::uint8_t {
  kEncodes,  // its bytes are those of texts
  kDecodes,  // it is no text in the alphabet of bytes, and only stands for itself
};

struct ListedToken {
  std::uint32_t id;
  std::uint32_t begin;  // in MergeList::bytes
  std::uint32_t size;
  TokenUse use;
};

/// Indices of tokens.
struct ListedMerge {
  std::uint32_t left;
  std::uint32_t right;
  std::uint32_t merged;
};

struct MergeList {
  std::string bytes;
  std::vector<ListedToken> tokens;  // no two that encode have the same bytes
  std::vector<ListedMerge> merges;  // of a pair that comes twice the last counts
  std::uint32_t id_end = 0;
  bool takes_whole_pieces = false;  // a piece that is a token is never merged
};

}  // namespace cochain::detail
