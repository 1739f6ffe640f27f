// Lines out of blocks; nothing here reads a file.

#include "line_splitter.hpp"

#include <algorithm>
#include <utility>

namespace cochain::cli {
namespace {

constexpr std::string_view kWhite = " \t\r\v\f\n";

}  // namespace

bool TextLine::blank() const noexcept {
  return !too_long && text.find_first_not_of(kWhite) == std::string::npos;
}

void LineSplitter::feed(std::string_view block) {
  if (start_ > 0) {
    buffer_.erase(0, start_);
    searched_ -= start_;
    start_ = 0;
  }
  buffer_.append(block);
}

std::optional<TextLine> LineSplitter::next() {
  const std::size_t end = buffer_.find('\n', searched_);
  if (end != std::string::npos) {
    TextLine line = take(end - start_);
    start_ = searched_ = end + 1;
    return line;
  }
  if (finished_) {
    if (start_ == buffer_.size() && !skipping_) return std::nullopt;
    TextLine line = take(buffer_.size() - start_);
    start_ = searched_ = buffer_.size();
    return line;
  }
  searched_ = buffer_.size();
  // One byte more for the '\r' that may belong to the end.
  if (buffer_.size() - start_ > line_bytes_max_ + 1) skipping_ = true;
  if (skipping_) {
    buffer_.clear();
    start_ = searched_ = 0;
  }
  return std::nullopt;
}

TextLine LineSplitter::take(std::size_t length) {
  std::string_view text = std::string_view(buffer_).substr(start_, length);
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (number_ == 0 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  TextLine line;
  line.number = ++number_;
  line.too_long = std::exchange(skipping_, false) || text.size() > line_bytes_max_;
  if (!line.too_long) line.text = text;
  return line;
}

void LineCounter::feed(std::string_view block) noexcept {
  while (!block.empty()) {
    const std::size_t end = std::min(block.find('\n'), block.size());
    if (!has_text_) has_text_ = block.substr(0, end).find_first_not_of(kWhite) != block.npos;
    if (end == block.size()) return;
    if (std::exchange(has_text_, false)) ++count_;
    block.remove_prefix(end + 1);
  }
}

}  // namespace cochain::cli
