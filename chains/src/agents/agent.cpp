// Carries out what an AgentRun asks for: one loop for invoke() and stream(), new and resumed runs.

#include "cochain/chains/agents/agent.hpp"

#include <algorithm>
#include <optional>

#include "answer_format.hpp"
#include "cochain/core/timeouts.hpp"

namespace cochain {

template class Runnable<Messages, AgentAnswer>;

namespace detail {

/// What an agent is made of; never changed.
class AgentParts {
 public:
  std::shared_ptr<const ChatModel> model;  // told of the tools
  ToolRunner runner;
  ToolPtr answer_tool;  // empty if no form was asked for
  AgentOptions options;

  [[nodiscard]] Messages request(Messages conversation) const {
    if (!options.system_prompt().empty()) {
      conversation.insert(conversation.begin(), SystemMessage(options.system_prompt()));
    }
    return conversation;
  }
  void tell(const AgentRun& run) const {
    if (options.on_step()) options.on_step()(run);
  }
};

}  // namespace detail

namespace {

using Parts = std::shared_ptr<const detail::AgentParts>;
using Deadline = std::optional<TimePoint>;

/// How the model is asked.
enum class Asking : std::uint8_t { kWhole, kPieces };

/// What `work` gives; nothing if that was not there in time.
template <class T>
Coro<std::optional<T>> in_time(Coro<T> work, Deadline deadline) {
  Timeout scope(deadline);
  try {
    T result = co_await std::move(work);
    (void)scope.leave();
    co_return std::optional<T>(std::move(result));
  } catch (const CancelledError&) {
    if (!scope.leave()) throw;
  }
  co_return std::nullopt;
}

/// A step of a run while it is carried out.
class StepState {
 public:
  explicit StepState(const AgentRun& run)
      : number(run.steps() + 1), start_(EventLoop::current().time()) {
    if (const std::optional<Duration> left = run.time_left()) {
      deadline = deadline_after(start_, *left);
    }
  }
  [[nodiscard]] Duration spent() const { return EventLoop::current().time() - start_; }

  std::size_t number;
  Deadline deadline;
  bool late = false;
  AIMessage message;
  ToolTurn turn;

 private:
  TimePoint start_;
};

// The pieces of an answer; `step.message` is their sum. The step belongs to who reads this.
Stream<AgentEvent> ask_for_pieces(Parts parts, Messages conversation, RunConfig config,
                                  StepState& step) {
  Stream<AIMessageChunk> chunks =
      parts->model->stream(parts->request(std::move(conversation)), std::move(config));
  for (;;) {
    std::optional<AIMessageChunk> chunk;
    if (step.deadline) {
      auto given = co_await in_time(ensure_coro(chunks.next()), step.deadline);
      step.late = !given;
      if (given) chunk = std::move(*given);
    } else {
      auto given = co_await chunks.next();
      chunk = std::move(given);
    }
    if (!chunk) co_return;
    step.message += *chunk;
    AgentEvent piece(step.number, std::move(*chunk));
    co_yield std::move(piece);
  }
}

Coro<> ask_for_whole(Parts parts, Messages conversation, RunConfig config, StepState& step) {
  Coro<AIMessage> answer =
      parts->model->invoke(parts->request(std::move(conversation)), std::move(config));
  auto given = co_await in_time(std::move(answer), step.deadline);
  step.late = !given;
  if (given) step.message = std::move(*given);
}

Stream<AgentEvent> run_tools(Parts parts, AIMessage message, ToolContext context, StepState& step) {
  ToolRunner::Collector collector(parts->runner, message);
  Stream<ToolEvent> events = parts->runner.run_events(std::move(message), std::move(context));
  for (;;) {
    std::optional<ToolEvent> event;
    if (step.deadline) {
      auto given = co_await in_time(ensure_coro(events.next()), step.deadline);
      step.late = !given;
      if (given) event = std::move(*given);
    } else {
      auto given = co_await events.next();
      event = std::move(given);
    }
    if (!event) break;
    collector.add(*event);
    AgentEvent told(step.number, std::move(*event));
    co_yield std::move(told);
  }
  step.turn = std::move(collector).finish();
}

void take_answer(const detail::AgentParts& parts, AgentRun& run, StepState& step) {
  run.on_model(std::move(step.message), step.spent());
  if (!run.done() || run.stop() != AgentStop::kAnswered || !parts.answer_tool) return;
  std::string problem = detail::problem_of_text(*parts.answer_tool, run.last_answer()->text());
  if (!problem.empty()) run.reject_answer(std::move(problem));
}

Stream<AgentEvent> drive(Parts parts, ToolContext context, AgentRun run, Asking asking) {
  while (!run.done()) {
    StepState step(run);
    AgentRun::Next next = run.next();
    bool step_ends = true;
    if (auto* ask = std::get_if<AgentRun::CallModel>(&next)) {
      if (asking == Asking::kPieces) {
        Stream<AgentEvent> pieces =
            ask_for_pieces(parts, std::move(ask->messages), context.config(), step);
        while (auto piece = co_await pieces.next()) co_yield std::move(*piece);
      } else {
        Coro<> answer = ask_for_whole(parts, std::move(ask->messages), context.config(), step);
        co_await std::move(answer);
      }
      if (!step.late) take_answer(*parts, run, step);
      step_ends = !step.late && !run.tools_follow();
    } else if (auto* call = std::get_if<AgentRun::CallTools>(&next)) {
      --step.number;  // they belong to the answer that called them
      ToolContext given(context);
      given.with_messages(std::make_shared<const Messages>(run.messages()));
      Stream<AgentEvent> events =
          run_tools(parts, std::move(call->message), std::move(given), step);
      while (auto event = co_await events.next()) co_yield std::move(*event);
      if (!step.late) {
        const AfterTools after = detail::after_tools(step.turn);
        run.on_tools(std::move(step.turn.results), after, step.spent());
      }
      step_ends = !step.late;
    }
    if (step.late) run.on_time_over(step.spent());
    parts->tell(run);
    if (step_ends) {
      AgentEvent end(step.number, AIMessage(*run.last_answer()));
      co_yield std::move(end);
    }
  }
  if (!is_answer(run.stop()) && run.limits().at_limit() == AtLimit::kThrow) {
    throw AgentLimitError(run.stop(), run.messages());
  }
  auto answer = std::make_shared<AgentAnswer>(detail::answer_of(run, parts->answer_tool.get()));
  AgentEvent done(run.steps(), std::move(answer));
  co_yield std::move(done);
}

Coro<AgentAnswer> last_of(Stream<AgentEvent> events) {
  std::optional<AgentAnswer> answer = co_await fold<AgentAnswer>(std::move(events));
  co_return std::move(*answer);
}

}  // namespace

Agent::Agent(std::shared_ptr<const ChatModel> model, std::vector<ToolPtr> tools,
             AgentOptions options) {
  if (!model) throw InvalidStateError("an agent needs a model");
  auto parts = std::make_shared<detail::AgentParts>();
  if (options.answer_format()) {
    parts->answer_tool = detail::make_answer_tool(*options.answer_format());
    tools.push_back(parts->answer_tool);
  }
  parts->runner =
      ToolRunner(std::move(tools), ToolRunnerOptions()
                                       .approval(options.approval())
                                       .concurrency_max(options.tools_concurrency_max()));
  ChatOptions asked = model->options().merged_with(options.chat_options().value_or(ChatOptions()));
  std::vector<ToolSpec> specs = asked.tools();
  for (const ToolSpec& spec : parts->runner.specs()) {
    std::erase_if(specs, [&](const ToolSpec& each) { return each.name == spec.name; });
    specs.push_back(spec);
  }
  asked.tools(std::move(specs));
  if (parts->answer_tool && !asked.tool_choice()) asked.tool_choice(ToolChoice::required());
  parts->model = with_options(std::move(model), std::move(asked));
  parts->options = std::move(options);
  parts_ = std::move(parts);
}

std::string Agent::name() const { return parts_->options.name(); }

const AgentOptions& Agent::options() const noexcept { return parts_->options; }

Coro<AgentAnswer> Agent::resume(AgentRun run, RunConfig config) const {
  ToolContext context(context_);
  context.with_config(std::move(config));
  return last_of(drive(parts_, std::move(context), std::move(run), Asking::kWhole));
}

Stream<AgentEvent> Agent::resume_stream(AgentRun run, RunConfig config) const {
  ToolContext context(context_);
  context.with_config(std::move(config));
  return drive(parts_, std::move(context), std::move(run), Asking::kPieces);
}

Coro<AgentAnswer> Agent::do_invoke(Messages input, RunConfig config) const {
  return resume(AgentRun(std::move(input), parts_->options.limits()), std::move(config));
}

Stream<AgentEvent> Agent::do_stream(Messages input, RunConfig config) const {
  return resume_stream(AgentRun(std::move(input), parts_->options.limits()), std::move(config));
}

Agent create_agent(std::shared_ptr<const ChatModel> model, std::vector<ToolPtr> tools,
                   AgentOptions options) {
  return Agent(std::move(model), std::move(tools), std::move(options));
}

}  // namespace cochain
