// From blocks of a file to its lines, in bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cochain::cli {

/// A line without its end, and where it stood.
class TextLine {
 public:
  TextLine() = default;
  TextLine(std::uint64_t the_number, std::string the_text)
      : number(the_number), text(std::move(the_text)) {}

  std::uint64_t number = 0;  // counts from 1
  std::string text;
  bool too_long = false;  // longer than the limit; the text was dropped

  /// True if there is nothing but white space.
  [[nodiscard]] bool blank() const noexcept;
};

/// Splits a stream of bytes into lines.
/// Shape:    feed(block), then next() until it gives nothing; finish() once at the end, then next()
///           again: the last line needs no newline. "\r\n" counts as one end; a byte order mark at
///           the start is dropped.
/// Units:    bytes; default 8 MiB per line.
/// Errors:   none: a line over the limit comes as `too_long`.
class LineSplitter {
 public:
  static constexpr std::size_t kLineBytesMax = std::size_t{8} << 20;

  explicit LineSplitter(std::size_t line_bytes_max = kLineBytesMax)
      : line_bytes_max_(line_bytes_max) {}
  void feed(std::string_view block);
  void finish() noexcept { finished_ = true; }
  [[nodiscard]] std::optional<TextLine> next();

 private:
  TextLine take(std::size_t length);

  std::size_t line_bytes_max_;
  std::string buffer_;
  std::size_t start_ = 0;     // of the current line
  std::size_t searched_ = 0;  // no newline before this
  std::uint64_t number_ = 0;
  bool skipping_ = false;  // inside a line that is too long
  bool finished_ = false;
};

/// Counts the lines that are not blank, block by block: the total of a progress bar.
class LineCounter {
 public:
  void feed(std::string_view block) noexcept;
  [[nodiscard]] std::uint64_t count() const noexcept { return count_ + (has_text_ ? 1 : 0); }

 private:
  std::uint64_t count_ = 0;
  bool has_text_ = false;
};

}  // namespace cochain::cli
