// A small state machine over code points, as a terminal has one.

#include "terminal_text.hpp"

#include <utility>

#include "utf8.hpp"

namespace cochain::cli {
namespace {

bool is_control(char32_t code) { return code < 0x20 || (code >= 0x7F && code <= 0x9F); }

}  // namespace

std::string TerminalText::feed(std::string_view chunk) {
  std::string out;
  out.reserve(chunk.size());
  for (const char byte : chunk) take_byte(static_cast<unsigned char>(byte), out);
  return out;
}

void TerminalText::take_byte(unsigned char byte, std::string& out) {
  const bool continues = (byte & 0xC0U) == 0x80;
  if (!pending_.empty() && !continues) pending_.clear();  // cut short: dropped
  if (pending_.empty()) {
    wanted_ = utf8_length(byte);
    if (wanted_ == 0) return;
  }
  pending_.push_back(static_cast<char>(byte));
  if (pending_.size() == wanted_) take_code_point(out);
}

void TerminalText::take_code_point(std::string& out) {
  const std::string bytes = std::exchange(pending_, {});
  // Surrogates and needlessly long forms are not text: some terminals read them as controls that
  // a filter did not see. Their code is 0, a control.
  const char32_t code = decode_utf8(bytes);
  if (code == U'\n') {
    state_ = State::kText;
    out.push_back('\n');
    return;
  }
  if (is_control(code)) {
    if (code == U'\t' && state_ == State::kText) {
      out.push_back('\t');
    } else {
      on_control(code);
    }
    return;
  }
  plain(code, bytes, out);
}

void TerminalText::on_control(char32_t control) {
  switch (control) {
    case 0x1B:  // ESC; inside a string it may begin the string's end
      state_ = state_ == State::kString ? State::kStringEscape : State::kEscape;
      return;
    case 0x9B: state_ = State::kSequence; return;  // CSI
    case 0x90:
    case 0x98:
    case 0x9D:
    case 0x9E:
    case 0x9F:  // DCS SOS OSC PM APC
      state_ = State::kString;
      return;
    case 0x07:
    case 0x18:
    case 0x1A:
    case 0x9C:  // BEL CAN SUB ST
      state_ = State::kText;
      return;
    default: return;  // other controls do not end a sequence
  }
}

void TerminalText::plain(char32_t code, std::string_view bytes, std::string& out) {
  switch (state_) {
    case State::kText: out.append(bytes); return;
    case State::kEscape:
    case State::kStringEscape:
      if (code == U'[') {
        state_ = State::kSequence;
      } else if (code == U']' || code == U'P' || code == U'X' || code == U'^' || code == U'_') {
        state_ = State::kString;
      } else if (code > 0x2F) {  // 0x20 to 0x2F are intermediate: one more byte follows
        state_ = State::kText;
      }
      return;
    case State::kSequence:
      if (code >= 0x40) state_ = State::kText;  // the final byte, or something that is none
      return;
    case State::kString: return;
  }
}

}  // namespace cochain::cli
