// Markdown, cut where its headings are.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/chains/retrieval/document.hpp"

namespace cochain {

/// What stands under one heading.
/// Shape:    headings has the headings above it, outermost first, by the names that were given for
///           their levels.
/// Units:    offsets in bytes of the whole text.
/// Lives:    `text` as long as the text that was split.
class MarkdownSection {
 public:
  MarkdownSection(TextChunk chunk, JsonObject the_headings)
      : begin(chunk.begin), end(chunk.end), text(chunk.text), headings(std::move(the_headings)) {}

  std::size_t begin;
  std::size_t end;
  std::string_view text;
  JsonObject headings;
};

/// Cuts Markdown into sections, each with the headings that it stands under.
/// Shape:    `MarkdownHeaderTextSplitter().header(1, "Title").header(2, "Part")`; other headings
///           are text. Without any header(), levels 1 to 6 are "Header 1" to "Header 6". Sections
///           are slices of the text: tabs, code and blanks are as they were. The line of a heading
///           is left out, unless nothing would be left of it: no text under it and no section whose
///           metadata name it. Headings in lists, quotes and code are none.
/// Units:    a level is 1 to 6.
/// Suspends: never.
/// Errors:   InvalidStateError for another level or an empty name; InvalidInputError for a text of
///           4 GiB or more.
/// Source:   CommonMark 0.31, "ATX headings" and "Setext headings", as md4c has it.
class MarkdownHeaderTextSplitter {
 public:
  static constexpr unsigned kLevels = 6;

  /// Cuts at headings of this level, whose text is called `name` in the metadata.
  MarkdownHeaderTextSplitter& header(unsigned level, std::string name);
  /// The lines of headings stay in the text.
  MarkdownHeaderTextSplitter& keep_headers();
  /// Documents say where they begin: "start_index", in bytes.
  MarkdownHeaderTextSplitter& add_start_index();

  /// Lives: as long as what `text` refers to.
  [[nodiscard]] std::vector<MarkdownSection> split(std::string_view text) const;
  /// The sections as documents, their headings as metadata. A text splitter cuts them further.
  [[nodiscard]] Documents split_text(std::string_view text) const;

 private:
  [[nodiscard]] std::array<std::string, kLevels> names() const;

  std::array<std::string, kLevels> names_;
  bool keep_headers_ = false;
  bool add_start_index_ = false;
};

}  // namespace cochain
