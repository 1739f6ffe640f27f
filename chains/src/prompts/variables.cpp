// Values by name: kept, joined, and written as text.

#include "cochain/chains/prompts/variables.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cochain/chains/model/message_json.hpp"
#include "prompts/value_text.hpp"

namespace cochain {
namespace {

/// `2.5` and not `2.5E0`: the text is for a model and for people.
void append_double(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += json_text(value);
    return;
  }
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  const std::string_view digits(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_json(const Json& value, std::string& out) {
  if (const double* number = value.if_double()) {
    append_double(*number, out);
  } else if (const JsonArray* array = value.if_array()) {
    const char* before = "[";
    for (const Json& item : *array) {
      out += before;
      append_json(item, out);
      before = ",";
    }
    out += array->empty() ? "[]" : "]";
  } else if (const JsonObject* object = value.if_object()) {
    const char* before = "{";
    for (const auto& [key, member] : *object) {
      out += before + json_text(key) + ":";
      append_json(member, out);
      before = ",";
    }
    out += object->empty() ? "{}" : "}";
  } else {
    out += json_text(value);
  }
}

template <class Entries>
auto find_entry(Entries& entries, std::string_view name) noexcept {
  return std::find_if(entries.begin(), entries.end(),
                      [name](const auto& entry) { return entry.first == name; });
}

}  // namespace

PartialVariables::PartialVariables() = default;
PartialVariables::PartialVariables(const PartialVariables& other) = default;
PartialVariables::PartialVariables(PartialVariables&& other) noexcept = default;
PartialVariables& PartialVariables::operator=(const PartialVariables& other) = default;
PartialVariables& PartialVariables::operator=(PartialVariables&& other) noexcept = default;
PartialVariables::~PartialVariables() = default;

Variables::Value::Value(const Value& other) = default;
Variables::Value::Value(Value&& other) noexcept = default;
Variables::Value& Variables::Value::operator=(const Value& other) = default;
Variables::Value& Variables::Value::operator=(Value&& other) noexcept = default;
Variables::Value::~Value() = default;

Variables::Variables() = default;
Variables::Variables(const Variables& other) = default;
Variables::Variables(Variables&& other) noexcept = default;
Variables& Variables::operator=(const Variables& other) = default;
Variables& Variables::operator=(Variables&& other) noexcept = default;
Variables::~Variables() = default;
bool operator==(const Variables& left, const Variables& right) = default;

void detail::append_value_text(const Json& value, std::string& out) {
  if (const boost::json::string* text = value.if_string()) {
    out.append(text->data(), text->size());
  } else {
    append_json(value, out);
  }
}

std::string Variables::Value::text() const {
  const Json* json = if_json();
  if (json == nullptr) {
    throw PromptError("messages cannot be written into a text: give them to a placeholder");
  }
  std::string text;
  detail::append_value_text(*json, text);
  return text;
}

Variables& Variables::set(std::string name, Value value) {
  const auto found = find_entry(values_, name);
  if (found == values_.end()) {
    values_.emplace_back(std::move(name), std::move(value));
  } else {
    found->second = std::move(value);
  }
  return *this;
}

Variables& Variables::merge(Variables others) {
  for (auto& [name, value] : others.values_) set(std::move(name), std::move(value));
  return *this;
}

const Variables::Value* Variables::find(std::string_view name) const noexcept {
  const auto found = find_entry(values_, name);
  return found == values_.end() ? nullptr : &found->second;
}

void PartialVariables::erase(std::string_view name) {
  Variables kept;
  for (const auto& [key, value] : values_) {
    if (key != name) kept.set(key, value);
  }
  values_ = std::move(kept);
  std::erase_if(functions_, [name](const auto& entry) { return entry.first == name; });
  std::erase(optional_, name);
}

void PartialVariables::set_value(std::string name, Variables::Value value) {
  erase(name);
  values_.set(std::move(name), std::move(value));
}

void PartialVariables::set_function(std::string name, Function function) {
  erase(name);
  functions_.emplace_back(std::move(name), std::move(function));
}

void PartialVariables::set_optional(std::string name) {
  if (contains(name)) return;
  optional_.push_back(std::move(name));
}

bool PartialVariables::contains(std::string_view name) const noexcept {
  return values_.contains(name) || find_entry(functions_, name) != functions_.end() ||
         std::find(optional_.begin(), optional_.end(), name) != optional_.end();
}

void PartialVariables::merge(const PartialVariables& others) {
  const auto refuse = [](const std::string& name) {
    throw PromptError("both prompts have a partial value for '" + name + "': they cannot be one");
  };
  const auto given_here = [this](std::string_view name) {
    return values_.contains(name) || find_entry(functions_, name) != functions_.end();
  };
  for (const auto& [name, value] : others.values_) {
    const Variables::Value* mine = values_.find(name);
    const bool same = mine != nullptr && *mine == value;
    if (given_here(name) && !same) refuse(name);
  }
  for (const auto& [name, function] : others.functions_) {
    if (given_here(name)) refuse(name);
  }
  for (const auto& [name, value] : others.values_) set_value(name, value);
  for (const auto& [name, function] : others.functions_) set_function(name, function);
  for (const std::string& name : others.optional_) set_optional(name);
}

const Variables& PartialVariables::fill(const Variables& given, Variables& storage) const {
  if (values_.empty() && functions_.empty() && optional_.empty()) return given;
  storage = given;
  for (const auto& [name, value] : values_) {
    if (!given.contains(name)) storage.set(name, value);
  }
  for (const auto& [name, function] : functions_) {
    if (!given.contains(name)) storage.set(name, function());
  }
  for (const std::string& name : optional_) {
    if (!given.contains(name)) storage.set(name, "");
  }
  return storage;
}

Json JsonCodec<Variables>::to_json(const Variables& variables) {
  JsonObject object;
  for (const auto& [name, value] : variables) {
    if (const Json* json = value.if_json()) {
      object[name] = *json;
    } else if (const Messages* messages = value.if_messages()) {
      object[name] = messages_to_json(*messages);
    }
  }
  return object;
}

Variables JsonCodec<Variables>::from_json(const Json& json) {
  const JsonObject* object = json.if_object();
  if (object == nullptr) throw ParseError("variables are a JSON object");
  Variables variables;
  for (const auto& [name, value] : *object) variables.set(std::string(name), value);
  return variables;
}

Json detail::schema_of_variables(const std::vector<std::string>& names) {
  JsonObject properties;
  JsonArray required;
  for (const std::string& name : names) {
    properties[name] = JsonObject();
    required.emplace_back(name);
  }
  return json_object("type", "object", "properties", std::move(properties), "required",
                     std::move(required));
}

}  // namespace cochain
