// The bytes of the OpenAI dialect: HTTP heads, JSON bodies and stream events.
// simulator_reply.cpp plays them in time; nothing here knows about sockets.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cochain/providers/simulator_plan.hpp>

namespace cochain {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Whether the connection serves another request after this answer.
enum class ConnectionUse { kKeepAlive, kClose };

/// Appends a text as the inside of a JSON string.
void append_json_escaped(std::string& out, std::string_view text);

/// Appends bytes as one chunk of a chunked body; an empty one would end the body, so is skipped.
void append_http_chunk(std::string& out, std::string_view bytes);

inline constexpr std::string_view kLastHttpChunk = "0\r\n\r\n";

/// A response head for a chunked event stream.
std::string stream_head(std::string_view request_id, ConnectionUse use);

/// A whole response with Content-Length.
std::string whole_response(int status, std::string_view content_type, std::string_view body,
                           const HeaderList& headers, ConnectionUse use);

/// The dialect's error object.
std::string error_body(std::string_view message, std::string_view type, std::string_view param,
                       std::string_view code);

/// The body of an answer that is not streamed.
std::string completion_body(const AnswerPlan& plan);

/// Writes the events of one stream, each as one HTTP chunk.
/// Shape:    what is the same in every token event is built once; a token costs its escaping
///           and three copies.
class StreamFrame {
 public:
  explicit StreamFrame(const AnswerPlan& plan);

  void append_role(std::string& out) const;
  void append_text(std::string& out, std::string_view text) const;
  void append_tool_call(std::string& out, std::size_t index, const PlannedToolCall& call) const;
  void append_arguments(std::string& out, std::size_t index, std::string_view text) const;
  void append_finish(std::string& out, std::string_view reason) const;
  void append_usage(std::string& out, const AnswerPlan& plan) const;
  void append_error(std::string& out) const;
  void append_done(std::string& out) const;

 private:
  void append_delta(std::string& out, std::string_view delta, std::string_view reason) const;

  std::string head_;         // up to and including "choices":
  std::string text_prefix_;  // a whole event up to the token's text
  std::string text_suffix_;  // from behind the token's text to the blank line
  std::string tail_;         // from behind the choices to the blank line
};

}  // namespace cochain
