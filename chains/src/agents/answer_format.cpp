// Structured answers come as the arguments of a tool, or as JSON in the text of a model that knows
// no better.

#include "answer_format.hpp"

#include <utility>

#include "cochain/chains/model/error.hpp"

namespace cochain::detail {
namespace {

class AnswerTool final : public Tool {
 public:
  AnswerTool(ToolSpec spec, std::function<std::string(const Json&)> check)
      : Tool(std::move(spec), ToolOptions()), check_(std::move(check)) {}

 private:
  [[nodiscard]] Coro<ToolResult> do_call(Json arguments, ToolContext) const override {
    co_return ToolResult("The answer was taken.", std::move(arguments));
  }
  [[nodiscard]] std::string do_check(const Json& arguments) const override {
    return check_ ? check_(arguments) : Tool::do_check(arguments);
  }
  std::function<std::string(const Json&)> check_;
};

// The text without blanks around it, and without the fence that models like to put around JSON.
std::string_view without_fence(std::string_view text) {
  const auto trim = [](std::string_view s) {
    const std::size_t first = s.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return std::string_view();
    return s.substr(first, s.find_last_not_of(" \t\r\n") - first + 1);
  };
  text = trim(text);
  if (!text.starts_with("```") || !text.ends_with("```") || text.size() < 6) return text;
  const std::size_t line_end = text.find('\n');
  if (line_end == std::string_view::npos) return text;
  return trim(text.substr(line_end, text.size() - 3 - line_end));
}

std::optional<Json> json_of_text(const std::string& text) {
  try {
    return parse_json(without_fence(text));
  } catch (const ParseError&) {
    return std::nullopt;
  }
}

// The results of the last turn, oldest first.
std::vector<const ToolMessage*> last_results(const AgentRun& run) {
  std::vector<const ToolMessage*> results;
  const Messages& messages = run.messages();
  std::size_t first = messages.size();
  while (first > run.first_new() && messages[first - 1].get_if<ToolMessage>() != nullptr) --first;
  for (; first < messages.size(); ++first) {
    results.push_back(messages[first].get_if<ToolMessage>());
  }
  return results;
}

}  // namespace

ToolPtr make_answer_tool(const AgentResponseFormat& format) {
  ToolSpec spec(kAnswerTool, "Gives the final answer to the user, in this form. Ends the work.",
                json_text(format.schema));
  return std::make_shared<const AnswerTool>(std::move(spec), format.check);
}

AfterTools after_tools(const ToolTurn& turn) {
  bool rejected = false;
  for (const ToolMessage& result : turn.results) {
    if (result.name != kAnswerTool) continue;
    if (result.status == ToolStatus::kSuccess) return AfterTools::kAnswered;
    rejected = true;
  }
  if (turn.direct) return AfterTools::kReturnDirect;
  return rejected ? AfterTools::kRejected : AfterTools::kModel;
}

std::string problem_of_text(const Tool& tool, const std::string& text) {
  const std::optional<Json> value = json_of_text(text);
  const std::string how = std::string("Give the answer by calling the tool ") + kAnswerTool + ".";
  if (!value) return how;
  const std::string problem = tool.check(*value);
  return problem.empty() ? problem
                         : "The answer is not of the right form.\n" + problem + "\n" + how;
}

AgentAnswer answer_of(const AgentRun& run, const Tool* answer_tool) {
  AgentAnswer answer;
  answer.stop = run.stop();
  if (const AIMessage* last = run.last_answer()) {
    answer.message = *last;
    answer.text = last->text();
  }
  if (run.stop() == AgentStop::kReturnedDirect) {
    answer.text.clear();
    for (const ToolMessage* result : last_results(run)) {
      if (!answer.text.empty()) answer.text += '\n';
      answer.text += result->content;
    }
  } else if (run.stop() == AgentStop::kAnswered && answer_tool != nullptr) {
    const std::vector<const ToolMessage*> results = last_results(run);
    for (const ToolMessage* result : results) {
      const bool taken = result->name == kAnswerTool && result->status == ToolStatus::kSuccess;
      if (taken && answer.structured.is_null()) answer.structured = result->artifact;
    }
    if (results.empty()) answer.structured = json_of_text(answer.text).value_or(Json());
    answer.text = json_text(answer.structured);
  }
  answer.messages = run.messages();
  answer.first_new = run.first_new();
  answer.usage = run.usage();
  answer.steps = run.steps();
  answer.tool_calls = run.tool_calls();
  return answer;
}

}  // namespace cochain::detail
