// Described types that the tests of JSON share: one of each kind of member.
// A namespace of their own, since their describe() would hide the one of exceptions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cochain/chains/model/describe.hpp"

namespace cochain::sample {

enum class Scale { kCelsius, kFahrenheit, kHTTPKelvin };
BOOST_DESCRIBE_ENUM(Scale, kCelsius, kFahrenheit, kHTTPKelvin)

struct Weather {
  std::string city;
  std::optional<int> days;
  Scale scale = Scale::kCelsius;
  bool operator==(const Weather&) const = default;
};
BOOST_DESCRIBE_STRUCT(Weather, (), (city, days, scale))
inline Description describe(const Weather*) {
  return Description("The weather of a place.")
      .field("city", "its name")
      .min_length(1)
      .example("Paris")
      .field("days", "how many")
      .minimum(1)
      .maximum(14)
      .field("scale")
      .optional()
      .rename("unit");
}

struct Item {
  std::string name;
  double price = 0;
  bool operator==(const Item&) const = default;
};
BOOST_DESCRIBE_STRUCT(Item, (), (name, price))

struct Order {
  std::vector<Item> items;
  std::map<std::string, int> counts;
  std::optional<Item> gift;
  bool operator==(const Order&) const = default;
};
BOOST_DESCRIBE_STRUCT(Order, (), (items, counts, gift))

struct Tree {
  int value = 0;
  std::vector<Tree> children;
  bool operator==(const Tree&) const = default;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (value, children))

struct Link {
  int value = 0;
  std::unique_ptr<Link> next;
};
BOOST_DESCRIBE_STRUCT(Link, (), (value, next))

struct Circle {
  double radius = 0;
  bool operator==(const Circle&) const = default;
};
BOOST_DESCRIBE_STRUCT(Circle, (), (radius))
inline Description describe(const Circle*) { return Description().tag("kind", "circle"); }

struct Square {
  double side = 0;
  bool operator==(const Square&) const = default;
};
BOOST_DESCRIBE_STRUCT(Square, (), (side))
inline Description describe(const Square*) { return Description().tag("kind", "square"); }

using Shape = std::variant<Circle, Square>;

struct Numbers {
  std::int8_t tiny = 0;
  std::uint8_t byte = 0;
  std::int64_t big = 0;
  std::uint64_t huge = 0;
  float half = 0;
  double real = 0;
  bool operator==(const Numbers&) const = default;
};
BOOST_DESCRIBE_STRUCT(Numbers, (), (tiny, byte, big, huge, half, real))

struct Everything {
  bool flag = false;
  Numbers numbers;
  std::string text;
  Scale scale = Scale::kCelsius;
  std::optional<int> told_null = 3;
  std::vector<bool> bits;
  std::vector<std::optional<int>> holes;
  std::map<std::string, std::vector<Item>> shelves;
  Shape shape;
  std::variant<int, std::string, Item> any;
  std::monostate nothing;
  Json json;
  std::shared_ptr<const Item> shared;
};
BOOST_DESCRIBE_STRUCT(Everything, (),
                      (flag, numbers, text, scale, told_null, bits, holes, shelves, shape, any,
                       nothing, json, shared))

}  // namespace cochain::sample
