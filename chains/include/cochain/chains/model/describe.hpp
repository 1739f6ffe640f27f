// What a type of C++ looks like in JSON: a table per type, made from its description.
// BOOST_DESCRIBE_STRUCT names the members; a Description adds words and limits for the model. The
// schema, the reader and the writer of JSON walk these tables and are no templates.
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>
#include <boost/describe/modifiers.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cochain/chains/model/json.hpp"

namespace cochain {

/// Words and limits for a described struct or enum: what a model is told beside the names.
/// Shape:    returned by a function beside the type, which is found by the type's namespace:
///
///               inline Description describe(const Weather*) {
///                 return Description("The weather of a place.")
///                     .field("city", "its name")
///                     .field("days", "how many").optional().minimum(1).maximum(14);
///               }
///
///           What follows field() speaks of that field. An enumerator is a field of its enum, and
///           value() another word for field(). The function must stand above the first use.
/// Errors:   InvalidStateError, at the first use of the type, if it has no field of that name, and
///           here if a limit is set before the first field().
class Description {
 public:
  /// What is said of one field or enumerator.
  class Entry {
   public:
    Entry() = default;
    std::string name;
    std::string text;
    std::string wire_name;  // empty if it is called in JSON what it is called in C++
    bool is_optional = false;
    JsonObject keywords;  // of JSON Schema: minimum, examples, ...
  };

  Description() = default;
  explicit Description(std::string text) : text_(std::move(text)) {}

  /// The name of the type in a schema; by default its name in C++.
  Description& title(std::string value);
  /// In JSON the struct has one more member that says which struct it is: `tag("kind", "circle")`.
  /// The alternatives of a variant that all have the same tag member are told apart by it.
  Description& tag(std::string member, std::string value);

  Description& field(std::string name, std::string text = {});
  Description& value(std::string name, std::string text = {}) {
    return field(std::move(name), std::move(text));
  }
  /// What it is called in JSON.
  Description& rename(std::string wire_name);
  /// It may be missing: the value that the struct gives it by itself holds, and is the `default`
  /// of the schema. A std::optional may be missing without this word.
  Description& optional();
  Description& minimum(Json value);
  Description& maximum(Json value);
  Description& min_length(std::size_t value);
  Description& max_length(std::size_t value);
  Description& min_items(std::size_t value);
  Description& max_items(std::size_t value);
  /// A regular expression: told to the model, but not checked here.
  Description& pattern(std::string value);
  /// As "date-time" or "email": told to the model, but not checked here.
  Description& format(std::string value);
  Description& example(Json value);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::string& title() const noexcept { return title_; }
  [[nodiscard]] const std::string& tag_member() const noexcept { return tag_member_; }
  [[nodiscard]] const std::string& tag_value() const noexcept { return tag_value_; }
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  Entry& last(std::string_view word);
  Description& keyword(std::string_view name, Json value);

  std::string text_;
  std::string title_;
  std::string tag_member_;
  std::string tag_value_;
  std::vector<Entry> entries_;
};

/// How a type that is neither described nor known here looks in JSON: specialise it, above the
/// first use, with `static Json to_json(const T&)`, `static T from_json(const Json&)` and
/// `static Json schema()`.
/// Errors:   what from_json() throws as a std::exception is told with the path of the value.
template <class T>
class JsonCodec;

namespace detail {

enum class JsonKind : std::uint8_t {
  kJson,
  kNull,
  kBool,
  kInteger,
  kNumber,
  kString,
  kEnum,
  kOptional,
  kArray,
  kMap,
  kVariant,
  kStruct,
  kCustom,
};

class JsonType;
class TypePlan;
using JsonTypeOf = const JsonType& (*)();  // a function, since types may refer to each other

/// One member of a struct, or one enumerator.
class JsonMember {
 public:
  const char* name = nullptr;
  JsonTypeOf type = nullptr;
  void* (*member)(void* object) = nullptr;
  std::int64_t value = 0;
};

/// All that reading, writing and describing need to know of one type; objects go by void*.
class JsonType {
 public:
  using Fill = void (*)(void* item, void* context);
  using Visit = void (*)(std::string_view key, const void* item, void* context);

  JsonKind kind = JsonKind::kJson;
  std::uint8_t size = 0;   // of an integer, a number or an enum, in bytes
  bool is_signed = false;  // of an integer or an enum
  const char* text = nullptr;
  JsonTypeOf item = nullptr;                                   // optional, array, map
  const JsonTypeOf* alternatives = nullptr;                    // variant
  std::size_t count = 0;                                       // of alternatives
  const TypePlan& (*plan)() = nullptr;                         // struct, enum
  void (*reset)(void*) = nullptr;                              // optional, array, map
  void* (*emplace)(void*, std::size_t alternative) = nullptr;  // optional, variant
  const void* (*get)(const void*) = nullptr;                   // optional (or null), variant
  std::size_t (*index)(const void*) = nullptr;                 // variant
  void (*append)(void*, std::string_view key, Fill, void* context) = nullptr;  // array, map
  void (*visit)(const void*, Visit, void* context) = nullptr;                  // array, map
  void (*use_default)(Visit, void* context) = nullptr;                         // struct
  Json (*custom_write)(const void*) = nullptr;
  void (*custom_read)(const Json&, void*) = nullptr;
  Json (*custom_schema)() = nullptr;
};

/// A type's members with the words of its Description, made once per type.
class TypePlan {
 public:
  class Field {
   public:
    std::string name;  // in JSON
    const JsonMember* member = nullptr;
    std::string text;
    bool may_be_missing = false;
    bool has_default = false;  // may be missing, and is no std::optional
    bool writes_null = false;  // empty is not what the struct gives it by itself: must be told
    JsonObject keywords;
  };
  std::string title;
  std::string text;
  std::string tag_member;
  std::string tag_value;
  std::vector<Field> fields;
};

[[nodiscard]] TypePlan make_plan(const JsonType& type, const JsonMember* members, std::size_t count,
                                 Description (*describe)());

template <class T>
const JsonType& json_type();

// Where describe(const T*) is looked for: in T's namespace only, whatever else has that name here.
namespace words {
void describe() = delete;
template <class T>
concept HasWords = requires(const T* type) {
  { describe(type) } -> std::convertible_to<Description>;
};
template <class T>
Description words_of() {
  return describe(static_cast<const T*>(nullptr));
}
}  // namespace words

template <class T>
class OptionalItem {
 public:
  static constexpr bool kIs = false;
};
template <class T>
class OptionalItem<std::optional<T>> {
 public:
  static constexpr bool kIs = true;
  using Item = T;
  static void* emplace(void* place, std::size_t) {
    return &static_cast<std::optional<T>*>(place)->emplace();
  }
};
template <class T>
class OptionalItem<std::unique_ptr<T>> {
 public:
  static constexpr bool kIs = true;
  using Item = T;
  static void* emplace(void* place, std::size_t) {
    return (*static_cast<std::unique_ptr<T>*>(place) = std::make_unique<T>()).get();
  }
};
template <class T>
class OptionalItem<std::shared_ptr<T>> {
 public:
  static constexpr bool kIs = true;
  using Item = std::remove_const_t<T>;
  static void* emplace(void* place, std::size_t) {
    auto made = std::make_shared<Item>();
    void* const item = made.get();
    *static_cast<std::shared_ptr<T>*>(place) = std::move(made);
    return item;
  }
};

template <class T>
class VariantItems {
 public:
  static constexpr bool kIs = false;
};
template <class... T>
class VariantItems<std::variant<T...>> {
 public:
  static constexpr bool has_json_form();
  static constexpr bool kIs = true;
  using Variant = std::variant<T...>;
  static constexpr JsonTypeOf kTypes[] = {&json_type<T>...};
  template <class One>
  static void* emplace_one(Variant& place) {
    return &place.template emplace<One>();
  }
  static void* emplace(void* place, std::size_t alternative) {
    static constexpr void* (*kEmplace[])(Variant&) = {&emplace_one<T>...};
    return kEmplace[alternative](*static_cast<Variant*>(place));
  }
  static const void* get(const void* place) {
    return std::visit([](const auto& item) { return static_cast<const void*>(&item); },
                      *static_cast<const Variant*>(place));
  }
  static std::size_t index(const void* place) {
    return static_cast<const Variant*>(place)->index();
  }
};

template <class T>
concept JsonMap = requires {
  typename T::mapped_type;
  requires std::is_same_v<typename T::key_type, std::string>;
};
template <class T>
concept JsonList = requires(T list) {
  typename T::value_type;
  list.emplace_back();
  list.back();
};

template <class T>
class ContainerOf {
 public:
  static void append(void* place, std::string_view key, JsonType::Fill fill, void* context) {
    T& container = *static_cast<T*>(place);
    if constexpr (JsonMap<T>) {
      fill(&container[std::string(key)], context);
    } else if constexpr (std::is_same_v<typename T::value_type, bool>) {
      bool item = false;
      fill(&item, context);
      container.push_back(item);
    } else {
      container.emplace_back();
      fill(&container.back(), context);
    }
  }
  static void visit(const void* place, JsonType::Visit use, void* context) {
    for (const auto& item : *static_cast<const T*>(place)) {
      if constexpr (JsonMap<T>) {
        use(item.first, &item.second, context);
      } else {
        const typename T::value_type& plain = item;  // of vector<bool>, a copy
        use(std::string_view(), &plain, context);
      }
    }
  }
};

template <class T, class D>
void* member_of(void* object) {
  return &(static_cast<T*>(object)->*D::pointer);
}
template <class T, class D>
using MemberType = std::remove_cvref_t<decltype(std::declval<T&>().*D::pointer)>;

template <class T>
constexpr Description (*words_or_none())() {
  if constexpr (words::HasWords<T>) {
    return &words::words_of<T>;
  } else {
    return nullptr;
  }
}

template <class T, template <class...> class List, class... D>
TypePlan plan_of_struct(List<D...>) {
  static constexpr JsonMember kMembers[] = {
      JsonMember{D::name, &json_type<MemberType<T, D>>, &member_of<T, D>, 0}..., JsonMember()};
  return make_plan(json_type<T>(), kMembers, sizeof...(D), words_or_none<T>());
}
template <class T, template <class...> class List, class... D>
TypePlan plan_of_enum(List<D...>) {
  static constexpr JsonMember kMembers[] = {
      JsonMember{D::name, nullptr, nullptr, static_cast<std::int64_t>(D::value)}..., JsonMember()};
  return make_plan(json_type<T>(), kMembers, sizeof...(D), words_or_none<T>());
}
template <class T>
const TypePlan& plan_of() {
  namespace bd = boost::describe;
  if constexpr (std::is_enum_v<T>) {
    static const TypePlan plan = plan_of_enum<T>(bd::describe_enumerators<T>());
    return plan;
  } else {
    static const TypePlan plan =
        plan_of_struct<T>(bd::describe_members<T, bd::mod_any_access | bd::mod_inherited>());
    return plan;
  }
}

template <class T>
void reset_to_default(void* place) {
  *static_cast<T*>(place) = T();
}
template <class T>
void use_default(JsonType::Visit use, void* context) {
  const T object = T();
  use(std::string_view(), &object, context);
}
template <class T>
const void* get_pointee(const void* place) {
  const T& pointer = *static_cast<const T*>(place);
  return pointer ? static_cast<const void*>(&*pointer) : nullptr;
}

template <class T>
constexpr const char* text_of_type() {
  return __PRETTY_FUNCTION__;  // the type's name is cut out of it when it is needed
}

template <class T>
concept HasCodec = requires { JsonCodec<T>::schema(); };

template <class T>
constexpr bool kIsWord = std::is_same_v<T, Json> || std::is_same_v<T, std::monostate> ||
                         std::is_same_v<T, std::string> || std::is_arithmetic_v<T>;

template <class T>
constexpr JsonType type_of_word() {
  JsonType type;
  type.size = sizeof(T);
  if constexpr (std::is_same_v<T, std::monostate>) {
    type.kind = JsonKind::kNull;
  } else if constexpr (std::is_same_v<T, bool>) {
    type.kind = JsonKind::kBool;
  } else if constexpr (std::is_integral_v<T>) {
    type.kind = JsonKind::kInteger;
    type.is_signed = std::is_signed_v<T>;
  } else if constexpr (std::is_floating_point_v<T>) {
    static_assert(sizeof(T) <= sizeof(double), "long double has no form in JSON");
    type.kind = JsonKind::kNumber;
  } else if constexpr (std::is_same_v<T, std::string>) {
    type.kind = JsonKind::kString;
  }
  return type;
}

template <class T>
constexpr JsonType type_of_holder() {
  JsonType type;
  if constexpr (OptionalItem<T>::kIs) {
    type.kind = JsonKind::kOptional;
    type.item = &json_type<typename OptionalItem<T>::Item>;
    type.reset = &reset_to_default<T>;
    type.emplace = &OptionalItem<T>::emplace;
    type.get = &get_pointee<T>;
  } else if constexpr (VariantItems<T>::kIs) {
    type.kind = JsonKind::kVariant;
    type.alternatives = VariantItems<T>::kTypes;
    type.count = std::variant_size_v<T>;
    type.emplace = &VariantItems<T>::emplace;
    type.get = &VariantItems<T>::get;
    type.index = &VariantItems<T>::index;
  } else {
    if constexpr (JsonMap<T>) {
      type.kind = JsonKind::kMap;
      type.item = &json_type<typename T::mapped_type>;
    } else {
      type.kind = JsonKind::kArray;
      type.item = &json_type<typename T::value_type>;
    }
    type.reset = &reset_to_default<T>;
    type.append = &ContainerOf<T>::append;
    type.visit = &ContainerOf<T>::visit;
  }
  return type;
}

template <class T>
constexpr JsonType type_of_described() {
  JsonType type;
  type.text = text_of_type<T>();
  type.plan = &plan_of<T>;
  if constexpr (std::is_enum_v<T>) {
    static_assert(boost::describe::has_describe_enumerators<T>::value,
                  "this enum is not described: put BOOST_DESCRIBE_ENUM(Enum, kOne, kTwo) below it");
    type.kind = JsonKind::kEnum;
    type.size = sizeof(T);
    type.is_signed = std::is_signed_v<std::underlying_type_t<T>>;
  } else {
    static_assert(
        boost::describe::has_describe_members<T>::value,
        "this type has no form in JSON: if it is a struct, put BOOST_DESCRIBE_STRUCT(Struct, (), "
        "(one, two)) below it, in its namespace; else specialise JsonCodec");
    static_assert(std::is_default_constructible_v<T>,
                  "a struct that is read from JSON needs a constructor without arguments");
    type.kind = JsonKind::kStruct;
    type.use_default = &use_default<T>;
  }
  return type;
}

template <class T>
constexpr JsonType type_of_custom() {
  JsonType type;
  type.kind = JsonKind::kCustom;
  type.custom_write = [](const void* value) {
    return Json(JsonCodec<T>::to_json(*static_cast<const T*>(value)));
  };
  type.custom_read = [](const Json& json, void* out) {
    *static_cast<T*>(out) = JsonCodec<T>::from_json(json);
  };
  type.custom_schema = [] { return Json(JsonCodec<T>::schema()); };
  return type;
}

/// True if T has a form in JSON: it is a word, is described, has a codec, or holds what has.
/// Of a described struct the members are not looked at.
template <class T>
constexpr bool has_json_form() {
  if constexpr (HasCodec<T> || kIsWord<T>) {
    return true;
  } else if constexpr (OptionalItem<T>::kIs) {
    return has_json_form<typename OptionalItem<T>::Item>();
  } else if constexpr (VariantItems<T>::kIs) {
    return VariantItems<T>::has_json_form();
  } else if constexpr (JsonMap<T>) {
    return has_json_form<typename T::mapped_type>();
  } else if constexpr (JsonList<T>) {
    return has_json_form<typename T::value_type>();
  } else if constexpr (std::is_enum_v<T>) {
    return boost::describe::has_describe_enumerators<T>::value;
  } else if constexpr (std::is_class_v<T>) {
    return boost::describe::has_describe_members<T>::value && std::is_default_constructible_v<T>;
  } else {
    return false;
  }
}

template <class... T>
constexpr bool VariantItems<std::variant<T...>>::has_json_form() {
  return (detail::has_json_form<T>() && ...);
}

template <class T>
constexpr JsonType make_type() {
  if constexpr (HasCodec<T>) {
    return type_of_custom<T>();
  } else if constexpr (kIsWord<T>) {
    return type_of_word<T>();
  } else if constexpr (OptionalItem<T>::kIs || VariantItems<T>::kIs || JsonMap<T> || JsonList<T>) {
    return type_of_holder<T>();
  } else {
    return type_of_described<T>();
  }
}

/// The table of a type.
template <class T>
const JsonType& json_type() {
  static constexpr JsonType kType = make_type<T>();
  return kType;
}

}  // namespace detail
}  // namespace cochain
