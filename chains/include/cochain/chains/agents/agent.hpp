// An agent: a model that calls tools until it has an answer.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/agents/agent_event.hpp"
#include "cochain/chains/agents/agent_options.hpp"
#include "cochain/chains/agents/agent_run.hpp"
#include "cochain/chains/model/chat_model.hpp"
#include "cochain/chains/runnable/runnable.hpp"
#include "cochain/chains/tools/tool.hpp"

namespace cochain {

namespace detail {
class AgentParts;
}

extern template class Runnable<Messages, AgentAnswer>;

/// A model and its tools as a step of a chain: `create_agent(model, tools)`. A copy shares them.
/// Shape:    a conversation goes in, or plain text; an AgentAnswer comes out, or the events that it
///           arrives in. The tools of one turn run together.
/// Suspends: as the model and the tools do; cancelling it cancels what runs and waits for it.
/// Lives:    what it returns keeps the agent's parts alive.
/// Errors:   of the model, as they are: AgentOptions::on_step() is the place to keep what was
///           reached. Errors of tools are told to the model. AgentLimitError if it is asked for.
/// Threads:  any number of runs at once, on any loops, if model and tools allow it.
class Agent final : public Runnable<Messages, AgentAnswer> {
 public:
  Agent(std::shared_ptr<const ChatModel> model, std::vector<ToolPtr> tools, AgentOptions options);

  using Runnable::invoke;
  using Runnable::stream;
  /// The same for something that the user says.
  [[nodiscard]] Coro<AgentAnswer> invoke(std::string text, RunConfig config = RunConfig()) const {
    return invoke(messages(HumanMessage(std::move(text))), std::move(config));
  }
  [[nodiscard]] Stream<AgentEvent> stream(std::string text, RunConfig config = RunConfig()) const {
    return stream(messages(HumanMessage(std::move(text))), std::move(config));
  }

  /// Goes on with a run where it stood, as if it had not been interrupted. A run that was stopped
  /// while tools ran runs all tools of that turn again.
  [[nodiscard]] Coro<AgentAnswer> resume(AgentRun run, RunConfig config = RunConfig()) const;
  [[nodiscard]] Stream<AgentEvent> resume_stream(AgentRun run,
                                                 RunConfig config = RunConfig()) const;

  /// The same agent, whose tools are given `context`: ToolContext::context<T>().
  template <class T>
  [[nodiscard]] Agent with_context(std::shared_ptr<T> context) const {
    Agent agent(*this);
    agent.context_.with_context(std::move(context));
    return agent;
  }

  [[nodiscard]] std::string name() const override;
  [[nodiscard]] const AgentOptions& options() const noexcept;

 private:
  [[nodiscard]] Coro<AgentAnswer> do_invoke(Messages input, RunConfig config) const override;
  [[nodiscard]] Stream<AgentEvent> do_stream(Messages input, RunConfig config) const override;
  [[nodiscard]] Self self() const override { return std::make_shared<const Agent>(*this); }

  std::shared_ptr<const detail::AgentParts> parts_;
  ToolContext context_;
};

/// An agent of a model, some tools and what the options say.
/// Errors: InvalidStateError if there is no model, two tools have one name, or a tool is called
///         `final_answer` while a form of the answer is asked for.
[[nodiscard]] Agent create_agent(std::shared_ptr<const ChatModel> model,
                                 std::vector<ToolPtr> tools = std::vector<ToolPtr>(),
                                 AgentOptions options = AgentOptions());

/// The tools of an agent: `tools(weather, clock)`; g++ 12 builds no braced list in a co_await
/// expression.
template <class... Tools>
[[nodiscard]] std::vector<ToolPtr> tools(Tools... each) {
  std::vector<ToolPtr> list;
  list.reserve(sizeof...(Tools));
  (list.push_back(std::move(each)), ...);
  return list;
}

}  // namespace cochain
