// Messages as plain text: for a prompt that speaks of a conversation, and for people.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "cochain/chains/model/message.hpp"

namespace cochain {

/// How get_buffer_string() marks who speaks.
enum class BufferFormat : std::uint8_t {
  kPrefix,  ///< `Human: Hello`
  kXml,     ///< `<message type="human">Hello</message>`
};

/// The words that get_buffer_string() uses.
class BufferOptions {
 public:
  BufferOptions() = default;

  BufferOptions& format(BufferFormat value) {
    format_ = value;
    return *this;
  }
  BufferOptions& human_prefix(std::string value) { return set(human_, std::move(value)); }
  BufferOptions& ai_prefix(std::string value) { return set(ai_, std::move(value)); }
  BufferOptions& system_prefix(std::string value) { return set(system_, std::move(value)); }
  BufferOptions& tool_prefix(std::string value) { return set(tool_, std::move(value)); }
  /// What stands between two messages; a line end by default.
  BufferOptions& separator(std::string value) { return set(separator_, std::move(value)); }

  [[nodiscard]] BufferFormat format() const noexcept { return format_; }
  [[nodiscard]] const std::string& separator() const noexcept { return separator_; }
  [[nodiscard]] const std::string& prefix(Role role) const noexcept;

 private:
  BufferOptions& set(std::string& member, std::string value) {
    member = std::move(value);
    return *this;
  }

  BufferFormat format_ = BufferFormat::kPrefix;
  std::string human_ = "Human";
  std::string ai_ = "AI";
  std::string system_ = "System";
  std::string tool_ = "Tool";
  std::string separator_ = "\n";
};

/// The conversation as one text.
/// Shape:    with kPrefix, a line `Human: text` per message, an AI's calls behind its text as JSON;
///           a text that itself has lines like that cannot be told from messages. With kXml it can:
///           `<message type="human">…</message>` with `&`, `<`, `>` and quotes escaped and control
///           characters replaced; calls stand as `<tool_call id="…" name="…">…</tool_call>`, and
///           media by their address; what is carried along in base64 is left out.
[[nodiscard]] std::string get_buffer_string(const Messages& messages,
                                            const BufferOptions& options = BufferOptions());

/// The message under a headline, with its calls and their arguments: for a terminal or a log.
/// Shape:    whatever a model or a tool wrote, no control character and no sign that turns the
///           direction of text gets through: they are written as `\x1b`, `\u202e`.
[[nodiscard]] std::string pretty_text(const Message& message);

/// All messages, one under the other.
[[nodiscard]] std::string pretty_text(const Messages& messages);

/// The text with everything escaped that a terminal might obey, line ends and tabs left alone.
/// Shape:    as pretty_text(); a byte that is no UTF-8 becomes `\xff`.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace cochain
