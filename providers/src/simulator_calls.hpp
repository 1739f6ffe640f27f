// Calls of tools that the user's text spells out: `call NAME {json}`. So a test, or a person at a
// prompt, says exactly what the simulated model does.
// Called by simulator_plan.cpp; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <cochain/providers/simulator_plan.hpp>

namespace cochain {

/// A call as the text spells it.
class ScriptedCall {
 public:
  ScriptedCall(std::string the_name, std::string the_arguments)
      : name(std::move(the_name)), arguments(std::move(the_arguments)) {}
  std::string name;
  std::string
      arguments;  // as written, from '{' to its partner or the end of the text; may be empty
};

/// The calls of each turn, in order: "then" begins a new one. Empty if the text spells out none.
/// Shape:    "call" is a word by itself, in any case, before the name of one of the tools, which
/// may
///           stand in quotes or backticks. Arguments need not be JSON: so a test makes wrong ones.
///           Without parallel_tool_calls each turn has one call; a forced tool is the only one.
std::vector<std::vector<ScriptedCall>> scripted_calls(const SimulatedChatRequest& request);

}  // namespace cochain
