// Lists in a model's answer: with commas, numbered, or as Markdown writes them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cochain/chains/parsers/text_parser.hpp"

namespace cochain {

/// How the items of a list stand in the text.
enum class ListForm : std::uint8_t {
  kComma,     ///< `red, "white, grey", blue`: commas or line ends; quotes as in CSV
  kNumbered,  ///< lines with `1. red`; other lines are left out
  kMarkdown,  ///< lines with `- red` or `* red`; other lines are left out
};

extern template class Runnable<AIMessage, std::vector<std::string>>;
extern template class TextOutputParser<std::vector<std::string>>;

/// The items of a list.
/// Shape:    in a stream, each item as soon as it is whole, as a list of one; the last one at the
///           end. An answer without items gives an empty list, and nothing in a stream.
/// Source:   langchain_core.output_parsers.list of langchain-core 1.2.19. Unlike there, a quoted
///           item stays whole when it arrives in pieces, and a carriage return is no text.
class ListOutputParser : public TextOutputParser<std::vector<std::string>> {
 public:
  explicit ListOutputParser(ListForm form) : form_(form) {}
  [[nodiscard]] std::vector<std::string> parse(std::string text) const override;
  [[nodiscard]] std::string get_format_instructions() const override;
  [[nodiscard]] std::unique_ptr<TextReader<std::vector<std::string>>> read() const override;

 private:
  ListForm form_;
};

/// LangChain's name for a list with commas.
class CommaSeparatedListOutputParser final : public ListOutputParser {
 public:
  CommaSeparatedListOutputParser() : ListOutputParser(ListForm::kComma) {}
};
/// The same for a numbered list.
class NumberedListOutputParser final : public ListOutputParser {
 public:
  NumberedListOutputParser() : ListOutputParser(ListForm::kNumbered) {}
};
/// The same for a list of Markdown.
class MarkdownListOutputParser final : public ListOutputParser {
 public:
  MarkdownListOutputParser() : ListOutputParser(ListForm::kMarkdown) {}
};

}  // namespace cochain
