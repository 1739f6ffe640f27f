// The dialect that most providers speak: OpenAI's chat completions, and its many variations.
// Pure translation, no input or output: requests to JSON, JSON and stream data to messages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cochain/chains/model/chat_options.hpp"
#include "cochain/chains/model/content_event.hpp"
#include "cochain/chains/model/message.hpp"
#include "cochain/providers/http_error.hpp"
#include "cochain/providers/sse.hpp"

namespace cochain {

/// Where the speakers of this dialect differ in what they accept. What they send is understood
/// without being told who they are.
/// Shape:    `name` is the member of `provider_data` that holds what this provider wants back; data
///           of another provider is not sent to it.
class OpenAIDialect {
 public:
  /// How the model's earlier reasoning goes back to the provider.
  enum class ReasoningEcho : std::uint8_t {
    kNone,     ///< not at all
    kContent,  ///< as `reasoning_content`, with messages that call tools
    kDetails,  ///< as the provider sent it, with signatures
  };
  /// Whether a stream is asked to tell its tokens.
  enum class StreamUsage : std::uint8_t { kAsk, kDoNotAsk };

  OpenAIDialect() = default;

  std::string name = "openai";
  std::string max_tokens_member = "max_completion_tokens";
  std::string seed_member = "seed";
  std::string system_role = "system";
  std::string required_word = "required";  ///< for a tool choice of "some tool"
  ReasoningEcho reasoning_echo = ReasoningEcho::kNone;
  StreamUsage stream_usage = StreamUsage::kAsk;

  [[nodiscard]] static OpenAIDialect openai() { return {}; }
  [[nodiscard]] static OpenAIDialect deepseek();
  [[nodiscard]] static OpenAIDialect mistral();
  [[nodiscard]] static OpenAIDialect openrouter();
  /// Servers of unknown make: only what all of them take.
  [[nodiscard]] static OpenAIDialect compatible();
};

/// Whether the answer shall come at once or as it is made.
enum class AnswerMode : std::uint8_t { kWhole, kStream };

/// The JSON body of a chat request.
/// Shape:    text that is not UTF-8 is mended with U+FFFD. `extra` members replace all others of
///           their name. A tool call without arguments is sent as `{}`.
/// Errors:   BadRequestError (status 0) if raw JSON in the options or messages is not JSON, or a
///           number is not finite.
[[nodiscard]] std::string encode_chat_request(std::string_view model, const Messages& messages,
                                              const ChatOptions& options = ChatOptions(),
                                              AnswerMode mode = AnswerMode::kWhole,
                                              const OpenAIDialect& dialect = OpenAIDialect());

/// The message in a whole answer.
/// Shape:    of several choices, the one with index 0 or else the first. Blank lines before the
///           JSON are keep-alives and skipped.
/// Errors:   ProtocolError if it is no JSON or no chat completion; IncompleteStreamError if it is
///           empty or cut short; the error of `decode_error()` if it is an error in spite of its
///           status.
[[nodiscard]] AIMessage decode_chat_response(std::string_view body,
                                             const OpenAIDialect& dialect = OpenAIDialect());

/// Turns the data of a chat stream's events into content events.
/// Shape:    `on_event()` (or `on_data()`) for each server-sent event, then `next_event()` until it
///           gives nothing; `finish()` at the end of the input, then `next_event()` again. When
///           `done()` is true the answer is complete and the connection can be dropped.
///           Of several choices only the first that appears is read: ask one at a time.
///           Tool-call deltas are matched by id, then by index, then by place; a call is announced
///           when its name is known. Finish reason and tokens come with the last event.
/// Lives:    `on_data()` wants `kSsePadding` readable bytes behind its argument, of which nothing
///           is kept.
/// Errors:   StreamError if the stream tells of an error; ProtocolError on invalid JSON;
///           IncompleteStreamError from `finish()` if neither a finish reason nor `[DONE]` came;
///           LimitError on more than 10 000 blocks or 1024 tool calls. Each holds the text so far.
///           Events made before the error may still be taken. Broken UTF-8 is mended with U+FFFD.
class OpenAIStreamDecoder {
 public:
  explicit OpenAIStreamDecoder(OpenAIDialect dialect = OpenAIDialect());
  OpenAIStreamDecoder(OpenAIStreamDecoder&&) noexcept;
  OpenAIStreamDecoder& operator=(OpenAIStreamDecoder&&) noexcept;
  ~OpenAIStreamDecoder();

  /// Goes into the first event; known from the headers before the first byte.
  void request_id(std::string value);
  void on_event(const SseEvent& event);
  void on_data(std::string_view padded_data);
  void finish();
  [[nodiscard]] std::optional<ContentEvent> next_event();

  /// The end mark came, or `finish()` accepted the end.
  [[nodiscard]] bool done() const noexcept;
  /// The provider told why the model stopped; only tokens and the end mark may follow.
  [[nodiscard]] bool finish_reason_seen() const noexcept;
  /// `[DONE]` came; some providers leave it out.
  [[nodiscard]] bool done_mark_seen() const noexcept;
  /// The answer's text so far.
  [[nodiscard]] const std::string& partial_text() const noexcept;
  /// Chunks and choices that were passed over.
  [[nodiscard]] std::size_t ignored() const noexcept;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace cochain
