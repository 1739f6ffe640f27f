// Recorded exchanges as JSON lines.

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "cochain/chains/model/error.hpp"
#include "cochain/testing/replay_transport.hpp"

namespace cochain::testing {
namespace {

[[noreturn]] void wrong_member(std::string_view name, const char* wanted) {
  throw ParseError("a recorded exchange: '" + std::string(name) + "' is no " + wanted);
}

const Json* member(const JsonObject& object, std::string_view name) {
  const Json* found = object.if_contains(name);
  return found != nullptr && !found->is_null() ? found : nullptr;
}

std::string text_of(const Json& value, std::string_view name) {
  if (!value.is_string()) wrong_member(name, "string");
  return std::string(value.get_string());
}

std::string text_member(const JsonObject& object, std::string_view name, std::string otherwise) {
  const Json* found = member(object, name);
  return found != nullptr ? text_of(*found, name) : std::move(otherwise);
}

bool flag_member(const JsonObject& object, std::string_view name) {
  const Json* found = member(object, name);
  if (found != nullptr && !found->is_bool()) wrong_member(name, "boolean");
  return found != nullptr && found->get_bool();
}

const JsonObject* object_member(const JsonObject& object, std::string_view name) {
  const Json* found = member(object, name);
  if (found != nullptr && !found->is_object()) wrong_member(name, "object");
  return found != nullptr ? &found->get_object() : nullptr;
}

void add_values(HttpHeaders& headers, const JsonObject& object) {
  for (const auto& [name, value] : object) {
    if (const JsonArray* several = value.if_array()) {
      for (const Json& each : *several) headers.add(name, text_of(each, "headers"));
    } else {
      headers.add(name, text_of(value, "headers"));
    }
  }
}

std::string query_text(const JsonObject& query) {
  std::string text;
  for (const auto& [name, value] : query) {
    text += text.empty() ? "" : "&";
    text += std::string(name) + "=" + text_of(value, "query");
  }
  return text;
}

JsonObject query_object(std::string_view text) {
  JsonObject query;
  while (!text.empty()) {
    const std::string_view each = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), each.size() + 1));
    const std::size_t sign = each.find('=');
    const std::string_view value = sign == each.npos ? "" : each.substr(sign + 1);
    query.insert_or_assign(each.substr(0, sign), value);
  }
  return query;
}

JsonObject header_object(const HttpHeaders& headers) {
  JsonObject object;
  for (const auto& [name, value] : headers) {
    Json& kept = object[name];
    if (kept.is_null()) {
      kept = value;
    } else if (JsonArray* several = kept.if_array()) {
      several->emplace_back(value);
    } else {
      kept = json_array(Json(kept), value);
    }
  }
  return object;
}

}  // namespace

RecordedExchange exchange_from_json(const Json& value) {
  const JsonObject* object = value.if_object();
  if (object == nullptr) throw ParseError("a recorded exchange is no object", json_text(value));
  RecordedExchange exchange;
  exchange.method = text_member(*object, "method", "POST");
  exchange.path = text_member(*object, "path", std::string());
  if (const JsonObject* query = object_member(*object, "query")) {
    exchange.query = query_text(*query);
  }
  if (const Json* request = member(*object, "request")) exchange.request = *request;
  if (const Json* status = member(*object, "status")) {
    if (!status->is_int64()) wrong_member("status", "whole number");
    exchange.status = static_cast<int>(status->get_int64());
  }
  if (const JsonObject* headers = object_member(*object, "headers")) {
    add_values(exchange.headers, *headers);
  }
  exchange.body = text_member(*object, "body", std::string());
  exchange.stream = flag_member(*object, "stream");
  exchange.truncated = flag_member(*object, "truncated");
  return exchange;
}

JsonObject exchange_to_json(const RecordedExchange& exchange) {
  JsonObject object = json_object("method", exchange.method, "path", exchange.path, "query",
                                  query_object(exchange.query));
  if (exchange.request) object["request"] = *exchange.request;
  object["status"] = exchange.status;
  object["headers"] = header_object(exchange.headers);
  object["stream"] = exchange.stream;
  object["body"] = exchange.body;
  if (exchange.truncated) object["truncated"] = true;
  return object;
}

std::vector<RecordedExchange> parse_exchanges(std::string_view lines) {
  std::vector<RecordedExchange> exchanges;
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    try {
      exchanges.push_back(exchange_from_json(parse_json(line)));
    } catch (const std::exception& error) {  // also of a header that is none
      throw ParseError("line " + std::to_string(number) + ": " + error.what(), std::string(line));
    }
  }
  return exchanges;
}

std::vector<RecordedExchange> read_exchanges(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) throw Error("cannot read " + file + ": " + std::strerror(errno));
  try {
    return parse_exchanges(text.str());
  } catch (const ParseError& error) {
    throw ParseError(file + ", " + error.what(), error.text());
  }
}

}  // namespace cochain::testing
