// What an agent is made of beside its model and its tools.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "cochain/chains/agents/agent_run.hpp"
#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/json_schema.hpp"
#include "cochain/chains/tools/approval.hpp"
#include "cochain/chains/tools/function_tool.hpp"

namespace cochain {

/// The form in which an agent answers.
class AgentResponseFormat {
 public:
  AgentResponseFormat() = default;

  Json schema;  ///< of an object
  /// What is wrong with an answer; empty if nothing is. Without it the schema decides.
  std::function<std::string(const Json&)> check;
};

/// How an agent works: `AgentOptions().system_prompt("Be brief.").limits(limits)`.
/// Shape:    each word sets when given a value and reads when given none.
class AgentOptions {
 public:
  AgentOptions() = default;

  /// What it is called in events and reports.
  AgentOptions& name(std::string value) { return set(name_, std::move(value)); }
  /// Stands above every conversation, and is no part of what the agent gives back.
  AgentOptions& system_prompt(std::string value) { return set(system_prompt_, std::move(value)); }
  AgentOptions& limits(AgentLimits value) { return set(limits_, value); }
  /// Which tools may run. By default, those that compute or read.
  AgentOptions& approval(ApprovalPolicy value) { return set(approval_, std::move(value)); }
  /// At most this many tools of one turn at once; 0 means all.
  AgentOptions& tools_concurrency_max(std::size_t value) {
    return set(tools_concurrency_max_, value);
  }
  /// Settings of the model's calls; what they do not say, the model's own say.
  AgentOptions& chat_options(ChatOptions value) { return set(chat_options_, std::move(value)); }
  /// The answer is a `T`, a described struct: `answer.get<T>()`. The model is given a tool more,
  /// `final_answer`, and must call tools; an answer of another form is told to it, which happens
  /// as often as AgentLimits::rejected_answers_max() says.
  template <class T>
  AgentOptions& response_format() {
    response_format_.emplace();
    response_format_->schema = json_schema<T>();
    response_format_->check = &ToolArguments<T>::check;
    return *this;
  }
  /// The same with a schema: `AgentAnswer::structured`.
  AgentOptions& response_schema(Json schema) {
    response_format_.emplace();
    response_format_->schema = std::move(schema);
    return *this;
  }
  /// Told of the run between any two steps: the place to store it, see Agent::resume(). It must
  /// not wait; what it throws ends the run.
  AgentOptions& on_step(std::function<void(const AgentRun&)> value) {
    return set(on_step_, std::move(value));
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& system_prompt() const noexcept { return system_prompt_; }
  [[nodiscard]] const AgentLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] const ApprovalPolicy& approval() const noexcept { return approval_; }
  [[nodiscard]] std::size_t tools_concurrency_max() const noexcept {
    return tools_concurrency_max_;
  }
  [[nodiscard]] const std::optional<ChatOptions>& chat_options() const noexcept {
    return chat_options_;
  }
  [[nodiscard]] const std::optional<AgentResponseFormat>& answer_format() const noexcept {
    return response_format_;
  }
  [[nodiscard]] const std::function<void(const AgentRun&)>& on_step() const noexcept {
    return on_step_;
  }

 private:
  template <class Member, class Value>
  AgentOptions& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
  std::string name_ = "agent";
  std::string system_prompt_;
  AgentLimits limits_;
  ApprovalPolicy approval_;
  std::size_t tools_concurrency_max_ = 0;
  std::optional<ChatOptions> chat_options_;
  std::optional<AgentResponseFormat> response_format_;
  std::function<void(const AgentRun&)> on_step_;
};

}  // namespace cochain
