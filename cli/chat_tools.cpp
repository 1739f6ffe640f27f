// Tools of a chat: asked about on the terminal, told about on stderr.

#include "chat_tools.hpp"

#include <fcntl.h>

#include "cochain/chains/agents/agent.hpp"
#include "cochain/chains/model/redact.hpp"
#include "cochain/chains/model/resilient_model.hpp"
#include "model_setup.hpp"
#include "terminal.hpp"

namespace cochain::cli {
namespace {

constexpr std::size_t kShownBytesMax = 300;

/// A call as a person reads it: what a model wrote is not let onto the terminal as it is.
std::string text_of(const ToolCall& call) {
  const std::string arguments = call.arguments.empty() ? "{}" : call.arguments;
  return one_line(call.name, 64) + ' ' + one_line(arguments, kShownBytesMax);
}

/// What the person at the terminal says; stdin may be a pipe, so the terminal is opened by itself.
Coro<Approval> ask_on_terminal(ToolCall call, ToolPtr tool) {
  UniqueFd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (terminal.get() < 0) {
    say("cochain: " + call.name + " was not run: there is no terminal to ask on");
    co_return Approval::deny("there is nobody who could allow it");
  }
  write_stderr("cochain: run " + text_of(call) + " (" + std::string(to_string(tool->effect())) +
               ")? [y/N] ");
  FdReader reader(std::move(terminal), "the terminal");
  const std::string line = co_await reader.read();
  const bool yes = !line.empty() && (line.front() == 'y' || line.front() == 'Y');
  if (yes) co_return Approval::approve();
  co_return Approval::deny("the user did not allow it");
}

void tell_tool(const ToolEvent& event) {
  if (event.kind == ToolEventKind::kStart) say("cochain: runs " + text_of(event.call));
  if (event.kind != ToolEventKind::kResult) return;
  if (event.result.status == ToolStatus::kError) {
    say("cochain: " + one_line(event.call.name, 64) +
        " failed: " + one_line(event.result.content, kShownBytesMax));
  }
}

}  // namespace

ApprovalPolicy approval_by_terminal() {
  return ApprovalPolicy().rule(ToolEffect::kRead, ApprovalRule::kAsk).ask(&ask_on_terminal);
}

Coro<> print_with_tools(std::shared_ptr<ChatModel> model, std::vector<ToolPtr> tools,
                        Messages messages, RetryPolicy policy, AnswerPrinter& printer,
                        Timings& timings) {
  RetryHooks hooks;
  hooks.with_on_retry(say_retry);
  std::shared_ptr<ChatModel> patient =
      make_retrying_model(std::move(model), std::move(policy), std::move(hooks));
  const Agent agent = create_agent(std::move(patient), std::move(tools),
                                   AgentOptions().approval(approval_by_terminal()));
  Stream<AgentEvent> events = agent.stream(std::move(messages));
  while (auto event = co_await events.next()) {
    if (const AIMessageChunk* chunk = event->chunk()) {
      timings.on_event(chunk->event());
      ContentEvent piece = chunk->event();
      co_await printer.print_event(std::move(piece));
    } else if (const ToolEvent* tool = event->tool()) {
      printer.end_line();
      tell_tool(*tool);
    } else if (event->kind == AgentEventKind::kDone) {
      const AgentAnswer answer = event->take_answer();
      timings.on_usage(answer.usage);
      if (!answer.answered()) {
        throw Error("the model came to no answer: " + std::string(to_string(answer.stop)));
      }
    }
  }
}

}  // namespace cochain::cli
