// An agent at work for another one.

#include "cochain/chains/agents/agent_tool.hpp"

#include <optional>

namespace cochain {

namespace detail {

ToolSpec text_tool_spec(std::string name, std::string description) {
  const Json schema = json_object(
      "type", "object", "properties",
      json_object("input", json_object("type", "string", "description",
                                       "what to do, with all that has to be known for it")),
      "required", json_array("input"));
  return ToolSpec(std::move(name), std::move(description), json_text(schema));
}

std::string text_of_call(const Json& arguments) {
  return std::string(arguments.at("input").get_string());
}

ToolResult tool_result_of_answer(AgentAnswer answer) {
  JsonObject artifact =
      json_object("stop", to_string(answer.stop), "steps", answer.steps, "tool_calls",
                  answer.tool_calls, "total_tokens", answer.usage.total_tokens);
  if (!answer.structured.is_null()) artifact["structured"] = std::move(answer.structured);
  if (answer.answered()) return ToolResult(std::move(answer.text), std::move(artifact));
  ToolResult result = ToolResult::error("The agent stopped without an answer (" +
                                        std::string(to_string(answer.stop)) + ").");
  if (!answer.text.empty()) result.content += " The last that it said: " + answer.text;
  result.artifact = std::move(artifact);
  return result;
}

}  // namespace detail

namespace {

// What of an event the outer run is told; null if nothing.
Json progress_of(const std::string& agent, const AgentEvent& event) {
  if (!event.text().empty()) return json_object("agent", agent, "text", event.text());
  if (event.kind != AgentEventKind::kToolStart) return Json();
  return json_object("agent", agent, "tool", event.tool()->call.name, "arguments",
                     event.tool()->call.arguments);
}

class AgentTool final : public Tool {
 public:
  AgentTool(ToolSpec spec, Agent agent, ToolOptions options)
      : Tool(std::move(spec), std::move(options)), agent_(std::move(agent)) {}

 private:
  [[nodiscard]] Coro<ToolResult> do_call(Json arguments, ToolContext context) const override {
    return run(agent_, detail::text_of_call(arguments), std::move(context));
  }
  static Coro<ToolResult> run(Agent agent, std::string input, ToolContext context) {
    std::optional<AgentAnswer> answer;
    Stream<AgentEvent> events = agent.stream(std::move(input), context.config());
    while (auto event = co_await events.next()) {
      Json progress = progress_of(agent.name(), *event);
      if (!progress.is_null()) context.write_progress(std::move(progress));
      ChunkTraits<AgentAnswer>::add(answer, std::move(*event));
    }
    co_return detail::tool_result_of_answer(std::move(*answer));
  }
  Agent agent_;
};

}  // namespace

ToolPtr agent_as_tool(Agent agent, std::string name, std::string description, ToolOptions options) {
  return std::make_shared<const AgentTool>(
      detail::text_tool_spec(std::move(name), std::move(description)), std::move(agent),
      std::move(options));
}

}  // namespace cochain
