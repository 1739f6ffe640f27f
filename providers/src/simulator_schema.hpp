// Values that satisfy a JSON Schema, guessed from the words of a prompt: the arguments of
// simulated tool calls and the body of structured answers. Called by simulator_plan.cpp; pure.
#pragma once

#include <string>
#include <string_view>

namespace cochain {

/// JSON text of a value that fits the common keywords of a schema.
/// Shape:    type, enum, const, properties, required, items, anyOf/oneOf/allOf, local $ref,
///           minimum, minItems, minLength; other keywords are ignored. "{}" gives an object
///           with one member "answer".
std::string value_for_schema(std::string_view schema_json, std::string_view prompt);

}  // namespace cochain
