// Rewrites a schema by the rules of the providers' strict modes.
// What providers disagree about (limits, formats) becomes words: a request that one of them
// answers with 400 helps nobody, and the reader checks the limits in any case.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "cochain/chains/model/json_schema.hpp"

namespace cochain {
namespace {

constexpr int kStrictDepthMax = 100;

std::string_view text_of(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

/// The words for a keyword that is taken out: "at least 1".
std::string words_for(std::string_view keyword, const Json& value) {
  const std::string text =
      value.is_string() ? std::string(std::string_view(value.get_string())) : json_text(value);
  if (keyword == "minimum") return "at least " + text;
  if (keyword == "maximum") return "at most " + text;
  if (keyword == "exclusiveMinimum") return "more than " + text;
  if (keyword == "exclusiveMaximum") return "less than " + text;
  if (keyword == "multipleOf") return "a multiple of " + text;
  if (keyword == "minLength") return "at least " + text + " characters";
  if (keyword == "maxLength") return "at most " + text + " characters";
  if (keyword == "minItems") return "at least " + text + " items";
  if (keyword == "maxItems") return "at most " + text + " items";
  if (keyword == "uniqueItems") return value == Json(true) ? "no item twice" : "";
  if (keyword == "pattern") return "matches " + text;
  if (keyword == "format") return "format: " + text;
  if (keyword == "default") return "default: " + json_text(value);
  if (keyword == "examples" && value.is_array()) {
    std::string list;
    for (const Json& item : value.get_array()) list += (list.empty() ? "" : ", ") + json_text(item);
    return "for example " + list;
  }
  return std::string();
}

[[noreturn]] void refuse(const std::string& path, std::string_view why) {
  throw InvalidStateError("this schema cannot be strict: " + path + " " + std::string(why));
}

class Strict {
 public:
  Json rewrite(const Json& schema, const std::string& path, int depth) {
    if (!schema.is_object()) refuse(path, "takes any value");
    if (depth > kStrictDepthMax) refuse(path, "is nested too deeply");
    const JsonObject& from = schema.get_object();
    if (!text_of(from, "$ref").empty()) return reference(from);
    if (const Json* all = from.if_contains("allOf")) return only_part(*all, from, path, depth);
    JsonObject to;
    std::string notes;
    for (const auto& [key, value] : from) rewrite_word(key, value, path, depth, to, notes);
    const bool says_what =
        to.contains("type") || to.contains("enum") || to.contains("const") || to.contains("anyOf");
    if (!says_what) refuse(path, "takes any value");
    if (is_object(to)) close(from, to, path, depth);
    add_notes(to, notes);
    return to;
  }

 private:
  static bool is_object(const JsonObject& schema) {
    const Json* type = schema.if_contains("type");
    if (type == nullptr) return false;
    if (const JsonArray* types = type->if_array()) {
      return std::find(types->begin(), types->end(), Json("object")) != types->end();
    }
    return *type == Json("object");
  }

  void rewrite_word(std::string_view key, const Json& value, const std::string& path, int depth,
                    JsonObject& to, std::string& notes) {
    if (key == "type" || key == "title" || key == "description" || key == "enum" ||
        key == "const") {
      to[key] = value;
    } else if (key == "items") {
      to[key] = rewrite(value, path + "[]", depth + 1);
    } else if (key == "anyOf" || key == "oneOf") {
      to["anyOf"] = each(value, path, depth);
    } else if (key == "$defs" || key == "definitions") {
      to[key] = definitions(value, depth);
    } else if (key == "not" || key == "if" || key == "patternProperties" || key == "prefixItems" ||
               key == "dependentSchemas") {
      refuse(path, "has '" + std::string(key) + "'");
    } else if (key != "properties" && key != "required" && key != "additionalProperties") {
      const std::string words = words_for(key, value);
      if (!words.empty()) notes += (notes.empty() ? "" : "; ") + words;
    }
  }

  JsonArray each(const Json& schemas, const std::string& path, int depth) {
    JsonArray made;
    if (!schemas.is_array()) refuse(path, "has alternatives that are no array");
    for (const Json& schema : schemas.get_array()) made.push_back(rewrite(schema, path, depth + 1));
    return made;
  }

  JsonObject definitions(const Json& schemas, int depth) {
    JsonObject made;
    if (!schemas.is_object()) refuse("$defs", "is no object");
    for (const auto& [name, schema] : schemas.get_object()) {
      made[name] = rewrite(schema, std::string(name), depth + 1);
    }
    return made;
  }

  /// A reference may have no words beside it, so they go around it.
  static Json reference(const JsonObject& from) {
    JsonObject only = json_object("$ref", from.at("$ref"));
    const std::string_view text = text_of(from, "description");
    if (text.empty()) return only;
    return json_object("description", text, "anyOf", json_array(std::move(only)));
  }

  Json only_part(const Json& all, const JsonObject& from, const std::string& path, int depth) {
    if (!all.is_array() || all.get_array().size() != 1) refuse(path, "has allOf of several");
    const Json& part = all.get_array().front();
    if (!part.is_object()) refuse(path, "has an allOf that is no schema");
    JsonObject merged = part.get_object();
    for (const auto& [key, value] : from) {
      if (key != "allOf") merged[key] = value;
    }
    return rewrite(merged, path, depth + 1);
  }

  void close(const JsonObject& from, JsonObject& to, const std::string& path, int depth) {
    const Json* extra = from.if_contains("additionalProperties");
    if (extra != nullptr && extra->is_object()) {
      refuse(path, "is an object with names that the schema does not know: use a list of pairs");
    }
    const Json* properties = from.if_contains("properties");
    if (properties == nullptr || !properties->is_object()) {
      refuse(path, "is an object without properties");
    }
    const Json* told = from.if_contains("required");
    JsonObject made;
    JsonArray required;
    for (const auto& [name, schema] : properties->get_object()) {
      Json property = rewrite(schema, path + '.' + std::string(name), depth + 1);
      const bool needed = told != nullptr && told->is_array() &&
                          std::find(told->get_array().begin(), told->get_array().end(),
                                    Json(name)) != told->get_array().end();
      made[name] = needed ? std::move(property) : or_null(std::move(property.get_object()));
      required.emplace_back(name);
    }
    to["properties"] = std::move(made);
    to["required"] = std::move(required);
    to["additionalProperties"] = false;
  }

  static Json or_null(JsonObject schema) {
    const Json null_type = json_object("type", "null");
    if (Json* choices = schema.if_contains("anyOf")) {
      JsonArray& array = choices->get_array();
      if (std::find(array.begin(), array.end(), null_type) == array.end()) {
        array.push_back(null_type);
      }
      return schema;
    }
    Json* type = schema.if_contains("type");
    if (type != nullptr && !is_object(schema)) {
      if (type->is_string() && *type != Json("null")) *type = json_array(*type, "null");
      if (Json* values = schema.if_contains("enum")) values->get_array().emplace_back(nullptr);
      return schema;
    }
    JsonObject made;
    if (const Json* text = schema.if_contains("description"); text != nullptr && type == nullptr) {
      made["description"] = *text;
      schema.erase("description");
    }
    made["anyOf"] = json_array(std::move(schema), null_type);
    return made;
  }

  static void add_notes(JsonObject& to, const std::string& notes) {
    if (notes.empty()) return;
    const std::string_view text = text_of(to, "description");
    to["description"] = text.empty() ? notes : std::string(text) + " (" + notes + ")";
  }
};

}  // namespace

Json strict_schema(Json schema) {
  const JsonObject* root = schema.if_object();
  const bool has_object = root != nullptr && text_of(*root, "type") == "object";
  if (!has_object) refuse("$", "must be an object: put the value into a struct with one member");
  return Strict().rewrite(schema, "$", 0);
}

}  // namespace cochain
