// Chat requests as JSON. What is not set is not sent: a member that a server does not know is the
// most frequent reason for a refusal.

#include <algorithm>
#include <optional>
#include <utility>

#include "cochain/chains/model/error.hpp"
#include "cochain/providers/openai_wire.hpp"
#include "json_reader.hpp"
#include "json_writer.hpp"

namespace cochain {
namespace {

using detail::DomElement;
using detail::JsonWriter;

class RequestWriter {
 public:
  RequestWriter(const ChatOptions& options, const OpenAIDialect& dialect)
      : options_(options), dialect_(dialect) {}

  std::string write(std::string_view model, const Messages& messages, AnswerMode mode) {
    json_.reserve(1024);
    json_.open_object();
    if (wanted("model")) json_.key("model").string(model);
    if (wanted("messages")) {
      json_.key("messages").open_array();
      for (const Message& message : messages) {
        message.visit([this](const auto& each) { write_message(each); });
      }
      json_.close_array();
    }
    write_settings();
    write_tools();
    if (mode == AnswerMode::kStream) {
      if (wanted("stream")) json_.key("stream").boolean(true);
      if (dialect_.stream_usage == OpenAIDialect::StreamUsage::kAsk && wanted("stream_options")) {
        json_.key("stream_options").open_object();
        json_.key("include_usage").boolean(true).close_object();
      }
    }
    write_extra();
    return json_.close_object().take();
  }

 private:
  [[nodiscard]] bool wanted(std::string_view name) const {
    return std::none_of(options_.extra().begin(), options_.extra().end(),
                        [name](const auto& extra) { return extra.first == name; });
  }

  void write_extra() {
    const auto& extra = options_.extra();
    for (auto each = extra.begin(); each != extra.end(); ++each) {
      const bool said_again = std::any_of(
          each + 1, extra.end(), [&](const auto& later) { return later.first == each->first; });
      if (!said_again) json_.key(each->first).raw(each->second, "extra member " + each->first);
    }
  }

  void write_settings() {
    if (options_.temperature() && wanted("temperature")) {
      json_.key("temperature").number(*options_.temperature());
    }
    if (options_.top_p() && wanted("top_p")) json_.key("top_p").number(*options_.top_p());
    if (options_.max_tokens() && wanted(dialect_.max_tokens_member)) {
      json_.key(dialect_.max_tokens_member).integer(*options_.max_tokens());
    }
    if (options_.seed() && wanted(dialect_.seed_member)) {
      json_.key(dialect_.seed_member).integer(*options_.seed());
    }
    if (!options_.stop().empty() && wanted("stop")) {
      json_.key("stop").open_array();
      for (const std::string& each : options_.stop()) json_.string(each);
      json_.close_array();
    }
    if (!options_.reasoning_effort().empty() && wanted("reasoning_effort")) {
      json_.key("reasoning_effort").string(options_.reasoning_effort());
    }
    if (!options_.response_format().empty() && wanted("response_format")) {
      json_.key("response_format").raw(options_.response_format(), "response_format");
    }
  }

  void write_tools() {
    // A choice without tools is an error at some servers.
    if (options_.tools().empty()) return;
    if (wanted("tools")) {
      json_.key("tools").open_array();
      for (const ToolSpec& tool : options_.tools()) write_tool(tool);
      json_.close_array();
    }
    if (options_.parallel_tool_calls() && wanted("parallel_tool_calls")) {
      const bool several = *options_.parallel_tool_calls() == ParallelToolCalls::kYes;
      json_.key("parallel_tool_calls").boolean(several);
    }
    if (!options_.tool_choice() || !wanted("tool_choice")) return;
    json_.key("tool_choice");
    switch (options_.tool_choice()->kind()) {
      case ToolChoice::Kind::kAutomatic: json_.string("auto"); return;
      case ToolChoice::Kind::kNone: json_.string("none"); return;
      case ToolChoice::Kind::kRequired: json_.string(dialect_.required_word); return;
      case ToolChoice::Kind::kTool:
        json_.open_object().key("type").string("function").key("function").open_object();
        json_.key("name").string(options_.tool_choice()->name());
        json_.close_object().close_object();
        return;
    }
  }

  void write_tool(const ToolSpec& tool) {
    json_.open_object().key("type").string("function").key("function").open_object();
    json_.key("name").string(tool.name);
    if (!tool.description.empty()) json_.key("description").string(tool.description);
    if (!tool.parameters.empty()) {
      json_.key("parameters").raw(tool.parameters, "the schema of tool " + tool.name);
    }
    if (tool.strict) json_.key("strict").boolean(*tool.strict);
    json_.close_object().close_object();
  }

  void write_message(const SystemMessage& message) {
    json_.open_object().key("role").string(dialect_.system_role);
    json_.key("content").string(message.content);
    write_tail(message.name, message.provider_data);
  }

  void write_message(const HumanMessage& message) {
    json_.open_object().key("role").string("user").key("content");
    const auto* only =
        message.parts.size() == 1 ? std::get_if<TextPart>(&message.parts.front()) : nullptr;
    if (only != nullptr && only->provider_data.empty()) {
      json_.string(only->text);
    } else {
      json_.open_array();
      for (const ContentPart& part : message.parts) write_part(part);
      json_.close_array();
    }
    write_tail(message.name, message.provider_data);
  }

  void write_message(const ToolMessage& message) {
    json_.open_object().key("role").string("tool");
    json_.key("tool_call_id").string(message.tool_call_id);
    json_.key("content").string(message.content);
    write_tail({}, message.provider_data);
  }

  void write_message(const AIMessage& message) {
    json_.open_object().key("role").string("assistant");
    const bool calls = message.has_tool_calls();
    const std::string text = message.text();
    json_.key("content");
    // Nothing but calls: null, for a model that reads "" takes it for something that it said.
    if (text.empty() && calls) {
      json_.null();
    } else {
      json_.string(text);
    }
    if (const std::string refusal = message.refusal(); !refusal.empty()) {
      json_.key("refusal").string(refusal);
    }
    write_reasoning(message, calls);
    if (calls) {
      json_.key("tool_calls").open_array();
      for (const ContentPart& part : message.parts) {
        if (const auto* call = std::get_if<ToolCall>(&part)) write_call(*call);
      }
      json_.close_array();
    }
    // The message's own provider data is about the answer (costs, logprobs): not sent back.
    write_tail(message.name, {});
  }

  void write_reasoning(const AIMessage& message, bool calls) {
    using Echo = OpenAIDialect::ReasoningEcho;
    if (dialect_.reasoning_echo == Echo::kContent && calls) {
      json_.key("reasoning_content").string(message.reasoning());
    }
    if (dialect_.reasoning_echo != Echo::kDetails) return;
    for (const ContentPart& part : message.parts) {
      if (const auto* reasoning = std::get_if<ReasoningPart>(&part)) {
        write_provider_data(reasoning->provider_data);
      }
    }
  }

  void write_call(const ToolCall& call) {
    json_.open_object().key("id").string(call.id).key("type").string("function");
    json_.key("function").open_object().key("name").string(call.name);
    json_.key("arguments").string(call.arguments.empty() ? "{}" : call.arguments);
    json_.close_object();
    write_provider_data(call.provider_data);
    json_.close_object();
  }

  void write_part(const ContentPart& part) {
    if (const auto* text = std::get_if<TextPart>(&part)) {
      json_.open_object().key("type").string("text").key("text").string(text->text);
      write_provider_data(text->provider_data);
      json_.close_object();
    } else if (const auto* image = std::get_if<ImagePart>(&part)) {
      json_.open_object().key("type").string("image_url").key("image_url").open_object();
      json_.key("url").string(image->address());
      if (!image->detail.empty()) json_.key("detail").string(image->detail);
      json_.close_object();
      write_provider_data(image->provider_data);
      json_.close_object();
    } else if (const auto* file = std::get_if<FilePart>(&part)) {
      write_file(*file);
    } else if (const auto* audio = std::get_if<AudioPart>(&part)) {
      write_audio(*audio);
    }
    // What else a part can be (reasoning, refusals, calls) no user says.
  }

  void write_file(const FilePart& file) {
    json_.open_object().key("type").string("file").key("file").open_object();
    if (!file.file_id.empty()) {
      json_.key("file_id").string(file.file_id);
    } else {
      // An address in the place of the data is OpenRouter's; others refuse it, and say so.
      json_.key("file_data").string(file.address());
      if (!file.name.empty()) json_.key("filename").string(file.name);
    }
    json_.close_object();
    write_provider_data(file.provider_data);
    json_.close_object();
  }

  void write_audio(const AudioPart& audio) {
    if (audio.data.empty()) {
      throw BadRequestError("this dialect takes sounds as data only, not by their address");
    }
    json_.open_object().key("type").string("input_audio").key("input_audio").open_object();
    json_.key("data").string(audio.data).key("format").string(audio.format());
    json_.close_object();
    write_provider_data(audio.provider_data);
    json_.close_object();
  }

  void write_tail(std::string_view name, std::string_view provider_data) {
    if (!name.empty()) json_.key("name").string(name);
    write_provider_data(provider_data);
    json_.close_object();
  }

  // The members of this dialect's object in the data, as members of the object being written.
  void write_provider_data(std::string_view data) {
    if (data.empty()) return;
    DomElement root;
    if (const auto error = detail::parse_text(data, root); error != simdjson::SUCCESS) {
      throw BadRequestError(std::string("provider_data is not JSON: ") +
                            simdjson::error_message(error));
    }
    const std::optional<DomElement> mine = detail::member(root, dialect_.name);
    detail::DomObject members;
    if (!mine || mine->get(members) != simdjson::SUCCESS) return;
    for (const auto [key, value] : members) json_.key(key).trusted(detail::to_json(value));
  }

  const ChatOptions& options_;
  const OpenAIDialect& dialect_;
  JsonWriter json_;
};

}  // namespace

OpenAIDialect OpenAIDialect::deepseek() {
  OpenAIDialect dialect = compatible();
  dialect.name = "deepseek";
  dialect.reasoning_echo = ReasoningEcho::kContent;
  dialect.stream_usage = StreamUsage::kAsk;
  return dialect;
}

OpenAIDialect OpenAIDialect::mistral() {
  OpenAIDialect dialect = compatible();
  dialect.name = "mistral";
  dialect.seed_member = "random_seed";
  dialect.required_word = "any";
  return dialect;
}

OpenAIDialect OpenAIDialect::openrouter() {
  OpenAIDialect dialect = compatible();
  dialect.name = "openrouter";
  dialect.reasoning_echo = ReasoningEcho::kDetails;
  dialect.stream_usage = StreamUsage::kAsk;
  return dialect;
}

OpenAIDialect OpenAIDialect::compatible() {
  OpenAIDialect dialect;
  dialect.name = "compatible";
  dialect.max_tokens_member = "max_tokens";
  dialect.stream_usage = StreamUsage::kDoNotAsk;
  return dialect;
}

std::string encode_chat_request(std::string_view model, const Messages& messages,
                                const ChatOptions& options, AnswerMode mode,
                                const OpenAIDialect& dialect) {
  return RequestWriter(options, dialect).write(model, messages, mode);
}

}  // namespace cochain
