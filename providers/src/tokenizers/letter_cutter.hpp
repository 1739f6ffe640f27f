// Steps behind ByteLevel: they see a piece as the letters that tokenizer files have for its bytes.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "piece_splitter.hpp"

namespace cochain::detail {

/// For one thread. Lives: as long as the steps.
class LetterCutter {
 public:
  explicit LetterCutter(const PieceSplitters& steps) noexcept : steps_(steps) {}

  /// Where the parts of a piece end. A part may begin and end inside a code point.
  /// Lives: until the next call.
  [[nodiscard]] std::span<const char* const> cut(std::string_view piece);

 private:
  const PieceSplitters& steps_;
  std::string letters_;
  std::vector<std::size_t> ends_;  // in the letters
  std::vector<std::size_t> next_;  // the same by one step more
  std::vector<const char*> parts_;
};

}  // namespace cochain::detail
