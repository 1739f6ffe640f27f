// What the program says beside its answer, and what it knows of the terminal it says it on.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cochain::cli {

/// What decides about colour and redrawn lines on one descriptor.
/// Shape:    NO_COLOR goes before CLICOLOR_FORCE, which goes before the rest. A dumb terminal is
///           taken for a file: it can neither colour nor redraw.
class TerminalFacts {
 public:
  TerminalFacts() = default;
  [[nodiscard]] static TerminalFacts of(int fd);

  bool is_terminal = false;
  bool is_dumb = false;      // TERM=dumb, or no TERM
  bool no_color = false;     // NO_COLOR is set and not empty
  bool force_color = false;  // CLICOLOR_FORCE is set and not 0
  bool speaks_utf8 = false;  // by LC_ALL, LC_CTYPE or LANG

  [[nodiscard]] bool wants_color() const noexcept;
  [[nodiscard]] bool can_redraw() const noexcept { return is_terminal && !is_dumb; }
};

/// Makes sure that 0, 1 and 2 are open, so that no socket or file gets one of these numbers: a
/// missing input reads as empty, writing to a missing output fails.
void guard_standard_fds() noexcept;

/// Writes to stderr as far as that is possible; what cannot be written is lost.
void write_stderr(std::string_view text) noexcept;

/// One line on stderr.
void say(std::string_view text);

/// "cochain: error: …" on stderr, coloured where that is wanted.
void complain(std::string_view text);
void warn(std::string_view text);

/// The columns of the terminal behind stderr; 80 if they are not known.
[[nodiscard]] std::size_t terminal_width() noexcept;

/// The columns of the terminal behind `fd`; nothing if it is none, or does not say.
[[nodiscard]] std::optional<std::size_t> terminal_width_of(int fd) noexcept;

}  // namespace cochain::cli
