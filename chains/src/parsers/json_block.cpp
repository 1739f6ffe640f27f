// Finds fences, and tries the text as a whole and what stands in them.

#include "cochain/chains/parsers/json_block.hpp"

#include <string>
#include <utility>

namespace cochain {
namespace detail {
namespace {

constexpr std::string_view kStripped = " \n\r\t`";
constexpr std::string_view kWord = "json";

/// A text without the blanks and backticks around it.
class StrippedText {
 public:
  StrippedText(PartialProfile profile, const PartialJsonLimits& limits, std::size_t begin)
      : parser_(profile, limits), begin_(begin) {
    parser_.ignore_rest();
  }
  void feed(std::string_view text) {
    if (!started_) {
      const std::size_t first = text.find_first_not_of(kStripped);
      begin_ += first == std::string_view::npos ? text.size() : first;
      if (first == std::string_view::npos) return;
      text.remove_prefix(first);
      started_ = true;
    }
    if (parser_.done()) return;
    const std::size_t last = text.find_last_not_of(kStripped);
    if (last == std::string_view::npos) {
      held_ += text;
      return;
    }
    if (!held_.empty()) parser_.feed(std::exchange(held_, std::string()));
    parser_.feed(text.substr(0, last + 1));
    held_ = text.substr(last + 1);
  }
  [[nodiscard]] PartialJsonParser& parser() noexcept { return parser_; }
  [[nodiscard]] std::size_t begin() const noexcept { return begin_; }
  [[nodiscard]] bool hopeless() { return parser_.failed() && parser_.visible() == nullptr; }

 private:
  PartialJsonParser parser_;
  std::size_t begin_;
  std::string held_;  // blanks at the end, which count only if something follows
  bool started_ = false;
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

class JsonBlockState {
 public:
  JsonBlockState(PartialProfile profile, PartialJsonLimits limits)
      : profile_(profile), limits_(limits), whole_(profile, limits, 0) {}

  void feed(std::string_view text) {
    whole_.feed(text);
    // No fence in a text that begins with the JSON is of interest, but it may be none in the end.
    while (!text.empty()) {
      if (word_ < kWord.size()) {
        text.remove_prefix(take_word(text));
      } else {
        const std::size_t fence = find_fence(text);
        if (fenced_) fenced_->feed(text.substr(0, fence));
        text.remove_prefix(fence);
        count_ += fence;
        if (ticks_ == kTicks) open();
      }
    }
  }
  void finish() {
    if (word_ < kWord.size()) settle(kWord.substr(0, word_));
    whole_.parser().finish();
    if (fenced_) fenced_->parser().finish();
  }
  /// The text that counts.
  StrippedText& best() {
    if (!fenced_ || fenced_->parser().visible() == nullptr) return whole_;
    const Json* value = whole_.parser().visible();
    const bool whole =
        value != nullptr && (value->is_object() || value->is_array()) && !whole_.parser().failed();
    return whole ? whole_ : *fenced_;
  }
  std::uint64_t revision() {
    StrippedText& text = best();
    const std::uint64_t now = text.parser().revision();
    const std::size_t source = &text == &whole_ ? 0 : fences_;
    if (source != source_ || now != seen_) ++revision_;
    if (source != source_ && seen_ != 0) moved_ = true;
    source_ = source;
    seen_ = now;
    return revision_;
  }
  [[nodiscard]] bool grows_at_end() {
    static_cast<void>(revision());
    return !moved_ && best().parser().grows_at_end();
  }

 private:
  static constexpr std::size_t kTicks = 3;

  /// The end of the first fence in a text, or of the text; counts backticks over pieces.
  std::size_t find_fence(std::string_view text) {
    ticks_ = ticks_ == kTicks ? 0 : ticks_;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] != '`') {
        ticks_ = 0;
        at = text.find('`', at);
        if (at == std::string_view::npos) return text.size();
      }
      if (++ticks_ == kTicks) return at + 1;
    }
    return text.size();
  }
  void open() {
    ticks_ = 0;
    // What stood in an earlier fence keeps its place if anything of it is JSON.
    if (!fenced_ || fenced_->hopeless()) word_ = 0;
  }
  std::size_t take_word(std::string_view text) {
    std::size_t taken = 0;
    while (taken < text.size() && word_ < kWord.size()) {
      if (word_ == 0 && text[taken] == '`') {  // a fence of more than three
        ++taken;
        ++count_;
        continue;
      }
      if (lower(text[taken]) != kWord[word_]) {
        settle(kWord.substr(0, word_));
        break;
      }
      ++taken;
      ++count_;
      if (++word_ == kWord.size()) settle(std::string_view());
    }
    return taken;
  }
  /// The fence is open; `before` was taken for the beginning of the word json.
  void settle(std::string_view before) {
    fenced_.emplace(profile_, limits_, count_ - before.size());
    fenced_->feed(before);
    ++fences_;
    word_ = kWord.size();
  }

  PartialProfile profile_;
  PartialJsonLimits limits_;
  StrippedText whole_;
  std::optional<StrippedText> fenced_;
  std::size_t count_ = 0;  // bytes looked at for fences
  std::size_t ticks_ = 0;
  std::size_t word_ = kWord.size();  // less if a fence is open and its word is not read yet
  std::size_t fences_ = 0;           // tried so far
  std::size_t source_ = 0;           // which of them was shown last; 0 is the text as a whole
  std::uint64_t seen_ = 0;           // its revision then
  bool moved_ = false;               // what was shown came from elsewhere once
  std::uint64_t revision_ = 0;
};

}  // namespace detail

JsonBlockParser::JsonBlockParser(PartialProfile profile, PartialJsonLimits limits)
    : state_(std::make_unique<detail::JsonBlockState>(profile, limits)) {}
JsonBlockParser::JsonBlockParser(JsonBlockParser&& other) noexcept = default;
JsonBlockParser& JsonBlockParser::operator=(JsonBlockParser&& other) noexcept = default;
JsonBlockParser::~JsonBlockParser() = default;

void JsonBlockParser::feed(std::string_view text) { state_->feed(text); }
void JsonBlockParser::finish() { state_->finish(); }
const Json* JsonBlockParser::visible() { return state_->best().parser().visible(); }
std::uint64_t JsonBlockParser::revision() { return state_->revision(); }
bool JsonBlockParser::done() { return state_->best().parser().done(); }
bool JsonBlockParser::grows_at_end() { return state_->grows_at_end(); }
std::string JsonBlockParser::error() { return state_->best().parser().error(); }
std::size_t JsonBlockParser::begin() { return state_->best().begin(); }
std::size_t JsonBlockParser::end() {
  detail::StrippedText& text = state_->best();
  return text.begin() + text.parser().offset();
}

std::optional<std::string_view> extract_json_block(std::string_view text) {
  JsonBlockParser parser;
  parser.feed(text);
  parser.finish();
  if (parser.visible() == nullptr) return std::nullopt;
  const std::size_t begin = parser.begin();
  return text.substr(begin, parser.end() - begin);
}

}  // namespace cochain
