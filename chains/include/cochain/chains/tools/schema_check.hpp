// Whether a JSON value is what a JSON Schema says: for the arguments that models write.
#pragma once

#include <string>
#include <vector>

#include "cochain/chains/model/json.hpp"

namespace cochain {

/// What is wrong with `value`, one line for each place: `$.items[2].price: wanted a number, found
/// a string`. Empty if nothing is.
/// Shape:    the part of JSON Schema (draft 2020-12) that tools are described with: type, enum,
///           const, properties, required, additionalProperties, patternProperties (ignored), items,
///           prefixItems, anyOf, oneOf, allOf, not, $ref into the same document, and the limits of
///           numbers, texts, lists and objects. What is not known (format, pattern, …) is not held
///           against a value.
/// Units:    at most 10 lines; at most 64 levels, beyond which nothing is checked.
[[nodiscard]] std::vector<std::string> schema_violations(const Json& value, const Json& schema);

}  // namespace cochain
