// JSON Patch: told and applied.

#include "cochain/chains/parsers/json_patch.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

class Differ {
 public:
  explicit Differ(PatchScope scope) : scope_(scope) {}

  void compare(const Json& from, const Json& to) {
    if (from.is_array() && to.is_array()) {
      compare_arrays(from.get_array(), to.get_array());
    } else if (from.is_object() && to.is_object()) {
      compare_objects(from.get_object(), to.get_object());
    } else if (!(from == to)) {
      operations.push_back(json_object("op", "replace", "path", path_, "value", to));
    }
  }
  JsonArray operations;

 private:
  void add(const Json& value) {
    operations.push_back(json_object("op", "add", "path", path_, "value", value));
  }
  void remove() { operations.push_back(json_object("op", "remove", "path", path_)); }

  /// Runs `act` with a step more in the path.
  template <class Act>
  void at(std::string_view step, Act act) {
    const std::size_t size = path_.size();
    path_ += '/';
    for (const char c : step) {
      if (c == '~') {
        path_ += "~0";
      } else if (c == '/') {
        path_ += "~1";
      } else {
        path_ += c;
      }
    }
    act();
    path_.resize(size);
  }
  void compare_arrays(const JsonArray& from, const JsonArray& to) {
    const std::size_t common = std::min(from.size(), to.size());
    std::size_t first = 0;
    if (scope_ == PatchScope::kEnd && !from.empty()) first = std::min(from.size() - 1, common);
    for (std::size_t i = first; i < common; ++i) {
      at(std::to_string(i), [&] { compare(from[i], to[i]); });
    }
    for (std::size_t i = from.size(); i > common; --i) {
      at(std::to_string(i - 1), [&] { remove(); });
    }
    for (std::size_t i = common; i < to.size(); ++i) {
      at(std::to_string(i), [&] { add(to[i]); });
    }
  }
  void compare_objects(const JsonObject& from, const JsonObject& to) {
    const bool end_only = scope_ == PatchScope::kEnd && !from.empty();
    auto old = end_only ? from.end() - 1 : from.begin();
    for (; old != from.end(); ++old) {
      if (!to.contains(old->key())) at(old->key(), [&] { remove(); });
    }
    const std::size_t common = std::min(from.size(), to.size());
    auto next = to.begin();
    if (end_only) next += static_cast<std::ptrdiff_t>(common == from.size() ? common - 1 : common);
    for (; next != to.end(); ++next) {
      const Json* before = from.if_contains(next->key());
      at(next->key(), [&] {
        if (before == nullptr) {
          add(next->value());
        } else {
          compare(*before, next->value());
        }
      });
    }
  }

  PatchScope scope_;
  std::string path_;
};

[[noreturn]] void refuse(const std::string& why, const Json& operation) {
  throw ParseError("a JSON Patch cannot be applied: " + why, json_text(operation));
}

std::string unescaped(std::string_view step) {
  std::string text;
  for (std::size_t i = 0; i < step.size(); ++i) {
    if (step[i] == '~' && i + 1 < step.size()) {
      text += step[++i] == '1' ? '/' : '~';
    } else {
      text += step[i];
    }
  }
  return text;
}

std::size_t index_of(std::string_view step, std::size_t size, const Json& operation) {
  if (step == "-") return size;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (error != std::errc() || end != step.data() + step.size()) refuse("no index", operation);
  return index;
}

void apply_to(Json& around, std::string_view step, const std::string& op, const Json* value,
              const Json& operation) {
  if (JsonArray* array = around.if_array()) {
    const std::size_t index = index_of(step, array->size(), operation);
    if (index > array->size() || (op != "add" && index == array->size())) {
      refuse("there is no such element", operation);
    }
    const auto place = array->begin() + static_cast<std::ptrdiff_t>(index);
    if (op == "add") {
      array->insert(place, *value);
    } else if (op == "replace") {
      *place = *value;
    } else {
      array->erase(place);
    }
    return;
  }
  JsonObject* object = around.if_object();
  const std::string key = unescaped(step);
  if (object == nullptr || (op != "add" && !object->contains(key))) {
    refuse("there is no such member", operation);
  }
  if (op == "remove") {
    object->erase(key);
  } else {
    object->insert_or_assign(key, *value);
  }
}

Json& step_into(Json& around, std::string_view step, const Json& operation) {
  Json* inner = nullptr;
  if (JsonArray* array = around.if_array()) {
    inner = array->if_contains(index_of(step, array->size(), operation));
  } else if (JsonObject* object = around.if_object()) {
    inner = object->if_contains(unescaped(step));
  }
  if (inner == nullptr) refuse("there is no such place", operation);
  return *inner;
}

std::string operation_text(const JsonObject& operation, std::string_view name) {
  const Json* text = operation.if_contains(name);
  if (text == nullptr || !text->is_string()) refuse("op and path are texts", operation);
  return std::string(text->get_string());
}

void apply(Json& value, const Json& operation) {
  if (!operation.is_object()) refuse("an operation is an object", operation);
  const std::string op = operation_text(operation.get_object(), "op");
  const std::string path = operation_text(operation.get_object(), "path");
  const Json* given = operation.get_object().if_contains("value");
  if (op != "add" && op != "replace" && op != "remove") refuse("an unknown op", operation);
  if (op != "remove" && given == nullptr) refuse("no value", operation);
  if (path.empty()) {
    value = op == "remove" ? Json() : *given;
    return;
  }
  if (path.front() != '/') refuse("a path begins with /", operation);
  std::string_view rest = std::string_view(path).substr(1);
  Json* around = &value;
  for (std::size_t cut = rest.find('/'); cut != std::string_view::npos; cut = rest.find('/')) {
    around = &step_into(*around, rest.substr(0, cut), operation);
    rest.remove_prefix(cut + 1);
  }
  apply_to(*around, rest, op, given, operation);
}

}  // namespace

JsonPatch json_patch(const Json& from, const Json& to, PatchScope scope) {
  Differ differ(scope);
  differ.compare(from, to);
  return JsonPatch(std::move(differ.operations));
}

void apply_json_patch(Json& value, const JsonPatch& patch) {
  for (const Json& operation : patch.operations) apply(value, operation);
}

}  // namespace cochain
