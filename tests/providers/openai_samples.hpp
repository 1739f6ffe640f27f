// What the tests of the chat dialect share: samples, and feeding them to the decoders.
#pragma once

#include <fstream>
#include <iterator>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "cochain/providers/openai_wire.hpp"
#include "cochain/providers/sse.hpp"

namespace cochain {

/// For GoogleTest's messages; found by the argument's namespace.
inline void PrintTo(const ToolCall& call, std::ostream* out) {
  *out << "{" << call.id << "|" << call.name << "|" << call.arguments << "}";
}

}  // namespace cochain

namespace cochain::test {

inline std::string sample(const std::string& name) {
  std::ifstream file(std::string(COCHAIN_TEST_DATA) + "/openai/" + name, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (text.empty()) throw std::runtime_error("no sample " + name);
  return text;
}

/// A chunk with one choice: its delta as JSON, and the finish reason if there is one.
inline std::string chunk(const std::string& delta, const std::string& reason = {}) {
  return R"({"id":"c","model":"m","choices":[{"index":0,"delta":)" + delta +
         R"(,"finish_reason":)" + (reason.empty() ? "null" : "\"" + reason + "\"") + "}]}";
}

/// A chunk with one tool-call delta.
inline std::string call_chunk(const std::string& call) {
  return chunk(R"({"tool_calls":[)" + call + "]}");
}

/// Hands data to the decoder with exactly the padding that it asks for.
inline void give(OpenAIStreamDecoder& decoder, std::string_view data) {
  std::vector<char> padded(data.begin(), data.end());
  padded.resize(data.size() + kSsePadding, '\x7F');
  decoder.on_data({padded.data(), data.size()});
}

inline void drain(SseDecoder& sse, OpenAIStreamDecoder& decoder, AIMessage& message) {
  const auto add = [&] {
    while (auto each = decoder.next_event()) message += AIMessageChunk(std::move(*each));
  };
  while (const auto event = sse.next_event()) {
    try {
      decoder.on_event(*event);
    } catch (...) {
      add();
      throw;
    }
    add();
  }
}

/// A whole stream, fed in pieces of `step` bytes; 0 for all at once.
inline AIMessage read_stream(std::string_view body, std::size_t step = 0,
                             const OpenAIDialect& dialect = OpenAIDialect(),
                             AIMessage* partial = nullptr) {
  SseDecoder sse;
  OpenAIStreamDecoder decoder(dialect);
  AIMessage own;
  AIMessage& message = partial == nullptr ? own : *partial;
  if (step == 0) step = body.size();
  for (std::size_t at = 0; at < body.size(); at += step) {
    sse.feed(body.substr(at, step));
    drain(sse, decoder, message);
  }
  sse.finish();
  drain(sse, decoder, message);
  decoder.finish();
  while (auto each = decoder.next_event()) message += AIMessageChunk(std::move(*each));
  return message;
}

using Chunks = std::vector<std::string>;

/// The message that the chunks' data add up to; the input ends after the last one.
inline AIMessage read_chunks(const Chunks& chunks) {
  OpenAIStreamDecoder decoder;
  AIMessage message;
  for (const std::string& each : chunks) {
    give(decoder, each);
    while (auto event = decoder.next_event()) apply(message, std::move(*event));
  }
  decoder.finish();
  while (auto event = decoder.next_event()) apply(message, std::move(*event));
  return message;
}

}  // namespace cochain::test
