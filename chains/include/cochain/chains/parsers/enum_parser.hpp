// One word out of a few.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/parsers/text_parser.hpp"

namespace cochain {

namespace detail {
/// The place of the word that a text consists of.
/// Errors: ParseError that names the words.
[[nodiscard]] std::size_t find_word(const std::vector<std::string>& words, const std::string& text);
[[nodiscard]] std::string word_instructions(const std::vector<std::string>& words);
}  // namespace detail

/// A value that an answer names by one word: `EnumOutputParser<Color>().with("red", Color::kRed)`.
/// Shape:    blanks, quotes and a full stop around the word are left out; upper and lower case
///           count only if both are words.
/// Errors:   ParseError with the text if it is none of the words.
template <class Value>
class EnumOutputParser final : public TextOutputParser<Value> {
 public:
  EnumOutputParser() = default;
  EnumOutputParser& with(std::string word, Value value) {
    words_.push_back(std::move(word));
    values_.push_back(std::move(value));
    return *this;
  }
  [[nodiscard]] Value parse(std::string text) const override {
    return values_[detail::find_word(words_, text)];
  }
  [[nodiscard]] std::string get_format_instructions() const override {
    return detail::word_instructions(words_);
  }

 private:
  std::vector<std::string> words_;
  std::vector<Value> values_;
};

/// A parser of words that stand for themselves: `word_parser("red", "green")`.
template <class... Words>
[[nodiscard]] EnumOutputParser<std::string> word_parser(Words... words) {
  EnumOutputParser<std::string> parser;
  (parser.with(std::string(words), std::string(words)), ...);
  return parser;
}

}  // namespace cochain
