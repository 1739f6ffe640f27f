// Straight to the descriptor: a line on stderr is one write, whatever else is going on.

#include "terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

namespace cochain::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? std::string_view(value) : std::string_view();
}

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {  // the first one set decides
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    std::string lower(value);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower.find("utf-8") != lower.npos || lower.find("utf8") != lower.npos;
  }
  return false;
}

void report(std::string_view word, std::string_view color, std::string_view text) {
  static const bool kWantsColor = TerminalFacts::of(STDERR_FILENO).wants_color();
  std::string line = "cochain: ";
  if (kWantsColor) line += color;
  line += word;
  if (kWantsColor) line += "\x1b[0m";
  line.append(": ").append(text).push_back('\n');
  write_stderr(line);
}

}  // namespace

TerminalFacts TerminalFacts::of(int fd) {
  TerminalFacts facts;
  facts.is_terminal = ::isatty(fd) == 1;
  const std::string_view term = variable("TERM");
  facts.is_dumb = term.empty() || term == "dumb";
  facts.no_color = !variable("NO_COLOR").empty();
  const std::string_view force = variable("CLICOLOR_FORCE");
  facts.force_color = !force.empty() && force != "0";
  facts.speaks_utf8 = locale_is_utf8();
  return facts;
}

bool TerminalFacts::wants_color() const noexcept {
  if (no_color) return false;
  return force_color || can_redraw();
}

void guard_standard_fds() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number is the missing one. Opened for reading only, an output refuses to be
    // written: an answer must not vanish without a word. Complaints may.
    const int mode = fd == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    [[maybe_unused]] const int opened = ::open("/dev/null", mode);
  }
}

void write_stderr(std::string_view text) noexcept {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Someone who shares the terminal made it non-blocking.
      pollfd ready{STDERR_FILENO, POLLOUT, 0};
      if (::poll(&ready, 1, 1000) <= 0) return;
    } else if (errno != EINTR) {
      return;
    }
  }
}

void say(std::string_view text) { write_stderr(std::string(text) + "\n"); }

void complain(std::string_view text) { report("error", "\x1b[1;31m", text); }

void warn(std::string_view text) { report("warning", "\x1b[1;33m", text); }

std::size_t terminal_width() noexcept { return terminal_width_of(STDERR_FILENO).value_or(80); }

std::optional<std::size_t> terminal_width_of(int fd) noexcept {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return std::nullopt;
  return size.ws_col;
}

}  // namespace cochain::cli
