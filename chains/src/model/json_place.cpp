// Places are chains of views: a path is only put together for a complaint.

#include "json_place.hpp"

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kNameBytesMax = 60;

std::string_view kind_of(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_: return "a number";
    case boost::json::kind::string: return "a string";
    case boost::json::kind::array: return "an array";
    case boost::json::kind::object: return "an object";
  }
  return "nothing";
}

}  // namespace

const JsonObject& JsonPlace::object() const {
  if (const JsonObject* object = value_->if_object()) return *object;
  wanted("an object");
}

std::string_view JsonPlace::string() const {
  if (const boost::json::string* text = value_->if_string()) return {text->data(), text->size()};
  wanted("a string");
}

std::int64_t JsonPlace::integer() const {
  boost::system::error_code error;
  const auto number = value_->to_number<std::int64_t>(error);
  if (error) wanted("a whole number");
  return number;
}

bool JsonPlace::boolean() const {
  if (const bool* truth = value_->if_bool()) return *truth;
  wanted("true or false");
}

std::optional<JsonPlace> JsonPlace::find(std::string_view name) const {
  const Json* member = object().if_contains(name);
  if (member == nullptr || member->is_null()) return std::nullopt;
  return JsonPlace(*member, *this, name, 0);
}

JsonPlace JsonPlace::need(std::string_view name) const {
  if (const auto member = find(name)) return *member;
  fail("member \"" + std::string(name) + "\" is missing");
}

std::string JsonPlace::text_of(std::string_view name) const {
  const auto member = find(name);
  return member ? std::string(member->string()) : std::string();
}

std::size_t JsonPlace::size() const {
  if (const JsonArray* array = value_->if_array()) return array->size();
  wanted("an array");
}

JsonPlace JsonPlace::item(std::size_t index) const {
  return {value_->get_array()[index], *this, {}, index};
}

void JsonPlace::fail(std::string_view why) const {
  throw ParseError(path().append(": ").append(why), json_text(*value_));
}

void JsonPlace::wanted(std::string_view what) const {
  fail(std::string("wanted ").append(what).append(", found ").append(kind_of(*value_)));
}

std::string JsonPlace::path() const {
  if (parent_ == nullptr) return "$";
  if (name_.empty()) return parent_->path() + '[' + std::to_string(index_) + ']';
  return parent_->path() + '.' + one_line(name_, kNameBytesMax);
}

}  // namespace cochain::detail
