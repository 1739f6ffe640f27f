// Renders answers by hand: the JSON is always of the same shape, and a stream writes tens of
// thousands of such events in a second, so a document tree per event would be most of the cost.
#include "simulator_wire.hpp"

#include <array>

namespace cochain {
namespace {

constexpr std::string_view kFingerprint = "fp_simulator";

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

void append_or_null(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += "null";
  } else {
    append_quoted(out, text);
  }
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 302: return "Found";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 413: return "Content Too Large";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    default: return "Status";
  }
}

std::string_view connection_header(ConnectionUse use) {
  return use == ConnectionUse::kKeepAlive ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
}

std::string usage_object(const AnswerPlan& plan) {
  return "{\"prompt_tokens\":" + std::to_string(plan.prompt_tokens) +
         ",\"completion_tokens\":" + std::to_string(plan.completion_tokens) +
         ",\"total_tokens\":" + std::to_string(plan.prompt_tokens + plan.completion_tokens) +
         ",\"prompt_tokens_details\":{\"cached_tokens\":0}"
         ",\"completion_tokens_details\":{\"reasoning_tokens\":0}}";
}

std::string object_head(const AnswerPlan& plan, std::string_view kind) {
  std::string head = "{\"id\":";
  append_quoted(head, plan.id);
  head += ",\"object\":";
  append_quoted(head, kind);
  head += ",\"created\":" + std::to_string(plan.created) + ",\"model\":";
  append_quoted(head, plan.model);
  head += ",\"system_fingerprint\":";
  append_quoted(head, kFingerprint);
  return head;
}

void append_tool_call_fields(std::string& out, const PlannedToolCall& call,
                             std::string_view arguments) {
  out += "\"id\":";
  append_quoted(out, call.id);
  out += ",\"type\":\"function\",\"function\":{\"name\":";
  append_quoted(out, call.name);
  out += ",\"arguments\":";
  append_quoted(out, arguments);
  out += "}}";
}

std::array<char, 20> hex_digits(std::size_t value, std::size_t& length) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 20> reversed{};
  length = 0;
  do {
    reversed[length++] = kDigits[value & 15];
    value >>= 4;
  } while (value != 0);
  std::array<char, 20> digits{};
  for (std::size_t i = 0; i < length; ++i) {
    digits[i] = reversed[length - 1 - i];
  }
  return digits;
}

void append_chunk_size(std::string& out, std::size_t size) {
  std::size_t length = 0;
  const std::array<char, 20> digits = hex_digits(size, length);
  out.append(digits.data(), length);
  out += "\r\n";
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::size_t plain = 0;  // start of the bytes not yet copied
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') {
      continue;
    }
    out.append(text.data() + plain, i - plain);
    plain = i + 1;
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kDigits[byte >> 4];
        out += kDigits[byte & 15];
    }
  }
  out.append(text.data() + plain, text.size() - plain);
}

void append_http_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) {
    return;
  }
  append_chunk_size(out, bytes.size());
  out += bytes;
  out += "\r\n";
}

std::string stream_head(std::string_view request_id, ConnectionUse use) {
  std::string head =
      "HTTP/1.1 200 OK\r\n"
      "Content-Type: text/event-stream; charset=utf-8\r\n"
      "Cache-Control: no-cache\r\n"
      "Transfer-Encoding: chunked\r\n";
  head += connection_header(use);
  head += "x-request-id: ";
  head += request_id;
  head += "\r\n\r\n";
  return head;
}

std::string whole_response(int status, std::string_view content_type, std::string_view body,
                           const HeaderList& headers, ConnectionUse use) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + ' ';
  out += reason_phrase(status);
  out += "\r\n";
  if (!content_type.empty()) {
    out += "Content-Type: ";
    out += content_type;
    out += "\r\n";
  }
  for (const auto& [name, value] : headers) {
    out += name + ": " + value + "\r\n";
  }
  if (status != 204) {
    out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  out += connection_header(use);
  out += "\r\n";
  out += body;
  return out;
}

std::string error_body(std::string_view message, std::string_view type, std::string_view param,
                       std::string_view code) {
  std::string body = "{\"error\":{\"message\":";
  append_quoted(body, message);
  body += ",\"type\":";
  append_quoted(body, type);
  body += ",\"param\":";
  append_or_null(body, param);
  body += ",\"code\":";
  append_or_null(body, code);
  body += "}}";
  return body;
}

std::string completion_body(const AnswerPlan& plan) {
  std::string body = object_head(plan, "chat.completion");
  body += ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":";
  if (plan.tool_calls.empty()) {
    append_quoted(body, plan.text);
  } else {
    body += "null,\"tool_calls\":[";
    for (const PlannedToolCall& call : plan.tool_calls) {
      body += &call == &plan.tool_calls.front() ? "{" : ",{";
      append_tool_call_fields(body, call, call.arguments);
    }
    body += ']';
  }
  body += ",\"refusal\":null},\"logprobs\":null,\"finish_reason\":";
  append_quoted(body, plan.finish_reason);
  body += "}],\"usage\":" + usage_object(plan) + '}';
  return body;
}

StreamFrame::StreamFrame(const AnswerPlan& plan)
    : head_("data: " + object_head(plan, "chat.completion.chunk") + ",\"choices\":"),
      tail_(plan.include_usage ? ",\"usage\":null}\n\n" : "}\n\n") {
  text_prefix_ = head_ + "[{\"index\":0,\"delta\":{\"content\":\"";
  text_suffix_ = "\"},\"logprobs\":null,\"finish_reason\":null}]" + tail_ + "\r\n";
}

void StreamFrame::append_text(std::string& out, std::string_view text) const {
  // The chunk's size stands before bytes whose number the escaping decides; tokens that need no
  // escaping, nearly all, are copied straight into place.
  bool plain = true;
  for (const char byte : text) {
    plain = plain && static_cast<unsigned char>(byte) >= 0x20 && byte != '"' && byte != '\\';
  }
  std::string escaped;
  if (!plain) {
    append_json_escaped(escaped, text);
    text = escaped;
  }
  append_chunk_size(out, text_prefix_.size() + text.size() + text_suffix_.size() - 2);
  out += text_prefix_;
  out += text;
  out += text_suffix_;
}

void StreamFrame::append_delta(std::string& out, std::string_view delta,
                               std::string_view reason) const {
  std::string event = head_ + "[{\"index\":0,\"delta\":{";
  event += delta;
  event += "},\"logprobs\":null,\"finish_reason\":";
  append_or_null(event, reason);
  event += "}]" + tail_;
  append_http_chunk(out, event);
}

void StreamFrame::append_role(std::string& out) const {
  append_delta(out, "\"role\":\"assistant\",\"content\":\"\",\"refusal\":null", "");
}

void StreamFrame::append_tool_call(std::string& out, std::size_t index,
                                   const PlannedToolCall& call) const {
  std::string delta = "\"tool_calls\":[{\"index\":" + std::to_string(index) + ',';
  append_tool_call_fields(delta, call, "");
  append_delta(out, delta + ']', "");
}

void StreamFrame::append_arguments(std::string& out, std::size_t index,
                                   std::string_view text) const {
  std::string delta =
      "\"tool_calls\":[{\"index\":" + std::to_string(index) + ",\"function\":{\"arguments\":";
  append_quoted(delta, text);
  append_delta(out, delta + "}}]", "");
}

void StreamFrame::append_finish(std::string& out, std::string_view reason) const {
  append_delta(out, "", reason);
}

void StreamFrame::append_usage(std::string& out, const AnswerPlan& plan) const {
  append_http_chunk(out, head_ + "[],\"usage\":" + usage_object(plan) + "}\n\n");
}

void StreamFrame::append_error(std::string& out) const {
  const std::string body = error_body("The server had an error while processing your request.",
                                      "server_error", "", "server_error");
  append_http_chunk(out, "data: " + body + "\n\n");
}

void StreamFrame::append_done(std::string& out) const {
  append_http_chunk(out, "data: [DONE]\n\n");
}

}  // namespace cochain
