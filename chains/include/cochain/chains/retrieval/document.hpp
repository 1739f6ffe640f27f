// A text with what is known of it: what is split, stored and found again.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/json.hpp"

namespace cochain {

/// A text and what is known of it.
/// Shape:    page_content is UTF-8; metadata an object of JSON, in the order in which it was said.
class Document {
 public:
  Document() = default;
  explicit Document(std::string text, JsonObject known = JsonObject())
      : page_content(std::move(text)), metadata(std::move(known)) {}
  Document& with_id(std::string value) {
    id = std::move(value);
    return *this;
  }

  friend bool operator==(const Document&, const Document&) = default;

  std::string page_content;
  JsonObject metadata;
  std::optional<std::string> id;
};

using Documents = std::vector<Document>;

/// A part of a text: where it lies, and what stands there.
/// Units:    offsets in bytes of the text that was split.
/// Lives:    `text` as long as the text that was split.
class TextChunk {
 public:
  TextChunk() = default;
  /// The bytes from `first` to before `last` of `whole`.
  TextChunk(std::string_view whole, std::size_t first, std::size_t last)
      : begin(first), end(last), text(whole.substr(first, last - first)) {}

  friend bool operator==(const TextChunk&, const TextChunk&) = default;

  std::size_t begin = 0;
  std::size_t end = 0;
  std::string_view text;
};

using TextChunks = std::vector<TextChunk>;

}  // namespace cochain
