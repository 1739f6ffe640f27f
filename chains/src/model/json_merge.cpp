// The rules are LangChain's, odd as some are: what it makes of a stream is compared with what comes
// out here. Where it fails over an item that is no object (a number, or a text with "index" in it),
// the item is passed over.

#include "cochain/chains/model/json_merge.hpp"

#include <algorithm>
#include <string>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "json_field.hpp"

namespace cochain {
namespace {

constexpr std::string_view kOwnPrefix = "lc_";  // of ids and indexes that LangChain made itself
constexpr std::size_t kNameBytesMax = 60;

std::string_view text_of(const Json& value) {
  const boost::json::string* text = value.if_string();
  return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
}

bool is_own(const Json& value) { return text_of(value).substr(0, 3) == kOwnPrefix; }

bool is_whole(const Json& value) { return value.is_int64() || value.is_uint64(); }

// In Python a boolean is a number where it comes to adding.
bool can_add(const Json& value) { return is_whole(value) || value.is_bool(); }

std::int64_t whole(const Json& value) {
  return value.is_bool() ? static_cast<std::int64_t>(value.get_bool())
                         : value.to_number<std::int64_t>();
}

bool same_type(const Json& left, const Json& right) {
  return left.kind() == right.kind() || (is_whole(left) && is_whole(right));
}

[[noreturn]] void fail(std::string_view name, const std::string& why) {
  throw ProtocolError("chunks do not fit together: member \"" + one_line(name, kNameBytesMax) +
                      "\" " + why);
}

Json add(std::string_view name, const Json& left, const Json& right) {
  std::int64_t sum = 0;
  if (left.is_uint64() || right.is_uint64() ||
      __builtin_add_overflow(whole(left), whole(right), &sum)) {
    fail(name, "adds up to more than 64 bits");
  }
  return sum;
}

void merge_strings(std::string_view name, Json& left, const Json& right) {
  const bool stays =
      (name == "index" && is_own(left)) ||
      ((name == "id" || name == "output_version" || name == "model_provider") && left == right);
  if (!stays) left.get_string() += right.get_string();
}

void merge_member(std::string_view name, Json& left, const Json& right) {
  if (left.is_null()) {
    left = right;
    return;
  }
  if (right.is_null()) return;
  if (!same_type(left, right)) {
    fail(name, "is " + std::string(detail::kind_of(left)) + " in one and " +
                   std::string(detail::kind_of(right)) + " in another");
  }
  if (left.is_string()) {
    merge_strings(name, left, right);
  } else if (left.is_object()) {
    merge_json_objects(left.get_object(), right.get_object());
  } else if (left.is_array()) {
    merge_json_lists(left.get_array(), right.get_array());
  } else if (left == right) {
    return;
  } else if (!can_add(left)) {
    fail(name, "has two different values, which do not add up");
  } else if (name == "index" || name == "created" || name == "timestamp") {
    left = right;
  } else {
    left = add(name, left, right);
  }
}

const Json* member(const JsonObject& object, std::string_view name) {
  return object.if_contains(name);
}

bool has_text(const Json* value) { return value != nullptr && !value->is_null() && *value != ""; }

// Whether `later` goes on with `item`.
bool goes_on(const Json& item, const JsonObject& later) {
  const JsonObject* object = item.if_object();
  const Json* index = object != nullptr ? member(*object, "index") : nullptr;
  if (index == nullptr || *index != *member(later, "index")) return false;
  const Json* id = member(*object, "id");
  const Json* later_id = member(later, "id");
  return !has_text(id) || !has_text(later_id) || *id == *later_id;
}

JsonObject without_type(const JsonObject& object) {
  JsonObject rest;
  for (const auto& [name, value] : object) {
    if (name != "type") rest.emplace(name, value);
  }
  return rest;
}

// What of the later block is joined to the earlier one.
JsonObject addition(const JsonObject& item, const JsonObject& later) {
  const Json* type = member(item, "type");
  const Json* later_type = member(later, "type");
  const Json* value = member(later, "value");
  const bool raw = later_type != nullptr && *later_type == "non_standard" && value != nullptr;
  if (!raw || !has_text(type)) return without_type(later);
  const JsonObject* inner = value->if_object();
  if (inner == nullptr) fail("value", "of a non_standard block is no object");
  if (*type != "non_standard") return json_object("extras", without_type(*inner));
  return json_object("value", without_type(*inner), "index", *member(later, "index"));
}

}  // namespace

void merge_json_objects(JsonObject& left, const JsonObject& right) {
  for (const auto& [name, value] : right) {
    const auto [known, added] = left.emplace(name, value);
    if (!added) merge_member(name, known->value(), value);
  }
}

void merge_json_lists(JsonArray& left, const JsonArray& right) {
  for (const Json& item : right) {
    const JsonObject* later = item.if_object();
    const Json* index = later != nullptr ? member(*later, "index") : nullptr;
    if (index == nullptr || !(can_add(*index) || is_own(*index))) {
      left.push_back(item);
      continue;
    }
    const auto same = std::find_if(left.begin(), left.end(),
                                   [&](const Json& each) { return goes_on(each, *later); });
    if (same == left.end()) {
      left.push_back(item);
    } else {
      JsonObject& object = same->get_object();
      merge_json_objects(object, addition(object, *later));
    }
  }
}

void merge_message_content(Json& left, const Json& right) {
  for (const Json* content : {static_cast<const Json*>(&left), &right}) {
    if (!content->is_string() && !content->is_array()) {
      fail("content", "is " + std::string(detail::kind_of(*content)));
    }
  }
  if (left.is_string()) {
    if (right.is_string()) {
      left.get_string() += right.get_string();
      return;
    }
    JsonArray list = json_array(left);
    list.insert(list.end(), right.get_array().begin(), right.get_array().end());
    left = std::move(list);
    return;
  }
  JsonArray& list = left.get_array();
  if (right.is_array()) {
    merge_json_lists(list, right.get_array());
  } else if (!list.empty() && list.back().is_string()) {
    list.back().get_string() += right.get_string();
  } else if (!list.empty() && !right.get_string().empty()) {
    list.push_back(right);
  }
}

}  // namespace cochain
