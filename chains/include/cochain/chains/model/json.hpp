// JSON as a value: the one type of another library (Boost.JSON) that is a word of this language.
// JSON that is only carried stays text, see docs/decisions/0014 and 0019.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace cochain {

/// Any JSON value: null, a boolean, a number, a string, an array or an object.
using Json = boost::json::value;
using JsonArray = boost::json::array;
using JsonObject = boost::json::object;

/// The value of a JSON text.
/// Shape:    one value and nothing after it but blanks; UTF-8; the last of two equal keys holds.
/// Units:    at most 100 levels deep.
/// Errors:   ParseError with the place, as a count of bytes, and the text.
[[nodiscard]] Json parse_json(std::string_view text);

/// The shortest text of a value; members in the order in which they were put in.
[[nodiscard]] std::string json_text(const Json& value);

/// The text of a value in lines, indented by two blanks per level: for people and for prompts.
[[nodiscard]] std::string json_text_pretty(const Json& value);

/// Builds an object from names and values in turn: `json_object("city", "Paris", "days", 3)`.
/// A function and not a braced list, since g++ 12 builds no braced list in a co_await expression.
template <class... Items>
[[nodiscard]] JsonObject json_object(Items&&... items);

/// Builds an array: `json_array("red", "green")`.
template <class... Items>
[[nodiscard]] JsonArray json_array(Items&&... items) {
  JsonArray made;
  made.reserve(sizeof...(Items));
  (made.emplace_back(std::forward<Items>(items)), ...);
  return made;
}

namespace detail {
// Qualified: providers has a JsonObject of its own in its detail namespace.
inline void add_members(cochain::JsonObject&) {}
template <class Name, class Value, class... Rest>
void add_members(cochain::JsonObject& object, Name&& name, Value&& value, Rest&&... rest) {
  object.insert_or_assign(std::string_view(name), std::forward<Value>(value));
  add_members(object, std::forward<Rest>(rest)...);
}
}  // namespace detail

template <class... Items>
JsonObject json_object(Items&&... items) {
  static_assert(sizeof...(Items) % 2 == 0, "json_object() takes names and values in turn");
  JsonObject made;
  made.reserve(sizeof...(Items) / 2);
  detail::add_members(made, std::forward<Items>(items)...);
  return made;
}

}  // namespace cochain
