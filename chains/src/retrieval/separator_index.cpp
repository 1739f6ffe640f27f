// Separators with the same first byte are found together: memchr() leaps from one such byte to the
// next, and the byte after it says which of them may stand there.

#include "retrieval/separator_index.hpp"

#include <bit>

namespace cochain::detail {
namespace {

using ByteSet = std::array<bool, 256>;

std::uint8_t as_byte(char c) noexcept { return static_cast<std::uint8_t>(c); }

void insert_byte(ByteSet& set, char c) {
  set[as_byte(c)] = true;
  if (c == '\n') set[as_byte('\r')] = true;
}

// What the second byte of a separator may be; nothing is left out.
ByteSet second_bytes(const std::vector<SeparatorPart>& parts) {
  ByteSet set{};
  if (parts.front().text.size() > 1) {
    insert_byte(set, parts.front().text[1]);
  } else if (parts.size() > 1 && parts[1].kind == SeparatorPartKind::kRun) {
    insert_byte(set, parts[1].byte);
  } else {
    set.fill(true);
  }
  return set;
}

}  // namespace

// At most 64 separators with one first byte, as the bits of a word.
class SeparatorIndex::Group {
 public:
  explicit Group(char byte) : first(byte) {}

  void add(std::size_t which, const ByteSet& seconds) {
    const std::uint64_t bit = std::uint64_t{1} << members.size();
    for (std::size_t byte = 0; byte < seconds.size(); ++byte) {
      if (seconds[byte]) by_second[byte] |= bit;
    }
    members.push_back(which);
  }

  char first;
  std::vector<std::size_t> members;
  std::array<std::uint64_t, 256> by_second{};
};

SeparatorIndex::SeparatorIndex(std::string_view text, std::span<const Separator> separators)
    : text_(text), separators_(separators), places_(separators.size()) {
  std::vector<Group> groups;
  for (std::size_t which = 0; which < separators.size(); ++which) {
    const std::vector<SeparatorPart>& parts = separators[which].parts();
    const std::string& words = parts.front().text;
    Places& places = places_[which];
    places.searched = parts.size() == 1 && words.size() == 1 && words != "\n";
    if (places.searched) continue;
    if (parts.size() == 1 && words.find('\n', 1) == words.npos) places.plain_size = words.size();
    auto group = std::find_if(groups.begin(), groups.end(), [&words](const Group& one) {
      return one.first == words.front() && one.members.size() < 64;
    });
    if (group == groups.end()) group = groups.emplace(group, words.front());
    group->add(which, second_bytes(parts));
  }
  for (Group& group : groups) find(group);
}

void SeparatorIndex::find(Group& group) {
  for (std::size_t at = 0; at < text_.size(); ++at) {
    const void* next = std::memchr(text_.data() + at, group.first, text_.size() - at);
    if (next == nullptr) return;
    at = static_cast<std::size_t>(static_cast<const char*>(next) - text_.data());
    const char second = at + 1 < text_.size() ? text_[at + 1] : '\0';
    std::uint64_t candidates = group.by_second[as_byte(second)];
    const bool windows = group.first == '\n' && at > 0 && text_[at - 1] == '\r';
    const std::size_t begin = windows ? at - 1 : at;
    for (; candidates != 0; candidates &= candidates - 1) {
      const std::size_t which =
          group.members[static_cast<std::size_t>(std::countr_zero(candidates))];
      if (is_at(which, at, begin)) places_[which].begins.push_back(begin);
    }
  }
}

// `at` is where its first byte is, `begin` the same, or the CR before a LF.
bool SeparatorIndex::is_at(std::size_t which, std::size_t at, std::size_t begin) const {
  const std::size_t size = places_[which].plain_size;
  if (size == 0) return separators_[which].matches(text_, begin);
  return text_.compare(at, size, separators_[which].parts().front().text) == 0;
}

std::size_t SeparatorIndex::end_of(std::size_t which, std::size_t at, std::size_t end) const {
  const std::size_t size = places_[which].plain_size;
  if (size == 0) {
    return separators_[which].match(text_.substr(0, end), at).value_or(std::string_view::npos);
  }
  const bool windows = text_[at] == '\r' && separators_[which].parts().front().text[0] == '\n';
  const std::size_t over = at + size + (windows ? 1 : 0);
  return over <= end ? over : std::string_view::npos;
}

}  // namespace cochain::detail
