// What is asked of a value, and the errors that say what is there instead.

#include "tokenizer_json.hpp"

#include <utility>

#include "cochain/providers/tokenizers/tokenizer_error.hpp"

namespace cochain::detail {

void JsonPlace::fail(const std::string& what) const {
  throw VocabularyError((name_.empty() ? "the tokenizer file" : name_) + ": " + what);
}

std::string_view JsonPlace::string() const {
  std::string_view result;
  if (value_.get(result) != simdjson::SUCCESS) fail("a string is wanted here");
  return result;
}

std::uint32_t JsonPlace::number() const {
  std::uint64_t result = 0;
  if (value_.get(result) != simdjson::SUCCESS || result > UINT32_MAX) {
    fail("a number from 0 to 4294967295 is wanted here");
  }
  return static_cast<std::uint32_t>(result);
}

bool JsonPlace::boolean() const {
  bool result = false;
  if (value_.get(result) != simdjson::SUCCESS) fail("true or false is wanted here");
  return result;
}

simdjson::dom::array JsonPlace::array() const {
  simdjson::dom::array result;
  if (value_.get(result) != simdjson::SUCCESS) fail("a list is wanted here");
  return result;
}

simdjson::dom::object JsonPlace::object() const {
  simdjson::dom::object result;
  if (value_.get(result) != simdjson::SUCCESS) fail("an object is wanted here");
  return result;
}

JsonPlace JsonPlace::member(std::string_view key) const {
  simdjson::dom::element value;
  if (object().at_key(key).get(value) != simdjson::SUCCESS) {
    fail("'" + std::string(key) + "' is missing");
  }
  return named(value, key);
}

std::optional<JsonPlace> JsonPlace::optional_member(std::string_view key) const {
  simdjson::dom::element value;
  if (object().at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return named(value, key);
}

bool JsonPlace::has_flag(std::string_view key) const {
  const std::optional<JsonPlace> flag = optional_member(key);
  return flag && flag->boolean();
}

}  // namespace cochain::detail
