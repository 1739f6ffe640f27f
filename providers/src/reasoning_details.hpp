// The list of reasoning items that one router sends in pieces and wants back in one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "json_reader.hpp"

namespace cochain::detail {

/// Gathers `reasoning_details`: pieces of one item are joined, everything else is kept as it came.
class ReasoningDetails {
 public:
  /// Adds a list of items; returns the readable text in them.
  std::string add(const DomElement& list);
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  /// `"reasoning_details":[…]`, and forgets it.
  [[nodiscard]] std::string take_member();

 private:
  struct Item {
    std::string type;
    std::optional<std::int64_t> index;
    std::string text_name;  // "text" or "summary": the member that comes in pieces
    std::string text;
    std::vector<std::pair<std::string, std::string>> others;
  };
  std::vector<Item> items_;
};

}  // namespace cochain::detail
