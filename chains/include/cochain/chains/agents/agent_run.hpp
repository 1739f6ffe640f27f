// What an agent does next: a pure, serializable state machine without loop, clock or network.
// It is told what came of each step and says what the next one is; agent.hpp carries it out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/core/clock.hpp"
#include "cochain/core/error.hpp"

namespace cochain {

/// Why an agent stopped.
enum class AgentStop : std::uint8_t {
  kAnswered,        ///< the model answered and asked for no tool
  kReturnedDirect,  ///< what the tools of the last turn gave is the answer
  kStepLimit,
  kToolCallLimit,
  kTokenLimit,
  kTimeLimit,
  kRepeatedCalls,
  kNoValidAnswer,  ///< the answer was not in the form that was asked for, time and again
};

/// "answered", "returned_direct", "step_limit", "tool_call_limit", "token_limit", "time_limit",
/// "repeated_calls" or "no_valid_answer".
[[nodiscard]] std::string_view to_string(AgentStop stop) noexcept;

/// Whether the agent stopped because it had an answer.
[[nodiscard]] constexpr bool is_answer(AgentStop stop) noexcept {
  return stop == AgentStop::kAnswered || stop == AgentStop::kReturnedDirect;
}

/// What happens when an agent reaches a limit.
enum class AtLimit : std::uint8_t {
  kStop,   ///< it gives what there is: the messages so far, and why it stopped
  kThrow,  ///< AgentLimitError
};

/// How far an agent may go: `AgentLimits().steps_max(10).wall_time(30s)`.
/// Shape:    each word sets when given a value and reads when given none; 0 means no limit.
class AgentLimits {
 public:
  AgentLimits() = default;

  /// Calls of the model. 25 if nothing is said.
  AgentLimits& steps_max(std::size_t value) { return set(steps_max_, value); }
  /// Calls of tools. A turn that would go beyond is not begun.
  AgentLimits& tool_calls_max(std::size_t value) { return set(tool_calls_max_, value); }
  /// Tokens as the provider counted them, input and output, over all steps; seen after each step,
  /// so that the last one may go beyond. An answer counts all the same.
  AgentLimits& tokens_max(std::int64_t value) { return set(tokens_max_, value); }
  /// Time over all steps; what runs then is cancelled.
  AgentLimits& wall_time(Duration value) { return set(wall_time_, value); }
  /// How often the same tool may be called with the same arguments in turns without a break. The
  /// next such call ends the run. 5 if nothing is said.
  AgentLimits& repeated_calls_max(std::size_t value) { return set(repeated_calls_max_, value); }
  /// How many answers may be of another form than the one that was asked for before it ends.
  /// 3 if nothing is said; 0 accepts no such answer.
  AgentLimits& rejected_answers_max(std::size_t value) { return set(rejected_answers_max_, value); }
  AgentLimits& at_limit(AtLimit value) { return set(at_limit_, value); }

  [[nodiscard]] std::size_t steps_max() const noexcept { return steps_max_; }
  [[nodiscard]] std::size_t tool_calls_max() const noexcept { return tool_calls_max_; }
  [[nodiscard]] std::int64_t tokens_max() const noexcept { return tokens_max_; }
  [[nodiscard]] Duration wall_time() const noexcept { return wall_time_; }
  [[nodiscard]] std::size_t repeated_calls_max() const noexcept { return repeated_calls_max_; }
  [[nodiscard]] std::size_t rejected_answers_max() const noexcept { return rejected_answers_max_; }
  [[nodiscard]] AtLimit at_limit() const noexcept { return at_limit_; }
  friend bool operator==(const AgentLimits&, const AgentLimits&) = default;

 private:
  template <class Member>
  AgentLimits& set(Member& member, Member value) {
    member = value;
    return *this;
  }
  std::size_t steps_max_ = 25;
  std::size_t tool_calls_max_ = 0;
  std::int64_t tokens_max_ = 0;
  Duration wall_time_ = Duration::zero();
  std::size_t repeated_calls_max_ = 5;
  std::size_t rejected_answers_max_ = 3;
  AtLimit at_limit_ = AtLimit::kStop;
};

/// An agent reached a limit and was told to throw then.
class AgentLimitError : public Error {
 public:
  AgentLimitError(AgentStop stop, Messages messages);
  [[nodiscard]] AgentStop stop() const noexcept { return stop_; }
  /// The conversation as far as it went.
  [[nodiscard]] const Messages& messages() const noexcept { return messages_; }

 private:
  AgentStop stop_;
  Messages messages_;
};

/// What comes after the tools of a turn.
enum class AfterTools : std::uint8_t {
  kModel,         ///< the model sees the results
  kReturnDirect,  ///< the results are the answer
  kAnswered,      ///< one of the calls was the answer in the form that was asked for
  kRejected,      ///< one of the calls was such an answer, but of a wrong form; the model sees it
};

/// One run of an agent, between two steps.
/// Shape:    `next()` says what to do; do it and tell `on_model()` or `on_tools()`; again until it
///           says Done. The conversation can go to a provider at any time when Done: a call of a
///           tool that did not run because of a limit has a result that says so.
/// Units:    time is given in; nothing here looks at a clock.
/// Errors:   InvalidStateError if it is told of a step that it did not ask for.
class AgentRun {
 public:
  /// Ask the model to go on with the conversation.
  class CallModel {
   public:
    CallModel() = default;
    explicit CallModel(Messages the_messages) : messages(std::move(the_messages)) {}
    Messages messages;
  };
  /// Run the tools that this message calls.
  class CallTools {
   public:
    CallTools() = default;
    explicit CallTools(AIMessage the_message) : message(std::move(the_message)) {}
    AIMessage message;
  };
  /// There is nothing more to do.
  class Done {
   public:
    explicit Done(AgentStop the_stop) : stop(the_stop) {}
    AgentStop stop;
  };
  using Next = std::variant<CallModel, CallTools, Done>;

  explicit AgentRun(Messages conversation, AgentLimits limits = AgentLimits());
  AgentRun(const AgentRun& other);
  AgentRun(AgentRun&& other) noexcept;
  AgentRun& operator=(const AgentRun& other);
  AgentRun& operator=(AgentRun&& other) noexcept;
  ~AgentRun();

  /// What to do now; says the same until it is told what came of it.
  [[nodiscard]] Next next() const;
  /// The model answered, after so much time.
  void on_model(AIMessage message, Duration spent = Duration::zero());
  /// The tools are done. Results in the order of the calls, one for each.
  void on_tools(std::vector<ToolMessage> results, AfterTools after = AfterTools::kModel,
                Duration spent = Duration::zero());
  /// The time of the limits is over in the midst of a step, which was given up.
  void on_time_over(Duration spent = Duration::zero());
  /// The answer will not do: the model is told why and answers again, unless that happened too
  /// often. Only after Done with kAnswered.
  void reject_answer(std::string why);

  [[nodiscard]] bool done() const noexcept { return phase_ == Phase::kDone; }
  /// Whether next() is CallTools.
  [[nodiscard]] bool tools_follow() const noexcept { return phase_ == Phase::kTools; }
  /// Only after Done.
  [[nodiscard]] AgentStop stop() const noexcept { return stop_; }
  [[nodiscard]] const Messages& messages() const noexcept { return messages_; }
  /// The place in `messages()` of the first message that this run added.
  [[nodiscard]] std::size_t first_new() const noexcept { return first_new_; }
  /// The model's last message of this run; null before the first.
  [[nodiscard]] const AIMessage* last_answer() const noexcept;
  [[nodiscard]] const AgentLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] std::size_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::size_t tool_calls() const noexcept { return tool_calls_; }
  [[nodiscard]] const Usage& usage() const noexcept { return usage_; }
  [[nodiscard]] Duration time_spent() const noexcept { return time_spent_; }
  /// What is left of the wall time; nothing if there is no such limit.
  [[nodiscard]] std::optional<Duration> time_left() const noexcept;

  /// All of it: from_json() of this is equal.
  [[nodiscard]] Json to_json() const;
  /// Errors: ParseError that names the place.
  [[nodiscard]] static AgentRun from_json(const Json& value);
  friend bool operator==(const AgentRun& left, const AgentRun& right);

 private:
  enum class Phase : std::uint8_t { kModel, kTools, kDone };

  void expect(Phase phase, const char* told) const;
  void finish(AgentStop stop);
  /// Ends the run, and gives each call of the last message that has no result one that says why.
  void give_up(AgentStop stop);
  /// To the model again, if the limits let it.
  void go_on();
  [[nodiscard]] std::optional<AgentStop> limit_before_tools() const;
  [[nodiscard]] bool repeats_too_often(const AIMessage& message) const;

  AgentLimits limits_;
  Messages messages_;
  std::size_t first_new_;
  Phase phase_ = Phase::kModel;
  AgentStop stop_ = AgentStop::kAnswered;
  std::size_t steps_ = 0;
  std::size_t tool_calls_ = 0;
  std::size_t rejected_ = 0;
  Usage usage_;
  Duration time_spent_ = Duration::zero();
};

}  // namespace cochain
