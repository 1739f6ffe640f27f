// What a model says, made harmless for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace cochain::cli {

/// Takes control sequences out of text that is shown on a terminal.
/// Shape:    feed() each chunk in turn; a sequence or code point that is cut by a chunk's end is
///           held until the rest comes. Removed are escape sequences with all that belongs to them
///           (colours, titles, links, answers that a terminal would type back), the control
///           characters but newline and tab, in their one-byte and their two-byte form, and bytes
///           that are no UTF-8. A newline ends any sequence, so that an opening one without an end
///           cannot swallow the rest of an answer.
/// Source:   ECMA-48, 5.4 (control sequences) and 5.6 (control strings).
class TerminalText {
 public:
  [[nodiscard]] std::string feed(std::string_view chunk);

 private:
  enum class State { kText, kEscape, kSequence, kString, kStringEscape };
  void take_byte(unsigned char byte, std::string& out);
  void take_code_point(std::string& out);
  void on_control(char32_t control);
  void plain(char32_t code, std::string_view bytes, std::string& out);

  State state_ = State::kText;
  std::string pending_;  // the first bytes of a code point
  std::size_t wanted_ = 0;
};

}  // namespace cochain::cli
