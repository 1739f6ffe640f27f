// Names of types, as people write them.

#include "cochain/chains/runnable/step_info.hpp"

#include <array>
#include <string_view>

namespace cochain {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
}

/// Leaves out an argument of a template that nobody writes: ", std::allocator<…> ".
void drop_argument(std::string& text, std::string_view start) {
  for (std::size_t at = 0; (at = text.find(start, at)) != text.npos;) {
    std::size_t end = at + start.size();
    for (int depth = 1; end < text.size() && depth > 0; ++end) {
      if (text[end] == '<') ++depth;
      if (text[end] == '>') --depth;
    }
    while (end < text.size() && text[end] == ' ') ++end;
    text.erase(at, end - at);
  }
}

}  // namespace

std::string type_name(const std::type_info& type) {
  std::string text = detail::readable_type_name(type);
  constexpr std::array kStrings = {
      std::string_view("std::__cxx11::basic_string<char, std::char_traits<char>, "
                       "std::allocator<char> >"),
      std::string_view("std::basic_string<char, std::char_traits<char>, std::allocator<char> >"),
  };
  for (const std::string_view name : kStrings) replace_all(text, name, "string");
  drop_argument(text, ", std::allocator<");
  drop_argument(text, ", std::less<");
  drop_argument(text, ", std::default_delete<");
  replace_all(text, "std::vector<cochain::Message>", "Messages");
  replace_all(text, "boost::json::value", "Json");
  replace_all(text, "boost::json::object", "JsonObject");
  replace_all(text, "boost::json::array", "JsonArray");
  for (const std::string_view space : {"std::", "cochain::", "(anonymous namespace)::"}) {
    replace_all(text, space, "");
  }
  replace_all(text, " >", ">");
  return text;
}

std::string RunnableBase::name() const {
  std::string text = type_name(typeid(*this));
  text.resize(std::min(text.find('<'), text.size()));
  const std::size_t scope = text.rfind("::");
  return scope == text.npos ? text : text.substr(scope + 2);
}

}  // namespace cochain
