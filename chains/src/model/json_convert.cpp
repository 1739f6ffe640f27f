// Walks the tables of types to read and to write JSON. No template: a described struct costs its
// table and nothing else.
#include "cochain/chains/model/json_convert.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "json_path.hpp"

namespace cochain {
namespace {

std::string decode_message(std::string_view what, const std::vector<JsonIssue>& issues,
                           std::size_t count) {
  std::string message(what);
  if (count > 1) message += ": " + std::to_string(count) + " errors";
  const char* before = ": ";
  for (const JsonIssue& issue : issues) {
    message += before + issue.text();
    before = "; ";
  }
  if (count > issues.size()) message += "; and more";
  return message;
}

}  // namespace

DecodeError::DecodeError(std::string_view what_was_read, std::vector<JsonIssue> issues,
                         std::size_t count, std::string text)
    : ParseError(decode_message(what_was_read, issues, count), std::move(text)),
      issues_(std::move(issues)),
      count_(count) {}

std::string DecodeError::list() const {
  std::string lines;
  for (const JsonIssue& issue : issues_) lines += "- " + issue.text() + '\n';
  if (count_ > issues_.size()) {
    lines += "- and " + std::to_string(count_ - issues_.size()) + " more\n";
  }
  return lines;
}

namespace detail {
namespace {

// Integers by their size: the bytes of a std::int64_t, cut. Both compilers' machines are
// little-endian or convert through the sized types here, so no byte order is assumed.
template <class Small>
void store(void* out, std::int64_t value) {
  const Small small = static_cast<Small>(value);
  std::memcpy(out, &small, sizeof small);
}
void store_integer(void* out, std::uint8_t size, std::int64_t value) {
  switch (size) {
    case 1: return store<std::int8_t>(out, value);
    case 2: return store<std::int16_t>(out, value);
    case 4: return store<std::int32_t>(out, value);
    default: return store<std::int64_t>(out, value);
  }
}

template <class Small, class Big>
Big load(const void* from) {
  Small small;
  std::memcpy(&small, from, sizeof small);
  return static_cast<Big>(small);
}
std::int64_t load_integer(const void* from, std::uint8_t size, bool is_signed) {
  switch (size) {
    case 1:
      return is_signed ? load<std::int8_t, std::int64_t>(from)
                       : load<std::uint8_t, std::int64_t>(from);
    case 2:
      return is_signed ? load<std::int16_t, std::int64_t>(from)
                       : load<std::uint16_t, std::int64_t>(from);
    case 4:
      return is_signed ? load<std::int32_t, std::int64_t>(from)
                       : load<std::uint32_t, std::int64_t>(from);
    default: return load<std::int64_t, std::int64_t>(from);
  }
}

class IntegerRange {
 public:
  explicit IntegerRange(const JsonType& type) {
    const int bits = type.size * 8;
    most = std::numeric_limits<std::uint64_t>::max() >> (64 - bits + (type.is_signed ? 1 : 0));
    if (type.is_signed) least = -static_cast<std::int64_t>(most) - 1;
  }
  [[nodiscard]] std::string words() const {
    return "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  }
  std::int64_t least = 0;
  std::uint64_t most = 0;
};

bool is_integral(double value) {
  return std::trunc(value) == value && std::abs(value) <= 9007199254740992.0;  // 2^53
}

std::string article(std::string_view name) {
  const bool vowel = !name.empty() && std::string_view("AEIOUaeiou").find(name[0]) < 10;
  return (vowel ? "an " : "a ") + std::string(name);
}

std::vector<std::string_view> field_names(const TypePlan& plan) {
  std::vector<std::string_view> names;
  for (const TypePlan::Field& field : plan.fields) names.emplace_back(field.name);
  return names;
}

/// "an integer", "an object (Weather)", `one of "celsius", "fahrenheit"`.
std::string wanted_text(const JsonType& type) {
  switch (type.kind) {
    case JsonKind::kJson: return "any value";
    case JsonKind::kNull: return "null";
    case JsonKind::kBool: return "true or false";
    case JsonKind::kInteger: return "an integer";
    case JsonKind::kNumber: return "a number";
    case JsonKind::kString: return "a string";
    case JsonKind::kEnum: return "one of " + quoted_list(field_names(type.plan()));
    case JsonKind::kOptional: return wanted_text(type.item()) + " or null";
    case JsonKind::kArray: return "an array";
    case JsonKind::kMap: return "an object";
    case JsonKind::kStruct: return "an object (" + type.plan().title + ")";
    case JsonKind::kCustom: return "a value of its form";
    case JsonKind::kVariant: break;
  }
  std::string list;
  for (std::size_t i = 0; i < type.count; ++i) {
    list += (i == 0 ? "" : " or ") + wanted_text(type.alternatives[i]());
  }
  return list;
}

/// The member that tells a variant's alternatives apart; empty if there is no such member.
std::string_view common_tag(const JsonType& variant) {
  std::string_view tag;
  for (std::size_t i = 0; i < variant.count; ++i) {
    const JsonType& type = variant.alternatives[i]();
    if (type.kind != JsonKind::kStruct) return {};
    const std::string_view own = type.plan().tag_member;
    if (own.empty() || (i > 0 && own != tag)) return {};
    tag = own;
  }
  return tag;
}

class Reader {
 public:
  explicit Reader(const DecodeOptions& options) : options_(options) {}

  void read(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    switch (type.kind) {
      case JsonKind::kJson: *static_cast<Json*>(out) = json; return;
      case JsonKind::kNull:
        if (!json.is_null()) wrong(type, json, path);
        return;
      case JsonKind::kBool: return read_bool(type, json, out, path);
      case JsonKind::kInteger: return read_integer(type, json, out, path);
      case JsonKind::kNumber: return read_number(type, json, out, path);
      case JsonKind::kString: return read_string(type, json, out, path);
      case JsonKind::kEnum: return read_enum(type, json, out, path);
      case JsonKind::kOptional:
        if (json.is_null()) return type.reset(out);
        return read(type.item(), json, type.emplace(out, 0), path);
      case JsonKind::kArray: return read_array(type, json, out, path);
      case JsonKind::kMap: return read_map(type, json, out, path);
      case JsonKind::kVariant: return read_variant(type, json, out, path);
      case JsonKind::kStruct: return read_struct(type, json, out, path);
      case JsonKind::kCustom: return read_custom(type, json, out, path);
    }
  }

  JsonIssues issues;

 private:
  [[nodiscard]] bool lenient() const noexcept { return options_.mode() == ReadMode::kLenient; }

  void wrong(const JsonType& type, const Json& json, const JsonPath& path) {
    issues.add(path, wanted_text(type), json);
  }

  void read_bool(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    bool value = false;
    if (const bool* told = json.if_bool()) {
      value = *told;
    } else if (lenient() && json.is_string() &&
               (json.get_string() == "true" || json.get_string() == "false")) {
      value = json.get_string() == "true";
    } else {
      return wrong(type, json, path);
    }
    *static_cast<bool*>(out) = value;
  }

  /// The number that is meant: in lenient mode, also the one that a text spells.
  [[nodiscard]] Json number_in(const Json& json) const {
    if (!lenient() || !json.is_string()) return json;
    const std::string_view text = json.get_string();
    std::int64_t whole = 0;
    const auto [whole_end, whole_error] =
        std::from_chars(text.data(), text.data() + text.size(), whole);
    if (whole_error == std::errc() && whole_end == text.data() + text.size()) return Json(whole);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool all = error == std::errc() && end == text.data() + text.size();
    return all && std::isfinite(number) ? Json(number) : json;
  }

  void read_integer(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    const Json number = number_in(json);
    const IntegerRange range(type);
    if (const std::uint64_t* big = number.if_uint64()) {
      if (*big > range.most) return issues.add(path, range.words(), json);
      return store_integer(out, type.size, static_cast<std::int64_t>(*big));
    }
    std::int64_t value = 0;
    if (const std::int64_t* whole = number.if_int64()) {
      value = *whole;
    } else if (const double* real = number.if_double(); real != nullptr && is_integral(*real)) {
      value = static_cast<std::int64_t>(*real);
    } else {
      return wrong(type, json, path);
    }
    const bool fits =
        value < 0 ? value >= range.least : static_cast<std::uint64_t>(value) <= range.most;
    if (!fits) return issues.add(path, range.words(), json);
    store_integer(out, type.size, value);
  }

  void read_number(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    const Json number = number_in(json);
    if (!number.is_number()) return wrong(type, json, path);
    const double value = number.to_number<double>();
    if (type.size == sizeof(float)) {
      *static_cast<float*>(out) = static_cast<float>(value);
    } else {
      *static_cast<double*>(out) = value;
    }
  }

  void read_string(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    std::string& text = *static_cast<std::string*>(out);
    if (json.is_string()) {
      text = std::string_view(json.get_string());
    } else if (lenient() && (json.is_number() || json.is_bool())) {
      text = json_text(json);
    } else {
      wrong(type, json, path);
    }
  }

  void read_enum(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    if (!json.is_string()) return wrong(type, json, path);
    const std::string_view text = json.get_string();
    for (const TypePlan::Field& field : type.plan().fields) {
      if (same_text(field.name, text)) {
        return store_integer(out, type.size, field.member->value);
      }
    }
    wrong(type, json, path);
  }

  [[nodiscard]] bool same_text(std::string_view left, std::string_view right) const {
    const auto lower = [](char byte) { return byte >= 'A' && byte <= 'Z' ? byte + 32 : byte; };
    const auto same = [&lower](char a, char b) { return lower(a) == lower(b); };
    return lenient() ? std::equal(left.begin(), left.end(), right.begin(), right.end(), same)
                     : left == right;
  }

  /// One item of a list or a map on its way into the container, which makes the place.
  class Item {
   public:
    Reader& reader;
    const JsonType& type;
    const Json& json;
    const JsonPath& path;
    static void fill(void* place, void* context) {
      const Item& item = *static_cast<Item*>(context);
      item.reader.read(item.type, item.json, place, item.path);
    }
  };

  void read_array(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    const JsonArray* array = json.if_array();
    if (array == nullptr && (!lenient() || json.is_null())) return wrong(type, json, path);
    type.reset(out);
    const std::size_t size = array == nullptr ? 1 : array->size();
    for (std::size_t i = 0; i < size; ++i) {
      const JsonPath step(path, i);
      Item item{*this, type.item(), array == nullptr ? json : (*array)[i], step};
      type.append(out, std::string_view(), &Item::fill, &item);
    }
  }

  void read_map(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    const JsonObject* object = json.if_object();
    if (object == nullptr) return wrong(type, json, path);
    type.reset(out);
    for (const auto& [key, value] : *object) {
      const JsonPath step(path, std::string_view(key));
      Item item{*this, type.item(), value, step};
      type.append(out, key, &Item::fill, &item);
    }
  }

  void read_custom(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    try {
      type.custom_read(json, out);
    } catch (const std::exception& error) {
      issues.add(path, error.what(), json);
    }
  }

  void read_struct(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    const JsonObject* object = json.if_object();
    if (object == nullptr) return wrong(type, json, path);
    const TypePlan& plan = type.plan();
    if (!plan.tag_member.empty()) check_tag(plan, *object, path);
    for (const TypePlan::Field& field : plan.fields) {
      const JsonPath step(path, field.name);
      const JsonType& field_type = field.member->type();
      const Json* value = object->if_contains(field.name);
      if (value == nullptr) {
        if (!field.may_be_missing) issues.add_missing(step, wanted_text(field_type));
        continue;
      }
      if (field.has_default && value->is_null() && !takes_null(field_type)) continue;
      read(field_type, *value, field.member->member(out), step);
      if (!field.keywords.empty()) check_limits(field.keywords, *value, step, issues);
    }
    if (options_.unknown_members() == UnknownMembers::kRefuse) refuse_unknown(plan, *object, path);
  }

  static bool takes_null(const JsonType& type) {
    return type.kind == JsonKind::kJson || type.kind == JsonKind::kNull ||
           type.kind == JsonKind::kVariant || type.kind == JsonKind::kCustom;
  }

  void check_tag(const TypePlan& plan, const JsonObject& object, const JsonPath& path) {
    const JsonPath step(path, plan.tag_member);
    const Json* tag = object.if_contains(plan.tag_member);
    const std::string wanted = json_text(Json(plan.tag_value));
    if (tag == nullptr) return issues.add_missing(step, wanted);
    if (*tag != Json(plan.tag_value)) issues.add(step, wanted, *tag);
  }

  void refuse_unknown(const TypePlan& plan, const JsonObject& object, const JsonPath& path) {
    for (const auto& [key, value] : object) {
      const std::string_view name = key;
      const auto is_it = [name](const TypePlan::Field& field) { return field.name == name; };
      if (name == plan.tag_member || std::any_of(plan.fields.begin(), plan.fields.end(), is_it)) {
        continue;
      }
      const std::string wanted =
          "no such member in " + article(plan.title) + " (it has " + quoted_list(field_names(plan));
      issues.add(JsonPath(path, name), wanted + ")", value);
    }
  }

  void read_variant(const JsonType& type, const Json& json, void* out, const JsonPath& path) {
    const std::string_view tag = common_tag(type);
    if (!tag.empty()) return read_tagged(type, tag, json, out, path);
    JsonIssues closest;
    for (std::size_t i = 0; i < type.count; ++i) {
      Reader attempt(options_);
      const JsonType& alternative = type.alternatives[i]();
      attempt.read(alternative, json, type.emplace(out, i), path);
      if (attempt.issues.count == 0) return;
      // Worth telling in full is what is wrong inside an alternative of the right kind.
      const bool same_kind = json.is_object() == (alternative.kind == JsonKind::kStruct) &&
                             json.is_array() == (alternative.kind == JsonKind::kArray);
      const bool better = closest.count == 0 || attempt.issues.count < closest.count;
      if (same_kind && (json.is_object() || json.is_array()) && better) {
        closest = std::move(attempt.issues);
      }
    }
    if (closest.count == 0) return wrong(type, json, path);
    issues.add_all(std::move(closest));
  }

  void read_tagged(const JsonType& type, std::string_view tag, const Json& json, void* out,
                   const JsonPath& path) {
    const JsonObject* object = json.if_object();
    if (object == nullptr) return wrong(type, json, path);
    const Json* told = object->if_contains(tag);
    std::vector<std::string_view> known;
    for (std::size_t i = 0; i < type.count; ++i) {
      const std::string_view value = type.alternatives[i]().plan().tag_value;
      if (told != nullptr && told->is_string() && told->get_string() == value) {
        return read(type.alternatives[i](), json, type.emplace(out, i), path);
      }
      known.push_back(value);
    }
    const std::string wanted = "one of " + quoted_list(known);
    if (told == nullptr) return issues.add_missing(JsonPath(path, tag), wanted);
    issues.add(JsonPath(path, tag), wanted, *told);
  }

  const DecodeOptions& options_;
};

Json write_number(const JsonType& type, const void* value) {
  const double number = type.size == sizeof(float) ? *static_cast<const float*>(value)
                                                   : *static_cast<const double*>(value);
  if (!std::isfinite(number)) throw InvalidStateError("JSON has no such number: NaN or infinity");
  return Json(number);
}

Json write_enum(const JsonType& type, const void* value) {
  const std::int64_t number = load_integer(value, type.size, type.is_signed);
  for (const TypePlan::Field& field : type.plan().fields) {
    if (field.member->value == number) return Json(field.name);
  }
  throw InvalidStateError(type.plan().title + " has no name for the value " +
                          std::to_string(number));
}

Json write_struct(const JsonType& type, const void* value) {
  const TypePlan& plan = type.plan();
  JsonObject object;
  object.reserve(plan.fields.size() + 1);
  if (!plan.tag_member.empty()) object.emplace(plan.tag_member, plan.tag_value);
  for (const TypePlan::Field& field : plan.fields) {
    const JsonType& field_type = field.member->type();
    const void* member = field.member->member(const_cast<void*>(value));
    if (field_type.kind == JsonKind::kOptional && field_type.get(member) == nullptr) {
      if (field.writes_null) object.emplace(field.name, nullptr);
      continue;
    }
    object.emplace(field.name, write_json(field_type, member));
  }
  return object;
}

Json write_items(const JsonType& type, const void* value) {
  class Items {
   public:
    const JsonType& type;
    JsonArray array;
    JsonObject object;
  } items{type.item(), {}, {}};
  type.visit(
      value,
      [](std::string_view key, const void* item, void* context) {
        Items& into = *static_cast<Items*>(context);
        Json written = write_json(into.type, item);
        if (key.data() == nullptr) {
          into.array.push_back(std::move(written));
        } else {
          into.object.insert_or_assign(key, std::move(written));
        }
      },
      &items);
  if (type.kind == JsonKind::kArray) return Json(std::move(items.array));
  return Json(std::move(items.object));
}

}  // namespace

Json write_json(const JsonType& type, const void* value) {
  switch (type.kind) {
    case JsonKind::kJson: return *static_cast<const Json*>(value);
    case JsonKind::kNull: return Json(nullptr);
    case JsonKind::kBool: return Json(*static_cast<const bool*>(value));
    case JsonKind::kInteger: {
      const std::int64_t number = load_integer(value, type.size, type.is_signed);
      return type.is_signed || number >= 0 ? Json(number)
                                           : Json(static_cast<std::uint64_t>(number));
    }
    case JsonKind::kNumber: return write_number(type, value);
    case JsonKind::kString: return Json(*static_cast<const std::string*>(value));
    case JsonKind::kEnum: return write_enum(type, value);
    case JsonKind::kOptional: {
      const void* item = type.get(value);
      return item == nullptr ? Json(nullptr) : write_json(type.item(), item);
    }
    case JsonKind::kArray:
    case JsonKind::kMap: return write_items(type, value);
    case JsonKind::kVariant:
      return write_json(type.alternatives[type.index(value)](), type.get(value));
    case JsonKind::kStruct: return write_struct(type, value);
    case JsonKind::kCustom: return type.custom_write(value);
  }
  return Json(nullptr);
}

void read_json(const JsonType& type, const Json& json, void* out, const DecodeOptions& options) {
  Reader reader(options);
  reader.read(type, json, out, JsonPath());
  if (reader.issues.count == 0) return;
  const bool named = type.kind == JsonKind::kStruct || type.kind == JsonKind::kEnum;
  throw DecodeError(named ? type.plan().title : "JSON", std::move(reader.issues.kept),
                    reader.issues.count, json_text(json));
}

}  // namespace detail
}  // namespace cochain
