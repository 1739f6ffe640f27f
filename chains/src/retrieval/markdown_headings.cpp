// Headings by md4c, which knows what is code, what is HTML and what is a list. It tells where texts
// are, and not where blocks are: so a heading is on the line of its text. One without a text (a
// picture is none) is searched for between the texts before it and after it.

#include "retrieval/markdown_headings.hpp"

#include <md4c.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "cochain/chains/model/error.hpp"

namespace cochain::detail {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool is_inside_windows_end(std::string_view text, std::size_t at) {
  return at > 0 && at < text.size() && text[at - 1] == '\r' && text[at] == '\n';
}

// Lines end with LF, CR LF or CR.
std::size_t line_begin(std::string_view text, std::size_t at) {
  if (is_inside_windows_end(text, at)) --at;
  const std::size_t before = at == 0 ? kNowhere : text.find_last_of("\r\n", at - 1);
  return before == kNowhere ? 0 : before + 1;
}

// After the line end.
std::size_t line_end(std::string_view text, std::size_t at) {
  const std::size_t end = text.find_first_of("\r\n", at);
  if (end == kNowhere) return text.size();
  return end + (is_inside_windows_end(text, end + 1) ? 2 : 1);
}

std::string_view trimmed_line(std::string_view line) {
  const std::size_t begin = line.find_first_not_of(" \t\r\n");
  if (begin == kNowhere) return {};
  return line.substr(begin, line.find_last_not_of(" \t\r\n") + 1 - begin);
}

// Whether the line is `# a heading` of this level.
bool is_marked(std::string_view line, unsigned level) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == kNowhere || begin > 3) return false;
  line.remove_prefix(begin);
  const std::size_t marks = std::min(line.find_first_not_of('#'), line.size());
  return marks == level && (marks == line.size() || trimmed_line(line.substr(marks, 1)).empty());
}

// The same behind the marks of the lists and quotes that the line is in.
bool is_marked_inside(std::string_view line, unsigned level) {
  const std::size_t begin = line.find_first_not_of(" \t>*+-.)0123456789");
  return begin != kNowhere && is_marked(line.substr(begin), level);
}

bool is_underline(std::string_view line, unsigned level) {
  const std::size_t begin = line.find_first_not_of(' ');
  if (level > 2 || begin == kNowhere || begin > 3) return false;
  const std::string_view marks = trimmed_line(line);
  return !marks.empty() && marks.find_first_not_of(level == 1 ? '=' : '-') == kNowhere;
}

std::string text_of_marked(std::string_view line, unsigned level) {
  line = trimmed_line(trimmed_line(line).substr(level));
  const std::size_t last = line.find_last_not_of('#');
  if (last == kNowhere) return {};
  // Marks at the end are a part of the text if no blank is before them.
  const bool is_closed = line[last] == ' ' || line[last] == '\t';
  return std::string(is_closed ? trimmed_line(line.substr(0, last)) : line);
}

std::string text_of_lines(std::string_view lines) {
  std::string text;
  while (!lines.empty()) {
    const std::size_t end = line_end(lines, 0);
    const std::string_view line = trimmed_line(lines.substr(0, end));
    if (!text.empty() && !line.empty()) text += ' ';
    text += line;
    lines.remove_prefix(end);
  }
  return text;
}

class HeadingFinder {
 public:
  explicit HeadingFinder(std::string_view text) : text_(text) {}

  std::vector<MarkdownHeading> run() {
    MD_PARSER parser{};
    parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
      return static_cast<HeadingFinder*>(self)->enter(type, detail);
    };
    parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
      return static_cast<HeadingFinder*>(self)->leave(type);
    };
    parser.enter_span = [](MD_SPANTYPE, void*, void*) { return 0; };
    parser.leave_span = [](MD_SPANTYPE, void*, void*) { return 0; };
    parser.text = [](MD_TEXTTYPE, const MD_CHAR* text, MD_SIZE size, void* self) {
      return static_cast<HeadingFinder*>(self)->see(text, size);
    };
    if (md_parse(text_.data(), static_cast<MD_SIZE>(text_.size()), &parser, this) != 0) {
      throw InvalidInputError("MarkdownHeaderTextSplitter: there is no memory for this text");
    }
    find_silent(text_.size());
    return std::move(found_);
  }

 private:
  static bool is_container(MD_BLOCKTYPE type) {
    return type == MD_BLOCK_QUOTE || type == MD_BLOCK_UL || type == MD_BLOCK_OL;
  }

  int enter(MD_BLOCKTYPE type, void* detail) {
    if (is_container(type)) ++depth_;
    if (type == MD_BLOCK_H) {
      level_ = static_cast<MD_BLOCK_H_DETAIL*>(detail)->level;
      first_ = last_ = kNowhere;
    }
    return 0;
  }

  int leave(MD_BLOCKTYPE type) {
    if (is_container(type)) --depth_;
    if (type == MD_BLOCK_H) {
      if (first_ == kNowhere) {
        silent_.push_back({level_, depth_ > 0});
      } else if (depth_ == 0) {
        add_with_text();
      } else {
        seen_ = std::max(seen_, last_);
      }
      level_ = 0;
    }
    return 0;
  }

  int see(const MD_CHAR* text, MD_SIZE size) {
    // Line ends and the like are not given as they stand in the source.
    if (std::less<>()(text, text_.data())) return 0;
    if (!std::less<>()(text, text_.data() + text_.size())) return 0;
    const auto at = static_cast<std::size_t>(text - text_.data());
    if (first_ == kNowhere || level_ == 0) {
      find_silent(at);
      first_ = at;
    }
    last_ = at + size;
    if (level_ == 0) seen_ = std::max(seen_, last_);
    return 0;
  }

  // The heading whose text is from first_ to last_.
  void add_with_text() {
    const std::size_t begin = line_begin(text_, first_);
    std::size_t end = line_end(text_, begin);
    if (is_marked(text_.substr(begin, end - begin), level_)) return add(begin, end);
    end = line_end(text_, std::max(last_, first_ + 1) - 1);
    while (end < text_.size()) {
      const std::size_t line = end;
      end = line_end(text_, line);
      if (is_underline(text_.substr(line, end - line), level_)) return add(begin, end);
    }
  }

  void add(std::size_t begin, std::size_t end) {
    MarkdownHeading heading;
    heading.level = level_;
    heading.begin = begin;
    heading.end = end;
    const std::string_view lines = text_.substr(begin, end - begin);
    if (is_marked(lines.substr(0, line_end(lines, 0)), level_)) {
      heading.text = text_of_marked(lines, level_);
    } else {
      const std::string_view all = lines.substr(0, lines.find_last_not_of("\r\n") + 1);
      heading.text = text_of_lines(lines.substr(0, line_begin(lines, all.size())));
    }
    found_.push_back(std::move(heading));
    seen_ = end;
  }

  // A heading without a text.
  struct Silent {
    unsigned level = 0;
    bool is_inside = false;  // of a list or a quote, where a heading is none
  };

  // Headings without a text, which stand after what was seen and before `until`.
  void find_silent(std::size_t until) {
    if (silent_.empty()) return;
    const unsigned level = level_;
    std::size_t begin = seen_ == line_begin(text_, seen_) ? seen_ : line_end(text_, seen_);
    std::array<bool, 7> is_lost{};  // by level: none of those inside follows
    for (const Silent& heading : silent_) {
      if (!heading.is_inside) {
        begin = add_silent(heading.level, begin, until);
      } else if (!is_lost[heading.level]) {
        const std::size_t end = end_of_inside(heading.level, begin, until);
        is_lost[heading.level] = end == kNowhere;
        if (end != kNowhere) begin = end;
      }
    }
    silent_.clear();
    level_ = level;
  }

  // The end of the first heading of the level, which it adds; `until` if there is none.
  std::size_t add_silent(unsigned level, std::size_t begin, std::size_t until) {
    level_ = level;
    for (std::size_t paragraph = begin; begin < until;) {
      const std::size_t end = line_end(text_, begin);
      const std::string_view line = text_.substr(begin, end - begin);
      const bool is_underlined = paragraph < begin && is_underline(line, level);
      if (is_underlined || is_marked(line, level)) {
        add(is_underlined ? paragraph : begin, end);
        return end;
      }
      if (trimmed_line(line).empty()) paragraph = end;
      begin = end;
    }
    return until;
  }

  // The end of the line of the first heading of the level in a list or a quote.
  std::size_t end_of_inside(unsigned level, std::size_t begin, std::size_t until) const {
    while (begin < until) {
      const std::size_t end = line_end(text_, begin);
      if (is_marked_inside(text_.substr(begin, end - begin), level)) return end;
      begin = end;
    }
    return kNowhere;
  }

  std::string_view text_;
  std::vector<MarkdownHeading> found_;
  std::vector<Silent> silent_;  // not yet found
  std::size_t depth_ = 0;
  unsigned level_ = 0;  // of the heading that is open
  std::size_t first_ = kNowhere;
  std::size_t last_ = kNowhere;
  std::size_t seen_ = 0;  // everything before it is known
};

}  // namespace

std::vector<MarkdownHeading> markdown_headings(std::string_view text) {
  if (text.size() >= 0xFFFFFFFF) {
    throw InvalidInputError("MarkdownHeaderTextSplitter: the text has " +
                            std::to_string(text.size()) + " bytes; it takes less than 4 GiB");
  }
  // The mark of byte order is no text of the first line, but belongs to it.
  constexpr std::string_view kByteOrderMark = "\uFEFF";
  const std::size_t skipped = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  std::vector<MarkdownHeading> headings = HeadingFinder(text.substr(skipped)).run();
  for (MarkdownHeading& heading : headings) {
    heading.begin += heading.begin == 0 ? 0 : skipped;
    heading.end += skipped;
  }
  return headings;
}

}  // namespace cochain::detail
