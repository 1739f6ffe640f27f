// The calls of one message as the tasks of one group, whose events meet in one queue.

#include "cochain/chains/tools/tool_runner.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <string>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "cochain/chains/runnable/active_run.hpp"
#include "cochain/core/locks.hpp"
#include "cochain/core/queue.hpp"
#include "cochain/core/task_group.hpp"

namespace cochain {
namespace {

constexpr std::size_t kWaitingMax = 1000;
constexpr std::size_t kQuotedMax = 200;

// The model may have meant more than what came.
bool was_cut_off(const AIMessage& message) noexcept {
  return message.finish_reason == FinishReason::kLength ||
         message.finish_reason == FinishReason::kContentFilter ||
         message.finish_reason == FinishReason::kError;
}

ToolMessage message_of(const ToolCall& call, ToolResult& result) {
  ToolMessage message(std::move(result.content), call.id, result.status);
  message.name = call.name;
  message.artifact = std::move(result.artifact);
  return message;
}

}  // namespace

ToolEvent::ToolEvent() = default;
ToolEvent::ToolEvent(const ToolEvent& other) = default;
ToolEvent::ToolEvent(ToolEvent&& other) noexcept = default;
ToolEvent& ToolEvent::operator=(const ToolEvent& other) = default;
ToolEvent& ToolEvent::operator=(ToolEvent&& other) noexcept = default;
ToolEvent::~ToolEvent() = default;

class ToolRunner::Set {
 public:
  std::vector<ToolPtr> tools;
  std::vector<ToolSpec> specs;
  ToolRunnerOptions options;

  [[nodiscard]] ToolPtr find(std::string_view name) const {
    for (const ToolPtr& tool : tools) {
      if (tool->name() == name) return tool;
    }
    return nullptr;
  }
  [[nodiscard]] std::string names() const {
    std::string names;
    for (const ToolPtr& tool : tools) names += (names.empty() ? "" : ", ") + tool->name();
    return names.empty() ? "none" : names;
  }
};

/// What the calls of one message share.
class ToolTurnState {
 public:
  explicit ToolTurnState(std::size_t places) : running(places) {}
  Queue<ToolEvent> events;
  Semaphore running;
  Lock asking;
  std::exception_ptr fatal;  // the first that is not told to the model
};

/// One call, from the model's text to its result.
class ToolCallRun {
 public:
  using Set = std::shared_ptr<const ToolRunner::Set>;
  using State = std::shared_ptr<ToolTurnState>;

  /// What is known before anything runs.
  static std::optional<ToolResult> refusal(const ToolRunner::Set& set, const ToolCall& call,
                                           const AIMessage& message) {
    if (was_cut_off(message)) {
      return ToolResult::error("The tool did not run: the answer that called it was cut off (" +
                               std::string(to_string(message.finish_reason)) +
                               "), so its arguments may be incomplete.");
    }
    if (set.find(call.name)) return std::nullopt;
    return ToolResult::error("There is no tool '" + one_line(call.name, kQuotedMax) +
                             "'. The tools are: " + set.names() + ".");
  }

  /// The arguments as a value, checked; or what is wrong with them.
  static ToolResult read_arguments(const Tool& tool, const std::string& text, Json& arguments) {
    try {
      arguments = text.find_first_not_of(" \t\r\n") == std::string::npos ? Json(JsonObject())
                                                                         : parse_json(text);
    } catch (const ParseError& error) {
      return ToolResult::error(
          "The tool did not run: its arguments are no JSON object: " + std::string(error.what()) +
          ". They were: " + one_line(text, kQuotedMax));
    }
    const std::string problem = tool.check(arguments);
    if (problem.empty()) return ToolResult();
    return ToolResult::error("The tool did not run: its arguments are wrong.\n" + problem);
  }

  /// Gives every call its result; throws only if the task was asked to stop or a tool is to throw.
  static Coro<> run(Set set, State state, std::size_t index, ToolCall call, ToolContext context) {
    std::exception_ptr error;
    try {
      const ToolPtr tool = set->find(call.name);
      Json arguments;
      ToolResult result = read_arguments(*tool, call.arguments, arguments);
      if (result.status == ToolStatus::kSuccess) {
        const ApprovalPolicy& policy = set->options.approval();
        if (policy.rule(tool->effect()) != ApprovalRule::kAllow) {
          std::optional<Approval> approval = co_await decided(policy, state, call, tool);
          result = obey(*approval, *tool, call, arguments);
        }
      }
      if (result.status == ToolStatus::kSuccess) {
        const Semaphore::Permit place = co_await state->running.scoped();
        const Turn turn = co_await Turns::take(context.config());  // held to the end
        context.with_config(turn.config());
        state->events.put_nowait(ToolEvent(ToolEventKind::kStart, index, call));
        context.with_call_id(call.id);
        context.with_progress(progress_of(state, index, call));
        result = co_await tool->call(std::move(arguments), std::move(context), Tool::Checked::kYes);
      }
      finish(*state, index, std::move(call), std::move(result));
      co_return;
    } catch (...) {
      error = std::current_exception();
    }
    const bool stray = detail::is_cancelled_error(error) && current_task().cancelling() == 0;
    if (!stray) {
      if (!detail::is_cancelled_error(error)) {
        if (!state->fatal) state->fatal = error;
        state->events.shutdown();  // the reader hears of it at once
      }
      std::rethrow_exception(std::move(error));
    }
    finish(*state, index, std::move(call), ToolResult::error("The tool was cancelled."));
  }

  static void finish(ToolTurnState& state, std::size_t index, ToolCall call, ToolResult result) {
    ToolEvent event(ToolEventKind::kResult, index, std::move(call));
    event.result = message_of(event.call, result);
    state.events.put_nowait(std::move(event));
  }

 private:
  /// What is wrong after the decision; success if the call may run, perhaps with other arguments.
  static ToolResult obey(const Approval& approval, const Tool& tool, ToolCall& call,
                         Json& arguments) {
    if (approval.kind() == Approval::Kind::kEdit) {
      call.arguments = json_text(approval.arguments());
      return read_arguments(tool, call.arguments, arguments);
    }
    if (approval.kind() != Approval::Kind::kDeny) return ToolResult();
    return ToolResult::error("The tool did not run: the call was not allowed" +
                             (approval.reason().empty() ? "." : ": " + approval.reason()));
  }

  // The writer outlives the turn in the hands of a thread that nobody waits for any more.
  static ToolContext::Progress progress_of(const State& state, std::size_t index, ToolCall call) {
    return [turn = std::weak_ptr<ToolTurnState>(state), index, call = std::move(call)](Json value) {
      const State alive = turn.lock();
      if (!alive || alive->fatal || alive->events.size() >= kWaitingMax) return;
      ToolEvent event(ToolEventKind::kProgress, index, call);
      event.progress = std::move(value);
      alive->events.put_nowait(std::move(event));
    };
  }

  static Coro<std::optional<Approval>> decided(ApprovalPolicy policy, State state, ToolCall call,
                                               ToolPtr tool) {
    if (policy.rule(tool->effect()) == ApprovalRule::kDeny || !policy.asked()) {
      co_return Approval::deny("tools that " + effect_words(tool->effect()) +
                               " are not allowed here");
    }
    const Lock::Held held = co_await state->asking.scoped();
    try {
      Coro<Approval> asking = policy.asked()(call, tool);
      Approval approval = co_await std::move(asking);
      co_return approval;
    } catch (const std::exception& error) {
      co_return Approval::deny("who decides could not be asked: " +
                               one_line(redact_keys(error.what()), kQuotedMax));
    }
  }

  static std::string effect_words(ToolEffect effect) {
    switch (effect) {
      case ToolEffect::kNone: return "compute";
      case ToolEffect::kRead: return "read";
      case ToolEffect::kWrite: return "change something";
      case ToolEffect::kNetwork: return "use the network";
      case ToolEffect::kExec: return "run programs";
    }
    return "do this";
  }
};

namespace {

using SharedSet = ToolCallRun::Set;

Stream<ToolEvent> events_of(SharedSet set, std::size_t places, AIMessage message,
                            ToolContext context) {
  std::vector<ToolCall> calls = message.tool_calls();
  auto state = std::make_shared<ToolTurnState>(places == 0 ? calls.size() : places);
  std::size_t left = calls.size();
  std::exception_ptr error;
  Turns turns(context.config());
  context.with_config(turns.config());
  TaskGroup group;
  try {
    for (std::size_t index = 0; index < calls.size(); ++index) {
      ToolCall& call = calls[index];
      std::optional<ToolResult> refused = ToolCallRun::refusal(*set, call, message);
      if (refused) {
        ToolCallRun::finish(*state, index, std::move(call), std::move(*refused));
      } else {
        std::string name = "tool " + call.name;
        group.create_task(ToolCallRun::run(set, state, index, std::move(call), context),
                          std::move(name));
      }
    }
    while (left > 0) {
      ToolEvent event = co_await state->events.get();
      if (event.kind == ToolEventKind::kResult) --left;
      co_yield std::move(event);
    }
  } catch (...) {
    error = std::current_exception();
  }
  try {
    Coro<> leaving = group.leave(error);
    co_await std::move(leaving);
  } catch (const ExceptionGroup&) {
    // Its errors are known: the first one is thrown as it is.
  }
  // A tool that is to throw shut the queue: its own error is what leaves.
  if (state->fatal && !detail::is_cancelled_error(error)) error = state->fatal;
  if (error) std::rethrow_exception(std::move(error));
  co_await turns.done();
}

}  // namespace

ToolRunner::ToolRunner(std::vector<ToolPtr> tools, ToolRunnerOptions options) {
  auto set = std::make_shared<Set>();
  for (const ToolPtr& tool : tools) {
    if (!tool) throw InvalidStateError("a tool runner was given an empty pointer as a tool");
    if (set->find(tool->name())) {
      throw InvalidStateError("two tools have the name '" + tool->name() + "'");
    }
    set->tools.push_back(tool);
    set->specs.push_back(tool->spec());
  }
  set->options = std::move(options);
  set_ = std::move(set);
}

const std::vector<ToolSpec>& ToolRunner::specs() const noexcept { return set_->specs; }

ToolPtr ToolRunner::find(std::string_view name) const { return set_->find(name); }

Stream<ToolEvent> ToolRunner::run_events(AIMessage message, ToolContext context) const {
  return events_of(set_, set_->options.concurrency_max(), std::move(message), std::move(context));
}

namespace {

Coro<ToolTurn> collect(ToolRunner::Collector collector, Stream<ToolEvent> events) {
  while (auto event = co_await events.next()) collector.add(*event);
  co_return std::move(collector).finish();
}

}  // namespace

Coro<ToolTurn> ToolRunner::run(AIMessage message, ToolContext context) const {
  Collector collector(*this, message);
  return collect(std::move(collector), run_events(std::move(message), std::move(context)));
}

ToolRunner::Collector::Collector(const ToolRunner& runner, const AIMessage& message)
    : runner_(runner) {
  turn_.results.resize(message.tool_call_count());
}

void ToolRunner::Collector::add(const ToolEvent& event) {
  if (event.kind != ToolEventKind::kResult) return;
  turn_.results.at(event.index) = event.result;
}

ToolTurn ToolRunner::Collector::finish() && {
  const auto direct = [&](const ToolMessage& result) {
    const ToolPtr tool = runner_.find(result.name);
    return result.status == ToolStatus::kSuccess && tool && tool->options().returns_direct();
  };
  turn_.direct =
      !turn_.results.empty() && std::all_of(turn_.results.begin(), turn_.results.end(), direct);
  return std::move(turn_);
}

}  // namespace cochain
