// Taking mustache templates apart: tags, and lines that hold nothing but a tag.

#include <utility>

#include "prompts/compiled_template.hpp"
#include "prompts/mustache_program.hpp"

namespace cochain::detail {
namespace {

using Kind = MustacheNode::Kind;

constexpr std::string_view kBlanks = " \t\r\n\f\v";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_blank_line_part(std::string_view text) {
  return text.find_first_not_of(" \t") == std::string_view::npos;
}

/// One tag of a template.
class Tag {
 public:
  char sigil = 0;  // # ^ / ! = > & {, or 0 for a plain variable
  std::string_view content;
  std::size_t begin = 0;
  std::size_t end = 0;
};

class MustacheParser {
 public:
  MustacheParser(std::string_view text, MustacheLines lines, std::string_view what)
      : text_(text), lines_(lines), what_(what) {}

  MustacheNodes parse() {
    while (true) {
      const std::size_t begin = text_.find(open_, at_);
      if (begin == std::string_view::npos) break;
      const Tag tag = read_tag(begin);
      note_lines(at_, begin);
      const std::size_t next = is_variable(tag) ? kNotAlone : end_of_lone_tag(tag);
      const bool alone = next != kNotAlone;
      add_text(text_.substr(at_, (alone ? line_ : begin) - at_));
      if (!alone) begin_line();
      act_on(tag, alone ? text_.substr(line_, begin - line_) : std::string_view());
      at_ = alone ? next : tag.end;
      note_lines(begin, at_);
    }
    add_text(text_.substr(at_));
    if (!open_sections_.empty()) {
      const Section& section = open_sections_.back();
      refuse("the section '" + section.name + "' is never closed; it was opened", section.begin);
    }
    return std::move(nodes_);
  }

 private:
  static constexpr std::size_t kNotAlone = static_cast<std::size_t>(-1);

  class Section {
   public:
    MustacheNode node;
    std::string name;
    std::size_t begin;
  };

  [[noreturn]] void refuse(const std::string& fault, std::size_t offset) const {
    throw PromptError(fault + " at " + place_in(text_, offset) + " of " + std::string(what_));
  }

  [[nodiscard]] MustacheNodes& nodes() {
    return open_sections_.empty() ? nodes_ : open_sections_.back().node.children;
  }

  /// Keeps line_, the beginning of the current line, up to date without ever looking back.
  void note_lines(std::size_t from, std::size_t to) {
    const std::size_t newline = text_.substr(from, to - from).rfind('\n');
    if (newline != std::string_view::npos) line_ = from + newline + 1;
  }

  [[nodiscard]] Tag read_tag(std::size_t begin) const {
    Tag tag;
    tag.begin = begin;
    std::size_t content = begin + open_.size();
    std::string close = close_;
    if (content < text_.size() &&
        std::string_view("#^/!=>&{").find(text_[content]) != std::string_view::npos) {
      tag.sigil = text_[content++];
      if (tag.sigil == '{') close = "}" + close_;
      if (tag.sigil == '=') close = "=" + close_;
    }
    const std::size_t end = text_.find(close, content);
    if (end == std::string_view::npos) {
      refuse("a tag without its '" + close + "'", begin);
    }
    tag.content = text_.substr(content, end - content);
    tag.end = end + close.size();
    return tag;
  }

  static bool is_variable(const Tag& tag) {
    return tag.sigil == 0 || tag.sigil == '&' || tag.sigil == '{';
  }

  /// Where to go on behind a tag that has its line for itself, or kNotAlone.
  [[nodiscard]] std::size_t end_of_lone_tag(const Tag& tag) const {
    // Where the line began before at_, another tag stands in it.
    if (line_ < at_) return kNotAlone;
    if (!is_blank_line_part(text_.substr(line_, tag.begin - line_))) return kNotAlone;
    const std::size_t newline = text_.find('\n', tag.end);
    const bool last = newline == std::string_view::npos;
    std::string_view rest = text_.substr(tag.end, last ? newline : newline - tag.end);
    if (!last && !rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
    if (!is_blank_line_part(rest)) return kNotAlone;
    return last ? text_.size() : newline + 1;
  }

  void add_text(std::string_view text) {
    while (!text.empty()) {
      begin_line();
      std::size_t length = text.size();
      if (lines_ == MustacheLines::kIndentable) {
        const std::size_t newline = text.find('\n');
        if (newline != std::string_view::npos) {
          length = newline + 1;
          at_line_start_ = true;
        }
      }
      MustacheNode node(Kind::kText);
      node.text = text.substr(0, length);
      nodes().push_back(std::move(node));
      text.remove_prefix(length);
    }
  }

  void begin_line() {
    if (!at_line_start_) return;
    at_line_start_ = false;
    if (lines_ == MustacheLines::kIndentable) nodes().emplace_back(Kind::kIndent);
  }

  void act_on(const Tag& tag, std::string_view indent) {
    switch (tag.sigil) {
      case '!': return;
      case '=': return set_delimiters(tag);
      case '#': return open_section(tag, Kind::kSection);
      case '^': return open_section(tag, Kind::kInverted);
      case '/': return close_section(tag);
      case '>': {
        MustacheNode node(Kind::kPartial);
        node.text = name_of(tag);
        node.indent = indent;
        nodes().push_back(std::move(node));
        return;
      }
      default: {
        MustacheNode node(tag.sigil == 0 ? Kind::kEscaped : Kind::kRaw);
        node.path = path_of(tag);
        nodes().push_back(std::move(node));
      }
    }
  }

  [[nodiscard]] std::string_view name_of(const Tag& tag) const {
    const std::string_view name = trimmed(tag.content);
    if (name.empty()) refuse("a tag without a name", tag.begin);
    if (name.find_first_of(kBlanks) != std::string_view::npos) {
      refuse("a blank in the name of a tag", tag.begin);
    }
    return name;
  }

  [[nodiscard]] std::vector<std::string> path_of(const Tag& tag) const {
    const std::string_view name = name_of(tag);
    std::vector<std::string> path;
    if (name == ".") return path;
    std::size_t begin = 0;
    while (true) {
      const std::size_t dot = name.find('.', begin);
      const std::string_view part = name.substr(begin, dot - begin);
      if (part.empty()) refuse("a dot in a name that joins nothing", tag.begin);
      path.emplace_back(part);
      if (dot == std::string_view::npos) return path;
      begin = dot + 1;
    }
  }

  void open_section(const Tag& tag, Kind kind) {
    if (open_sections_.size() == kMustacheSectionsMax) {
      refuse("sections nested more than " + std::to_string(kMustacheSectionsMax) + " deep",
             tag.begin);
    }
    MustacheNode node(kind);
    node.path = path_of(tag);
    open_sections_.push_back(Section{std::move(node), std::string(name_of(tag)), tag.begin});
  }

  void close_section(const Tag& tag) {
    const std::string name(name_of(tag));
    if (open_sections_.empty()) {
      refuse("the end of a section '" + name + "' that was not opened", tag.begin);
    }
    if (open_sections_.back().name != name) {
      refuse("the end of a section '" + name + "' inside the section '" +
                 open_sections_.back().name + "'",
             tag.begin);
    }
    MustacheNode node = std::move(open_sections_.back().node);
    open_sections_.pop_back();
    nodes().push_back(std::move(node));
  }

  void set_delimiters(const Tag& tag) {
    const std::string_view both = trimmed(tag.content);
    const std::size_t gap = both.find_first_of(kBlanks);
    const std::string_view open = both.substr(0, gap);
    const std::string_view close =
        gap == std::string_view::npos ? std::string_view() : trimmed(both.substr(gap));
    if (close.empty() || close.find_first_of(kBlanks) != std::string_view::npos ||
        both.find('=') != std::string_view::npos) {
      refuse("delimiters that are not two words without '='", tag.begin);
    }
    open_ = open;
    close_ = close;
  }

  std::string_view text_;
  MustacheLines lines_;
  std::string_view what_;
  std::string open_ = "{{";
  std::string close_ = "}}";
  std::size_t at_ = 0;
  std::size_t line_ = 0;
  bool at_line_start_ = true;
  MustacheNodes nodes_;
  std::vector<Section> open_sections_;
};

}  // namespace

MustacheNodes parse_mustache(std::string_view text, MustacheLines lines, std::string_view what) {
  return MustacheParser(text, lines, what).parse();
}

}  // namespace cochain::detail
