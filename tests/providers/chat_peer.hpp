// What the tests of the chat model share: a model whose server says what it is told to say.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cochain/providers/openai.hpp"
#include "http_peer.hpp"

namespace cochain::testing {

inline const std::string kCanary = "canary-7f3a-no-known-shape";

/// A model that asks this peer.
inline OpenAIOptions options_for(const Peer& peer) {
  return OpenAIOptions("sim-1").with_base_url(peer.url("/v1")).with_api_key(Secret(kCanary));
}
inline std::shared_ptr<ChatModel> model_of(const Peer& peer) {
  return make_openai_model(options_for(peer));
}

/// A stream's piece of text, as the data of one event.
inline std::string text_event(const std::string& text) {
  return R"(data: {"id":"c1","model":"sim-1","choices":[{"index":0,"delta":{"content":")" + text +
         R"("},"finish_reason":null}]})"
         "\n\n";
}
inline const std::string kStopEvent =
    R"(data: {"id":"c1","model":"sim-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
    "\n\n";
inline const std::string kDone = "data: [DONE]\n\n";

/// The head of an event stream, chunked.
inline std::string stream_head(const std::string& more_headers = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
         "X-Request-Id: req_1\r\n" +
         more_headers + "\r\n";
}

/// What came of one streamed call.
class Streamed {
 public:
  Streamed() = default;
  std::string text;
  std::vector<ContentEvent> events;
  std::exception_ptr error;
};

inline Coro<Streamed> streamed(Stream<ContentEvent> stream) {
  Streamed all;
  try {
    while (std::optional<ContentEvent> event = co_await stream.next()) {
      if (event->kind == EventKind::kDelta && event->block == BlockType::kText) {
        all.text += event->text;
      }
      all.events.push_back(std::move(*event));
    }
  } catch (const std::exception&) {
    all.error = std::current_exception();
  }
  co_return all;
}

inline Messages hello() { return messages(HumanMessage("Hello")); }

inline Coro<Streamed> stream_from(std::shared_ptr<ChatModel> model) {
  return streamed(model->generate_events(hello(), model->options()));
}

/// The text of the whole answer.
inline Coro<std::string> text_from(std::shared_ptr<ChatModel> model) {
  const AIMessage message = co_await model->generate(hello(), model->options());
  co_return message.text();
}

}  // namespace cochain::testing
