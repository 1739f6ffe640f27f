// From JSON to a type of C++ and back, with errors that say where, what was wanted and what is
// there: plain enough that a model can repair its answer by them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/describe.hpp"
#include "cochain/chains/model/error.hpp"

namespace cochain {

/// One thing that is wrong in a JSON value.
/// Shape:    `path` as in "$.items[2].price", "$" for the whole value.
class JsonIssue {
 public:
  JsonIssue() = default;
  JsonIssue(std::string the_path, std::string the_wanted, std::string the_found)
      : path(std::move(the_path)), wanted(std::move(the_wanted)), found(std::move(the_found)) {}

  std::string path;
  std::string wanted;
  std::string found;  // cut to some 80 bytes

  /// "$.days: wanted an integer, found "three"".
  [[nodiscard]] std::string text() const;
  friend bool operator==(const JsonIssue&, const JsonIssue&) = default;
};

/// A JSON value does not have the form that was asked for.
/// Shape:    issues() are the first 8 of count() things that are wrong, in the order of the value;
///           what() is one line with all of them; text() is the JSON.
class DecodeError : public ParseError {
 public:
  DecodeError(std::string_view what_was_read, std::vector<JsonIssue> issues, std::size_t count,
              std::string text);
  [[nodiscard]] const std::vector<JsonIssue>& issues() const noexcept { return issues_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// The issues, one a line, each after "- ".
  [[nodiscard]] std::string list() const;

 private:
  std::vector<JsonIssue> issues_;
  std::size_t count_;
};

/// What is done with members of an object that the struct does not have.
enum class UnknownMembers : std::uint8_t { kIgnore, kRefuse };

/// Whether a value of another type is taken for what it means.
enum class ReadMode : std::uint8_t {
  kExact,    ///< "3" is no number; 3.0 is an integer
  kLenient,  ///< "3" is 3, "true" is true, 3 is "3", x is [x], and Celsius is celsius
};

/// How from_json() reads: `DecodeOptions().unknown_members(UnknownMembers::kRefuse)`.
class DecodeOptions {
 public:
  DecodeOptions() = default;
  DecodeOptions& unknown_members(UnknownMembers value) {
    unknown_members_ = value;
    return *this;
  }
  DecodeOptions& mode(ReadMode value) {
    mode_ = value;
    return *this;
  }
  [[nodiscard]] UnknownMembers unknown_members() const noexcept { return unknown_members_; }
  [[nodiscard]] ReadMode mode() const noexcept { return mode_; }

 private:
  UnknownMembers unknown_members_ = UnknownMembers::kIgnore;
  ReadMode mode_ = ReadMode::kExact;
};

namespace detail {
[[nodiscard]] Json write_json(const JsonType& type, const void* value);
void read_json(const JsonType& type, const Json& json, void* out, const DecodeOptions& options);
}  // namespace detail

/// The JSON of a value.
/// Shape:    bool, integers, floating point, std::string, std::optional, std::unique_ptr and
///           shared_ptr (null if empty), std::vector and other lists, maps with text keys,
///           std::variant (the alternative itself), std::monostate (null), Json, described enums
///           (the enumerator's name without a leading k, in snake_case: kCelsius is "celsius") and
///           described structs. An empty std::optional member of a struct is left out.
/// Errors:   InvalidStateError for a number that JSON does not have (NaN, infinity), an enum's
///           value without a name, or a Description that does not fit its type.
template <class T>
[[nodiscard]] Json to_json(const T& value) {
  return detail::write_json(detail::json_type<T>(), &value);
}

/// The value of a JSON.
/// Shape:    the types of to_json(). A member that may be missing (a std::optional, or one that is
///           optional() by its Description) keeps, if it is, the value that the struct itself gives
///           it; so it does if it is optional() and null. The limits of the Description are
///           checked; pattern and format are not. Integers must fit their type.
///           A variant whose alternatives all have the same tag() is read by that; another is read
///           as the first alternative that fits.
/// Errors:   DecodeError with all that is wrong, not only the first.
template <class T>
[[nodiscard]] T from_json(const Json& json, const DecodeOptions& options = DecodeOptions()) {
  T value = T();
  detail::read_json(detail::json_type<T>(), json, &value, options);
  return value;
}

}  // namespace cochain
