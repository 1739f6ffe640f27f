// What changed between two JSON values, as JSON Patch (RFC 6902).
#pragma once

#include <cstdint>

#include "cochain/chains/model/json.hpp"

namespace cochain {

/// Operations that make one JSON value out of another: a part of a growing value, in a stream.
/// Shape:    `operations` is an array of {"op", "path", "value"}, op being add, replace or remove.
class JsonPatch {
 public:
  JsonPatch() = default;
  explicit JsonPatch(JsonArray the_operations) : operations(std::move(the_operations)) {}
  JsonArray operations;
};

/// What of two values has to be looked at.
enum class PatchScope : std::uint8_t {
  kAll,
  /// Only what a PartialJsonParser can have changed that `grows_at_end()`.
  kEnd,
};

/// The operations that make `to` out of `from`.
/// Shape:    a text or number that changed is replaced, a member or element that is new is added.
[[nodiscard]] JsonPatch json_patch(const Json& from, const Json& to,
                                   PatchScope scope = PatchScope::kAll);

/// Applies add, replace and remove; an empty path stands for the whole value.
/// Errors:   ParseError if an operation is another one, or points to what is not there.
/// Source:   RFC 6902, RFC 6901.
void apply_json_patch(Json& value, const JsonPatch& patch);

}  // namespace cochain
