// Chat models behind an API of OpenAI's chat-completions dialect: OpenAI itself, and all who
// speak like it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cochain/chains/model/chat_model.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "cochain/providers/secret.hpp"
#include "cochain/providers/transport.hpp"

namespace cochain {

/// Which model is asked, where, and how.
/// Shape: setters chain: `OpenAIOptions("gpt-5-mini").with_api_key(Secret::from_env(...))`.
/// Units: timeouts as durations; `first_byte_timeout` covers the time a model thinks before it
///        speaks, `content_timeout` the time between two pieces of content: keep-alives of the
///        server do not count as content.
class OpenAIOptions {
 public:
  OpenAIOptions() = default;
  explicit OpenAIOptions(std::string the_model) : model(std::move(the_model)) {}

  OpenAIOptions& with_base_url(std::string value) { return set(base_url, std::move(value)); }
  OpenAIOptions& with_api_key(Secret value) { return set(api_key, std::move(value)); }
  OpenAIOptions& with_organization(std::string value) {
    return set(organization, std::move(value));
  }
  OpenAIOptions& with_project(std::string value) { return set(project, std::move(value)); }
  OpenAIOptions& with_dialect(OpenAIDialect value) { return set(dialect, std::move(value)); }
  OpenAIOptions& with_chat_options(ChatOptions value) { return set(chat, std::move(value)); }
  OpenAIOptions& with_transport(std::shared_ptr<HttpTransport> value) {
    return set(transport, std::move(value));
  }
  OpenAIOptions& with_first_byte_timeout(std::chrono::milliseconds value) {
    return set(first_byte_timeout, value);
  }
  OpenAIOptions& with_idle_timeout(std::chrono::milliseconds value) {
    return set(idle_timeout, value);
  }
  OpenAIOptions& with_content_timeout(std::chrono::milliseconds value) {
    return set(content_timeout, value);
  }
  OpenAIOptions& with_answer_bytes_max(std::size_t value) { return set(answer_bytes_max, value); }

  std::string model;
  std::string base_url = "https://api.openai.com/v1";
  Secret api_key;  // may be empty: local servers ask for none
  std::string organization;
  std::string project;
  OpenAIDialect dialect;
  ChatOptions chat;
  std::shared_ptr<HttpTransport> transport;  // null: one by libcurl, made with the model
  std::chrono::milliseconds first_byte_timeout{std::chrono::seconds(600)};
  std::chrono::milliseconds idle_timeout{std::chrono::seconds(60)};
  std::chrono::milliseconds content_timeout{std::chrono::seconds(300)};
  std::size_t answer_bytes_max = std::size_t{64} * 1024 * 1024;

 private:
  template <class Member, class Value>
  OpenAIOptions& set(Member& member, Value value) {
    member = std::move(value);
    return *this;
  }
};

/// A chat model of this dialect.
/// Suspends: until the answer, or its next event, is there; cancelling closes the connection.
/// Lives:    what its methods return keeps what it needs of the model; it may be dropped.
/// Errors:   see model/error.hpp; each names the model, the status and the request id where known.
[[nodiscard]] std::shared_ptr<ChatModel> make_openai_model(OpenAIOptions options);

}  // namespace cochain
