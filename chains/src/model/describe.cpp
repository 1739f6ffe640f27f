// The words of a description, and what becomes of them: the plan of a type.

#include "cochain/chains/model/describe.hpp"

#include <algorithm>

#include "cochain/core/error.hpp"

namespace cochain {

Description& Description::title(std::string value) {
  title_ = std::move(value);
  return *this;
}

Description& Description::tag(std::string member, std::string value) {
  tag_member_ = std::move(member);
  tag_value_ = std::move(value);
  return *this;
}

Description& Description::field(std::string name, std::string text) {
  Entry entry;
  entry.name = std::move(name);
  entry.text = std::move(text);
  entries_.push_back(std::move(entry));
  return *this;
}

Description& Description::rename(std::string wire_name) {
  last("rename").wire_name = std::move(wire_name);
  return *this;
}

Description& Description::optional() {
  last("optional").is_optional = true;
  return *this;
}

Description& Description::minimum(Json value) { return keyword("minimum", std::move(value)); }
Description& Description::maximum(Json value) { return keyword("maximum", std::move(value)); }
Description& Description::min_length(std::size_t value) { return keyword("minLength", value); }
Description& Description::max_length(std::size_t value) { return keyword("maxLength", value); }
Description& Description::min_items(std::size_t value) { return keyword("minItems", value); }
Description& Description::max_items(std::size_t value) { return keyword("maxItems", value); }
Description& Description::pattern(std::string value) { return keyword("pattern", Json(value)); }
Description& Description::format(std::string value) { return keyword("format", Json(value)); }

Description& Description::example(Json value) {
  Json& examples = last("example").keywords["examples"];
  if (!examples.is_array()) examples.emplace_array();
  examples.get_array().push_back(std::move(value));
  return *this;
}

Description::Entry& Description::last(std::string_view word) {
  if (entries_.empty()) {
    throw InvalidStateError("a Description has " + std::string(word) + "() before any field()");
  }
  return entries_.back();
}

Description& Description::keyword(std::string_view name, Json value) {
  last(name).keywords[name] = std::move(value);
  return *this;
}

namespace detail {
namespace {

bool is_upper(char byte) noexcept { return byte >= 'A' && byte <= 'Z'; }
bool is_lower(char byte) noexcept { return byte >= 'a' && byte <= 'z'; }
char lower(char byte) noexcept { return is_upper(byte) ? static_cast<char>(byte + 32) : byte; }

/// kHTTPError and HTTPError are both http_error.
std::string enumerator_text(std::string_view name) {
  if (name.size() > 1 && name[0] == 'k' && is_upper(name[1])) name.remove_prefix(1);
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool follows_word = i > 0 && name[i - 1] != '_' && !is_upper(name[i - 1]);
    const bool ends_capitals =
        i > 0 && is_upper(name[i - 1]) && i + 1 < name.size() && is_lower(name[i + 1]);
    if (is_upper(name[i]) && (follows_word || ends_capitals)) text += '_';
    text += lower(name[i]);
  }
  return text;
}

/// From what the compiler calls the function that knows the type: "... [with T = app::Box<int>]"
/// is Box_int.
std::string type_name(std::string_view text) {
  const std::size_t begin = text.find("T = ");
  if (begin == std::string_view::npos) return "Type";
  text.remove_prefix(begin + 4);
  text = text.substr(0, text.find(';'));
  if (!text.empty() && text.back() == ']') text.remove_suffix(1);
  const std::size_t scope = text.substr(0, text.find('<')).rfind("::");
  if (scope != std::string_view::npos) text.remove_prefix(scope + 2);
  std::string name;
  for (const char byte : text) {
    const bool plain = is_upper(byte) || is_lower(byte) || (byte >= '0' && byte <= '9');
    if (plain || (!name.empty() && name.back() != '_')) name += plain ? byte : '_';
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  return name.empty() ? "Type" : name;
}

/// Left out of the JSON, an optional comes back as what the struct gives it: find those for which
/// that is not empty.
void find_told_nulls(const JsonType& type, TypePlan& plan) {
  type.use_default(
      [](std::string_view, const void* object, void* context) {
        for (TypePlan::Field& field : static_cast<TypePlan*>(context)->fields) {
          const JsonType& held = field.member->type();
          if (held.kind != JsonKind::kOptional) continue;
          field.writes_null = held.get(field.member->member(const_cast<void*>(object))) != nullptr;
        }
      },
      &plan);
}

void check_names(const TypePlan& plan, const Description& words) {
  for (const Description::Entry& entry : words.entries()) {
    const auto is_it = [&entry](const TypePlan::Field& field) {
      return entry.name == field.member->name;
    };
    if (std::none_of(plan.fields.begin(), plan.fields.end(), is_it)) {
      throw InvalidStateError("the Description of " + plan.title + " speaks of '" + entry.name +
                              "', which is none of its described members");
    }
  }
  for (std::size_t i = 0; i < plan.fields.size(); ++i) {
    const std::string& name = plan.fields[i].name;
    const auto same = [&name](const TypePlan::Field& field) { return field.name == name; };
    if (name == plan.tag_member ||
        std::any_of(plan.fields.begin() + static_cast<long>(i) + 1, plan.fields.end(), same)) {
      throw InvalidStateError(plan.title + " has two members that are '" + name + "' in JSON");
    }
  }
}

}  // namespace

TypePlan make_plan(const JsonType& type, const JsonMember* members, std::size_t count,
                   Description (*describe)()) {
  const Description words = describe == nullptr ? Description() : describe();
  TypePlan plan;
  plan.title = words.title().empty() ? type_name(type.text) : words.title();
  plan.text = words.text();
  plan.tag_member = words.tag_member();
  plan.tag_value = words.tag_value();
  for (std::size_t i = 0; i < count; ++i) {
    TypePlan::Field field;
    field.member = &members[i];
    field.name = type.kind == JsonKind::kEnum ? enumerator_text(members[i].name) : members[i].name;
    field.may_be_missing =
        type.kind == JsonKind::kStruct && members[i].type().kind == JsonKind::kOptional;
    for (const Description::Entry& entry : words.entries()) {
      if (entry.name != members[i].name) continue;
      if (!entry.wire_name.empty()) field.name = entry.wire_name;
      if (!entry.text.empty()) field.text = entry.text;
      field.has_default = entry.is_optional && !field.may_be_missing;
      field.may_be_missing = field.may_be_missing || entry.is_optional;
      for (const auto& [name, value] : entry.keywords) field.keywords[name] = value;
    }
    plan.fields.push_back(std::move(field));
  }
  check_names(plan, words);
  if (type.kind == JsonKind::kStruct) find_told_nulls(type, plan);
  return plan;
}

}  // namespace detail
}  // namespace cochain
