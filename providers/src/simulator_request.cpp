// Reads the body of a chat request as strictly as the real service does where it matters.
// Used by simulator_routes.cpp before simulator_plan.cpp decides on an answer; pure.
#include <cochain/providers/simulator_plan.hpp>

#include <array>
#include <limits>
#include <utility>

#include <boost/json.hpp>

#include "simulator_random.hpp"

namespace cochain {
namespace {

namespace json = boost::json;

class Refused {
 public:
  Refused(std::string message, std::string param, std::string code = std::string()) {
    refusal.message = std::move(message);
    refusal.param = std::move(param);
    refusal.code = std::move(code);
  }
  SimulatedRefusal refusal;
};

const json::value* member(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

const json::object* object_member(const json::object& object, std::string_view key) {
  const json::value* found = member(object, key);
  return found == nullptr ? nullptr : found->if_object();
}

std::string text_member(const json::object& object, std::string_view key) {
  const json::value* found = member(object, key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool flag_member(const json::object& object, std::string_view key, bool otherwise) {
  const json::value* found = member(object, key);
  if (found == nullptr) {
    return otherwise;
  }
  if (!found->is_bool()) {
    throw Refused("Invalid type for '" + std::string(key) + "': expected a boolean.",
                  std::string(key), "invalid_type");
  }
  return found->get_bool();
}

void check_number(const json::object& object, std::string_view key, double least, double most) {
  const json::value* found = member(object, key);
  if (found == nullptr) {
    return;
  }
  json::error_code error;
  const double number = found->is_number() ? found->to_number<double>(error) : least - 1.0;
  if (error || !(number >= least && number <= most)) {
    throw Refused("Invalid value for '" + std::string(key) + "'.", std::string(key),
                  "invalid_value");
  }
}

std::size_t count_member(const json::object& object, std::string_view key) {
  const json::value* found = member(object, key);
  if (found == nullptr) {
    return 0;
  }
  if (!found->is_int64() || found->get_int64() < 1) {
    throw Refused("Invalid '" + std::string(key) + "': expected a positive integer.",
                  std::string(key), "integer_below_min_value");
  }
  return static_cast<std::size_t>(found->get_int64());
}

/// The text of a message: a string, or the text parts of a list.
std::string content_text(const json::object& message, const std::string& place) {
  const json::value* content = member(message, "content");
  if (content == nullptr) {
    return std::string();
  }
  if (content->is_string()) {
    return std::string(content->get_string());
  }
  if (!content->is_array()) {
    throw Refused("Invalid type for '" + place + ".content': expected a string or an array.",
                  place + ".content", "invalid_type");
  }
  std::string text;
  for (const json::value& part : content->get_array()) {
    if (!part.is_object()) {
      throw Refused("Invalid type for '" + place + ".content[0]': expected an object.",
                    place + ".content", "invalid_type");
    }
    text += text_member(part.get_object(), "text");
  }
  return text;
}

void read_message(const json::value& value, const std::string& place,
                  SimulatedChatRequest& request) {
  if (!value.is_object()) {
    throw Refused("Invalid type for '" + place + "': expected an object.", place, "invalid_type");
  }
  const json::object& message = value.get_object();
  const std::string role = text_member(message, "role");
  constexpr std::array<std::string_view, 6> kRoles = {"system",    "developer", "user",
                                                      "assistant", "tool",      "function"};
  bool known = false;
  for (const std::string_view name : kRoles) {
    known = known || role == name;
  }
  if (!known) {
    throw Refused("Invalid value for '" + place + ".role'.", place + ".role", "invalid_value");
  }
  std::string text = content_text(message, place);
  if (text.empty() && member(message, "content") == nullptr && role != "assistant") {
    throw Refused("Missing required parameter: '" + place + ".content'.", place + ".content",
                  "missing_required_parameter");
  }
  request.prompt_bytes += text.size();
  request.conversation_hash =
      hash_bytes(text, hash_bytes(role, request.conversation_hash * 31 + text.size()));
  if (role == "user") {
    request.prompt = std::move(text);
    request.tool_results.clear();
    request.tool_turns = 0;
  } else if (role == "tool" || role == "function") {
    request.tool_results.push_back(std::move(text));
  } else if (const json::value* calls = member(message, "tool_calls")) {
    request.tool_turns += calls->is_array() && !calls->get_array().empty() ? 1 : 0;
  }
}

void read_messages(const json::object& body, SimulatedChatRequest& request) {
  const json::value* messages = member(body, "messages");
  if (messages == nullptr) {
    throw Refused("Missing required parameter: 'messages'.", "messages",
                  "missing_required_parameter");
  }
  if (!messages->is_array()) {
    throw Refused("Invalid type for 'messages': expected an array of objects.", "messages",
                  "invalid_type");
  }
  if (messages->get_array().empty()) {
    throw Refused("Invalid 'messages': empty array. Expected an array with minimum length 1.",
                  "messages", "empty_array");
  }
  std::size_t index = 0;
  for (const json::value& message : messages->get_array()) {
    read_message(message, "messages[" + std::to_string(index++) + "]", request);
  }
}

void read_tools(const json::object& body, SimulatedChatRequest& request) {
  const json::value* tools = member(body, "tools");
  if (tools == nullptr) {
    return;
  }
  if (!tools->is_array()) {
    throw Refused("Invalid type for 'tools': expected an array of objects.", "tools",
                  "invalid_type");
  }
  for (const json::value& entry : tools->get_array()) {
    const json::object* function =
        entry.is_object() ? object_member(entry.get_object(), "function") : nullptr;
    SimulatedTool tool;
    if (function != nullptr) {
      tool.name = text_member(*function, "name");
      tool.description = text_member(*function, "description");
      const json::value* parameters = member(*function, "parameters");
      tool.parameters = parameters == nullptr ? std::string() : json::serialize(*parameters);
    }
    if (tool.name.empty()) {
      throw Refused("Missing required parameter: 'tools[0].function.name'.", "tools",
                    "missing_required_parameter");
    }
    request.tools.push_back(std::move(tool));
  }
  const json::value* choice = member(body, "tool_choice");
  if (choice != nullptr && choice->is_string()) {
    request.must_call_tool = choice->get_string() == "required";
    if (choice->get_string() == "none") {
      request.tools.clear();
    }
  } else if (choice != nullptr && choice->is_object()) {
    const json::object* function = object_member(choice->get_object(), "function");
    request.forced_tool = function == nullptr ? std::string() : text_member(*function, "name");
  }
  request.parallel_tool_calls = flag_member(body, "parallel_tool_calls", true);
}

void read_response_format(const json::object& body, SimulatedChatRequest& request) {
  const json::object* format = object_member(body, "response_format");
  if (format == nullptr) {
    return;
  }
  const std::string type = text_member(*format, "type");
  if (type == "json_object") {
    request.answer_schema = "{}";
  } else if (type == "json_schema") {
    const json::object* wrapper = object_member(*format, "json_schema");
    const json::value* schema = wrapper == nullptr ? nullptr : member(*wrapper, "schema");
    if (schema == nullptr || !schema->is_object()) {
      throw Refused("Missing required parameter: 'response_format.json_schema.schema'.",
                    "response_format.json_schema.schema", "missing_required_parameter");
    }
    request.answer_schema = json::serialize(*schema);
  }
}

void read_limits(const json::object& body, SimulatedChatRequest& request) {
  const std::size_t old_name = count_member(body, "max_tokens");
  const std::size_t new_name = count_member(body, "max_completion_tokens");
  if (old_name != 0 && new_name != 0) {
    throw Refused(
        "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
        "supported.",
        "max_tokens", "invalid_parameter_combination");
  }
  request.tokens_max = old_name + new_name;
  check_number(body, "temperature", 0.0, 2.0);
  check_number(body, "top_p", 0.0, 1.0);
  if (count_member(body, "n") > 1) {
    throw Refused("The simulated model gives one choice per request.", "n", "unsupported_value");
  }
  request.stream = flag_member(body, "stream", false);
  const json::object* stream_options = object_member(body, "stream_options");
  if (stream_options != nullptr && !request.stream) {
    throw Refused("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                  "stream_options");
  }
  request.include_usage =
      stream_options != nullptr && flag_member(*stream_options, "include_usage", false);
}

SimulatedChatRequest read_request(const json::value& document) {
  if (!document.is_object()) {
    throw Refused("We expected a JSON object as the body of your request.", "");
  }
  const json::object& body = document.get_object();
  SimulatedChatRequest request;
  request.model = text_member(body, "model");
  if (request.model.empty()) {
    throw Refused("you must provide a model parameter", "model");
  }
  read_messages(body, request);
  read_tools(body, request);
  read_response_format(body, request);
  read_limits(body, request);
  return request;
}

}  // namespace

std::variant<SimulatedChatRequest, SimulatedRefusal> parse_chat_request(std::string_view body) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  json::monotonic_resource memory;
  const json::value document = json::parse(body, error, &memory, options);
  try {
    if (error) {
      throw Refused("We could not parse the JSON body of your request.", "");
    }
    return read_request(document);
  } catch (const Refused& refused) {
    return refused.refusal;
  }
}

}  // namespace cochain
