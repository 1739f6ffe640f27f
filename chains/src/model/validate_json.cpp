// Checks a value by a schema that came as text. Libraries that do more (Debian's valijson) cost ten
// seconds for their one source file, and bring std::regex to patterns that strangers wrote.
#include <algorithm>
#include <cmath>

#include "cochain/chains/model/json_schema.hpp"
#include "json_path.hpp"

namespace cochain {
namespace {

using detail::JsonIssues;
using detail::JsonPath;

constexpr int kValidatedDepthMax = 200;

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  void check(const Json& schema, const Json& value, const JsonPath& path, int depth) {
    if (depth > kValidatedDepthMax)
      throw InvalidStateError("the schema is more than 200 levels deep");
    if (schema.is_bool() && !schema.get_bool()) return issues.add(path, "nothing here", value);
    const JsonObject* words = schema.if_object();
    if (words == nullptr) return;
    if (const Json* reference = words->if_contains("$ref")) {
      check(resolve(*reference), value, path, depth + 1);
    }
    if (!check_type(*words, value, path)) return;
    check_values(*words, value, path);
    detail::check_limits(*words, value, path, issues);
    check_alternatives(*words, value, path, depth);
    if (value.is_object()) check_object(*words, value.get_object(), path, depth);
    if (value.is_array()) check_array(*words, value.get_array(), path, depth);
  }

  JsonIssues issues;

 private:
  const Json& resolve(const Json& reference) const {
    const std::string_view text =
        reference.is_string() ? std::string_view(reference.get_string()) : std::string_view();
    if (text == "#") return root_;
    if (text.substr(0, 2) == "#/") {
      boost::system::error_code error;
      const Json* found = root_.find_pointer(text.substr(1), error);
      if (found != nullptr && !error) return *found;
    }
    throw InvalidStateError("the schema refers to '" + std::string(text) + "', which it lacks");
  }

  static bool is_of(std::string_view type, const Json& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "number") return value.is_number();
    if (type != "integer") return true;  // a word that we do not know forbids nothing
    return value.is_int64() || value.is_uint64() ||
           (value.is_double() && std::trunc(value.get_double()) == value.get_double());
  }

  static std::string wanted(std::string_view type) {
    if (type == "null") return "null";
    if (type == "boolean") return "true or false";
    const bool vowel = type == "object" || type == "array" || type == "integer";
    return (vowel ? "an " : "a ") + std::string(type);
  }

  bool check_type(const JsonObject& words, const Json& value, const JsonPath& path) {
    const Json* type = words.if_contains("type");
    if (type == nullptr) return true;
    std::string list;
    const auto fits = [&](const Json& one) {
      if (!one.is_string()) return true;
      list += (list.empty() ? "" : " or ") + wanted(std::string_view(one.get_string()));
      return is_of(std::string_view(one.get_string()), value);
    };
    if (const JsonArray* types = type->if_array()) {
      if (std::any_of(types->begin(), types->end(), fits)) return true;
    } else if (fits(*type)) {
      return true;
    }
    issues.add(path, list, value);
    return false;
  }

  void check_values(const JsonObject& words, const Json& value, const JsonPath& path) {
    const Json* constant = words.if_contains("const");
    if (constant != nullptr && *constant != value) issues.add(path, json_text(*constant), value);
    const Json* values = words.if_contains("enum");
    if (values == nullptr || !values->is_array()) return;
    const JsonArray& array = values->get_array();
    if (std::find(array.begin(), array.end(), value) != array.end()) return;
    std::string list;
    for (const Json& each : array) list += (list.empty() ? "" : ", ") + json_text(each);
    issues.add(path, "one of " + list, value);
  }

  /// The issues of the alternative that fits best, if none of them fits.
  void check_alternatives(const JsonObject& words, const Json& value, const JsonPath& path,
                          int depth) {
    const Json* all = words.if_contains("allOf");
    if (all != nullptr && all->is_array()) {
      for (const Json& schema : all->get_array()) check(schema, value, path, depth + 1);
    }
    for (const char* word : {"anyOf", "oneOf"}) {
      const Json* any = words.if_contains(word);
      if (any == nullptr || !any->is_array() || any->get_array().empty()) continue;
      JsonIssues closest;
      std::size_t fitting = 0;
      for (const Json& schema : any->get_array()) {
        Validator attempt(root_);
        attempt.check(schema, value, path, depth + 1);
        if (attempt.issues.count == 0) ++fitting;
        const bool better = closest.count == 0 || is_closer(attempt.issues, closest, path);
        if (attempt.issues.count > 0 && better) closest = std::move(attempt.issues);
      }
      if (fitting == 0) issues.add_all(std::move(closest));
      if (fitting > 1 && std::string_view(word) == "oneOf") {
        issues.add(path, "exactly one of the alternatives", value);
      }
    }
  }

  /// An alternative that is wrong further inside is meant rather than one of another type.
  static bool is_closer(const JsonIssues& left, const JsonIssues& right, const JsonPath& path) {
    const std::string here = path.text();
    const bool left_inside = left.kept.front().path != here;
    const bool right_inside = right.kept.front().path != here;
    return left_inside != right_inside ? left_inside : left.count < right.count;
  }

  void check_object(const JsonObject& words, const JsonObject& object, const JsonPath& path,
                    int depth) {
    const Json* properties = words.if_contains("properties");
    const JsonObject* known = properties == nullptr ? nullptr : properties->if_object();
    const Json* required = words.if_contains("required");
    if (required != nullptr && required->is_array()) {
      for (const Json& name : required->get_array()) {
        if (!name.is_string() || object.contains(name.get_string())) continue;
        const Json* schema = known == nullptr ? nullptr : known->if_contains(name.get_string());
        const JsonPath step(path, std::string_view(name.get_string()));
        issues.add_missing(step, wanted_of(schema));
      }
    }
    const Json* others = words.if_contains("additionalProperties");
    for (const auto& [key, value] : object) {
      const JsonPath step(path, std::string_view(key));
      const Json* schema = known == nullptr ? nullptr : known->if_contains(key);
      if (schema != nullptr) {
        check(*schema, value, step, depth + 1);
      } else if (others != nullptr && *others == Json(false)) {
        issues.add(step, "no member of this name", value);
      } else if (others != nullptr) {
        check(*others, value, step, depth + 1);
      }
    }
  }

  static std::string wanted_of(const Json* schema) {
    const JsonObject* words = schema == nullptr ? nullptr : schema->if_object();
    const Json* type = words == nullptr ? nullptr : words->if_contains("type");
    if (type == nullptr || !type->is_string()) return "a value";
    return wanted(std::string_view(type->get_string()));
  }

  void check_array(const JsonObject& words, const JsonArray& array, const JsonPath& path,
                   int depth) {
    const Json* first = words.if_contains("prefixItems");
    const JsonArray* places = first == nullptr ? nullptr : first->if_array();
    const Json* items = words.if_contains("items");
    for (std::size_t i = 0; i < array.size(); ++i) {
      const JsonPath step(path, i);
      if (places != nullptr && i < places->size()) {
        check((*places)[i], array[i], step, depth + 1);
      } else if (items != nullptr) {
        check(*items, array[i], step, depth + 1);
      }
    }
  }

  const Json& root_;
};

}  // namespace

std::vector<JsonIssue> validate_json(const Json& schema, const Json& value) {
  Validator validator(schema);
  validator.check(schema, value, JsonPath(), 0);
  return std::move(validator.issues.kept);
}

}  // namespace cochain
