// The exchange behind a chat model: request out, answer in, errors with their context.
// What the bytes mean is decided in openai_wire; here they are only carried.

#include "cochain/providers/openai.hpp"

#include <utility>

#include "cochain/chains/model/error.hpp"
#include "cochain/core/event_loop.hpp"
#include "cochain/providers/curl_transport.hpp"
#include "cochain/providers/http_error.hpp"
#include "cochain/providers/sse.hpp"

namespace cochain {
namespace {

// Error bodies are short; a proxy's page of HTML need not be read to its end.
constexpr std::size_t kErrorBytesMax = 64 * 1024;

using Settings = std::shared_ptr<const OpenAIOptions>;

std::string url_of(const OpenAIOptions& options, std::string_view path) {
  std::string url = options.base_url;
  while (!url.empty() && url.back() == '/') url.pop_back();
  url += path;
  return url;
}

HttpRequest make_chat_request(const OpenAIOptions& options, const Messages& messages,
                              const ChatOptions& chat, AnswerMode mode) {
  HttpRequest request("POST", url_of(options, "/chat/completions"));
  if (!options.api_key.empty()) {
    request.secret_header("Authorization", options.api_key, "Bearer ");
  }
  if (!options.organization.empty()) request.header("OpenAI-Organization", options.organization);
  if (!options.project.empty()) request.header("OpenAI-Project", options.project);
  request.with_first_byte_timeout(options.first_byte_timeout);
  request.with_idle_timeout(options.idle_timeout);
  request.with_body_bytes_max(options.answer_bytes_max);
  request.header("Content-Type", "application/json");
  if (mode == AnswerMode::kStream) request.header("Accept", "text/event-stream");
  request.body = encode_chat_request(options.model, messages, chat, mode, options.dialect);
  return request;
}

// Servers have been seen to repeat the key in an error. Every error blots out keys of known shapes;
// this one is known by heart.
std::string without_key(std::string_view text, const Secret& key) {
  std::string clean(text);
  if (key.empty()) return clean;
  for (std::size_t at = 0; (at = clean.find(key.reveal(), at)) != clean.npos; at += 3) {
    clean.replace(at, key.reveal().size(), "***");
  }
  return clean;
}

template <class E>
E error_without_key(const E& error, const Secret& key) {
  ErrorInfo info = error.info();
  for (std::string* text : {&info.type, &info.code, &info.param}) *text = without_key(*text, key);
  return E(without_key(error.message(), key), std::move(info));
}

HttpHeaders without_key(const HttpHeaders& headers, const Secret& key) {
  HttpHeaders clean;
  for (const auto& [name, value] : headers) clean.add(name, without_key(value, key));
  return clean;
}

bool is_good(const HttpResponse& response) noexcept {
  return response.status >= 200 && response.status < 300;
}

/// Throws the error that a status tells of, with what can be had of its body: that the body broke
/// off is no reason to tell less.
Coro<> throw_error_of(Settings settings, HttpResponse response) {
  std::string body;
  try {
    while (std::optional<std::string> bytes = co_await response.body->read()) {
      body += *bytes;
      if (body.size() >= kErrorBytesMax) break;
    }
  } catch (const ModelError&) {
  }
  const HttpHeaders headers = without_key(response.headers, settings->api_key);
  throw_http_error(response.status, headers, without_key(body, settings->api_key), settings->model);
}

AIMessage decode_answer(const OpenAIOptions& options, const std::string& body) {
  try {
    return decode_chat_response(body, options.dialect);
  } catch (const ModelError&) {
    if (options.api_key.empty() || body.find(options.api_key.reveal()) == body.npos) throw;
  }
  return decode_chat_response(without_key(body, options.api_key), options.dialect);
}

/// A whole answer, of which the first bytes may have been read already.
Coro<AIMessage> read_answer(Settings settings, HttpResponse response, std::string request_id,
                            std::string body = std::string()) {
  std::string rest = co_await read_all(std::move(response.body));
  body = body.empty() ? std::move(rest) : body + rest;
  AIMessage message = decode_answer(*settings, body);
  message.request_id = std::move(request_id);
  co_return message;
}

/// The first bytes that are not blank; nothing if the body has none.
Coro<std::string> first_bytes(HttpBody& body, Duration limit) {
  const TimePoint started_at = EventLoop::current().time();
  while (std::optional<std::string> bytes = co_await body.read()) {
    if (bytes->find_first_not_of(" \t\r\n") != bytes->npos) co_return std::move(*bytes);
    if (EventLoop::current().time() - started_at > limit) {
      throw TransportError("the stream is alive but brought no content for too long");
    }
  }
  co_return std::string();
}

/// True if this is how a document begins, and not a stream of events: servers that do not stream,
/// or cannot, answer whole, under any content type; no line of an event begins so.
bool is_document(std::string_view bytes) noexcept {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  return first != bytes.npos && (bytes[first] == '{' || bytes[first] == '[' || bytes[first] == '<');
}

Coro<AIMessage> generate_with(Settings settings, Messages messages, ChatOptions chat) {
  std::string request_id;
  try {
    HttpRequest request = make_chat_request(*settings, messages, chat, AnswerMode::kWhole);
    HttpResponse response = co_await settings->transport->open(std::move(request));
    request_id = request_id_of(response.headers);
    if (!is_good(response)) co_await throw_error_of(settings, std::move(response));
    AIMessage message = co_await read_answer(settings, std::move(response), request_id);
    co_return message;
  } catch (ModelError& error) {
    error.add_context(settings->model, request_id);
    throw;
  }
}

/// The events in the body of a stream, and the watch over its content.
class EventReader {
 public:
  EventReader(const OpenAIOptions& options, std::string request_id)
      : decoder_(options.dialect), content_timeout_(options.content_timeout) {
    decoder_.request_id(std::move(request_id));
  }

  /// The next event that can be had without more bytes.
  std::optional<ContentEvent> next() {
    for (;;) {
      if (std::optional<ContentEvent> event = decoder_.next_event()) {
        quiet_since_.reset();
        return event;
      }
      if (decoder_.done()) return std::nullopt;
      const std::optional<SseEvent> sse_event = sse_.next_event();
      if (!sse_event) return std::nullopt;
      decoder_.on_event(*sse_event);
    }
  }
  [[nodiscard]] bool done() const noexcept { return decoder_.done(); }

  void feed(std::string_view bytes) {
    sse_.feed(bytes);
    const TimePoint now = EventLoop::current().time();
    if (!quiet_since_) quiet_since_ = now;
    if (now - *quiet_since_ > content_timeout_) {
      throw TransportError("the stream is alive but brought no content for too long",
                           ErrorInfo().partial(decoder_.partial_text()));
    }
  }
  /// The bytes are over: what is still to be had, and whether that is a proper end.
  void finish() {
    sse_.finish();
    while (const std::optional<SseEvent> event = sse_.next_event()) {
      if (decoder_.done()) return;
      decoder_.on_event(*event);
    }
    decoder_.finish();
  }
  [[nodiscard]] const std::string& partial_text() const noexcept { return decoder_.partial_text(); }

 private:
  SseDecoder sse_;
  OpenAIStreamDecoder decoder_;
  Duration content_timeout_;
  std::optional<TimePoint> quiet_since_;  // bytes came since, but no event
};

Stream<ContentEvent> stream_with(Settings settings, Messages messages, ChatOptions chat) {
  std::string request_id;
  EventReader reader(*settings, std::string());
  try {
    HttpRequest request = make_chat_request(*settings, messages, chat, AnswerMode::kStream);
    messages = Messages();  // a long conversation need not be held as long as its answer streams
    HttpResponse response = co_await settings->transport->open(std::move(request));
    request_id = request_id_of(response.headers);
    if (!is_good(response)) co_await throw_error_of(settings, std::move(response));
    std::string first = co_await first_bytes(*response.body, settings->content_timeout);
    if (is_document(first)) {
      AIMessage whole =
          co_await read_answer(settings, std::move(response), request_id, std::move(first));
      for (ContentEvent& event : to_events(std::move(whole))) co_yield std::move(event);
      co_return;
    }
    reader = EventReader(*settings, request_id);
    reader.feed(first);
    for (;;) {
      while (std::optional<ContentEvent> event = reader.next()) co_yield std::move(*event);
      if (reader.done()) break;
      std::optional<std::string> bytes = co_await response.body->read();
      if (bytes) {
        reader.feed(*bytes);
      } else {
        reader.finish();
      }
    }
    response.body->finish();
  } catch (StreamError& error) {
    error = error_without_key(error, settings->api_key);
    error.add_context(settings->model, request_id, reader.partial_text());
    throw;
  } catch (ProtocolError& error) {
    error = error_without_key(error, settings->api_key);
    error.add_context(settings->model, request_id, reader.partial_text());
    throw;
  } catch (ModelError& error) {
    error.add_context(settings->model, request_id, reader.partial_text());
    throw;
  }
}

class OpenAIModel final : public ChatModel {
 public:
  explicit OpenAIModel(Settings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] std::string name() const override {
    return settings_->dialect.name + ":" + settings_->model;
  }
  [[nodiscard]] const ChatOptions& options() const noexcept override { return settings_->chat; }
  [[nodiscard]] Coro<AIMessage> generate(Messages messages, ChatOptions options) const override {
    return generate_with(settings_, std::move(messages), std::move(options));
  }
  [[nodiscard]] Stream<ContentEvent> generate_events(Messages messages,
                                                     ChatOptions options) const override {
    return stream_with(settings_, std::move(messages), std::move(options));
  }

 private:
  Settings settings_;
};

Settings make_settings(OpenAIOptions options) {
  if (!options.transport) options.transport = make_curl_transport();
  return std::make_shared<const OpenAIOptions>(std::move(options));
}

}  // namespace

std::shared_ptr<ChatModel> make_openai_model(OpenAIOptions options) {
  if (options.model.empty()) throw BadRequestError("a chat model needs the name of a model");
  return std::make_shared<OpenAIModel>(make_settings(std::move(options)));
}

}  // namespace cochain
