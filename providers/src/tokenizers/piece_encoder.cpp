// What the cache does not have, and the encoders of a thread.

#include "piece_encoder.hpp"

#include <algorithm>
#include <new>

namespace cochain::detail {

// From calloc, so that a thread that encodes little never touches most of the pages.
PieceEncoder::PieceEncoder(std::uint64_t serial)
    : serial_(serial), lines_(static_cast<Line*>(std::calloc(kLines, sizeof(Line)))) {
  static_assert(sizeof(Line) == 32);
  if (!lines_) throw std::bad_alloc();
}

bool PieceEncoder::refill(const BpeTables& tables, Line& line, std::string_view piece, PieceKey key,
                          std::uint64_t hash, std::vector<std::uint32_t>& out) {
  Rank ranks[kScanMergeMax];
  std::size_t count = 1;
  ranks[0] = tables.find_short(key, piece.size(), hash);
  if (ranks[0] == kNoRank) count = merge_by_scan(tables, piece, ranks);
  tables.name_tokens(ranks, ranks + count);
  if (count > 3) {
    out.insert(out.end(), ranks, ranks + count);
    return false;
  }
  line.low = key.low;
  line.high = key.high | std::uint64_t{piece.size()} << 56U;
  line.count = static_cast<std::uint32_t>(count);
  std::copy_n(ranks, count, line.ids);
  return true;
}

void PieceEncoder::encode_long(const BpeTables& tables, std::string_view piece,
                               std::vector<std::uint32_t>& out) {
  const std::size_t first = out.size();
  const Rank whole = piece.size() <= kTokenBytesMax ? tables.find_whole(piece) : kNoRank;
  if (whole != kNoRank) {
    out.push_back(whole);
  } else if (piece.size() <= kScanMergeMax) {
    Rank ranks[kScanMergeMax];
    const std::size_t count = merge_by_scan(tables, piece, ranks);
    out.insert(out.end(), ranks, ranks + count);
  } else if (tables.is_ordered()) {
    merge_by_search(tables, piece, search_, out);
  } else {
    merge_by_heap(tables, piece, out);
  }
  tables.name_tokens(out.data() + first, out.data() + out.size());
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
