// Reading arguments. Nothing is repaired here: a tool that runs on guessed arguments does harm.

#include "cochain/chains/model/parsed_tool_calls.hpp"

#include "cochain/chains/model/error.hpp"
#include "json_field.hpp"

namespace cochain {
namespace {

std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view kWhite = " \t\r\n";
  const auto first = text.find_first_not_of(kWhite);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(kWhite) - first + 1);
}

// The arguments, or what is wrong with them.
std::string read_arguments(std::string_view text, JsonObject& args) {
  text = without_blanks(text);
  if (text.empty() || text == "null") return {};
  try {
    Json value = parse_json(text);
    if (JsonObject* object = value.if_object()) {
      args = std::move(*object);
      return {};
    }
    const std::string kind(detail::kind_of(value));
    if (value.is_string()) return "the arguments are a string; write the object itself";
    return "the arguments are " + kind + " where an object is wanted";
  } catch (const ParseError& error) {
    return std::string("the arguments are ") + error.what();
  }
}

}  // namespace

ParsedToolCalls parsed_tool_calls(const AIMessage& message) {
  ParsedToolCalls made;
  std::size_t place = 0;
  const std::vector<ToolCall> calls = message.tool_calls();
  for (const ToolCall& call : calls) {
    ParsedToolCall parsed;
    std::string error = read_arguments(call.arguments, parsed.args);
    const bool cut = message.finish_reason == FinishReason::kLength && place + 1 == calls.size() &&
                     (!error.empty() || without_blanks(call.arguments).empty());
    if (cut) error = "the call was cut off: the answer reached its limit of tokens";
    if (error.empty() && call.name.empty()) error = "the call does not name a tool";
    if (error.empty()) {
      parsed.place = place;
      parsed.id = call.id;
      parsed.name = call.name;
      made.valid.push_back(std::move(parsed));
    } else {
      InvalidToolCall& invalid = made.invalid.emplace_back();
      invalid.place = place;
      invalid.id = call.id;
      invalid.name = call.name;
      invalid.arguments = call.arguments;
      invalid.error = std::move(error);
    }
    ++place;
  }
  return made;
}

Json json_value(const ParsedToolCall& call) {
  return json_object("name", call.name, "args", call.args, "id", call.id);
}

}  // namespace cochain
