// Taking templates apart, and putting texts together.

#include "cochain/chains/prompts/template.hpp"

#include <algorithm>

namespace cochain {
namespace {

bool starts_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) noexcept { return starts_name(c) || (c >= '0' && c <= '9'); }

/// Tells the place in characters, as an editor counts them, and not in bytes of UTF-8.
[[noreturn]] void refuse(const std::string& what, std::string_view before) {
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; };
  const auto characters = std::count_if(before.begin(), before.end(), starts_character);
  throw PromptError(what + " at character " + std::to_string(characters + 1) +
                    " of the prompt; write {{ or }} for a brace that is text");
}

}  // namespace

Variables& Variables::set(std::string name, std::string value) {
  const auto same = [&name](const auto& entry) { return entry.first == name; };
  const auto found = std::find_if(values_.begin(), values_.end(), same);
  if (found == values_.end()) {
    values_.emplace_back(std::move(name), std::move(value));
  } else {
    found->second = std::move(value);
  }
  return *this;
}

const std::string* Variables::find(std::string_view name) const noexcept {
  for (const auto& [key, value] : values_) {
    if (key == name) return &value;
  }
  return nullptr;
}

TextTemplate::TextTemplate(std::string_view text) {
  std::string literal;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      literal += c;
      continue;
    }
    if (at + 1 < text.size() && text[at + 1] == c) {  // an escaped brace
      literal += c;
      ++at;
      continue;
    }
    if (c == '}') refuse("a '}' without its '{'", text.substr(0, at));
    std::size_t end = at + 1;
    while (end < text.size() && continues_name(text[end])) ++end;
    if (end == text.size()) refuse("a '{' without its '}'", text.substr(0, at));
    const std::string_view name = text.substr(at + 1, end - at - 1);
    if (text[end] != '}' || name.empty() || !starts_name(name.front())) {
      refuse("a hole that is no {name}", text.substr(0, at));
    }
    if (!literal.empty()) pieces_.push_back({std::exchange(literal, std::string()), false});
    pieces_.push_back({std::string(name), true});
    at = end;
  }
  if (!literal.empty()) pieces_.push_back({std::move(literal), false});
}

std::string TextTemplate::format(const Variables& variables) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (!piece.hole) {
      text += piece.text;
    } else if (const std::string* value = variables.find(piece.text)) {
      text += *value;
    } else {
      throw PromptError("the prompt needs a variable '" + piece.text + "' that was not given");
    }
  }
  return text;
}

std::vector<std::string> TextTemplate::variable_names() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_) {
    const bool known = std::find(names.begin(), names.end(), piece.text) != names.end();
    if (piece.hole && !known) names.push_back(piece.text);
  }
  return names;
}

Coro<std::string> PromptTemplate::do_invoke(Variables input, RunConfig) const {
  co_return template_.format(input);
}

}  // namespace cochain
