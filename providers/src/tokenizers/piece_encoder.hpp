// From pieces to their tokens: what a thread remembers, the table of whole tokens, then the merges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "bpe_merge.hpp"
#include "bpe_tables.hpp"
#include "pretokenizer.hpp"

namespace cochain::detail {

/// Encodes pieces by one set of tables, and remembers those that are not long. For one thread.
class PieceEncoder {
 public:
  explicit PieceEncoder(std::uint64_t serial);

  /// The tables that it may be used with.
  [[nodiscard]] std::uint64_t serial() const noexcept { return serial_; }

  /// Appends the ids of the tokens of the pieces, kPiecesAhead at most. Stops behind the one with
  /// which `out` comes to have more than `size_max`.
  void encode(const BpeTables& tables, const Pieces& pieces, std::size_t size_max,
              std::vector<std::uint32_t>& out);

 private:
  static constexpr std::size_t kShortMax = 15;  // the last byte of the key is the size
  static constexpr std::size_t kShortIds = 3;
  static constexpr std::size_t kShortLines = std::size_t{1} << 16U;
  static constexpr std::size_t kWideMax = 38;
  static constexpr std::size_t kWideIds = 6;
  static constexpr std::size_t kWideLines = std::size_t{1} << 14U;

  /// A short piece of few tokens: half a line of the machine's cache. Zeros are an empty line.
  struct ShortLine {
    std::uint64_t low;
    std::uint64_t high;
    std::uint32_t count;
    std::uint32_t ids[kShortIds];
  };
  /// One that is longer or has more tokens.
  struct WideLine {
    std::uint8_t size;
    std::uint8_t count;
    char bytes[kWideMax];
    std::uint32_t ids[kWideIds];
  };
  struct Free {
    void operator()(void* lines) const noexcept { std::free(lines); }
  };
  /// A piece that is about to be encoded; but for its size, if it is short.
  struct Ahead {
    std::size_t size;
    std::uint64_t hash;
    std::uint64_t low;  // as in its line
    std::uint64_t high;
  };
  class Output;

  [[nodiscard]] ShortLine& line_of(const Ahead& piece) const noexcept {
    return short_lines_.get()[piece.hash % kShortLines];
  }
  [[nodiscard]] static bool is_in(const ShortLine& line, const Ahead& piece) noexcept {
    return line.low == piece.low && line.high == piece.high;
  }
  [[nodiscard]] WideLine& wide_line_of(std::uint64_t hash) const noexcept {
    return wide_lines_.get()[hash % kWideLines];
  }

  void look_ahead(const BpeTables& tables, const Pieces& pieces, Ahead* ahead) const;
  // What their lines do not have.
  void encode_short(const BpeTables& tables, const Ahead& piece, const char* begin, Output& out);
  void encode_long(const BpeTables& tables, std::string_view piece, Output& out);

  /// Adds the ids of a piece that a wide line has; false if none has it.
  [[nodiscard]] bool recall(std::string_view piece, std::uint64_t hash, Output& out) const;
  void remember(std::string_view piece, std::uint64_t hash, std::span<const std::uint32_t> ids);
  std::span<const std::uint32_t> merge(const BpeTables& tables, std::string_view piece,
                                       Output& out);

  std::uint64_t serial_;
  std::unique_ptr<ShortLine, Free> short_lines_;
  std::unique_ptr<WideLine, Free> wide_lines_;
  MergeScratch scratch_;
};

/// The calling thread's encoder for these tables. A thread keeps the last four.
/// Lives: until the thread asks for another.
[[nodiscard]] PieceEncoder& piece_encoder_of_thread(const BpeTables& tables);

}  // namespace cochain::detail
