// The three forms of a JSON row, and a prompt per line. Each check says what would have been right.

#include "batch_input.hpp"

#include <utility>

#include <boost/json.hpp>

#include "utf8.hpp"

namespace cochain::cli {
namespace {

namespace json = boost::json;

/// What is wrong with a row; it never leaves this file.
class RowError {
 public:
  RowError(std::string the_code, std::string the_text)
      : code(std::move(the_code)), text(std::move(the_text)) {}
  std::string code;
  std::string text;
};

[[noreturn]] void refuse(std::string text) { throw RowError("invalid_row", std::move(text)); }

json::value parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 128;
  boost::system::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) throw RowError("invalid_json", "not valid JSON: " + error.message());
  return value;
}

void require_utf8(std::string_view text) {
  const std::size_t valid = valid_utf8_prefix(text);
  if (valid == text.size()) return;
  throw RowError("invalid_utf8", "not valid UTF-8 at byte " + std::to_string(valid + 1));
}

std::string string_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) {
    refuse("\"" + std::string(name) + "\" must be a string");
  }
  return std::string(value->get_string());
}

std::string id_of(const json::object& object) {
  const bool custom = object.contains("custom_id");
  const json::value* id = object.if_contains(custom ? "custom_id" : "id");
  if (id == nullptr || id->is_null()) return {};
  if (id->is_string() && !id->get_string().empty()) return std::string(id->get_string());
  if (id->is_int64() || id->is_uint64()) return json::serialize(*id);
  refuse(std::string(custom ? "\"custom_id\"" : "\"id\"") + " must be a string that is not empty");
}

bool speaks_for_system(const json::object& message) {
  const json::value* role = message.if_contains("role");
  return role->get_string() == "system" || role->get_string() == "developer";
}

/// Messages go to the server as they are written; only what no server takes is refused here.
std::string messages_json(const json::value& value, const std::string& system) {
  const json::array* messages = value.if_array();
  if (messages == nullptr || messages->empty()) {
    refuse("\"messages\" must be an array with at least one message");
  }
  bool has_system = false;
  for (const json::value& each : *messages) {
    const json::object* message = each.if_object();
    const json::value* role = message ? message->if_contains("role") : nullptr;
    if (role == nullptr || !role->is_string()) {
      refuse("each of the \"messages\" must be an object with a \"role\"");
    }
    has_system = has_system || speaks_for_system(*message);
  }
  if (system.empty() || has_system) return json::serialize(value);
  json::array with_system;
  with_system.reserve(messages->size() + 1);
  json::object first;
  first["role"] = "system";
  first["content"] = system;
  with_system.push_back(std::move(first));
  with_system.insert(with_system.end(), messages->begin(), messages->end());
  return json::serialize(with_system);
}

void set_prompt(BatchRow& row, std::string prompt, const std::string& system) {
  if (!system.empty()) row.messages.emplace_back(SystemMessage(system));
  row.messages.emplace_back(HumanMessage(std::move(prompt)));
}

/// The options of the job without a limit of tokens, for a row that brings its own under
/// whichever of its two names: servers refuse a request with both.
ChatOptions without_max_tokens(const ChatOptions& options) {
  ChatOptions made;
  if (const auto value = options.temperature()) made.temperature(*value);
  if (const auto value = options.top_p()) made.top_p(*value);
  if (const auto value = options.seed()) made.seed(*value);
  return made;
}

void fill_from_body(BatchRow& row, const json::object& body, const RowSettings& settings) {
  const json::value* messages = body.if_contains("messages");
  if (messages == nullptr) refuse("\"body\" has no \"messages\"");
  if (body.contains("max_tokens") || body.contains("max_completion_tokens")) {
    row.options = without_max_tokens(settings.options);
  }
  row.options.extra("messages", messages_json(*messages, settings.system));
  for (const auto& [key, value] : body) {
    const std::string_view name(key.data(), key.size());
    if (name == "stream") {
      if (!value.is_bool() || value.get_bool()) {
        refuse("\"stream\": answers of a batch are written whole; leave it out");
      }
    } else if (name == "n") {
      if (!value.is_int64() || value.get_int64() != 1) {
        refuse("\"n\" must be 1: a row has one answer");
      }
    } else if (name == "model" && !value.is_string()) {
      refuse("\"model\" must be a string");
    } else if (name != "messages" && name != "stream_options") {
      row.options.extra(std::string(name), json::serialize(value));
    }
  }
}

void fill_from_openai(BatchRow& row, const json::object& object, const RowSettings& settings) {
  if (string_member(object, "method") != "POST") refuse("\"method\" must be POST");
  if (string_member(object, "url") != "/v1/chat/completions") {
    refuse("\"url\" must be /v1/chat/completions");
  }
  const json::object* body = object.at("body").if_object();
  if (body == nullptr) refuse("\"body\" must be an object");
  fill_from_body(row, *body, settings);
}

Variables variables_of(const json::object& object) {
  Variables variables;
  for (const auto& [key, value] : object) {
    if (value.is_null()) continue;  // as if it were not there
    variables.set(std::string(key), value);
  }
  return variables;
}

std::string fill_holes(const TextTemplate& text, const Variables& variables) {
  try {
    return text.format(variables);
  } catch (const PromptError& error) {
    throw RowError("missing_variable", error.what());
  }
}

}  // namespace

std::optional<BatchRow> BatchRowParser::parse(const TextLine& line) {
  if (line.blank()) return std::nullopt;
  if (settings_.format == InputFormat::kDetect) {
    const std::size_t first = line.text.find_first_not_of(" \t");
    const bool object = first != std::string::npos && line.text[first] == '{';
    settings_.format = object ? InputFormat::kJsonLines : InputFormat::kText;
  }
  BatchRow row;
  row.line = line.number;
  row.sequence = rows_++;
  row.id = "row-" + std::to_string(line.number);
  try {
    fill(row, line);
  } catch (const RowError& error) {
    row.error_code = error.code;
    row.error = error.text;
    row.messages.clear();
    row.options = ChatOptions();
  }
  return row;
}

void BatchRowParser::fill(BatchRow& row, const TextLine& line) {
  if (line.too_long) {
    throw RowError("too_long", "the line is longer than " +
                                   std::to_string(LineSplitter::kLineBytesMax >> 20U) + " MiB");
  }
  require_utf8(line.text);
  row.options = settings_.options;
  if (settings_.format == InputFormat::kText) {
    fill_from_text(row, line.text);
  } else {
    fill_from_json(row, line.text);
  }
}

void BatchRowParser::fill_from_text(BatchRow& row, const std::string& text) {
  if (!settings_.prompt_template) return set_prompt(row, text, settings_.system);
  const Variables variables = cochain::variables("prompt", text);
  set_prompt(row, fill_holes(*settings_.prompt_template, variables), settings_.system);
}

void BatchRowParser::fill_from_json(BatchRow& row, std::string_view text) {
  const json::value value = parse_json(text);
  const json::object* object = value.if_object();
  if (object == nullptr) refuse("not a JSON object");
  std::string id = id_of(*object);
  const std::optional<std::uint64_t> before = ids_.add(id.empty() ? row.id : id, row.line);
  if (before) {
    throw RowError("duplicate_id", "the id \"" + (id.empty() ? row.id : id) +
                                       "\" was used in line " + std::to_string(*before));
  }
  if (!id.empty()) row.id = std::move(id);

  const bool whole = object->contains("body") || object->contains("messages");
  if (settings_.prompt_template) {
    if (whole) refuse("a row with messages of its own cannot be put into a --template");
    set_prompt(row, fill_holes(*settings_.prompt_template, variables_of(*object)),
               settings_.system);
  } else if (object->contains("body")) {
    fill_from_openai(row, *object, settings_);
  } else if (const json::value* messages = object->if_contains("messages")) {
    row.options.extra("messages", messages_json(*messages, settings_.system));
  } else if (object->contains("prompt")) {
    set_prompt(row, string_member(*object, "prompt"), settings_.system);
  } else {
    refuse("expected \"prompt\", \"messages\", or \"custom_id\" with \"body\"");
  }
}

}  // namespace cochain::cli
