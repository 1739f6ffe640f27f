// cochain chat: one question, and its answer as it comes.

#include <unistd.h>
#include <string>
#include <utility>

#include "cochain/chains/runnable/policy.hpp"
#include "cochain/core/runners.hpp"
#include "commands.hpp"
#include "fd_io.hpp"
#include "model_call.hpp"
#include "model_setup.hpp"
#include "progress.hpp"
#include "terminal.hpp"
#include "terminal_text.hpp"

namespace cochain::cli {
namespace {

constexpr std::size_t kPromptBytesMax = std::size_t{16} << 20;

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
  void on_whole(const AIMessage& message) { usage_ = message.usage; }
  void tell() const {
    const Duration total = now() - start_;
    std::string line = "tokens: ";
    if (usage_.known) {
      line += std::to_string(usage_.input_tokens) + " in, " + std::to_string(usage_.output_tokens) +
              " out";
    } else {
      line += "not told by the provider";
    }
    if (first_token_) line += "; first token " + format_latency(*first_token_);
    line += "; total " + format_latency(total);
    const Duration writing = total - first_token_.value_or(Duration(0));
    const double seconds = std::chrono::duration<double>(writing).count();
    if (usage_.known && seconds > 0) {
      line += "; " + format_decimal(double(usage_.output_tokens) / seconds, 1) + " tokens/s";
    }
    say(line);
  }

 private:
  static TimePoint now() { return EventLoop::current().time(); }
  TimePoint start_;
  std::optional<Duration> first_token_;
  Usage usage_;
};

Coro<std::string> read_stdin() {
  FdReader input(UniqueFd(STDIN_FILENO), "stdin");
  std::string text;
  for (;;) {
    const std::string block = co_await input.read();
    if (block.empty()) break;
    text += block;
    if (text.size() > kPromptBytesMax) {
      throw UsageError("stdin is longer than 16 MiB, which is no prompt for any model");
    }
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  co_return text;
}

/// What was piped in comes first, then what was typed: `git diff | cochain chat explain this`.
Coro<std::string> read_prompt(std::string words) {
  std::string prompt;
  if (!::isatty(STDIN_FILENO)) prompt = co_await read_stdin();
  if (!prompt.empty() && !words.empty()) prompt += "\n\n";
  prompt += words;
  if (prompt.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw UsageError(
        "there is no prompt: give one as words (cochain chat hello) or on stdin "
        "(echo hello | cochain chat)");
  }
  co_return prompt;
}

Coro<> print_stream(std::shared_ptr<ChatModel> model, Messages messages, RetryPolicy policy,
                    AnswerPrinter& printer, Timings& timings) {
  auto attempt = [&]() -> Coro<OpenAnswer> {
    return open_answer(model, messages, model->options());
  };
  RetryHooks hooks;
  hooks.with_on_retry(say_retry);
  Coro<OpenAnswer> opening = retry(policy, std::move(attempt), std::move(hooks));
  OpenAnswer answer = co_await std::move(opening);
  for (ContentEvent& event : answer.head) {
    timings.on_event(event);
    co_await printer.print_event(std::move(event));
  }
  while (auto event = co_await answer.rest.next()) {
    timings.on_event(*event);
    co_await printer.print_event(std::move(*event));
  }
}

Coro<> print_whole(std::shared_ptr<ChatModel> model, Messages messages, RetryPolicy policy,
                   AnswerPrinter& printer, Timings& timings) {
  auto attempt = [&]() -> Coro<TimedAnswer> {
    return ask_whole(model, messages, model->options());
  };
  RetryHooks hooks;
  hooks.with_on_retry(say_retry);
  Coro<TimedAnswer> asking = retry(policy, std::move(attempt), std::move(hooks));
  TimedAnswer answer = co_await std::move(asking);
  timings.on_whole(answer.message);
  std::string text = answer.message.text() + answer.message.refusal();
  co_await printer.print(std::move(text));
}

Coro<> chat(ChatArguments arguments) {
  std::string prompt = co_await read_prompt(std::move(arguments.prompt));
  const ModelHandle handle = open_chosen_model(arguments.model);
  Messages messages;
  if (!arguments.model.system.empty()) messages.emplace_back(SystemMessage(arguments.model.system));
  messages.emplace_back(HumanMessage(std::move(prompt)));

  const RetryPolicy policy = RetryPolicy().with_attempts_max(arguments.model.retries + 1);
  AnswerPrinter printer;
  Timings timings(EventLoop::current().time());
  std::exception_ptr error;
  try {
    Coro<> printing =
        arguments.model.stream
            ? print_stream(handle.model, std::move(messages), policy, printer, timings)
            : print_whole(handle.model, std::move(messages), policy, printer, timings);
    co_await std::move(printing);
  } catch (...) {
    error = std::current_exception();
  }
  // What came stays, as a whole line, and what went wrong is told below it.
  if (!error || exit_code_of(error) != ExitCode::kBrokenPipe) printer.end_line();
  if (error) std::rethrow_exception(std::move(error));
  if (arguments.show_usage) timings.tell();
}

}  // namespace

ExitCode run_chat(const ChatArguments& arguments) {
  run(chat(arguments));
  return ExitCode::kOk;
}

}  // namespace cochain::cli
