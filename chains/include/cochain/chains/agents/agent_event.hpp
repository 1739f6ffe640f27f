// What an agent gives: an answer, and the events that it arrives in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cochain/chains/agents/agent_run.hpp"
#include "cochain/chains/model/json_convert.hpp"
#include "cochain/chains/runnable/chunk.hpp"
#include "cochain/chains/runnable/compose.hpp"
#include "cochain/chains/tools/tool_runner.hpp"

namespace cochain {

/// What an agent came to.
class AgentAnswer {
 public:
  AgentAnswer();
  AgentAnswer(const AgentAnswer& other);
  AgentAnswer(AgentAnswer&& other) noexcept;
  AgentAnswer& operator=(const AgentAnswer& other);
  AgentAnswer& operator=(AgentAnswer&& other) noexcept;
  ~AgentAnswer();

  /// Why it stopped; without an answer if a limit was reached.
  AgentStop stop = AgentStop::kAnswered;
  /// The answer for people: the model's last text, what tools returned directly, or the structured
  /// answer as JSON.
  std::string text;
  /// The answer in the form that was asked for; null if none was, or if it did not come to it.
  Json structured;
  /// The model's last message.
  AIMessage message;
  /// The whole conversation: what it was given, and after that what it added.
  Messages messages;
  std::size_t first_new = 0;  ///< the place of the first message that it added
  Usage usage;                ///< over all calls of the model
  std::size_t steps = 0;      ///< calls of the model
  std::size_t tool_calls = 0;

  [[nodiscard]] bool answered() const noexcept { return is_answer(stop); }
  /// The structured answer as a `T`.
  /// Errors: DecodeError if there is none, or it is of another form.
  template <class T>
  [[nodiscard]] T get() const {
    return from_json<T>(structured);
  }
  friend bool operator==(const AgentAnswer& left, const AgentAnswer& right);
};

/// What an event of an agent tells of.
enum class AgentEventKind : std::uint8_t {
  kChunk,         ///< a piece of what the model says, in any step
  kToolStart,     ///< a tool is about to run
  kToolProgress,  ///< a tool told how far it is
  kToolResult,    ///< a call is over
  kStepEnd,       ///< the model answered, and the tools that it called are done
  kDone,          ///< the last event, with the answer
};

/// One event of a run of an agent.
class AgentEvent {
 public:
  AgentEvent(std::size_t the_step, AIMessageChunk chunk);
  AgentEvent(std::size_t the_step, ToolEvent event);
  AgentEvent(std::size_t the_step, AIMessage message);
  AgentEvent(std::size_t the_step, std::shared_ptr<AgentAnswer> answer);
  AgentEvent(const AgentEvent& other);
  AgentEvent(AgentEvent&& other) noexcept;
  AgentEvent& operator=(const AgentEvent& other);
  AgentEvent& operator=(AgentEvent&& other) noexcept;
  ~AgentEvent();

  AgentEventKind kind;
  std::size_t step;  ///< counted from 1

  /// The text that a chunk adds; empty for all other events.
  /// Lives:    until the event is changed.
  [[nodiscard]] std::string_view text() const noexcept;
  /// Each is null unless the event is of its kind.
  [[nodiscard]] const AIMessageChunk* chunk() const noexcept {
    return std::get_if<AIMessageChunk>(&what_);
  }
  [[nodiscard]] const ToolEvent* tool() const noexcept { return std::get_if<ToolEvent>(&what_); }
  /// The model's message of the step that ended.
  [[nodiscard]] const AIMessage* message() const noexcept { return std::get_if<AIMessage>(&what_); }
  [[nodiscard]] const AgentAnswer* answer() const noexcept;
  /// The answer, moved out if no copy of the event shares it.
  [[nodiscard]] AgentAnswer take_answer();

 private:
  std::variant<AIMessageChunk, ToolEvent, AIMessage, std::shared_ptr<AgentAnswer>> what_;
};

/// The last event brings the answer; the others only tell how it comes about.
template <>
class ChunkTraits<AgentAnswer> {
 public:
  using Chunk = AgentEvent;
  static void add(std::optional<AgentAnswer>& sum, AgentEvent event) {
    if (event.kind == AgentEventKind::kDone) sum = event.take_answer();
  }
  static std::vector<AgentEvent> split(AgentAnswer value);
};

/// To a step that wants a text, an agent gives the text of its answer.
template <>
class StepLink<AgentAnswer, std::string> {
 public:
  static constexpr bool kMeets = true;
  static std::string give(AgentAnswer answer) { return std::move(answer.text); }
};
/// To a parser, an agent gives a message with the text of its answer.
template <>
class StepLink<AgentAnswer, AIMessage> {
 public:
  static constexpr bool kMeets = true;
  static AIMessage give(AgentAnswer answer) { return AIMessage(std::move(answer.text)); }
};

}  // namespace cochain
