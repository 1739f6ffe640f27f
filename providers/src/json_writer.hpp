// Writing JSON straight into a string: a request is written once and never looked at again, so a
// tree of values would be built only to be thrown away.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace cochain::detail {

/// Appends JSON to a string. The caller opens and closes; commas come by themselves.
/// Errors:   BadRequestError on a number that is not finite and on raw text that is not JSON.
class JsonWriter {
 public:
  JsonWriter& open_object();
  JsonWriter& close_object();
  JsonWriter& open_array();
  JsonWriter& close_array();
  JsonWriter& key(std::string_view name);
  /// Text that is not UTF-8 is mended.
  JsonWriter& string(std::string_view value);
  JsonWriter& integer(std::int64_t value);
  JsonWriter& number(double value);
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// JSON that someone else wrote; checked. `what` names it in the error.
  JsonWriter& raw(std::string_view json, std::string_view what);
  /// JSON that is known to be good.
  JsonWriter& trusted(std::string_view json);

  [[nodiscard]] std::string take() { return std::move(text_); }
  void reserve(std::size_t bytes) { text_.reserve(bytes); }

 private:
  void comma();
  std::string text_;
};

}  // namespace cochain::detail
