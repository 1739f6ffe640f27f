// Which rows were seen already.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cochain::cli {

/// The ids of all rows so far and the line of each, in 16 bytes per slot: a million ids take 32 MiB
/// at most, whatever their length.
/// Errors:   two ids are taken for the same if 96 bits of their hashes agree, which in a million
///           rows happens by chance once in 10^17 jobs.
class RowIds {
 public:
  /// Notes an id; the line that had it before, if one had.
  [[nodiscard]] std::optional<std::uint64_t> add(std::string_view id, std::uint64_t line);
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t more_hash = 0;
    std::uint32_t line = 0;  // 0: empty
  };
  void grow();
  Slot& place_of(std::uint64_t hash, std::uint32_t more_hash);

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace cochain::cli
