// Sections between headings: slices of the text, with the headings that are above them.

#include "cochain/chains/retrieval/markdown_splitter.hpp"

#include <algorithm>

#include "cochain/core/error.hpp"
#include "retrieval/markdown_headings.hpp"

namespace cochain {
namespace {

using HeadingNames = std::array<std::string, MarkdownHeaderTextSplitter::kLevels>;

// Without blank lines before it, but with the blanks of its first line, which may be code; and
// without blanks after it.
TextChunk section_slice(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view all = text.substr(0, end);
  const std::size_t first = all.find_first_not_of(" \t\r\n", begin);
  if (first == all.npos) return TextChunk(text, begin, begin);
  const std::size_t line = all.find_last_of("\r\n", first);
  if (line != all.npos && line >= begin) begin = line + 1;
  return TextChunk(text, begin, all.find_last_not_of(" \t\r\n") + 1);
}

class SectionCutter {
 public:
  SectionCutter(std::string_view text, HeadingNames names, bool keep_headers)
      : text_(text), names_(std::move(names)), keep_headers_(keep_headers) {}

  std::vector<MarkdownSection> run() {
    std::vector<detail::MarkdownHeading> headings = detail::markdown_headings(text_);
    std::erase_if(headings, [this](const detail::MarkdownHeading& heading) {
      return names_[heading.level - 1].empty();
    });
    add(section_slice(text_, 0, headings.empty() ? text_.size() : headings[0].begin));
    std::size_t begin = text_.size();  // of the headings that have nothing under them so far
    for (std::size_t i = 0; i < headings.size(); ++i) {
      const detail::MarkdownHeading& heading = headings[i];
      const bool is_last = i + 1 == headings.size();
      const TextChunk body =
          section_slice(text_, heading.end, is_last ? text_.size() : headings[i + 1].begin);
      enter(heading);
      begin = std::min(begin, heading.begin);
      const bool is_parent = !is_last && headings[i + 1].level > heading.level;
      if (body.text.empty() && is_parent) continue;  // the next one speaks of it
      const bool is_alone = body.text.empty();
      if (keep_headers_) {
        add(section_slice(text_, begin, is_alone ? heading.end : body.end));
      } else {
        add(is_alone ? section_slice(text_, heading.begin, heading.end) : body);
      }
      begin = text_.size();
    }
    return std::move(sections_);
  }

 private:
  void enter(const detail::MarkdownHeading& heading) {
    above_[heading.level - 1] = heading.text;
    std::fill(above_.begin() + heading.level, above_.end(), std::nullopt);
  }

  void add(const TextChunk& chunk) {
    if (chunk.text.empty()) return;
    JsonObject headings;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (above_[i]) headings[names_[i]] = *above_[i];
    }
    sections_.emplace_back(chunk, std::move(headings));
  }

  std::string_view text_;
  HeadingNames names_;
  bool keep_headers_;
  std::array<std::optional<std::string>, MarkdownHeaderTextSplitter::kLevels> above_;
  std::vector<MarkdownSection> sections_;
};

}  // namespace

MarkdownHeaderTextSplitter& MarkdownHeaderTextSplitter::header(unsigned level, std::string name) {
  if (level == 0 || level > kLevels) {
    throw InvalidStateError("MarkdownHeaderTextSplitter: there is no heading of level " +
                            std::to_string(level));
  }
  if (name.empty()) {
    throw InvalidStateError("MarkdownHeaderTextSplitter: level " + std::to_string(level) +
                            " was given no name");
  }
  names_[level - 1] = std::move(name);
  return *this;
}

MarkdownHeaderTextSplitter& MarkdownHeaderTextSplitter::keep_headers() {
  keep_headers_ = true;
  return *this;
}

MarkdownHeaderTextSplitter& MarkdownHeaderTextSplitter::add_start_index() {
  add_start_index_ = true;
  return *this;
}

HeadingNames MarkdownHeaderTextSplitter::names() const {
  const bool none = std::all_of(names_.begin(), names_.end(),
                                [](const std::string& name) { return name.empty(); });
  if (!none) return names_;
  HeadingNames all;
  for (unsigned i = 0; i < kLevels; ++i) all[i] = "Header " + std::to_string(i + 1);
  return all;
}

std::vector<MarkdownSection> MarkdownHeaderTextSplitter::split(std::string_view text) const {
  return SectionCutter(text, names(), keep_headers_).run();
}

Documents MarkdownHeaderTextSplitter::split_text(std::string_view text) const {
  Documents made;
  for (MarkdownSection& section : split(text)) {
    Document& document = made.emplace_back(std::string(section.text), std::move(section.headings));
    if (add_start_index_) document.metadata["start_index"] = section.begin;
  }
  return made;
}

}  // namespace cochain
