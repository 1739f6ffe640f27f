// What the simulated model will say, decided before a byte is sent: pure, and a function of
// the request, the options and the request's number. The server only plays the plan.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <cochain/providers/simulator_options.hpp>

namespace cochain {

/// A function that the request offers to the model.
class SimulatedTool {
 public:
  SimulatedTool() = default;
  std::string name;
  std::string description;
  std::string parameters;  // JSON Schema as text; empty if none was given
};

/// The part of a Chat Completions request that decides the simulated answer.
class SimulatedChatRequest {
 public:
  SimulatedChatRequest() = default;

  std::string model;
  std::string prompt;                     // text of the last user message
  std::vector<std::string> tool_results;  // tool messages after that user message
  std::size_t tool_turns = 0;             // answers with tool calls after that user message
  std::vector<SimulatedTool> tools;       // empty also if tool_choice is "none"
  std::string forced_tool;                // named by tool_choice
  std::string answer_schema;              // JSON Schema of response_format; "{}" for json_object
  std::size_t prompt_bytes = 0;           // over all messages
  std::uint64_t conversation_hash = 0;    // over all roles and texts
  std::size_t tokens_max = 0;             // 0 = no limit asked for
  bool must_call_tool = false;
  bool parallel_tool_calls = true;
  bool stream = false;
  bool include_usage = false;
};

/// Why a request was refused, in the words of the dialect's error object.
class SimulatedRefusal {
 public:
  SimulatedRefusal() = default;
  std::string message;
  std::string param;  // empty = null
  std::string code;   // empty = null
};

/// Reads the body of a Chat Completions request; a refusal is what the service answers 400 with.
std::variant<SimulatedChatRequest, SimulatedRefusal> parse_chat_request(std::string_view body);

/// One streamed token: where it ends in its text, and how long to wait before it.
class PlannedChunk {
 public:
  PlannedChunk() = default;
  PlannedChunk(std::uint32_t end_offset, std::uint32_t wait_us)
      : end(end_offset), delay_us(wait_us) {}
  std::uint32_t end = 0;
  std::uint32_t delay_us = 0;
};

/// A function call that the simulated model decided on.
class PlannedToolCall {
 public:
  PlannedToolCall() = default;
  std::string id;
  std::string name;
  std::string arguments;  // JSON text; cut short if the token limit was met
  std::vector<PlannedChunk> chunks;
};

/// Everything about one answer: its tokens, their timing, usage, ending, and the fault if any.
/// Shape:    chunk i of the text is text[chunks[i-1].end, chunks[i].end), always whole UTF-8.
class AnswerPlan {
 public:
  AnswerPlan() = default;

  /// The text of chunk i.
  std::string_view chunk_text(std::size_t i) const;

  /// The sum of all waits: how long a reply takes that is not streamed.
  std::chrono::microseconds whole_delay() const;

  std::string id;
  std::string model;
  std::int64_t created = 0;
  std::string text;
  std::vector<PlannedChunk> chunks;
  std::vector<PlannedToolCall> tool_calls;
  std::size_t prompt_tokens = 0;
  std::size_t completion_tokens = 0;
  std::string finish_reason;
  bool stream = false;
  bool include_usage = false;
  SimulatedFault fault = SimulatedFault::kNone;
  std::size_t fault_after_chunks = 0;  // for the faults that strike in mid-answer
};

/// Decides one answer.
/// Shape:    tools that the request offers are called if the user's text says so: `call NAME
/// {json}`,
///           several at once if there are several, one turn after the other where "then" stands
///           between them; without JSON, with arguments that fit the tool's schema. A text without
///           such words calls the tools whose words it uses. When all calls have their results, the
///           answer repeats these.
///           The text depends on seed, model and conversation; the delays and the fault also on
///           the request's number, so that a retry may fare better than the first attempt.
AnswerPlan plan_answer(const SimulatedChatRequest& request, const SimulatorOptions& options,
                       std::uint64_t request_number);

}  // namespace cochain
