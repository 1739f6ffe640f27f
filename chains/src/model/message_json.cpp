// Our own form of messages. Reading and writing stand side by side, a function each per type.

#include "cochain/chains/model/message_json.hpp"

#include <array>
#include <type_traits>

#include "json_field.hpp"
#include "message_field.hpp"

namespace cochain {
namespace {

using detail::JsonField;

void put(JsonObject& object, std::string_view name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

class PartWriter {
 public:
  JsonObject operator()(const TextPart& part) const { return block("text", part); }
  JsonObject operator()(const RefusalPart& part) const { return block("refusal", part); }
  JsonObject operator()(const ReasoningPart& part) const {
    JsonObject made = block("reasoning", part);
    put(made, "signature", part.signature);
    put(made, "id", part.id);
    return made;
  }
  JsonObject operator()(const ToolCall& part) const {
    JsonObject made = json_object("type", "tool_call", "id", part.id, "name", part.name,
                                  "arguments", part.arguments);
    put(made, "provider_data", part.provider_data);
    return made;
  }
  JsonObject operator()(const ImagePart& part) const {
    JsonObject made = media("image", part);
    put(made, "detail", part.detail);
    return made;
  }
  JsonObject operator()(const FilePart& part) const {
    JsonObject made = media("file", part);
    put(made, "file_id", part.file_id);
    put(made, "name", part.name);
    return made;
  }
  JsonObject operator()(const AudioPart& part) const { return media("audio", part); }

 private:
  template <class Part>
  static JsonObject block(std::string_view type, const Part& part) {
    JsonObject made = json_object("type", type, "text", part.text);
    put(made, "provider_data", part.provider_data);
    return made;
  }
  template <class Part>
  static JsonObject media(std::string_view type, const Part& part) {
    JsonObject made = json_object("type", type);
    put(made, "url", part.url);
    put(made, "data", part.data);
    put(made, "mime_type", part.mime_type);
    put(made, "provider_data", part.provider_data);
    return made;
  }
};

template <class Part>
Part read_text(const JsonField& field) {
  Part part;
  part.text = field.need("text").string();
  part.provider_data = field.text_of("provider_data");
  return part;
}

template <class Part>
Part read_media(const JsonField& field) {
  Part part;
  part.url = field.text_of("url");
  part.data = field.text_of("data");
  part.mime_type = field.text_of("mime_type");
  part.provider_data = field.text_of("provider_data");
  return part;
}

ToolCall read_tool_call(const JsonField& field) {
  ToolCall call(field.text_of("id"), field.text_of("name"), field.text_of("arguments"));
  if (const auto args = field.find("args"); args && !field.find("arguments")) {
    static_cast<void>(args->object());  // complains if it is something else
    call.arguments = json_text(args->value());
  }
  call.provider_data = field.text_of("provider_data");
  return call;
}

ContentPart read_part(const JsonField& field) {
  if (field.value().is_string()) return TextPart(std::string(field.string()));
  const JsonField type = field.need("type");
  const std::string_view word = type.string();
  if (word == "text") return read_text<TextPart>(field);
  if (word == "refusal") return read_text<RefusalPart>(field);
  if (word == "tool_call") return read_tool_call(field);
  if (word == "audio") return read_media<AudioPart>(field);
  if (word == "reasoning") {
    auto part = read_text<ReasoningPart>(field);
    part.signature = field.text_of("signature");
    part.id = field.text_of("id");
    return part;
  }
  if (word == "image") {
    auto part = read_media<ImagePart>(field);
    part.detail = field.text_of("detail");
    return part;
  }
  if (word == "file") {
    auto part = read_media<FilePart>(field);
    part.file_id = field.text_of("file_id");
    part.name = field.text_of("name");
    return part;
  }
  type.unknown("block", word);
}

Json parts_to_json(const std::vector<ContentPart>& parts) {
  if (parts.size() == 1) {
    const auto* text = std::get_if<TextPart>(&parts.front());
    if (text != nullptr && text->provider_data.empty()) return Json(text->text);
  }
  JsonArray blocks;
  blocks.reserve(parts.size());
  for (const ContentPart& part : parts) blocks.emplace_back(std::visit(PartWriter(), part));
  return blocks;
}

std::vector<ContentPart> read_parts(const JsonField& message) {
  std::vector<ContentPart> parts;
  const auto content = message.find("content");
  if (!content) return parts;
  if (content->value().is_string()) {
    parts.emplace_back(TextPart(std::string(content->string())));
    return parts;
  }
  if (!content->value().is_array()) content->wanted("a string or an array of blocks");
  parts.reserve(content->size());
  for (std::size_t i = 0; i < content->size(); ++i) parts.push_back(read_part(content->item(i)));
  return parts;
}

template <class Counts, class Visitor>
void for_each_count(Counts& usage, Visitor&& visit) {
  visit("input_tokens", usage.input_tokens);
  visit("output_tokens", usage.output_tokens);
  visit("total_tokens", usage.total_tokens);
  visit("cache_read_tokens", usage.cache_read_tokens);
  visit("cache_write_tokens", usage.cache_write_tokens);
  visit("reasoning_tokens", usage.reasoning_tokens);
  visit("input_audio_tokens", usage.input_audio_tokens);
  visit("output_audio_tokens", usage.output_audio_tokens);
}

JsonObject usage_to_json(const Usage& usage) {
  JsonObject made;
  // That counts stand here says that they are known.
  if (!usage.known) made["known"] = false;
  for_each_count(usage, [&made](std::string_view name, std::int64_t count) {
    if (count != 0 || name == "input_tokens" || name == "output_tokens") made[name] = count;
  });
  return made;
}

Usage read_usage(const JsonField& field) {
  Usage usage;
  usage.known = true;
  if (const auto known = field.find("known")) usage.known = known->boolean();
  for_each_count(usage, [&field](std::string_view name, std::int64_t& count) {
    if (const auto told = field.find(name)) count = told->integer();
  });
  return usage;
}

template <class Enum, std::size_t Count>
Enum read_word(const JsonField& field, std::string_view what,
               const std::array<Enum, Count>& values) {
  for (const Enum value : values) {
    if (field.string() == to_string(value)) return value;
  }
  field.unknown(what, field.string());
}

FinishReason read_finish_reason(const JsonField& field) {
  using enum FinishReason;
  constexpr std::array kAll = {kUnknown,       kStop,  kLength, kToolCalls,
                               kContentFilter, kError, kOther};
  return read_word(field, "finish reason", kAll);
}

// What all four have. The content comes first, as people read it.
template <class Text>
JsonObject begin(const Text& message, std::string_view type, Json content) {
  JsonObject made = json_object("type", type, "content", std::move(content));
  put(made, "name", message.name);
  put(made, "id", message.id);
  put(made, "provider_data", message.provider_data);
  return made;
}

template <class Text>
Text read_begin(const JsonField& field) {
  Text message;
  if constexpr (requires { message.parts; }) {
    message.parts = read_parts(field);
  } else if (const auto content = field.find("content")) {
    message.content = content->string();
  }
  message.name = field.text_of("name");
  message.id = field.text_of("id");
  message.provider_data = field.text_of("provider_data");
  return message;
}

class MessageWriter {
 public:
  JsonObject operator()(const SystemMessage& message) const {
    return begin(message, "system", Json(message.content));
  }
  JsonObject operator()(const HumanMessage& message) const {
    return begin(message, "human", parts_to_json(message.parts));
  }
  JsonObject operator()(const AIMessage& message) const {
    JsonObject made = begin(message, "ai", parts_to_json(message.parts));
    if (message.usage != Usage()) made["usage"] = usage_to_json(message.usage);
    if (message.finish_reason != FinishReason::kUnknown) {
      made["finish_reason"] = to_string(message.finish_reason);
    }
    put(made, "finish_raw", message.finish_raw);
    put(made, "request_id", message.request_id);
    put(made, "model", message.model);
    put(made, "service_tier", message.service_tier);
    return made;
  }
  JsonObject operator()(const ToolMessage& message) const {
    JsonObject made = begin(message, "tool", Json(message.content));
    made["tool_call_id"] = message.tool_call_id;
    made["status"] = message.status == ToolStatus::kError ? "error" : "success";
    if (!message.artifact.is_null()) made["artifact"] = message.artifact;
    return made;
  }
};

AIMessage read_ai(const JsonField& field) {
  auto message = read_begin<AIMessage>(field);
  if (const auto usage = field.find("usage")) message.usage = read_usage(*usage);
  if (const auto reason = field.find("finish_reason")) {
    message.finish_reason = read_finish_reason(*reason);
  }
  message.finish_raw = field.text_of("finish_raw");
  message.request_id = field.text_of("request_id");
  message.model = field.text_of("model");
  message.service_tier = field.text_of("service_tier");
  return message;
}

ToolMessage read_tool(const JsonField& field) {
  auto message = read_begin<ToolMessage>(field);
  message.tool_call_id = field.text_of("tool_call_id");
  if (const auto status = field.find("status")) {
    if (status->string() == "error") {
      message.status = ToolStatus::kError;
    } else if (status->string() != "success") {
      status->unknown("status", status->string());
    }
  }
  if (const auto artifact = field.find("artifact")) message.artifact = artifact->value();
  return message;
}

}  // namespace

Message detail::read_message(const JsonField& field) {
  const JsonField type = field.need("type");
  const std::string_view word = type.string();
  if (word == "system") return read_begin<SystemMessage>(field);
  if (word == "human") return read_begin<HumanMessage>(field);
  if (word == "ai") return read_ai(field);
  if (word == "tool") return read_tool(field);
  type.unknown("message", word);
}

Json message_to_json(const Message& message) { return message.visit(MessageWriter()); }

Message message_from_json(const Json& value) { return detail::read_message(JsonField(value)); }

JsonArray messages_to_json(const Messages& messages) {
  JsonArray made;
  made.reserve(messages.size());
  for (const Message& message : messages) made.push_back(message_to_json(message));
  return made;
}

Messages messages_from_json(const Json& value) {
  const JsonField list(value);
  Messages made;
  made.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) made.push_back(detail::read_message(list.item(i)));
  return made;
}

Json JsonCodec<Message>::schema() {
  JsonObject role =
      json_object("type", "string", "enum", json_array("system", "human", "ai", "tool"));
  JsonObject content = json_object(
      "anyOf", json_array(json_object("type", "string"),
                          json_object("type", "array", "items", json_object("type", "object"))));
  return json_object("title", "Message", "type", "object", "properties",
                     json_object("type", std::move(role), "content", std::move(content)),
                     "required", json_array("type", "content"));
}

AIMessage JsonCodec<AIMessage>::from_json(const Json& json) {
  Message message = message_from_json(json);
  AIMessage* answer = message.get_if<AIMessage>();
  if (answer == nullptr) throw ParseError("$.type: wanted \"ai\"");
  return std::move(*answer);
}

Json json_value(const AIMessageChunk& chunk) {
  JsonObject made = json_object("content", chunk.content());
  if (!chunk.reasoning().empty()) made["reasoning"] = chunk.reasoning();
  if (!chunk.refusal().empty()) made["refusal"] = chunk.refusal();
  if (const std::optional<ToolCallChunk> call = chunk.tool_call_chunk()) {
    made["tool_call_chunk"] = json_object("index", call->index, "id", call->id, "name", call->name,
                                          "args", call->arguments);
  }
  if (const std::optional<Usage> usage = chunk.usage()) {
    made["usage"] = json_object("input_tokens", usage->input_tokens, "output_tokens",
                                usage->output_tokens, "total_tokens", usage->total_tokens);
  }
  if (chunk.is_last()) made["finish_reason"] = to_string(chunk.finish_reason());
  return made;
}

}  // namespace cochain
