// JSON in smaller objects of the same shape.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "cochain/chains/retrieval/document.hpp"

namespace cochain {

/// Cuts an object of JSON into objects, each with the members above its values.
/// Shape:    the members keep their order; all chunks merged member by member are the object again.
///           A chunk is longer than the most only if one value is, together with its keys.
/// Units:    sizes in bytes of json_text().
/// Suspends: never.
/// Errors:   InvalidStateError for a size of 0 or a least size above the most; InvalidInputError
///           for what is no object, and for an array without lists_to_objects().
class RecursiveJsonSplitter {
 public:
  /// A chunk that has reached 200 bytes less than the most, but 50 at least, is not filled with
  /// parts of a value that does not fit whole.
  explicit RecursiveJsonSplitter(std::size_t chunk_size_max = 2000);

  /// From which size on a chunk is full enough.
  RecursiveJsonSplitter& chunk_size_min(std::size_t bytes);
  /// Arrays can be cut, too: they become objects whose keys are "0", "1" and so on.
  RecursiveJsonSplitter& lists_to_objects();

  [[nodiscard]] std::vector<JsonObject> split_json(const Json& value) const;
  [[nodiscard]] std::vector<std::string> split_text(const Json& value) const;
  /// Documents of the chunks of all values, each with the metadata of its value.
  /// Errors: InvalidInputError if there are metadata and not as many as values.
  [[nodiscard]] Documents create_documents(std::span<const Json> values,
                                           std::span<const JsonObject> metadatas = {}) const;

 private:
  std::size_t most_;
  std::size_t least_;
  bool convert_ = false;
};

}  // namespace cochain
