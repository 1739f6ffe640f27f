// A place in a tokenizer file, which knows its name: so errors say where.
#pragma once

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cochain::detail {

/// A value in a document of JSON, and the way to it: `model.merges[3]`.
/// Lives: as long as the document's parser.
/// Errors: VocabularyError naming the place, for a member that is missing and a value of another
///         kind than is asked for.
class JsonPlace {
 public:
  JsonPlace(simdjson::dom::element value, std::string name)
      : value_(value), name_(std::move(name)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[noreturn]] void fail(const std::string& what) const;
  /// Fails, because a file may have this, but it is not supported.
  [[noreturn]] void refuse(const std::string& what) const { fail(what + " is not supported"); }

  [[nodiscard]] bool is_null() const noexcept { return value_.is_null(); }
  [[nodiscard]] bool is_string() const noexcept { return value_.is_string(); }
  [[nodiscard]] std::string_view string() const;
  [[nodiscard]] std::uint32_t number() const;
  [[nodiscard]] bool boolean() const;
  [[nodiscard]] simdjson::dom::array array() const;
  [[nodiscard]] simdjson::dom::object object() const;

  [[nodiscard]] JsonPlace member(std::string_view key) const;
  /// Nothing if it is not there, or null.
  [[nodiscard]] std::optional<JsonPlace> optional_member(std::string_view key) const;
  /// False if it is not there, or null.
  [[nodiscard]] bool has_flag(std::string_view key) const;
  [[nodiscard]] JsonPlace item(simdjson::dom::element value, std::size_t index) const {
    return JsonPlace(value, name_ + "[" + std::to_string(index) + "]");
  }

 private:
  [[nodiscard]] JsonPlace named(simdjson::dom::element value, std::string_view key) const {
    return JsonPlace(value, (name_.empty() ? "" : name_ + ".") + std::string(key));
  }

  simdjson::dom::element value_;
  std::string name_;
};

}  // namespace cochain::detail
