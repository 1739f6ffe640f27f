// What fills the holes of prompts: values by name, given now or long before.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "cochain/chains/model/json_schema.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/core/error.hpp"

namespace cochain {

/// A template is wrong, or a variable that it needs is missing; the message names it.
class PromptError : public Error {
 public:
  using Error::Error;
};

namespace detail {
template <class T>
constexpr bool kIsText = std::is_convertible_v<T, std::string_view> &&
                         !std::is_same_v<std::remove_cvref_t<T>, std::nullptr_t>;
}  // namespace detail

/// Values by name for the holes of a prompt.
/// Shape: `variables("text", "Good morning", "items", json_array(1, 2))`, or set() one by one. Few
///        names are meant: a look at one passes by those before it.
class Variables {
 public:
  /// One value: JSON (a text is a JSON string), or messages for a placeholder.
  class Value {
   public:
    // Implicit on purpose: whatever JSON can be made of will do, a list of such things too.
    template <class T>
      requires(detail::kIsText<T> || std::is_constructible_v<Json, T>)
    Value(T&& value) : value_(to_json(std::forward<T>(value))) {}  // NOLINT(google-explicit-*)
    template <class T>
      requires(detail::kIsText<const T&> || std::is_constructible_v<Json, const T&>)
    Value(const std::vector<T>& values) : value_(JsonArray()) {  // NOLINT(google-explicit-*)
      JsonArray& array = std::get<Json>(value_).get_array();
      for (const T& each : values) array.push_back(to_json(each));
    }
    Value(Messages messages) : value_(std::move(messages)) {}  // NOLINT(google-explicit-*)
    Value(Message message) : value_(Messages(1, std::move(message))) {}  // NOLINT(google-*)
    Value(const Value& other);
    Value(Value&& other) noexcept;
    Value& operator=(const Value& other);
    Value& operator=(Value&& other) noexcept;
    ~Value();

    [[nodiscard]] const Json* if_json() const noexcept { return std::get_if<Json>(&value_); }
    [[nodiscard]] const Messages* if_messages() const noexcept {
      return std::get_if<Messages>(&value_);
    }
    /// The value as it is written into a hole: a string as it is, anything else as JSON text, with
    /// numbers as people write them (`2.5`, `[1,2]`, `true`, `null`).
    /// Errors: PromptError for messages, which no text can take in.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const Value&, const Value&) = default;

   private:
    template <class T>
    static Json to_json(T&& value) {
      if constexpr (detail::kIsText<T>) {
        const std::string_view text = value;
        return Json(boost::json::string_view(text.data(), text.size()));
      } else {
        return Json(std::forward<T>(value));
      }
    }
    std::variant<Json, Messages> value_;
  };

  Variables();
  Variables(const Variables& other);
  Variables(Variables&& other) noexcept;
  Variables& operator=(const Variables& other);
  Variables& operator=(Variables&& other) noexcept;
  ~Variables();
  /// Gives `name` a value, in place of the one that it had.
  Variables& set(std::string name, Value value);
  /// Takes over all values of `others`, which win over those that are here.
  Variables& merge(Variables others);
  /// Lives: until the next set() or merge().
  [[nodiscard]] const Value* find(std::string_view name) const noexcept;
  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    return find(name) != nullptr;
  }
  [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }
  [[nodiscard]] auto begin() const noexcept { return values_.begin(); }
  [[nodiscard]] auto end() const noexcept { return values_.end(); }
  friend bool operator==(const Variables& left, const Variables& right);

 private:
  std::vector<std::pair<std::string, Value>> values_;
};

namespace detail {
inline void set_variables(Variables&) {}
template <class Name, class Value, class... Rest>
void set_variables(Variables& variables, Name&& name, Value&& value, Rest&&... rest) {
  variables.set(std::string(std::forward<Name>(name)), std::forward<Value>(value));
  set_variables(variables, std::forward<Rest>(rest)...);
}
}  // namespace detail

/// Builds Variables from names and values in turn: g++ 12 does not build a braced list in a
/// co_await expression, and this reads as well.
template <class... Items>
[[nodiscard]] Variables variables(Items&&... items) {
  static_assert(sizeof...(Items) % 2 == 0, "variables() takes names and values in turn");
  Variables made;
  detail::set_variables(made, std::forward<Items>(items)...);
  return made;
}

/// Variables are an object in JSON; messages among them are written in our own form, and read back
/// as JSON.
template <>
class JsonCodec<Variables> {
 public:
  static Json to_json(const Variables& variables);
  static Variables from_json(const Json& json);
  static Json schema() { return json_object("type", "object"); }
};

namespace detail {
/// The schema of an object with these members, all of them required.
[[nodiscard]] Json schema_of_variables(const std::vector<std::string>& names);
}  // namespace detail

/// Values that a prompt is given before it is formatted: ready ones, and functions that are asked
/// each time. What is given when it is formatted wins over them.
class PartialVariables {
 public:
  using Function = std::function<Variables::Value()>;

  PartialVariables();
  PartialVariables(const PartialVariables& other);
  PartialVariables(PartialVariables&& other) noexcept;
  PartialVariables& operator=(const PartialVariables& other);
  PartialVariables& operator=(PartialVariables&& other) noexcept;
  ~PartialVariables();
  /// A value, or a function without parameters that returns one.
  template <class ValueOrFunction>
  void set(std::string name, ValueOrFunction&& given) {
    if constexpr (std::is_invocable_r_v<Variables::Value, ValueOrFunction&>) {
      set_function(std::move(name), Function(std::forward<ValueOrFunction>(given)));
    } else {
      set_value(std::move(name), Variables::Value(std::forward<ValueOrFunction>(given)));
    }
  }
  /// The name may be left out: the empty text stands for it.
  void set_optional(std::string name);
  [[nodiscard]] bool contains(std::string_view name) const noexcept;
  [[nodiscard]] const std::vector<std::string>& optional_names() const noexcept {
    return optional_;
  }
  /// Takes over the values of `others`.
  /// Errors: PromptError if both give the same name different values, or functions.
  void merge(const PartialVariables& others);
  /// `given` and what it lacks; `storage` holds the sum if there is one to make.
  [[nodiscard]] const Variables& fill(const Variables& given, Variables& storage) const;

 private:
  void set_value(std::string name, Variables::Value value);
  void set_function(std::string name, Function function);
  void erase(std::string_view name);

  Variables values_;
  std::vector<std::pair<std::string, Function>> functions_;
  std::vector<std::string> optional_;
};

}  // namespace cochain
