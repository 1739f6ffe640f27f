// A chat in which the model may call tools: what it calls is told on stderr, and asked about where
// a tool reaches beyond the program.
#pragma once

#include <memory>
#include <vector>

#include "answer_printer.hpp"
#include "cochain/chains/model/chat_model.hpp"
#include "cochain/chains/runnable/policy.hpp"
#include "cochain/chains/tools/approval.hpp"

namespace cochain::cli {

/// Runs the model and its tools until there is an answer, and prints what the model says.
/// Errors:   of the model; Error if a limit ends it without an answer.
Coro<> print_with_tools(std::shared_ptr<ChatModel> model, std::vector<ToolPtr> tools,
                        Messages messages, RetryPolicy policy, AnswerPrinter& printer,
                        Timings& timings);

/// Who may run: tools that only compute; all others if the person at the terminal says so, and not
/// at all where there is no terminal.
[[nodiscard]] ApprovalPolicy approval_by_terminal();

}  // namespace cochain::cli
