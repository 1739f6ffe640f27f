// An open-addressed table of fingerprints: the ids themselves are not kept.

#include "row_ids.hpp"

#include <algorithm>
#include <functional>
#include <limits>

namespace cochain::cli {
namespace {

constexpr std::size_t kSlotsFirst = 1024;

// FNV-1a, independent of the library's own hash.
std::uint64_t second_hash(std::string_view text) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char byte : text) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001B3U;
  }
  return hash;
}

}  // namespace

std::optional<std::uint64_t> RowIds::add(std::string_view id, std::uint64_t line) {
  if ((size_ + 1) * 4 > slots_.size() * 3) grow();
  const std::uint64_t hash = std::hash<std::string_view>()(id);
  const std::uint64_t second = second_hash(id);
  const auto more_hash = static_cast<std::uint32_t>(second ^ (second >> 32U));
  Slot& slot = place_of(hash, more_hash);
  if (slot.line != 0) return slot.line;
  slot.hash = hash;
  slot.more_hash = more_hash;
  constexpr std::uint64_t kLineMax = std::numeric_limits<std::uint32_t>::max();
  slot.line = static_cast<std::uint32_t>(std::min(line, kLineMax));
  ++size_;
  return std::nullopt;
}

RowIds::Slot& RowIds::place_of(std::uint64_t hash, std::uint32_t more_hash) {
  std::size_t at = hash & (slots_.size() - 1);
  for (;; at = (at + 1) & (slots_.size() - 1)) {
    Slot& slot = slots_[at];
    if (slot.line == 0 || (slot.hash == hash && slot.more_hash == more_hash)) return slot;
  }
}

void RowIds::grow() {
  std::vector<Slot> old(std::max(kSlotsFirst, slots_.size() * 2));
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.line != 0) place_of(slot.hash, slot.more_hash) = slot;
  }
}

}  // namespace cochain::cli
