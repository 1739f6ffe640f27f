// From matches, and what lies between them, to the pieces of a text.
#pragma once

#include <cstddef>
#include <vector>

#include "piece_splitter.hpp"

namespace cochain::detail {

/// Appends where pieces end. Is told of everything in the order of the text.
class SplitEnds {
 public:
  SplitEnds(SplitBehavior behavior, std::vector<std::size_t>& ends) noexcept
      : behavior_(behavior), ends_(ends) {}

  void add(std::size_t end, bool is_match) {
    if (is_first_ || !joins_last(is_match)) {
      ends_.push_back(end);
    } else {
      ends_.back() = end;
    }
    is_first_ = false;
    was_match_ = is_match;
  }

 private:
  [[nodiscard]] bool joins_last(bool is_match) const noexcept {
    switch (behavior_) {
      case SplitBehavior::kIsolated: return false;
      case SplitBehavior::kContiguous: return is_match == was_match_;
      case SplitBehavior::kMergedWithPrevious: return is_match && !was_match_;
      case SplitBehavior::kMergedWithNext: return !is_match && was_match_;
    }
    return false;
  }

  SplitBehavior behavior_;
  std::vector<std::size_t>& ends_;
  bool is_first_ = true;
  bool was_match_ = false;
};

}  // namespace cochain::detail
