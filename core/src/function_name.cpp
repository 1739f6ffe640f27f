// From what the compiler calls a function to what a person calls it.

#include "function_name.hpp"

#include <cctype>
#include <vector>

namespace cochain::detail {
namespace {

/// The place behind the bracket that closes the one at `open`.
std::size_t skip_brackets(std::string_view name, std::size_t open) {
  int depth = 0;
  for (std::size_t at = open; at < name.size(); ++at) {
    const char c = name[at];
    if (c == '(' || c == '<' || c == '{' || c == '[') ++depth;
    if (c == ')' || c == '>' || c == '}' || c == ']') --depth;
    if (depth == 0) return at + 1;
  }
  return name.size();
}

/// "a::B::c" of "T a::B::c(int)", in its parts.
std::vector<std::string_view> qualified_name(std::string_view name) {
  constexpr std::string_view kOperator = "operator";
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < name.size()) {
    const char c = name[at];
    if (at == begin && name.substr(at, kOperator.size()) == kOperator) {
      at += kOperator.size();
      at = name.substr(at, 2) == "()" ? at + 2 : std::min(name.find('(', at), name.size());
    } else if (c == '(' && at != begin) {
      const std::size_t end = skip_brackets(name, at);
      if (name.substr(end, 2) != "::") break;  // else a function around a lambda
      at = end;
    } else if (c == '(' || c == '<' || c == '{' || c == '[') {
      at = skip_brackets(name, at);
    } else if (c == ' ' || c == '*' || c == '&') {
      parts.clear();
      begin = ++at;
    } else if (name.substr(at, 2) == "::") {
      parts.push_back(name.substr(begin, at - begin));
      begin = at += 2;
    } else {
      ++at;
    }
  }
  parts.push_back(name.substr(begin, at - begin));
  return parts;
}

bool is_lambda(std::string_view part) {
  return part.substr(0, 7) == "<lambda" || part.substr(0, 7) == "{lambda" ||
         part.substr(0, 7) == "'lambda" || part.substr(0, 2) == "$_" || part == "(anonymous class)";
}

std::string without_brackets(std::string_view part) {
  return std::string(part.substr(0, part.find_first_of("<(", 1)));
}

}  // namespace

std::string short_function_name(std::string_view name) {
  const std::vector<std::string_view> parts = qualified_name(name);
  for (std::size_t i = parts.size(); i-- > 1;) {
    if (is_lambda(parts[i])) return "lambda in " + without_brackets(parts[i - 1]);
  }
  if (parts.back().empty()) return std::string(name);
  const bool is_operator = parts.back().substr(0, 8) == "operator";
  std::string shortened = is_operator ? std::string(parts.back()) : without_brackets(parts.back());
  if (parts.size() > 1) {  // a type says more than a namespace does
    const std::string_view qualifier = parts[parts.size() - 2];
    const bool type = !qualifier.empty() && std::isupper(static_cast<unsigned char>(qualifier[0]));
    if (type) shortened = without_brackets(qualifier) + "::" + shortened;
  }
  return shortened;
}

}  // namespace cochain::detail
