// What other tools read after us: the members are those of OpenAI's batch files.

#include "batch_output.hpp"

#include <utility>

#include <boost/json.hpp>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/redact.hpp"
#include "exit_code.hpp"

namespace cochain::cli {
namespace {

namespace json = boost::json;

json::array tool_calls_of(const AIMessage& answer) {
  json::array calls;
  for (const ToolCall& call : answer.tool_calls()) {
    json::object function;
    function["name"] = call.name;
    function["arguments"] = call.arguments;
    json::object entry;
    entry["id"] = call.id;
    entry["type"] = "function";
    entry["function"] = std::move(function);
    calls.push_back(std::move(entry));
  }
  return calls;
}

json::object message_of(const AIMessage& answer) {
  json::object message;
  message["role"] = "assistant";
  const std::string text = answer.text();
  const std::string refusal = answer.refusal();
  const bool says_nothing = text.empty() && (answer.has_tool_calls() || !refusal.empty());
  message["content"] = says_nothing ? json::value() : json::value(text);
  message["refusal"] = refusal.empty() ? json::value() : json::value(refusal);
  if (const std::string reasoning = answer.reasoning(); !reasoning.empty()) {
    message["reasoning_content"] = reasoning;
  }
  if (answer.has_tool_calls()) message["tool_calls"] = tool_calls_of(answer);
  return message;
}

json::value usage_of(const Usage& usage) {
  if (!usage.known) return nullptr;
  json::object members;
  members["prompt_tokens"] = usage.input_tokens;
  members["completion_tokens"] = usage.output_tokens;
  members["total_tokens"] = usage.total_tokens;
  json::object input;
  input["cached_tokens"] = usage.cache_read_tokens;
  members["prompt_tokens_details"] = std::move(input);
  json::object output;
  output["reasoning_tokens"] = usage.reasoning_tokens;
  members["completion_tokens_details"] = std::move(output);
  return members;
}

json::object completion_of(const AIMessage& answer, std::int64_t created) {
  json::object choice;
  choice["index"] = 0;
  choice["message"] = message_of(answer);
  choice["logprobs"] = nullptr;
  choice["finish_reason"] =
      answer.finish_raw.empty() ? to_string(answer.finish_reason) : answer.finish_raw;
  json::object body;
  body["id"] = answer.id;
  body["object"] = "chat.completion";
  body["created"] = created;
  body["model"] = answer.model;
  json::array choices;
  choices.push_back(std::move(choice));
  body["choices"] = std::move(choices);
  body["usage"] = usage_of(answer.usage);
  return body;
}

std::string row_line(std::uint64_t line, const std::string& id, json::value response,
                     json::value error) {
  json::object row;
  row["id"] = "batch_req_" + std::to_string(line);
  row["custom_id"] = id;
  row["response"] = std::move(response);
  row["error"] = std::move(error);
  std::string text = json::serialize(row);
  text.push_back('\n');
  return text;
}

json::object error_object(std::string_view code, std::string_view message) {
  json::object error;
  error["code"] = code;
  error["message"] = message;
  return error;
}

/// The body of an answer that was an error: as JSON if it is some, else as a string.
json::value error_body(const std::string& body) {
  boost::system::error_code failed;
  json::value parsed = json::parse(body, failed);
  if (!failed) return parsed;
  return json::value(one_line(body, body.size()));
}

json::value response_of(const ModelError& error) {
  const int status = error.status();
  if (status < 300) return nullptr;  // no answer, or one that broke after a good beginning
  json::object response;
  response["status_code"] = status;
  response["request_id"] = error.request_id();
  response["body"] = error_body(error.info().body);
  return response;
}

}  // namespace

std::string format_answer(std::uint64_t line, const std::string& id, const AIMessage& answer,
                          std::int64_t created) {
  json::object response;
  response["status_code"] = 200;
  response["request_id"] = answer.request_id;
  response["body"] = completion_of(answer, created);
  return row_line(line, id, std::move(response), nullptr);
}

std::string format_failure(std::uint64_t line, const std::string& id,
                           const std::exception_ptr& error) {
  json::value response;
  std::string message;
  try {
    std::rethrow_exception(error);
  } catch (const ModelError& failed) {
    response = response_of(failed);
    message = failed.message();
  } catch (const std::exception& failed) {
    message = failed.what();
  }
  return row_line(line, id, std::move(response), error_object(error_word(error), message));
}

std::string format_bad_row(const BatchRow& row) {
  return row_line(row.line, row.id, nullptr, error_object(row.error_code, row.error));
}

std::optional<std::string> ReorderBuffer::next() {
  if (lines_.empty()) return std::nullopt;
  const auto first = lines_.begin();
  if (first->first != next_ && !gaps_allowed_) return std::nullopt;
  next_ = first->first + 1;
  std::string line = std::move(first->second);
  lines_.erase(first);
  return line;
}

}  // namespace cochain::cli
