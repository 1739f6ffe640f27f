// The stream decoder: what is an end, what is an error, and what is left to the chunk reader.

#include <utility>

#include "api_error.hpp"
#include "cochain/chains/model/error.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "json_reader.hpp"
#include "openai_chunks.hpp"

namespace cochain {
namespace {

using detail::DomElement;

constexpr std::string_view kWhite = " \t\r\n";

bool starts_with_done(std::string_view data) {
  constexpr std::string_view kDone = "[DONE]";
  return data.substr(0, kDone.size()) == kDone;
}

std::string_view without_blanks(std::string_view text) {
  const auto first = text.find_first_not_of(kWhite);
  return first == text.npos ? std::string_view() : text.substr(first);
}

}  // namespace

class OpenAIStreamDecoder::State {
 public:
  explicit State(std::string dialect_name) : reader(std::move(dialect_name)) {}

  detail::ChunkReader reader;
  bool done = false;
  bool done_mark = false;

  void on_data(std::string_view data) {
    if (done) return;
    // Hardly ever white: the decoder of events took the one space.
    if (!data.empty() && static_cast<unsigned char>(data.front()) <= ' ') {
      data = without_blanks(data);
    }
    if (data.empty()) return;
    if (data.front() == '[' && starts_with_done(data)) {
      done_mark = true;
      complete();
      return;
    }
    DomElement root;
    const simdjson::error_code error = detail::parse_padded(data, root);
    if (error == simdjson::SUCCESS) {
      read(root);
    } else if (!read_line_by_line(data)) {
      fail(error, data);
    }
  }

  void finish() {
    if (done) return;
    if (!reader.finish_reason_seen) {
      throw IncompleteStreamError(
          reader.chunk_seen ? "the stream ended without its end mark" : "the stream was empty",
          ErrorInfo().partial(reader.partial_text));
    }
    complete();
  }

 private:
  void complete() {
    if (!reader.chunk_seen) {
      throw IncompleteStreamError("the stream ended before it began");
    }
    reader.finish();
    done = true;
  }

  void read(const DomElement& root) {
    try {
      reader.read(root, detail::DocumentKind::kChunk);
    } catch (ModelError& error) {
      error.add_context({}, {}, reader.partial_text);
      throw;
    }
    if (!reader.error_seen) return;
    reader.error_seen = false;
    detail::ApiError error = detail::read_api_error(root);
    if (!error.found) {
      if (const auto inner = detail::member(root, "x_groq")) error = detail::read_api_error(*inner);
    }
    throw detail::make_stream_error(error, reader.partial_text);
  }

  // Where a server or a proxy lost a blank line, two documents come as one event of two lines.
  bool read_line_by_line(std::string_view data) {
    if (data.find('\n') == data.npos) return false;
    const auto for_each_line = [&](auto&& action) {
      std::string_view rest = data;
      while (!rest.empty()) {
        const auto end = rest.find('\n');
        const std::string_view line = without_blanks(rest.substr(0, end));
        if (!line.empty() && !action(line)) return false;
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
      }
      return true;
    };
    DomElement root;
    const bool each_alone = for_each_line([&](std::string_view line) {
      return starts_with_done(line) || detail::parse_text(line, root) == simdjson::SUCCESS;
    });
    if (!each_alone) return false;
    for_each_line([&](std::string_view line) {
      if (starts_with_done(line)) {
        on_data(line);
      } else if (!done && detail::parse_text(line, root) == simdjson::SUCCESS) {
        read(root);
      }
      return true;
    });
    return true;
  }

  [[noreturn]] void fail(simdjson::error_code error, std::string_view data) {
    try {
      detail::throw_json_error(error, "a chunk of the stream is no JSON", data);
    } catch (ModelError& wrong) {
      wrong.add_context({}, {}, reader.partial_text);
      throw;
    }
  }
};

OpenAIStreamDecoder::OpenAIStreamDecoder(OpenAIDialect dialect)
    : state_(std::make_unique<State>(std::move(dialect.name))) {}
OpenAIStreamDecoder::OpenAIStreamDecoder(OpenAIStreamDecoder&&) noexcept = default;
OpenAIStreamDecoder& OpenAIStreamDecoder::operator=(OpenAIStreamDecoder&&) noexcept = default;
OpenAIStreamDecoder::~OpenAIStreamDecoder() = default;

void OpenAIStreamDecoder::request_id(std::string value) {
  state_->reader.request_id = std::move(value);
}

void OpenAIStreamDecoder::on_event(const SseEvent& event) {
  if (event.terminated) {
    state_->on_data(event.data);
    return;
  }
  // The input ended here. A document that is whole counts; a torn one is no error of its own:
  // finish() tells whether the answer is complete without it.
  DomElement root;
  if (starts_with_done(without_blanks(event.data)) ||
      detail::parse_text(event.data, root) == simdjson::SUCCESS) {
    state_->on_data(event.data);
  }
}

void OpenAIStreamDecoder::on_data(std::string_view padded_data) { state_->on_data(padded_data); }

void OpenAIStreamDecoder::finish() { state_->finish(); }

std::optional<ContentEvent> OpenAIStreamDecoder::next_event() {
  return state_->reader.events.pop();
}

bool OpenAIStreamDecoder::done() const noexcept { return state_->done; }

bool OpenAIStreamDecoder::finish_reason_seen() const noexcept {
  return state_->reader.finish_reason_seen;
}

bool OpenAIStreamDecoder::done_mark_seen() const noexcept { return state_->done_mark; }

const std::string& OpenAIStreamDecoder::partial_text() const noexcept {
  return state_->reader.partial_text;
}

std::size_t OpenAIStreamDecoder::ignored() const noexcept { return state_->reader.ignored; }

AIMessage decode_chat_response(std::string_view body, const OpenAIDialect& dialect) {
  const std::string_view text = without_blanks(body);
  if (text.empty()) throw IncompleteStreamError("the answer is empty");
  DomElement root;
  if (const auto error = detail::parse_text(text, root); error != simdjson::SUCCESS) {
    // A document that opens and does not close was cut: another try may bring all of it.
    if (text.front() == '{' && text.find_last_not_of(kWhite) != text.npos &&
        text[text.find_last_not_of(kWhite)] != '}') {
      throw IncompleteStreamError("the answer was cut short");
    }
    detail::throw_json_error(error, "the answer is no JSON", text);
  }
  if (detail::is_api_error(root)) throw_http_error(200, HttpHeaders(), text);
  detail::ChunkReader reader(dialect.name);
  reader.read(root, detail::DocumentKind::kWhole);
  if (!reader.choice_seen) {
    if (detail::read_api_error(root).found) throw_http_error(200, HttpHeaders(), text);
    throw ProtocolError("the answer is no chat completion: it has no choices");
  }
  reader.finish();
  AIMessage message;
  while (auto event = reader.events.pop()) apply(message, std::move(*event));
  return message;
}

}  // namespace cochain
