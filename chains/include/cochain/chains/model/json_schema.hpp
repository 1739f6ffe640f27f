// JSON Schema: derived from a type of C++, made strict for a provider, and checked against a value.
#pragma once

#include <string>
#include <vector>

#include "cochain/chains/model/json_convert.hpp"

namespace cochain {

namespace detail {
[[nodiscard]] Json schema_of(const JsonType& type);
}  // namespace detail

/// The schema of a type, in the words of draft 2020-12: what from_json<T>() takes.
/// Shape:    title, description, type, properties in the order of the struct, required, enum,
///           anyOf, items, $defs. A struct that is used more than once, or within itself, stands in
///           `$defs`; the root stands in place.
/// Errors:   InvalidStateError if a Description names a field that its type does not have.
template <class T>
[[nodiscard]] Json json_schema() {
  return detail::schema_of(detail::json_type<T>());
}

/// The same schema in the strict form that providers hold a model to.
/// Shape:    every object is closed and requires all its members; one that was optional may be null
///           instead. Limits, formats, defaults and examples go into the descriptions, since
///           providers differ in which of them they take: from_json() checks them afterwards.
/// Errors:   InvalidStateError, with the place, if the schema cannot be strict: a root that is no
///           object, an object with free names (a map), a value of any type (Json), allOf of
///           several, not, if.
/// Source:   OpenAI, "Structured outputs", supported schemas.
[[nodiscard]] Json strict_schema(Json schema);

/// What is wrong with a value by a schema, at most 8 issues; empty if nothing is.
/// Shape:    knows type, properties, required, additionalProperties, items, prefixItems, enum,
///           const, anyOf, oneOf, allOf, minimum, maximum and the exclusive ones, lengths, counts
///           of items and `$ref` within the schema. Other words (pattern, format, not, if) are
///           passed over: for schemas that come as text, such as those of foreign tools.
/// Errors:   InvalidStateError for a `$ref` that leads nowhere, or deeper than 200 levels.
[[nodiscard]] std::vector<JsonIssue> validate_json(const Json& schema, const Json& value);

}  // namespace cochain
