// Asks for a value in the provider's own way, and again if the answer is wrong.
#include "cochain/chains/parsers/structured_output.hpp"

#include <algorithm>

#include "structured_plan.hpp"

namespace cochain {

StructuredOutputError::StructuredOutputError(Reason reason, const std::string& message,
                                             AIMessage raw, std::vector<JsonIssue> issues)
    : ParseError(message, raw.text()),
      reason_(reason),
      raw_(std::move(raw)),
      issues_(std::move(issues)) {}

namespace detail {
namespace {

using Reason = StructuredOutputError::Reason;
constexpr std::size_t kNameBytesMax = 64;

/// Names of schemas and tools are letters, figures, _ and -, at all providers.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char byte : name.substr(0, kNameBytesMax)) {
    const bool keeps = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                       (byte >= '0' && byte <= '9') || byte == '-';
    plain += keeps ? byte : '_';
  }
  return plain.empty() ? "answer" : plain;
}

std::string text_in(const Json& schema, std::string_view key) {
  const Json* value = schema.get_object().if_contains(key);
  if (value == nullptr || !value->is_string()) return std::string();
  return std::string(std::string_view(value->get_string()));
}

/// Providers want an object at the root: anything else becomes its one member.
Json wrapped(Json schema) {
  JsonObject root = json_object("type", "object");
  Json definitions;
  if (Json* found = schema.get_object().if_contains("$defs")) {
    definitions = std::move(*found);
    schema.get_object().erase("$defs");
  }
  root["properties"] = json_object("value", std::move(schema));
  root["required"] = json_array("value");
  if (definitions.is_object()) root["$defs"] = std::move(definitions);
  return root;
}

/// The JSON within a text: in a fence, or between the first brace and the last.
std::string_view json_in(std::string_view text) {
  const std::size_t fence = text.find("```");
  if (fence != std::string_view::npos && text.find_first_of("{[") > fence) {
    const std::size_t begin = text.find('\n', fence);
    const std::size_t end = text.rfind("```");
    if (begin != std::string_view::npos && end > begin) return text.substr(begin, end - begin);
  }
  const std::size_t begin = text.find('{');
  const std::size_t end = text.rfind('}');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return text;
  return text.substr(begin, end + 1 - begin);
}

void set_format(StructuredPlan& plan, ChatOptions& chat, const Json& schema,
                SchemaStrictness strictness) {
  const bool strict = strictness == SchemaStrictness::kStrict;
  const std::string text = text_in(schema, "description");
  if (plan.method == StructuredMethod::kJsonSchema) {
    JsonObject format = json_object("name", plan.name);
    if (!text.empty()) format["description"] = text;
    format["schema"] = schema;
    format["strict"] = strict;
    chat.response_format(
        json_text(json_object("type", "json_schema", "json_schema", std::move(format))));
  } else if (plan.method == StructuredMethod::kFunctionCalling) {
    const std::string words = text.empty() ? "Gives the answer in this form." : text;
    ToolSpec tool(plan.name, words, json_text(schema));
    if (strict) tool.strict = true;
    chat.tools(std::vector<ToolSpec>(1, std::move(tool)));
    chat.tool_choice(ToolChoice::tool(plan.name));
  } else {
    chat.response_format(R"({"type":"json_object"})");
    plan.instructions =
        "Answer with one JSON object and nothing else. It must fit this JSON Schema:\n" +
        json_text(schema);
  }
}

}  // namespace

SharedStructuredPlan make_structured_plan(std::shared_ptr<const ChatModel> model,
                                          const JsonType& type, void (*reset)(void*),
                                          const StructuredOptions& options) {
  if (!model) throw InvalidStateError("structured output was given an empty pointer as its model");
  auto plan = std::make_shared<StructuredPlan>();
  plan->type = &type;
  plan->reset = reset;
  ChatOptions chat = options.chat().value_or(model->options());
  plan->method = options.method() == StructuredMethod::kAuto ? StructuredMethod::kJsonSchema
                                                             : options.method();
  plan->decode = options.decode();
  plan->repair_max = std::max(options.repair_max(), 0);
  Json schema = schema_of(type);
  const std::string title = text_in(schema, "title");
  plan->name = plain_name(options.name().empty() ? title : options.name());
  plan->is_wrapped = text_in(schema, "type") != "object";
  if (plan->is_wrapped) schema = wrapped(std::move(schema));
  // JSON mode holds nobody to a schema, so it has no strict form.
  const bool strict = options.strictness() == SchemaStrictness::kStrict &&
                      plan->method != StructuredMethod::kJsonMode;
  if (strict) schema = strict_schema(std::move(schema));
  set_format(*plan, chat, schema, strict ? SchemaStrictness::kStrict : SchemaStrictness::kLoose);
  plan->model = with_options(std::move(model), std::move(chat));
  return plan;
}

Messages StructuredPlan::question(Messages messages) const {
  if (instructions.empty()) return messages;
  SystemMessage* system = messages.empty() ? nullptr : messages.front().get_if<SystemMessage>();
  if (system != nullptr) {
    system->content += "\n\n" + instructions;
  } else {
    messages.insert(messages.begin(), SystemMessage(instructions));
  }
  return messages;
}

void StructuredPlan::check_end(const AIMessage& answer) {
  const auto fail = [&answer](Reason reason, const std::string& message) {
    throw StructuredOutputError(reason, message, answer);
  };
  if (const std::string refusal = answer.refusal(); !refusal.empty()) {
    fail(Reason::kRefused, "the model refused to answer: " + refusal);
  }
  if (answer.finish_reason == FinishReason::kLength) {
    fail(Reason::kTruncated, "the answer was cut off at the limit of tokens");
  }
  if (answer.finish_reason == FinishReason::kContentFilter) {
    fail(Reason::kFiltered, "the provider's content filter stopped the answer");
  }
}

std::string StructuredPlan::json_of(const AIMessage& answer) const {
  if (!by_tool()) return std::string(json_in(answer.text()));
  for (const ToolCall& call : answer.tool_calls()) {
    if (call.name == name) return call.arguments.empty() ? "{}" : call.arguments;
  }
  throw ParseError("the tool '" + name + "' was not called");
}

void StructuredPlan::read(const AIMessage& answer, void* out) const {
  check_end(answer);
  try {
    const Json json = parse_json(json_of(answer));
    const JsonObject* object = json.if_object();
    const Json* value = is_wrapped && object != nullptr ? object->if_contains("value") : &json;
    reset(out);
    if (value != nullptr)
      return read_json(*type, *value, out, decode, is_wrapped ? "$.value" : "$");
    throw ParseError("$.value: wanted the value, found nothing: it is missing");
  } catch (const DecodeError& error) {
    throw StructuredOutputError(Reason::kWrongForm, error.what(), answer, error.issues());
  } catch (const ParseError& error) {
    throw StructuredOutputError(Reason::kWrongForm, error.what(), answer);
  }
}

void StructuredPlan::add_repair(Messages& messages, const AIMessage& answer,
                                const StructuredOutputError& error) const {
  std::string text = "The answer does not have the form that was asked for:\n";
  for (const JsonIssue& issue : error.issues()) text += "- " + issue.text() + '\n';
  if (error.issues().empty()) text += "- " + std::string(error.what()) + '\n';
  const std::vector<ToolCall> calls = answer.tool_calls();
  if (!answer.parts.empty()) messages.emplace_back(answer);
  if (calls.empty()) {
    const std::string how = by_tool() ? "Call the tool '" + name + "' with all of the answer."
                                      : "Give the whole answer again, as JSON only, corrected.";
    messages.emplace_back(HumanMessage(text + how));
    return;
  }
  // Each call wants its answer, or providers refuse the conversation.
  for (const ToolCall& call : calls) {
    const bool ours = by_tool() && call.name == name;
    ToolMessage told(ours ? text + "Call the tool again with all of the answer, corrected."
                          : text + "This tool was not run.",
                     call.id, ToolStatus::kError);
    told.name = call.name;
    messages.emplace_back(std::move(told));
  }
}

Coro<StructuredAttempt> ask_structured(SharedStructuredPlan plan, Messages messages,
                                       RunConfig config, void* out) {
  StructuredAttempt result;
  Usage usage;
  Messages conversation = plan->question(std::move(messages));
  for (;;) {
    Coro<AIMessage> asking = plan->model->invoke(conversation, config);
    AIMessage answer = co_await std::move(asking);
    ++result.attempts;
    usage += answer.usage;
    AIMessage told = answer;
    told.usage = usage;
    result.error = nullptr;
    try {
      plan->read(told, out);
    } catch (const StructuredOutputError& error) {
      result.error = std::current_exception();
      const bool repairs =
          error.reason() == Reason::kWrongForm && result.attempts <= plan->repair_max;
      if (repairs) plan->add_repair(conversation, answer, error);
      if (repairs) continue;
    }
    result.raw = std::move(told);
    co_return result;
  }
}

}  // namespace detail
}  // namespace cochain
