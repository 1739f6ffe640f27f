// Many pieces are gone through three times: what the lines have of them is asked for from memory,
// then what the tables have of those that are in no line, and then they are encoded. So memory is
// waited for a few times, and not for each piece.

#include "piece_encoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>

namespace cochain::detail {

/// The vector that ids go to. Most are held for a while, since a vector asks for room each time.
class PieceEncoder::Output {
 public:
  explicit Output(std::vector<std::uint32_t>& ids) noexcept : ids_(ids) {}
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  ~Output() = default;

  [[nodiscard]] std::size_t size() const noexcept { return ids_.size() + held_; }

  /// Copies all that a line has room for, and means the first `count`.
  template <std::size_t kRoom>
  void add(const std::uint32_t (&ids)[kRoom], std::size_t count) {
    static_assert(kRoom <= kHeldMax);
    if (held_ + kRoom > kHeldMax) flush();
    std::copy_n(ids, kRoom, held_ids_ + held_);
    held_ += count;
  }
  /// The vector, with all ids so far.
  std::vector<std::uint32_t>& flush() {
    ids_.insert(ids_.end(), held_ids_, held_ids_ + held_);
    held_ = 0;
    return ids_;
  }

 private:
  static constexpr std::size_t kHeldMax = 256;
  std::vector<std::uint32_t>& ids_;
  std::uint32_t held_ids_[kHeldMax];
  std::size_t held_ = 0;
};

namespace {

// From calloc, so that a thread that encodes little never touches most of the pages.
template <class Line>
Line* empty_lines(std::size_t count) {
  void* const lines = std::calloc(count, sizeof(Line));
  if (lines == nullptr) throw std::bad_alloc();
  return static_cast<Line*>(lines);
}

}  // namespace

PieceEncoder::PieceEncoder(std::uint64_t serial)
    : serial_(serial),
      short_lines_(empty_lines<ShortLine>(kShortLines)),
      wide_lines_(empty_lines<WideLine>(kWideLines)) {
  static_assert(sizeof(ShortLine) == 32 && sizeof(WideLine) == 64);
}

void PieceEncoder::encode(const BpeTables& tables, const Pieces& pieces, std::size_t size_max,
                          std::vector<std::uint32_t>& out) {
  std::array<Ahead, kPiecesAhead> ahead;
  look_ahead(tables, pieces, ahead.data());
  Output output(out);
  const char* begin = pieces.begin;
  for (std::size_t n = 0; n < pieces.ends.size() && output.size() <= size_max; ++n) {
    const Ahead& piece = ahead[n];
    if (piece.size > kShortMax) {
      encode_long(tables, std::string_view(begin, piece.size), output);
    } else if (const ShortLine& line = line_of(piece); is_in(line, piece)) {
      output.add(line.ids, line.count);
    } else {
      encode_short(tables, piece, begin, output);
    }
    begin = pieces.ends[n];
  }
  output.flush();
}

void PieceEncoder::look_ahead(const BpeTables& tables, const Pieces& pieces, Ahead* ahead) const {
  const std::span<const char* const> ends = pieces.ends;
  const char* begin = pieces.begin;
  for (std::size_t n = 0; n < ends.size(); ++n) {
    Ahead& piece = ahead[n];
    piece.size = static_cast<std::size_t>(ends[n] - begin);
    if (piece.size <= kShortMax) {
      const PieceKey key = load_piece(begin, piece.size, pieces.text_end);
      piece.hash = hash_short_piece(key, piece.size);
      piece.low = key.low;
      piece.high = key.high | std::uint64_t{piece.size} << 56U;
      __builtin_prefetch(&line_of(piece));
    }
    begin = ends[n];
  }
  std::array<std::uint64_t, kPiecesAhead> unknown;  // hashes
  std::size_t count = 0;
  for (std::size_t n = 0; n < ends.size(); ++n) {
    if (ahead[n].size > kShortMax) continue;
    unknown[count] = ahead[n].hash;
    count += is_in(line_of(ahead[n]), ahead[n]) ? 0 : 1;
  }
  for (std::size_t n = 0; n < count; ++n) tables.prefetch_slot(unknown[n]);
  for (std::size_t n = 0; n < count; ++n) tables.prefetch_token(unknown[n]);
  for (std::size_t n = 0; n < count; ++n) tables.prefetch_bytes(unknown[n]);
}

void PieceEncoder::encode_short(const BpeTables& tables, const Ahead& piece, const char* begin,
                                Output& out) {
  ShortLine& line = line_of(piece);
  const PieceKey key{piece.low, piece.high & ~std::uint64_t{0} >> 8U};
  const Rank whole = tables.find_short(key, piece.size, piece.hash);
  if (whole != kNoRank) {
    line = {piece.low, piece.high, 1, {tables.id_of(whole)}};
    return out.add(line.ids, 1);
  }
  const std::string_view bytes(begin, piece.size);
  if (recall(bytes, piece.hash, out)) return;
  const std::span<const std::uint32_t> ids = merge(tables, bytes, out);
  if (ids.size() > kShortIds) return remember(bytes, piece.hash, ids);
  line = {piece.low, piece.high, static_cast<std::uint32_t>(ids.size()), {}};
  std::copy(ids.begin(), ids.end(), line.ids);
}

void PieceEncoder::encode_long(const BpeTables& tables, std::string_view piece, Output& out) {
  if (piece.size() > kTokenBytesMax) return void(merge(tables, piece, out));
  const std::uint64_t hash = hash_piece(piece);
  if (recall(piece, hash, out)) return;
  const Rank whole = tables.find_whole(piece, hash);
  if (whole == kNoRank) return remember(piece, hash, merge(tables, piece, out));
  const std::uint32_t id[1] = {tables.id_of(whole)};
  out.add(id, 1);
  remember(piece, hash, id);
}

bool PieceEncoder::recall(std::string_view piece, std::uint64_t hash, Output& out) const {
  const WideLine& line = wide_line_of(hash);
  if (line.size != piece.size() || std::memcmp(line.bytes, piece.data(), line.size) != 0) {
    return false;
  }
  out.add(line.ids, line.count);
  return true;
}

void PieceEncoder::remember(std::string_view piece, std::uint64_t hash,
                            std::span<const std::uint32_t> ids) {
  if (piece.size() > kWideMax || ids.size() > kWideIds) return;
  WideLine& line = wide_line_of(hash);
  line.size = static_cast<std::uint8_t>(piece.size());
  line.count = static_cast<std::uint8_t>(ids.size());
  std::copy(piece.begin(), piece.end(), line.bytes);
  std::copy(ids.begin(), ids.end(), line.ids);
}

/// The ids that it appended.
std::span<const std::uint32_t> PieceEncoder::merge(const BpeTables& tables, std::string_view piece,
                                                   Output& out) {
  std::vector<std::uint32_t>& ids = out.flush();
  const std::size_t first = ids.size();
  merge_piece(tables, piece, scratch_, ids);
  tables.name_tokens(ids.data() + first, ids.data() + ids.size());
  return std::span(ids).subspan(first);
}

PieceEncoder& piece_encoder_of_thread(const BpeTables& tables) {
  constexpr std::size_t kKept = 4;
  thread_local std::vector<std::unique_ptr<PieceEncoder>> encoders;  // the last used comes first
  const auto found = std::find_if(encoders.begin(), encoders.end(), [&](const auto& encoder) {
    return encoder->serial() == tables.serial();
  });
  if (found != encoders.end()) {
    std::rotate(encoders.begin(), found, found + 1);
    return *encoders.front();
  }
  if (encoders.size() == kKept) encoders.pop_back();
  encoders.insert(encoders.begin(), std::make_unique<PieceEncoder>(tables.serial()));
  return *encoders.front();
}

}  // namespace cochain::detail
