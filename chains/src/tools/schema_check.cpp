// One walk through value and schema at once. A schema that makes no sense forbids nothing.

#include "cochain/chains/tools/schema_check.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cochain {
namespace {

constexpr std::size_t kLinesMax = 10;
constexpr int kDepthMax = 64;
constexpr std::size_t kListedMax = 20;

using Lines = std::vector<std::string>;

std::string_view kind_of(const Json& value) {
  if (value.is_null()) return "null";
  if (value.is_bool()) return "a boolean";
  if (value.is_number()) return "a number";
  if (value.is_string()) return "a string";
  if (value.is_array()) return "an array";
  return "an object";
}

bool is_whole(const Json& value) {
  if (value.is_int64() || value.is_uint64()) return true;
  if (!value.is_double()) return false;
  const double number = value.get_double();
  return std::isfinite(number) && std::floor(number) == number;
}

bool is_of_type(const Json& value, std::string_view type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "number") return value.is_number();
  if (type == "integer") return is_whole(value);
  if (type == "boolean") return value.is_bool();
  if (type == "null") return value.is_null();
  return true;
}

std::string with_article(std::string_view type) {
  if (type == "null") return "null";
  const bool vowel = type == "object" || type == "array" || type == "integer";
  return (vowel ? "an " : "a ") + std::string(type);
}

// JSON has one kind of number: 1 and 1.0 are equal.
bool same_value(const Json& left, const Json& right) {
  if (left.is_number() && right.is_number()) {
    return left == right || left.to_number<double>() == right.to_number<double>();
  }
  return left == right;
}

// U+0000 to U+10FFFF as JSON Schema counts them.
std::size_t length_of(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    if ((static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

std::string number_text(double number) { return json_text(Json(number)); }

std::optional<double> limit(const JsonObject& schema, std::string_view word) {
  const Json* value = schema.if_contains(word);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

class Check {
 public:
  Check(const Json& root, Lines& lines) : root_(root), lines_(lines) {}

  void value(const Json& value, const Json& schema, const std::string& path, int depth) {
    if (depth > kDepthMax || lines_.size() >= kLinesMax) return;
    if (schema.is_bool()) {
      if (!schema.get_bool()) say(path, "nothing is allowed here");
      return;
    }
    const JsonObject* words = schema.if_object();
    if (words == nullptr) return;
    if (const Json* target = referred(*words)) this->value(value, *target, path, depth + 1);
    if (!type(value, *words, path)) return;
    choice(value, *words, path);
    combined(value, *words, path, depth);
    if (value.is_number()) number(value, *words, path);
    if (value.is_string()) {
      count(length_of(value.get_string()), *words, path, "minLength", "maxLength", "characters");
    }
    if (const JsonArray* list = value.if_array()) items(*list, *words, path, depth);
    if (const JsonObject* object = value.if_object()) members(*object, *words, path, depth);
  }

 private:
  void say(const std::string& path, std::string what) {
    if (lines_.size() < kLinesMax) lines_.push_back(path + ": " + std::move(what));
  }

  const Json* referred(const JsonObject& words) const {
    const Json* ref = words.if_contains("$ref");
    if (ref == nullptr || !ref->is_string()) return nullptr;
    const std::string_view text = ref->get_string();
    if (text == "#") return &root_;
    if (!text.starts_with("#/")) return nullptr;
    boost::system::error_code error;
    return root_.find_pointer(text.substr(1), error);
  }

  bool type(const Json& value, const JsonObject& words, const std::string& path) {
    const Json* type = words.if_contains("type");
    if (type == nullptr) return true;
    std::string wanted;
    if (type->is_string()) {
      if (is_of_type(value, type->get_string())) return true;
      wanted = with_article(type->get_string());
    } else if (const JsonArray* types = type->if_array()) {
      for (const Json& each : *types) {
        if (!each.is_string() || is_of_type(value, each.get_string())) return true;
        wanted += (wanted.empty() ? "" : " or ") + with_article(each.get_string());
      }
    } else {
      return true;
    }
    const bool broken_number = value.is_number() && wanted == "an integer";
    say(path, "wanted " + wanted + ", found " +
                  (broken_number ? json_text(value) : std::string(kind_of(value))));
    return false;
  }

  void choice(const Json& value, const JsonObject& words, const std::string& path) {
    if (const Json* constant = words.if_contains("const")) {
      if (!same_value(value, *constant)) say(path, "wanted " + json_text(*constant));
    }
    const Json* listed = words.if_contains("enum");
    const JsonArray* values = listed != nullptr ? listed->if_array() : nullptr;
    if (values == nullptr) return;
    std::string texts;
    std::size_t shown = 0;
    for (const Json& each : *values) {
      if (same_value(value, each)) return;
      if (shown++ < kListedMax) texts += (texts.empty() ? "" : ", ") + json_text(each);
    }
    if (shown > kListedMax) texts += ", …";
    say(path, "wanted one of " + texts);
  }

  // The number of alternatives that the value meets.
  std::size_t met(const Json& value, const JsonArray& alternatives, const std::string& path,
                  int depth, Lines& first) const {
    std::size_t count = 0;
    for (const Json& each : alternatives) {
      Lines lines;
      Check(root_, lines).value(value, each, path, depth + 1);
      if (lines.empty()) ++count;
      // The alternative that got furthest says most: its complaint lies deepest.
      const bool deeper =
          !lines.empty() && (first.empty() || lines[0].find(':') > first[0].find(':'));
      if (deeper) first = std::move(lines);
    }
    return count;
  }

  void combined(const Json& value, const JsonObject& words, const std::string& path, int depth) {
    if (const Json* all = words.if_contains("allOf"); all != nullptr && all->is_array()) {
      for (const Json& each : all->get_array()) this->value(value, each, path, depth + 1);
    }
    for (const std::string_view word : {"anyOf", "oneOf"}) {
      const Json* any = words.if_contains(word);
      if (any == nullptr || !any->is_array() || any->get_array().empty()) continue;
      Lines first;
      const std::size_t count = met(value, any->get_array(), path, depth, first);
      if (count == 0) {
        say(path, "fits none of the " + std::to_string(any->get_array().size()) + " allowed forms" +
                      (first.empty() ? "" : " (" + first[0] + ")"));
      } else if (count > 1 && word == "oneOf") {
        say(path, "fits more than one of the allowed forms");
      }
    }
    if (const Json* forbidden = words.if_contains("not")) {
      Lines lines;
      Check(root_, lines).value(value, *forbidden, path, depth + 1);
      if (lines.empty()) say(path, "is of a form that is not allowed");
    }
  }

  void number(const Json& value, const JsonObject& words, const std::string& path) {
    const auto n = value.to_number<double>();
    if (const auto min = limit(words, "minimum"); min && n < *min) {
      say(path, "wanted at least " + number_text(*min) + ", found " + json_text(value));
    }
    if (const auto max = limit(words, "maximum"); max && n > *max) {
      say(path, "wanted at most " + number_text(*max) + ", found " + json_text(value));
    }
    if (const auto min = limit(words, "exclusiveMinimum"); min && n <= *min) {
      say(path, "wanted more than " + number_text(*min) + ", found " + json_text(value));
    }
    if (const auto max = limit(words, "exclusiveMaximum"); max && n >= *max) {
      say(path, "wanted less than " + number_text(*max) + ", found " + json_text(value));
    }
    if (const auto step = limit(words, "multipleOf"); step && *step > 0) {
      const double times = n / *step;
      if (std::abs(times - std::round(times)) > 1e-9 * std::max(1.0, std::abs(times))) {
        say(path, "wanted a multiple of " + number_text(*step) + ", found " + json_text(value));
      }
    }
  }

  void count(std::size_t size, const JsonObject& words, const std::string& path,
             std::string_view min_word, std::string_view max_word, std::string_view unit) {
    const auto found = [&] { return ' ' + std::string(unit) + ", found " + std::to_string(size); };
    const auto at = static_cast<double>(size);
    if (const auto min = limit(words, min_word); min && at < *min) {
      say(path, "wanted at least " + number_text(*min) + found());
    }
    if (const auto max = limit(words, max_word); max && at > *max) {
      say(path, "wanted at most " + number_text(*max) + found());
    }
  }

  void items(const JsonArray& list, const JsonObject& words, const std::string& path, int depth) {
    count(list.size(), words, path, "minItems", "maxItems", "items");
    const Json* prefix = words.if_contains("prefixItems");
    const JsonArray* fixed = prefix != nullptr ? prefix->if_array() : nullptr;
    const Json* rest = words.if_contains("items");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const bool in_prefix = fixed != nullptr && i < fixed->size();
      const Json* schema = in_prefix ? &(*fixed)[i] : rest;
      if (schema != nullptr)
        value(list[i], *schema, path + '[' + std::to_string(i) + ']', depth + 1);
    }
    const Json* unique = words.if_contains("uniqueItems");
    if (unique == nullptr || !unique->is_bool() || !unique->get_bool()) return;
    for (std::size_t i = 1; i < list.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (same_value(list[i], list[k])) return say(path, "has an item twice");
      }
    }
  }

  void members(const JsonObject& object, const JsonObject& words, const std::string& path,
               int depth) {
    count(object.size(), words, path, "minProperties", "maxProperties", "members");
    const Json* required = words.if_contains("required");
    if (required != nullptr && required->is_array()) {
      for (const Json& name : required->get_array()) {
        if (!name.is_string() || object.contains(name.get_string())) continue;
        say(path + '.' + std::string(name.get_string()), "is missing");
      }
    }
    const Json* properties = words.if_contains("properties");
    const JsonObject* known = properties != nullptr ? properties->if_object() : nullptr;
    const Json* others = words.if_contains("additionalProperties");
    const bool patterns = words.contains("patternProperties");
    for (const auto& [name, member] : object) {
      const std::string place = path + '.' + std::string(name);
      const Json* schema = known != nullptr ? known->if_contains(name) : nullptr;
      if (schema != nullptr) {
        value(member, *schema, place, depth + 1);
      } else if (others != nullptr && !patterns) {
        if (others->is_bool() && !others->get_bool()) {
          say(place, "is not known");
        } else {
          value(member, *others, place, depth + 1);
        }
      }
    }
  }

  const Json& root_;
  Lines& lines_;
};

}  // namespace

std::vector<std::string> schema_violations(const Json& value, const Json& schema) {
  Lines lines;
  Check(schema, lines).value(value, schema, "$", 0);
  return lines;
}

}  // namespace cochain
