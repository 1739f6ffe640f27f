// Derives a schema from the tables of a type, and makes schemas strict.
#include "cochain/chains/model/json_schema.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace cochain {
namespace detail {
namespace {

/// Derives one schema: first counts how often each struct is used, then writes.
class SchemaWriter {
 public:
  Json write(const JsonType& root) {
    count(root);
    JsonObject schema = in_place(root);
    if (!definitions_.empty()) schema["$defs"] = std::move(definitions_);
    return schema;
  }

 private:
  class Use {
   public:
    const JsonType* type;
    int times;
    std::string name;  // in $defs, once it is there
  };

  Use* find(const JsonType& type) {
    for (Use& use : uses_) {
      if (use.type == &type) return &use;
    }
    return nullptr;
  }

  void count(const JsonType& type) {
    if (type.item != nullptr) count(type.item());
    for (std::size_t i = 0; i < type.count; ++i) count(type.alternatives[i]());
    if (type.kind != JsonKind::kStruct) return;
    if (Use* use = find(type)) {
      ++use->times;
      return;
    }
    uses_.push_back(Use{&type, 1, std::string()});
    for (const TypePlan::Field& field : type.plan().fields) count(field.member->type());
  }

  /// A reference where the struct has a name in $defs, else the schema itself.
  JsonObject schema_of_item(const JsonType& type) {
    Use* use = type.kind == JsonKind::kStruct ? find(type) : nullptr;
    if (use == nullptr || use->times < 2) return in_place(type);
    if (use->name.empty()) {
      std::string name = type.plan().title;
      const auto taken = [this](const std::string& text) {
        return std::any_of(uses_.begin(), uses_.end(),
                           [&text](const Use& each) { return each.name == text; });
      };
      for (int i = 2; taken(name); ++i) name = type.plan().title + "_" + std::to_string(i);
      use->name = name;
      definitions_[name] = nullptr;  // keeps the order of the first uses
      definitions_[name] = in_place(type);
    }
    return json_object("$ref", "#/$defs/" + find(type)->name);
  }

  JsonObject in_place(const JsonType& type) {
    switch (type.kind) {
      case JsonKind::kJson: return JsonObject();
      case JsonKind::kNull: return json_object("type", "null");
      case JsonKind::kBool: return json_object("type", "boolean");
      case JsonKind::kInteger: return integer(type);
      case JsonKind::kNumber: return json_object("type", "number");
      case JsonKind::kString: return json_object("type", "string");
      case JsonKind::kEnum: return enumeration(type.plan());
      case JsonKind::kOptional: return or_null(schema_of_item(type.item()));
      case JsonKind::kArray:
        return json_object("type", "array", "items", schema_of_item(type.item()));
      case JsonKind::kMap:
        return json_object("type", "object", "additionalProperties", schema_of_item(type.item()));
      case JsonKind::kVariant: return alternatives(type);
      case JsonKind::kStruct: return structure(type);
      case JsonKind::kCustom: break;
    }
    const Json schema = type.custom_schema();
    return schema.is_object() ? schema.get_object() : JsonObject();
  }

  /// The least value of unsigned types is told; other bounds of a type say nothing to a model.
  static JsonObject integer(const JsonType& type) {
    JsonObject schema = json_object("type", "integer");
    if (!type.is_signed) schema["minimum"] = 0;
    return schema;
  }

  static JsonObject or_null(JsonObject schema) {
    return json_object("anyOf", json_array(std::move(schema), json_object("type", "null")));
  }

  static JsonObject enumeration(const TypePlan& plan) {
    std::string text = plan.text;
    JsonArray values;
    for (const TypePlan::Field& field : plan.fields) {
      values.emplace_back(field.name);
      if (!field.text.empty()) text += (text.empty() ? "" : "\n") + field.name + ": " + field.text;
    }
    JsonObject schema = json_object("type", "string", "enum", std::move(values));
    if (!text.empty()) schema["description"] = text;
    return schema;
  }

  JsonObject alternatives(const JsonType& type) {
    JsonArray schemas;
    for (std::size_t i = 0; i < type.count; ++i) {
      schemas.push_back(schema_of_item(type.alternatives[i]()));
    }
    return json_object("anyOf", std::move(schemas));
  }

  JsonObject structure(const JsonType& type) {
    const TypePlan& plan = type.plan();
    JsonObject schema = json_object("title", plan.title);
    if (!plan.text.empty()) schema["description"] = plan.text;
    schema["type"] = "object";
    JsonObject properties;
    JsonArray required;
    if (!plan.tag_member.empty()) {
      properties[plan.tag_member] =
          json_object("type", "string", "enum", json_array(plan.tag_value));
      required.emplace_back(plan.tag_member);
    }
    const JsonObject defaults = default_members(type);
    for (const TypePlan::Field& field : plan.fields) {
      JsonObject property = schema_of_field(field);
      const Json* value = field.has_default ? defaults.if_contains(field.name) : nullptr;
      if (value != nullptr) property["default"] = *value;
      properties[field.name] = std::move(property);
      if (!field.may_be_missing) required.emplace_back(field.name);
    }
    schema["properties"] = std::move(properties);
    if (!required.empty()) schema["required"] = std::move(required);
    return schema;
  }

  JsonObject schema_of_field(const TypePlan::Field& field) {
    const JsonType& type = field.member->type();
    // A member that may be missing need not be null as well.
    const bool skips_null = type.kind == JsonKind::kOptional && field.may_be_missing;
    JsonObject schema = schema_of_item(skips_null ? type.item() : type);
    if (!field.text.empty()) {
      const Json* own = schema.if_contains("description");
      // What an enum says of its values stays: the field cannot know it.
      const bool keeps = own != nullptr && schema.contains("enum");
      std::string text = field.text;
      if (keeps) text += '\n' + std::string(own->get_string());
      schema["description"] = text;
    }
    for (const auto& [name, value] : field.keywords) schema[name] = value;
    return schema;
  }

  static JsonObject default_members(const JsonType& type) {
    class Defaults {
     public:
      const JsonType& type;
      JsonObject members;
    } defaults{type, {}};
    type.use_default(
        [](std::string_view, const void* object, void* context) {
          Defaults& into = *static_cast<Defaults*>(context);
          for (const TypePlan::Field& field : into.type.plan().fields) {
            if (!field.has_default) continue;
            const void* member = field.member->member(const_cast<void*>(object));
            into.members[field.name] = write_json(field.member->type(), member);
          }
        },
        &defaults);
    return std::move(defaults.members);
  }

  std::vector<Use> uses_;
  JsonObject definitions_;
};

}  // namespace

Json schema_of(const JsonType& type) { return SchemaWriter().write(type); }

}  // namespace detail
}  // namespace cochain
