// Where the separators of a text are: all of them found in one pass, for a splitter that asks again
// and again for those of smaller parts.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "cochain/chains/retrieval/separator.hpp"

namespace cochain::detail {

/// The places of some separators, of which none is empty, in a text.
/// Lives: as long as the text and the separators.
class SeparatorIndex {
 public:
  SeparatorIndex(std::string_view text, std::span<const Separator> separators);

  /// Calls `found(begin, end)` for the separators of one kind in a part of the text, from left to
  /// right, none of which begins inside another.
  template <class Found>
  void each(std::size_t which, std::size_t begin, std::size_t end, Found found) const;

 private:
  class Group;
  class Places {
   public:
    // A separator of one byte (but a line end) is searched for when it is asked for: there are as
    // many blanks as words, and most texts are never cut at one.
    bool searched = false;
    // The size of a text without a line end after its first byte; 0 for anything else.
    std::size_t plain_size = 0;
    std::vector<std::size_t> begins;
  };

  void find(Group& group);
  [[nodiscard]] bool is_at(std::size_t which, std::size_t at, std::size_t begin) const;
  [[nodiscard]] std::size_t end_of(std::size_t which, std::size_t at, std::size_t end) const;

  std::string_view text_;
  std::span<const Separator> separators_;
  std::vector<Places> places_;
};

template <class Found>
void SeparatorIndex::each(std::size_t which, std::size_t begin, std::size_t end,
                          Found found) const {
  const Places& places = places_[which];
  if (places.searched) {
    const char byte = separators_[which].parts().front().text.front();
    for (std::size_t at = begin; at < end; ++at) {
      const void* next = std::memchr(text_.data() + at, byte, end - at);
      if (next == nullptr) return;
      at = static_cast<std::size_t>(static_cast<const char*>(next) - text_.data());
      found(at, at + 1);
    }
    return;
  }
  auto next = std::lower_bound(places.begins.begin(), places.begins.end(), begin);
  for (; next != places.begins.end() && *next < end; ++next) {
    if (*next < begin) continue;  // inside the one before it
    const std::size_t over = end_of(which, *next, end);
    if (over == std::string_view::npos) continue;
    found(*next, over);
    begin = over;
  }
}

}  // namespace cochain::detail
