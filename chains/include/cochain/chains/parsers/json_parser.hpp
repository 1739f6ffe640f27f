// A model's answer as JSON: whole, growing as it arrives, or as a stream of changes.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cochain/chains/parsers/json_patch.hpp"
#include "cochain/chains/parsers/partial_json.hpp"
#include "cochain/chains/parsers/text_parser.hpp"

namespace cochain {

/// Pieces of a patch are applied one after the other.
template <>
class ChunkTraits<JsonPatch> {
 public:
  using Chunk = JsonPatch;
  static void add(std::optional<JsonPatch>& sum, JsonPatch chunk) {
    if (!sum) sum.emplace();
    for (Json& operation : chunk.operations) sum->operations.push_back(std::move(operation));
  }
  static std::vector<JsonPatch> split(JsonPatch value) {
    std::vector<JsonPatch> chunks;
    chunks.push_back(std::move(value));
    return chunks;
  }
};

extern template class Runnable<AIMessage, Json>;
extern template class TextOutputParser<Json>;
extern template class Runnable<AIMessage, JsonPatch>;
extern template class TextOutputParser<JsonPatch>;

/// The same as JsonOutputParser, as operations that build the value: a stream that costs what
/// changed and not what is there. Texts are replaced as they grow.
class JsonPatchOutputParser final : public TextOutputParser<JsonPatch> {
 public:
  explicit JsonPatchOutputParser(PartialProfile profile, std::string schema)
      : profile_(profile), schema_(std::move(schema)) {}
  [[nodiscard]] JsonPatch parse(std::string text) const override;
  [[nodiscard]] std::string get_format_instructions() const override;
  [[nodiscard]] std::unique_ptr<TextReader<JsonPatch>> read() const override;

 private:
  PartialProfile profile_;
  std::string schema_;
};

/// The JSON of an answer, in a fence or plain, with or without words around it.
/// Shape:    in a stream, the value so far, each time that it has changed; a later one replaces the
///           earlier one. A value whose closing brackets are missing at the end is closed. The
///           profile says whether unfinished texts and numbers show while they arrive; it changes
///           nothing in what is there at the end.
/// Errors:   ParseError with the text if there is no JSON in it; in a stream, at the end.
class JsonOutputParser final : public TextOutputParser<Json> {
 public:
  explicit JsonOutputParser(PartialProfile profile = PartialProfile::kLangChain)
      : profile_(profile) {}
  /// The JSON Schema for get_format_instructions().
  JsonOutputParser& with_schema(const Json& schema) {
    schema_ = json_text(schema);
    return *this;
  }
  /// LangChain's `diff=True`.
  [[nodiscard]] JsonPatchOutputParser diff() const {
    return JsonPatchOutputParser(profile_, schema_);
  }
  [[nodiscard]] Json parse(std::string text) const override;
  [[nodiscard]] std::string get_format_instructions() const override;
  [[nodiscard]] std::unique_ptr<TextReader<Json>> read() const override;

 private:
  PartialProfile profile_;
  std::string schema_;
};

}  // namespace cochain
