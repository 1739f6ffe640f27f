// Binary search, one byte further with each step.

#include "special_finder.hpp"

#include <algorithm>

namespace cochain::detail {
namespace {

// What a token has at a depth; one that ended before comes first.
int special_byte_at(const SpecialToken& token, std::size_t depth) {
  return depth < token.text().size() ? static_cast<unsigned char>(token.text()[depth]) : -1;
}

}  // namespace

SpecialFinder::SpecialFinder(const std::vector<SpecialToken>& tokens) {
  for (const SpecialToken& token : tokens) {
    sorted_.push_back(&token);
    if (firsts_.find(token.text()[0]) == std::string::npos) firsts_ += token.text()[0];
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [](const SpecialToken* a, const SpecialToken* b) { return a->text() < b->text(); });
}

// Nearly always the only one is '<', for which find() takes many bytes at once.
std::size_t SpecialFinder::next_first(std::string_view text, std::size_t from) const noexcept {
  return firsts_.size() == 1 ? text.find(firsts_[0], from) : text.find_first_of(firsts_, from);
}

void SpecialFinder::narrow(Place& first, Place& last, std::size_t depth, char byte) {
  const int wanted = static_cast<unsigned char>(byte);
  first = std::partition_point(first, last, [=](const SpecialToken* token) {
    return special_byte_at(*token, depth) < wanted;
  });
  last = std::partition_point(first, last, [=](const SpecialToken* token) {
    return special_byte_at(*token, depth) == wanted;
  });
}

}  // namespace cochain::detail
