// How an answer is shown as it comes, and what is known of its cost afterwards.
#pragma once

#include <unistd.h>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "cochain/chains/model/content_event.hpp"
#include "cochain/core/event_loop.hpp"
#include "fd_io.hpp"
#include "terminal_text.hpp"

namespace cochain::cli {

/// Prints pieces of an answer: harmless on a terminal, as they are elsewhere.
class AnswerPrinter {
 public:
  AnswerPrinter() : out_(UniqueFd(STDOUT_FILENO), "stdout"), filters_(::isatty(STDOUT_FILENO)) {}

  Coro<> print(std::string text) {
    if (filters_) text = filter_.feed(text);
    if (text.empty()) co_return;
    line_is_open_ = text.back() != '\n';
    out_.add(text);
    co_await out_.flush();
  }
  Coro<> print_event(ContentEvent event) {
    const bool shown = event.block == BlockType::kText || event.block == BlockType::kRefusal;
    if (!shown || event.text.empty()) co_return;
    co_await print(std::move(event.text));
  }
  /// Ends the last line, without a loop: also on the way out of an interrupted answer.
  void end_line() {
    if (std::exchange(line_is_open_, false)) out_.add("\n");
    (void)out_.flush_now();
  }

 private:
  FdWriter out_;
  TerminalText filter_;
  bool filters_;
  bool line_is_open_ = false;
};

/// What `--usage` tells.
class Timings {
 public:
  explicit Timings(TimePoint start) noexcept : start_(start) {}
  void on_event(const ContentEvent& event) {
    if (!first_token_ && event.kind == EventKind::kDelta) first_token_ = now() - start_;
    if (event.detail && event.kind == EventKind::kMessageFinish) usage_ = event.detail->usage;
  }
  void on_usage(const Usage& usage) { usage_ = usage; }
  /// One line on stderr.
  void tell() const;

 private:
  static TimePoint now() { return EventLoop::current().time(); }
  TimePoint start_;
  std::optional<Duration> first_token_;
  Usage usage_;
};

}  // namespace cochain::cli
