// Templates with `{name}`: nothing but a name is a hole.

#include <algorithm>
#include <utility>

#include "ascii.hpp"
#include "prompts/compiled_template.hpp"
#include "prompts/value_text.hpp"

namespace cochain::detail {
namespace {

bool starts_name(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) noexcept { return starts_name(c) || is_digit(c); }

/// What is wrong with a hole of which `name` was read and `next` stands behind it.
std::string fault_of(std::string_view name, char next) {
  if (next == '.' || next == '[') {
    return "a hole that reaches into its value ('" + std::string(name) + next +
           "'): only a plain {name} is allowed";
  }
  if (!name.empty() && (next == ':' || next == '!')) {
    return "a hole with a format ('" + std::string(name) + next +
           "'): only a plain {name} is allowed";
  }
  if (next == '}' && name.empty()) return "a hole without a name";
  if (!name.empty() && is_digit(name.front())) {
    return "a hole whose name starts with a digit: variables go by name, not by number";
  }
  return "a hole that is no {name}";
}

class FString final : public CompiledTemplate {
 public:
  explicit FString(std::string_view text) {
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
      if (c == '}') refuse("a '}' without its '{'", text, at);
      std::size_t end = at + 1;
      while (end < text.size() && continues_name(text[end])) ++end;
      if (end == text.size()) refuse("a '{' without its '}'", text, at);
      const std::string_view name = text.substr(at + 1, end - at - 1);
      if (text[end] != '}' || name.empty() || !starts_name(name.front())) {
        refuse(fault_of(name, text[end]), text, at);
      }
      if (!literal.empty()) pieces_.push_back({std::exchange(literal, std::string()), false});
      pieces_.push_back({std::string(name), true});
      at = end;
    }
    if (!literal.empty()) pieces_.push_back({std::move(literal), false});
  }

  void render(const Variables& variables, std::string& out) const override {
    for (const Piece& piece : pieces_) {
      if (piece.hole) {
        render_hole(piece.text, variables, out);
      } else {
        out += piece.text;
      }
    }
  }

  void add_names(std::vector<std::string>& names) const override {
    for (const Piece& piece : pieces_) {
      if (piece.hole) add_name(names, piece.text);
    }
  }

 private:
  class Piece {
   public:
    std::string text;  // literal, or the name of a hole
    bool hole;
  };

  [[noreturn]] static void refuse(const std::string& what, std::string_view text, std::size_t at) {
    throw PromptError(what + " at " + place_in(text, at) +
                      " of the prompt; write {{ or }} for a brace that is text");
  }

  static void render_hole(const std::string& name, const Variables& variables, std::string& out) {
    const Variables::Value* value = variables.find(name);
    if (value == nullptr) {
      throw PromptError("the prompt needs a variable '" + name + "' that was not given");
    }
    if (const Json* json = value->if_json()) {
      append_value_text(*json, out);
    } else {
      throw PromptError("the variable '" + name +
                        "' holds messages, which no text can take in: use a placeholder");
    }
  }

  std::vector<Piece> pieces_;
};

}  // namespace

std::shared_ptr<const CompiledTemplate> compile_f_string(std::string_view text) {
  return std::make_shared<const FString>(text);
}

void add_name(std::vector<std::string>& names, std::string_view name) {
  const bool known = std::find(names.begin(), names.end(), name) != names.end();
  if (!known) names.emplace_back(name);
}

std::string place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::string_view line = before.substr(newline == std::string_view::npos ? 0 : newline + 1);
  // The bytes 10xxxxxx of UTF-8 go on with a character.
  const auto starts_character = [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; };
  const auto characters = std::count_if(line.begin(), line.end(), starts_character);
  return "line " + std::to_string(lines + 1) + ", character " + std::to_string(characters + 1);
}

}  // namespace cochain::detail
