// Finds the word that a text consists of.

#include "cochain/chains/parsers/enum_parser.hpp"

#include <algorithm>
#include <string_view>

#include "cochain/chains/model/error.hpp"

namespace cochain::detail {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

bool same_letters(std::string_view one, std::string_view other) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  };
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

std::string_view stripped(std::string_view text) {
  constexpr std::string_view kAround = " \t\r\n\v\f\"'`.*";
  const std::size_t first = text.find_first_not_of(kAround);
  if (first == std::string_view::npos) return std::string_view();
  return text.substr(first, text.find_last_not_of(kAround) - first + 1);
}

}  // namespace

std::size_t find_word(const std::vector<std::string>& words, const std::string& text) {
  for (const bool exact : {true, false}) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      const std::string_view word = stripped(words[i]);
      const std::string_view said = stripped(text);
      if (exact ? said == word : same_letters(said, word)) return i;
    }
  }
  throw ParseError("the answer is none of " + joined(words), text);
}

std::string word_instructions(const std::vector<std::string>& words) {
  return "Answer with one of these words and nothing else: " + joined(words);
}

}  // namespace cochain::detail
