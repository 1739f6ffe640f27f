// The rules of the loop between a model and its tools.

#include "cochain/chains/agents/agent_run.hpp"

#include <algorithm>

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

// JSON arguments are equal as values, all others as texts.
bool same_arguments(const std::string& left, const std::string& right) {
  if (left == right) return true;
  try {
    return parse_json(left) == parse_json(right);
  } catch (const ParseError&) {
    return false;
  }
}

std::size_t count_same(const AIMessage& message, const ToolCall& wanted) {
  return static_cast<std::size_t>(
      std::count_if(message.parts.begin(), message.parts.end(), [&](const ContentPart& part) {
        const auto* call = std::get_if<ToolCall>(&part);
        return call != nullptr && call->name == wanted.name &&
               same_arguments(call->arguments, wanted.arguments);
      }));
}

}  // namespace

AgentRun::AgentRun(const AgentRun& other) = default;
AgentRun::AgentRun(AgentRun&& other) noexcept = default;
AgentRun& AgentRun::operator=(const AgentRun& other) = default;
AgentRun& AgentRun::operator=(AgentRun&& other) noexcept = default;
AgentRun::~AgentRun() = default;
bool operator==(const AgentRun& left, const AgentRun& right) = default;

std::string_view to_string(AgentStop stop) noexcept {
  switch (stop) {
    case AgentStop::kAnswered: return "answered";
    case AgentStop::kReturnedDirect: return "returned_direct";
    case AgentStop::kStepLimit: return "step_limit";
    case AgentStop::kToolCallLimit: return "tool_call_limit";
    case AgentStop::kTokenLimit: return "token_limit";
    case AgentStop::kTimeLimit: return "time_limit";
    case AgentStop::kRepeatedCalls: return "repeated_calls";
    case AgentStop::kNoValidAnswer: return "no_valid_answer";
  }
  return "answered";
}

AgentLimitError::AgentLimitError(AgentStop stop, Messages messages)
    : Error("the agent stopped without an answer: " + std::string(to_string(stop))),
      stop_(stop),
      messages_(std::move(messages)) {}

AgentRun::AgentRun(Messages conversation, AgentLimits limits)
    : limits_(limits), messages_(std::move(conversation)), first_new_(messages_.size()) {}

AgentRun::Next AgentRun::next() const {
  switch (phase_) {
    case Phase::kModel: return CallModel(messages_);
    case Phase::kTools: return CallTools(*messages_.back().get_if<AIMessage>());
    case Phase::kDone: break;
  }
  return Done(stop_);
}

void AgentRun::expect(Phase phase, const char* told) const {
  if (phase_ == phase) return;
  throw InvalidStateError(std::string("this run of an agent was told of ") + told +
                          " that it did not ask for");
}

const AIMessage* AgentRun::last_answer() const noexcept {
  for (std::size_t i = messages_.size(); i > first_new_; --i) {
    if (const auto* message = messages_[i - 1].get_if<AIMessage>()) return message;
  }
  return nullptr;
}

std::optional<Duration> AgentRun::time_left() const noexcept {
  if (limits_.wall_time() <= Duration::zero()) return std::nullopt;
  return std::max(Duration::zero(), limits_.wall_time() - time_spent_);
}

void AgentRun::on_model(AIMessage message, Duration spent) {
  expect(Phase::kModel, "an answer");
  ++steps_;
  usage_ += message.usage;
  time_spent_ += spent;
  const bool calls = message.has_tool_calls();
  messages_.emplace_back(std::move(message));
  if (!calls) return finish(AgentStop::kAnswered);
  phase_ = Phase::kTools;
  if (const std::optional<AgentStop> limit = limit_before_tools()) give_up(*limit);
}

std::optional<AgentStop> AgentRun::limit_before_tools() const {
  const AIMessage& message = *messages_.back().get_if<AIMessage>();
  if (time_left() == Duration::zero()) return AgentStop::kTimeLimit;
  if (limits_.tokens_max() > 0 && usage_.total_tokens >= limits_.tokens_max()) {
    return AgentStop::kTokenLimit;
  }
  const std::size_t calls = tool_calls_ + message.tool_call_count();
  if (limits_.tool_calls_max() > 0 && calls > limits_.tool_calls_max()) {
    return AgentStop::kToolCallLimit;
  }
  if (repeats_too_often(message)) return AgentStop::kRepeatedCalls;
  return std::nullopt;
}

bool AgentRun::repeats_too_often(const AIMessage& message) const {
  if (limits_.repeated_calls_max() == 0) return false;
  for (const ContentPart& part : message.parts) {
    const auto* call = std::get_if<ToolCall>(&part);
    if (call == nullptr) continue;
    std::size_t count = count_same(message, *call);
    for (std::size_t i = messages_.size() - 1; i > first_new_; --i) {
      const auto* earlier = messages_[i - 1].get_if<AIMessage>();
      if (earlier == nullptr) continue;
      const std::size_t found = count_same(*earlier, *call);
      if (found == 0) break;
      count += found;
    }
    if (count > limits_.repeated_calls_max()) return true;
  }
  return false;
}

void AgentRun::on_tools(std::vector<ToolMessage> results, AfterTools after, Duration spent) {
  expect(Phase::kTools, "results of tools");
  const std::vector<ToolCall> calls = messages_.back().get_if<AIMessage>()->tool_calls();
  const bool fit = std::equal(calls.begin(), calls.end(), results.begin(), results.end(),
                              [](const ToolCall& call, const ToolMessage& result) {
                                return call.id == result.tool_call_id;
                              });
  if (!fit) throw InvalidStateError("the results of tools are not those of the calls, in order");
  tool_calls_ += calls.size();
  time_spent_ += spent;
  for (ToolMessage& result : results) messages_.emplace_back(std::move(result));
  switch (after) {
    case AfterTools::kReturnDirect: return finish(AgentStop::kReturnedDirect);
    case AfterTools::kAnswered: return finish(AgentStop::kAnswered);
    case AfterTools::kRejected:
      if (++rejected_ > limits_.rejected_answers_max()) return finish(AgentStop::kNoValidAnswer);
      break;
    case AfterTools::kModel: break;
  }
  go_on();
}

void AgentRun::reject_answer(std::string why) {
  if (!done() || stop_ != AgentStop::kAnswered) {
    throw InvalidStateError("this run of an agent has no answer to be rejected");
  }
  if (++rejected_ > limits_.rejected_answers_max()) return finish(AgentStop::kNoValidAnswer);
  messages_.emplace_back(HumanMessage(std::move(why)));
  go_on();
}

void AgentRun::on_time_over(Duration spent) {
  if (done()) throw InvalidStateError("this run of an agent is over already");
  time_spent_ += spent;
  give_up(AgentStop::kTimeLimit);
}

void AgentRun::go_on() {
  phase_ = Phase::kModel;
  if (limits_.steps_max() > 0 && steps_ >= limits_.steps_max()) {
    return finish(AgentStop::kStepLimit);
  }
  if (time_left() == Duration::zero()) return finish(AgentStop::kTimeLimit);
  if (limits_.tokens_max() > 0 && usage_.total_tokens >= limits_.tokens_max()) {
    return finish(AgentStop::kTokenLimit);
  }
}

void AgentRun::finish(AgentStop stop) {
  phase_ = Phase::kDone;
  stop_ = stop;
}

void AgentRun::give_up(AgentStop stop) {
  if (phase_ == Phase::kTools) {
    const std::vector<ToolCall> calls = messages_.back().get_if<AIMessage>()->tool_calls();
    const char* why = stop == AgentStop::kTimeLimit
                          ? "The tool was not finished: the time of the run is over."
                          : "The tool did not run: the run reached its limit (";
    for (const ToolCall& call : calls) {
      std::string text = why;
      if (stop != AgentStop::kTimeLimit) text += std::string(to_string(stop)) + ").";
      ToolMessage result(std::move(text), call.id, ToolStatus::kError);
      result.name = call.name;
      messages_.emplace_back(std::move(result));
    }
  }
  finish(stop);
}

}  // namespace cochain
