// A JSON value together with where it stands, so that a complaint can name the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cochain/chains/model/json.hpp"

namespace cochain::detail {

/// A value in a document that somebody else wrote.
/// Shape:    a member that is null is taken for one that is missing.
/// Lives:    a view of the value, and of the place that it was reached from.
/// Errors:   every reading throws ParseError("$.items[2].price: wanted a number, found a string").
class JsonPlace {
 public:
  explicit JsonPlace(const Json& root) : value_(&root) {}

  [[nodiscard]] const Json& value() const noexcept { return *value_; }
  [[nodiscard]] const JsonObject& object() const;
  [[nodiscard]] std::string_view string() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] bool boolean() const;

  /// The member, unless it is missing.
  [[nodiscard]] std::optional<JsonPlace> find(std::string_view name) const;
  /// The member, which must be there.
  [[nodiscard]] JsonPlace need(std::string_view name) const;
  /// The text of a member; empty if it is missing.
  [[nodiscard]] std::string text_of(std::string_view name) const;

  /// How many items it has; it must be an array.
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] JsonPlace item(std::size_t index) const;

  [[noreturn]] void fail(std::string_view why) const;
  [[noreturn]] void wanted(std::string_view what) const;
  [[nodiscard]] std::string path() const;

 private:
  JsonPlace(const Json& value, const JsonPlace& parent, std::string_view name, std::size_t index)
      : value_(&value), parent_(&parent), name_(name), index_(index) {}

  const Json* value_;
  const JsonPlace* parent_ = nullptr;
  std::string_view name_;  // of the member, empty for an item
  std::size_t index_ = 0;
};

}  // namespace cochain::detail
