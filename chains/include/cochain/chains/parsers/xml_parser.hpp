// XML in a model's answer, as JSON: whole, or element by element.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/json.hpp"
#include "cochain/chains/parsers/text_parser.hpp"

namespace cochain {

/// An XML document: `{"film": [{"title": "Brazil"}, {"year": "1985"}]}`.
/// Shape:    an element is an object with one member, its tag: an array of its elements, or its
///           text, or null if it is empty. Attributes are left out, and so are the elements of one
///           that has text before them.
class XmlValue {
 public:
  XmlValue() = default;
  explicit XmlValue(Json the_json) : json(std::move(the_json)) {}
  Json json;
};

/// An element without elements in it, inside those in which it stands: `{"film": [{"year":
/// "1985"}]}`. Shape:    the outermost `joins` of these are the same as those of the piece before.
class XmlPiece {
 public:
  XmlPiece() = default;
  explicit XmlPiece(Json the_json, std::size_t the_joins = 0)
      : json(std::move(the_json)), joins(the_joins) {}
  Json json;
  std::size_t joins = 0;
};

/// A document arrives leaf by leaf.
template <>
class ChunkTraits<XmlValue> {
 public:
  using Chunk = XmlPiece;
  static void add(std::optional<XmlValue>& sum, XmlPiece piece);
  static std::vector<XmlPiece> split(XmlValue value) {
    std::vector<XmlPiece> pieces;
    pieces.emplace_back(std::move(value.json));
    return pieces;
  }
};

extern template class Runnable<AIMessage, XmlValue>;
extern template class TextOutputParser<XmlValue>;

/// The XML of an answer; words before and after it are left out.
/// Shape:    in a stream, each element that has none in it, as soon as it ends. The pieces add up
///           to what parse() gives, but for elements that have both text and elements in them.
///           Only the five entities of XML itself are known, and no document type.
/// Units:    at most 100 levels deep.
/// Errors:   ParseError with the text if there is no element in it or it is not well formed. A
///           document that is cut off is an error in parse(); a stream has given what it could.
/// Source:   langchain_core.output_parsers.xml of langchain-core 1.2.19.
class XmlOutputParser final : public TextOutputParser<XmlValue> {
 public:
  XmlOutputParser() = default;
  /// A tag for get_format_instructions(); nothing else is checked of it.
  XmlOutputParser& with_tag(std::string tag) {
    tags_.push_back(std::move(tag));
    return *this;
  }
  [[nodiscard]] XmlValue parse(std::string text) const override;
  [[nodiscard]] std::string get_format_instructions() const override;
  [[nodiscard]] std::unique_ptr<TextReader<XmlValue>> read() const override;

 private:
  std::vector<std::string> tags_;
};

}  // namespace cochain
