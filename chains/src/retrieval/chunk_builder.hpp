// From a text, its separators and the wanted length to chunks: what the splitters share.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cochain/chains/retrieval/separator.hpp"
#include "cochain/chains/retrieval/text_splitter.hpp"
#include "retrieval/separator_index.hpp"
#include "retrieval/text_measure.hpp"

namespace cochain::detail {

/// A part of a text that is kept whole while it fits.
class TextPiece {
 public:
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Builds the chunks of one text, once.
/// Lives: as long as what it was given.
class ChunkBuilder {
 public:
  ChunkBuilder(std::string_view text, const ChunkOptions& options,
               std::span<const Separator> separators, KeepSeparator keep);

  /// Cuts the text at the separators.
  [[nodiscard]] TextChunks build();
  /// Puts these pieces together; cuts those that are too long at the separators.
  [[nodiscard]] TextChunks build(std::vector<TextPiece> pieces);

 private:
  [[nodiscard]] TextChunks finish();
  [[nodiscard]] std::size_t cut(TextPiece whole, std::size_t level);
  bool cut_at(TextPiece whole, std::size_t level);
  void cut_characters(TextPiece whole);
  void add_piece(std::size_t begin, std::size_t end);
  void place(std::size_t first, std::size_t last, std::size_t level);
  void divide(TextPiece whole, std::size_t level);
  void merge(std::size_t first, std::size_t last, std::size_t level);
  [[nodiscard]] std::size_t fill(std::size_t first, std::size_t last) const;
  [[nodiscard]] std::size_t settle(std::size_t first, std::size_t end) const;
  [[nodiscard]] std::size_t overlap_start(std::size_t first, std::size_t end) const;
  [[nodiscard]] bool overlaps_little(std::size_t begin, std::size_t end) const;
  [[nodiscard]] TextChunk chunk_of(std::size_t begin, std::size_t end) const;
  void emit(std::size_t begin, std::size_t end);
  void lengthen();
  [[nodiscard]] std::size_t start_before(const TextChunk& chunk, const TextChunk& earlier) const;

  std::string_view text_;
  const ChunkOptions& options_;
  std::span<const Separator> separators_;
  KeepSeparator keep_;
  TextMeasure measure_;
  SeparatorIndex index_;
  std::size_t size_;
  std::size_t overlap_;
  // A stack: the pieces of a part stand above those of the part that it belongs to.
  std::vector<TextPiece> pieces_;
  TextChunks chunks_;
};

/// The chunks of a text: one, if it fits whole, and else what ChunkBuilder makes of it.
[[nodiscard]] TextChunks chunks_of(std::string_view text, const ChunkOptions& options,
                                   std::span<const Separator> separators, KeepSeparator keep);

/// The same for a text that fits whole, and nothing for any other.
[[nodiscard]] std::optional<TextChunks> whole_chunk(std::string_view text,
                                                    const ChunkOptions& options);

}  // namespace cochain::detail
