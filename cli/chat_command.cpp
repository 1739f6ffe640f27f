// cochain chat: one question, and its answer as it comes; with --tool, by way of tools.

#include <unistd.h>
#include <string>
#include <utility>

#include "answer_printer.hpp"
#include "builtin_tools.hpp"
#include "chat_tools.hpp"
#include "cochain/chains/runnable/policy.hpp"
#include "cochain/core/runners.hpp"
#include "commands.hpp"
#include "model_call.hpp"
#include "model_setup.hpp"

namespace cochain::cli {
namespace {

constexpr std::size_t kPromptBytesMax = std::size_t{16} << 20;

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
  timings.on_usage(answer.message.usage);
  std::string text = answer.message.text() + answer.message.refusal();
  co_await printer.print(std::move(text));
}

Coro<> chat(ChatArguments arguments) {
  std::string prompt = co_await read_prompt(std::move(arguments.prompt));
  std::vector<ToolPtr> tools = make_builtin_tools(arguments.tools);
  const ModelHandle handle = open_chosen_model(arguments.model);
  Messages messages;
  if (!arguments.model.system.empty()) messages.emplace_back(SystemMessage(arguments.model.system));
  messages.emplace_back(HumanMessage(std::move(prompt)));

  const RetryPolicy policy = RetryPolicy().with_attempts_max(arguments.model.retries + 1);
  AnswerPrinter printer;
  Timings timings(EventLoop::current().time());
  std::exception_ptr error;
  try {
    Coro<> printing;
    if (!tools.empty()) {
      printing = print_with_tools(handle.model, std::move(tools), std::move(messages), policy,
                                  printer, timings);
    } else if (arguments.model.stream) {
      printing = print_stream(handle.model, std::move(messages), policy, printer, timings);
    } else {
      printing = print_whole(handle.model, std::move(messages), policy, printer, timings);
    }
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
