// A run of an agent as JSON, and back.

#include <array>

#include "cochain/chains/agents/agent_run.hpp"
#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/message_json.hpp"

namespace cochain {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::array<std::string_view, 3> kPhases = {"model", "tools", "done"};
constexpr auto kLastStop = static_cast<std::uint8_t>(AgentStop::kNoValidAnswer);

[[noreturn]] void wrong(std::string_view name, std::string_view why) {
  throw ParseError("$." + std::string(name) + ": " + std::string(why));
}

const Json& member(const JsonObject& object, std::string_view name) {
  const Json* found = object.if_contains(name);
  if (found == nullptr) wrong(name, "is missing");
  return *found;
}

std::int64_t integer(const JsonObject& object, std::string_view name) {
  const Json& value = member(object, name);
  if (!value.is_int64()) wrong(name, "wanted a whole number");
  return value.get_int64();
}

std::size_t count(const JsonObject& object, std::string_view name) {
  const std::int64_t value = integer(object, name);
  if (value < 0) wrong(name, "wanted a number that is not negative");
  return static_cast<std::size_t>(value);
}

std::string_view text(const JsonObject& object, std::string_view name) {
  const Json& value = member(object, name);
  if (!value.is_string()) wrong(name, "wanted a string");
  return value.get_string();
}

const JsonObject& object_of(const JsonObject& object, std::string_view name) {
  const Json& value = member(object, name);
  if (!value.is_object()) wrong(name, "wanted an object");
  return value.get_object();
}

Json json_of(std::size_t value) { return Json(static_cast<std::int64_t>(value)); }

Json limits_json(const AgentLimits& limits) {
  return json_object("steps_max", json_of(limits.steps_max()), "tool_calls_max",
                     json_of(limits.tool_calls_max()), "tokens_max", limits.tokens_max(),
                     "wall_time_ns", limits.wall_time().count(), "repeated_calls_max",
                     json_of(limits.repeated_calls_max()), "rejected_answers_max",
                     json_of(limits.rejected_answers_max()), "at_limit",
                     limits.at_limit() == AtLimit::kThrow ? "throw" : "stop");
}

AgentLimits limits_of(const JsonObject& object) {
  AgentLimits limits;
  limits.steps_max(count(object, "steps_max"))
      .tool_calls_max(count(object, "tool_calls_max"))
      .tokens_max(integer(object, "tokens_max"))
      .wall_time(Duration(integer(object, "wall_time_ns")))
      .repeated_calls_max(count(object, "repeated_calls_max"))
      .rejected_answers_max(count(object, "rejected_answers_max"))
      .at_limit(text(object, "at_limit") == "throw" ? AtLimit::kThrow : AtLimit::kStop);
  return limits;
}

Json usage_json(const Usage& usage) {
  return json_object("known", usage.known, "input_tokens", usage.input_tokens, "output_tokens",
                     usage.output_tokens, "total_tokens", usage.total_tokens, "cache_read_tokens",
                     usage.cache_read_tokens, "cache_write_tokens", usage.cache_write_tokens,
                     "reasoning_tokens", usage.reasoning_tokens);
}

Usage usage_of(const JsonObject& object) {
  Usage usage;
  const Json& known = member(object, "known");
  if (!known.is_bool()) wrong("usage.known", "wanted a boolean");
  usage.known = known.get_bool();
  usage.input_tokens = integer(object, "input_tokens");
  usage.output_tokens = integer(object, "output_tokens");
  usage.total_tokens = integer(object, "total_tokens");
  usage.cache_read_tokens = integer(object, "cache_read_tokens");
  usage.cache_write_tokens = integer(object, "cache_write_tokens");
  usage.reasoning_tokens = integer(object, "reasoning_tokens");
  return usage;
}

AgentStop stop_of(std::string_view word) {
  for (std::uint8_t i = 0; i <= kLastStop; ++i) {
    if (to_string(static_cast<AgentStop>(i)) == word) return static_cast<AgentStop>(i);
  }
  wrong("stop", "no such reason is known");
}

}  // namespace

Json AgentRun::to_json() const {
  return json_object("version", kVersion, "phase", kPhases.at(static_cast<std::size_t>(phase_)),
                     "stop", to_string(stop_), "limits", limits_json(limits_), "messages",
                     messages_to_json(messages_), "first_new", json_of(first_new_), "steps",
                     json_of(steps_), "tool_calls", json_of(tool_calls_), "rejected",
                     json_of(rejected_), "usage", usage_json(usage_), "time_spent_ns",
                     time_spent_.count());
}

AgentRun AgentRun::from_json(const Json& value) {
  if (!value.is_object()) throw ParseError("$: wanted an object: a run of an agent");
  const JsonObject& object = value.get_object();
  if (integer(object, "version") != kVersion) wrong("version", "wanted 1");
  AgentRun run(messages_from_json(member(object, "messages")),
               limits_of(object_of(object, "limits")));
  const std::string_view phase = text(object, "phase");
  std::size_t index = 0;
  while (index < kPhases.size() && kPhases.at(index) != phase) ++index;
  if (index == kPhases.size()) wrong("phase", "wanted model, tools or done");
  run.phase_ = static_cast<Phase>(index);
  run.stop_ = stop_of(text(object, "stop"));
  run.first_new_ = count(object, "first_new");
  if (run.first_new_ > run.messages_.size()) wrong("first_new", "there are fewer messages");
  run.steps_ = count(object, "steps");
  run.tool_calls_ = count(object, "tool_calls");
  run.rejected_ = count(object, "rejected");
  run.usage_ = usage_of(object_of(object, "usage"));
  run.time_spent_ = Duration(integer(object, "time_spent_ns"));
  if (run.phase_ == Phase::kTools) {
    const auto* last = run.messages_.empty() ? nullptr : run.messages_.back().get_if<AIMessage>();
    if (last == nullptr || !last->has_tool_calls()) {
      wrong("phase", "tools are due, but the last message calls none");
    }
  }
  return run;
}

}  // namespace cochain
