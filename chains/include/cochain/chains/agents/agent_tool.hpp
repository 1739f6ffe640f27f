// Chains and agents as tools of another agent.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "cochain/chains/agents/agent.hpp"
#include "cochain/chains/runnable/compose.hpp"
#include "cochain/chains/tools/function_tool.hpp"

namespace cochain {

namespace detail {

[[nodiscard]] ToolSpec text_tool_spec(std::string name, std::string description);
/// The text of a call of such a tool.
[[nodiscard]] std::string text_of_call(const Json& arguments);
[[nodiscard]] ToolResult tool_result_of_answer(AgentAnswer answer);

/// Whether a step takes text, be it as what the user says.
template <class In>
constexpr bool kTakesText = std::is_same_v<In, std::string> || std::is_same_v<In, Messages>;

template <class In>
In input_of_call(const Json& arguments) {
  if constexpr (std::is_same_v<In, std::string>) {
    return text_of_call(arguments);
  } else if constexpr (std::is_same_v<In, Messages>) {
    return cochain::messages(HumanMessage(text_of_call(arguments)));
  } else {
    return ToolArguments<In>::read(arguments);
  }
}

template <class In, class Out>
class StepTool final : public Tool {
 public:
  using Step = std::shared_ptr<const Runnable<In, Out>>;
  StepTool(ToolSpec spec, Step step, ToolOptions options)
      : Tool(std::move(spec), std::move(options)), step_(std::move(step)) {}

 private:
  [[nodiscard]] Coro<ToolResult> do_call(Json arguments, ToolContext context) const override {
    return run(step_, input_of_call<In>(arguments), context.config());
  }
  [[nodiscard]] std::string do_check(const Json& arguments) const override {
    if constexpr (kTakesText<In>) {
      return Tool::do_check(arguments);
    } else {
      return ToolArguments<In>::check(arguments);
    }
  }
  static Coro<ToolResult> run(Step step, In input, RunConfig config) {
    Out output = co_await step->invoke(std::move(input), std::move(config));
    if constexpr (std::is_same_v<Out, AgentAnswer>) {
      co_return tool_result_of_answer(std::move(output));
    } else {
      co_return to_tool_result<Out>(std::move(output));
    }
  }
  Step step_;
};

}  // namespace detail

/// A step, or a chain of them, as a tool: `as_tool(prompt | model, "translate", "Into French.")`.
/// Shape:    a step that takes text, or a conversation, is called with one argument, `input`; the
///           input of any other is a described struct, whose members are the arguments. What the
///           step gives becomes the result as with make_tool(). The settings of the run are handed
///           on to it.
/// Lives:    the tool keeps the step.
template <detail::Step S>
[[nodiscard]] ToolPtr as_tool(S step, std::string name, std::string description,
                              ToolOptions options = ToolOptions()) {
  using Of = detail::StepOf<S>;
  using In = typename Of::Input;
  ToolSpec spec = detail::text_tool_spec(std::move(name), std::move(description));
  if constexpr (!detail::kTakesText<In>) spec.parameters = ToolArguments<In>::schema();
  return std::make_shared<const detail::StepTool<In, typename Of::Output>>(
      std::move(spec), Of::share(std::move(step)), std::move(options));
}

/// An agent as a tool of another: it is told what to do, and gives the text of its answer, with
/// what it took (`steps`, `tool_calls`, `total_tokens`) and a structured answer as artifact.
/// Shape:    what the inner agent says and which tools it calls are told as progress:
///           `{"agent": name, "text": …}` and `{"agent": name, "tool": …, "arguments": …}`. Its own
///           approval and limits hold; a run that ends at a limit is an error.
[[nodiscard]] ToolPtr agent_as_tool(Agent agent, std::string name, std::string description,
                                    ToolOptions options = ToolOptions());

}  // namespace cochain
