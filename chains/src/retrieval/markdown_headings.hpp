// Where the headings of a Markdown text are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cochain::detail {

/// A heading that stands in no list and no quote.
class MarkdownHeading {
 public:
  unsigned level = 0;
  std::size_t begin = 0;  // of its first line
  std::size_t end = 0;    // after its last line, whose end is its own
  std::string text;       // as it is written, without what marks it as a heading
};

/// The headings, in the order of the text.
/// Errors: InvalidInputError for a text of 4 GiB or more.
[[nodiscard]] std::vector<MarkdownHeading> markdown_headings(std::string_view text);

}  // namespace cochain::detail
