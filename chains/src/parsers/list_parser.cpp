// Lists out of texts, an item at a time.

#include "cochain/chains/parsers/list_parser.hpp"

#include <string_view>
#include <utility>

#include "ascii.hpp"

namespace cochain {

template class Runnable<AIMessage, std::vector<std::string>>;
template class TextOutputParser<std::vector<std::string>>;

namespace {

using Items = std::vector<std::string>;
using ItemReader = TextReader<Items>;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

void give(ItemReader::Pieces& pieces, std::string item) {
  Items one;
  one.push_back(std::move(item));
  pieces.push_back(std::move(one));
}

/// Commas and line ends, with the quotes of CSV.
class CommaReader final : public ItemReader {
 public:
  Pieces feed(std::string text) override {
    Pieces pieces;
    for (const char c : text) take(c, pieces);
    return pieces;
  }
  Pieces finish() override {
    Pieces pieces;
    if (at_ != At::kLineStart) give(pieces, std::move(item_));
    return pieces;
  }

 private:
  enum class At : std::uint8_t { kLineStart, kItemStart, kPlain, kQuoted, kQuoteInQuoted };

  void take(char c, Pieces& pieces) {
    if (at_ == At::kQuoted) {
      if (c == '"') {
        at_ = At::kQuoteInQuoted;
      } else {
        item_ += c;
      }
      return;
    }
    if (at_ == At::kQuoteInQuoted && c == '"') {
      item_ += c;
      at_ = At::kQuoted;
      return;
    }
    const bool line_end = c == '\n' || c == '\r';
    if (c == ',' || line_end) {
      if (at_ != At::kLineStart || !line_end) give(pieces, std::exchange(item_, std::string()));
      at_ = line_end ? At::kLineStart : At::kItemStart;
      return;
    }
    if (at_ == At::kLineStart || at_ == At::kItemStart) {
      if (c == ' ') {
        at_ = At::kItemStart;  // a line of blanks is an empty item, as in Python's csv
        return;
      }
      at_ = At::kPlain;
      if (c == '"') {
        at_ = At::kQuoted;
        return;
      }
    }
    at_ = At::kPlain;
    item_ += c;
  }

  std::string item_;
  At at_ = At::kLineStart;
};

/// Lines with a mark before the item.
class LineReader final : public ItemReader {
 public:
  explicit LineReader(ListForm form) : form_(form) {}
  Pieces feed(std::string text) override {
    Pieces pieces;
    std::string_view rest = text;
    for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      line_ += rest.substr(0, end);
      rest.remove_prefix(end + 1);
      end_line(pieces);
    }
    line_ += rest;
    return pieces;
  }
  Pieces finish() override {
    Pieces pieces;
    end_line(pieces);
    return pieces;
  }

 private:
  void end_line(Pieces& pieces) {
    std::string_view line = line_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const std::size_t begin = form_ == ListForm::kNumbered ? after_number(line) : after_mark(line);
    if (begin < line.size()) give(pieces, std::string(line.substr(begin)));
    line_.clear();
  }
  /// Behind the first `12. ` that has something behind it; the end of the line if there is none.
  static std::size_t after_number(std::string_view line) {
    for (std::size_t dot = line.find('.'); dot != std::string_view::npos;
         dot = line.find('.', dot + 1)) {
      const bool number = dot > 0 && detail::is_digit(line[dot - 1]);
      if (number && dot + 2 < line.size() && is_space(line[dot + 1])) return dot + 2;
    }
    return line.size();
  }
  static std::size_t after_mark(std::string_view line) {
    std::size_t at = 0;
    while (at < line.size() && is_space(line[at])) ++at;
    const bool mark = at + 1 < line.size() && (line[at] == '-' || line[at] == '*');
    return mark && is_space(line[at + 1]) ? at + 2 : line.size();
  }

  ListForm form_;
  std::string line_;
};

}  // namespace

std::unique_ptr<TextReader<Items>> ListOutputParser::read() const {
  if (form_ == ListForm::kComma) return std::make_unique<CommaReader>();
  return std::make_unique<LineReader>(form_);
}

Items ListOutputParser::parse(std::string text) const {
  const std::unique_ptr<ItemReader> reader = read();
  Items items;
  for (Items& one : reader->feed(std::move(text))) items.push_back(std::move(one.front()));
  for (Items& one : reader->finish()) items.push_back(std::move(one.front()));
  return items;
}

std::string ListOutputParser::get_format_instructions() const {
  switch (form_) {
    case ListForm::kComma:
      return "Answer with a list of values with commas between them and nothing else: "
             "`red, green, blue`.";
    case ListForm::kNumbered:
      return "Answer with a numbered list, one item on each line and nothing else:\n\n"
             "1. red\n\n2. green\n\n3. blue";
    default:
      return "Answer with a Markdown list, one item on each line and nothing else:\n\n"
             "- red\n- green\n- blue";
  }
}

}  // namespace cochain
