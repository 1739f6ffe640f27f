// From a piece to its tokens: the cache, the table of whole tokens, then the merges.
// What a thread keeps for it stands here too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "bpe_merge.hpp"
#include "bpe_tables.hpp"

namespace cochain::detail {

/// Encodes pieces by one set of tables, and remembers short ones. For one thread.
class PieceEncoder {
 public:
  explicit PieceEncoder(std::uint64_t serial);

  /// The tables that it may be used with.
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }

  /// Appends the ids of the tokens of [piece, piece_end) to `out`; what may be read ends at `end`.
  void encode(const BpeTables& tables, const char* piece, const char* piece_end, const char* end,
              std::vector<std::uint32_t>& out) {
    const auto size = static_cast<std::size_t>(piece_end - piece);
    if (size > kCachedMax) return encode_long(tables, std::string_view(piece, size), out);
    if (size == 1) return out.push_back(tables.byte_id(static_cast<unsigned char>(*piece)));
    const PieceKey key = load_piece(piece, size, end);
    const std::uint64_t hash = hash_short_piece(key, size);
    const std::uint64_t marked = key.high | std::uint64_t{size} << 56U;
    Line& line = lines_.get()[hash % kLines];
    if (line.low != key.low || line.high != marked) {
      const std::string_view bytes(piece, size);
      if (!refill(tables, line, bytes, key, hash, out)) return;
    }
    out.push_back(line.ids[0]);
    if (line.count > 1) out.insert(out.end(), line.ids + 1, line.ids + line.count);
  }

 private:
  static constexpr std::size_t kCachedMax = 15;  // the last byte of the key is the size
  static constexpr std::size_t kLines = std::size_t{1} << 16U;

  /// One piece and its tokens, half a cache line of the machine. Zeros are an empty line.
  struct Line {
    std::uint64_t low;
    std::uint64_t high;
    std::uint32_t count;
    std::uint32_t ids[3];
  };
  struct Free {
    void operator()(Line* lines) const noexcept { std::free(lines); }
  };

  /// False if the piece has too many tokens for a line; then they are in `out`.
  bool refill(const BpeTables& tables, Line& line, std::string_view piece, PieceKey key,
              std::uint64_t hash, std::vector<std::uint32_t>& out);
  void encode_long(const BpeTables& tables, std::string_view piece,
                   std::vector<std::uint32_t>& out);

  std::uint64_t serial_;
  std::unique_ptr<Line, Free> lines_;
  SearchScratch search_;
};

/// The calling thread's encoder for these tables. A thread keeps the last four.
/// Lives: until the thread asks for another.
[[nodiscard]] PieceEncoder& piece_encoder_of_thread(const BpeTables& tables);

}  // namespace cochain::detail
