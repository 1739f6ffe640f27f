// The form of an agent's answer: the tool that takes it, and how it is found in a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cochain/chains/agents/agent_event.hpp"
#include "cochain/chains/agents/agent_options.hpp"
#include "cochain/chains/tools/tool.hpp"

namespace cochain::detail {

/// The tool with which the model answers.
inline constexpr const char* kAnswerTool = "final_answer";

[[nodiscard]] ToolPtr make_answer_tool(const AgentResponseFormat& format);

/// What comes after the tools of a turn.
[[nodiscard]] AfterTools after_tools(const ToolTurn& turn);

/// What is wrong with a text as an answer in the form that `tool` takes; empty if nothing is.
[[nodiscard]] std::string problem_of_text(const Tool& tool, const std::string& text);

/// The answer to which a finished run came.
[[nodiscard]] AgentAnswer answer_of(const AgentRun& run, const Tool* answer_tool);

}  // namespace cochain::detail
