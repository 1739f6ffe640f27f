// The tool calls of an answer, sorted into those that can be run and those that cannot.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cochain/chains/model/json.hpp"
#include "cochain/chains/model/message.hpp"

namespace cochain {

/// A call whose arguments are an object.
/// Shape:    `place` is its place among all calls of the message, from 0.
class ParsedToolCall {
 public:
  ParsedToolCall() = default;
  ParsedToolCall(std::string the_name, JsonObject the_args, std::string the_id)
      : id(std::move(the_id)), name(std::move(the_name)), args(std::move(the_args)) {}

  std::size_t place = 0;
  std::string id;
  std::string name;
  JsonObject args;

  friend bool operator==(const ParsedToolCall&, const ParsedToolCall&) = default;
};

/// As LangChain's dict of a tool call: `{"name", "args", "id"}`.
[[nodiscard]] Json json_value(const ParsedToolCall& call);

/// A call that must not be run: the model's own text, and what is wrong with it.
/// Shape:    `error` is a sentence for the model: "the arguments are no JSON: …".
class InvalidToolCall {
 public:
  InvalidToolCall() = default;

  std::size_t place = 0;
  std::string id;
  std::string name;
  std::string arguments;
  std::string error;

  friend bool operator==(const InvalidToolCall&, const InvalidToolCall&) = default;
};

/// All calls of one answer.
class ParsedToolCalls {
 public:
  ParsedToolCalls() = default;

  std::vector<ParsedToolCall> valid;
  std::vector<InvalidToolCall> invalid;
};

/// Reads the arguments of an answer's calls.
/// Shape:    no arguments, or the word null, are `{}`. Invalid is a call without a name, and one
///           whose arguments are no JSON or no object (also where an object was written into a
///           string once more). If the answer ended for its length, a call is invalid where it was
///           cut: that is the last one, unless its arguments are a whole object.
/// Errors:   never for what the model wrote.
[[nodiscard]] ParsedToolCalls parsed_tool_calls(const AIMessage& message);

}  // namespace cochain
