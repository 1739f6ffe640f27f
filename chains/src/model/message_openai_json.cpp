// OpenAI's form of messages, as JSON values. The requests of its dialect are written elsewhere, in
// providers: there the data of the provider goes along, and every dialect has its own exceptions.

#include <cstddef>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/message_json.hpp"
#include "message_field.hpp"

namespace cochain {
namespace {

using detail::JsonField;

constexpr std::string_view kBase64Mark = ";base64,";

// ---- writing

Json to_openai_part(const ContentPart& part) {
  if (const auto* text = std::get_if<TextPart>(&part)) {
    return json_object("type", "text", "text", text->text);
  }
  if (const auto* image = std::get_if<ImagePart>(&part)) {
    JsonObject url = json_object("url", image->address());
    if (!image->detail.empty()) url["detail"] = image->detail;
    return json_object("type", "image_url", "image_url", std::move(url));
  }
  if (const auto* file = std::get_if<FilePart>(&part)) {
    JsonObject inner;
    if (!file->file_id.empty()) {
      inner["file_id"] = file->file_id;
    } else {
      inner["file_data"] = file->address();
      if (!file->name.empty()) inner["filename"] = file->name;
    }
    return json_object("type", "file", "file", std::move(inner));
  }
  if (const auto* audio = std::get_if<AudioPart>(&part)) {
    if (audio->data.empty()) {
      return json_object("type", "audio_url", "audio_url", json_object("url", audio->url));
    }
    return json_object("type", "input_audio", "input_audio",
                       json_object("data", audio->data, "format", audio->format()));
  }
  return nullptr;  // reasoning, refusals, calls: no user says them
}

Json to_openai_content(const std::vector<ContentPart>& parts) {
  if (parts.size() == 1) {
    if (const auto* text = std::get_if<TextPart>(&parts.front())) return Json(text->text);
  }
  JsonArray list;
  for (const ContentPart& part : parts) {
    if (Json made = to_openai_part(part); !made.is_null()) list.push_back(std::move(made));
  }
  return list;
}

class OpenAIMessageWriter {
 public:
  explicit OpenAIMessageWriter(std::string_view system_role) : system_role_(system_role) {}

  Json operator()(const SystemMessage& message) const {
    return named(json_object("role", system_role_, "content", message.content), message.name);
  }
  Json operator()(const HumanMessage& message) const {
    return named(json_object("role", "user", "content", to_openai_content(message.parts)),
                 message.name);
  }
  Json operator()(const ToolMessage& message) const {
    return named(json_object("role", "tool", "tool_call_id", message.tool_call_id, "content",
                             message.content),
                 message.name);
  }
  Json operator()(const AIMessage& message) const {
    JsonObject made = json_object("role", "assistant", "content", nullptr);
    // Nothing but calls: null, for a model that reads "" takes it for something that it said.
    std::string text = message.text();
    if (!text.empty() || !message.has_tool_calls()) made["content"] = std::move(text);
    if (std::string refusal = message.refusal(); !refusal.empty()) {
      made["refusal"] = std::move(refusal);
    }
    JsonArray calls;
    for (const ToolCall& call : message.tool_calls()) {
      const std::string arguments = call.arguments.empty() ? "{}" : call.arguments;
      JsonObject function = json_object("name", call.name, "arguments", arguments);
      calls.push_back(
          json_object("id", call.id, "type", "function", "function", std::move(function)));
    }
    if (!calls.empty()) made["tool_calls"] = std::move(calls);
    return named(std::move(made), message.name);
  }

 private:
  static Json named(JsonObject made, const std::string& name) {
    if (!name.empty()) made["name"] = name;
    return made;
  }
  std::string_view system_role_;
};

// ---- reading

// "data:image/png;base64,QUJD" taken apart; anything else is an address.
template <class Part>
void take_address(Part& part, std::string_view address) {
  const auto mark = address.substr(0, 5) == "data:" ? address.find(kBase64Mark) : address.npos;
  if (mark == address.npos) {
    part.url = address;
  } else {
    part.mime_type = address.substr(5, mark - 5);
    part.data = address.substr(mark + kBase64Mark.size());
  }
}

FilePart read_file(const JsonField& file) {
  FilePart part;
  part.file_id = file.text_of("file_id");
  part.name = file.text_of("filename");
  take_address(part, file.text_of("file_data"));
  return part;
}

AudioPart read_audio(const JsonField& audio) {
  const std::string format = audio.text_of("format");
  return AudioPart::from_base64(audio.text_of("data"), format.empty()    ? std::string()
                                                       : format == "mp3" ? "audio/mpeg"
                                                                         : "audio/" + format);
}

ContentPart read_openai_part(const JsonField& field) {
  if (field.value().is_string()) return TextPart(std::string(field.string()));
  const JsonField type = field.need("type");
  const std::string_view word = type.string();
  if (word == "text" || word == "input_text" || word == "output_text") {
    return TextPart(std::string(field.need("text").string()));
  }
  if (word == "refusal") return RefusalPart(std::string(field.need("refusal").string()));
  if (word == "image_url") {
    ImagePart part;
    const JsonField url = field.need("image_url");
    if (url.value().is_string()) {  // the older form
      take_address(part, url.string());
    } else {
      take_address(part, url.need("url").string());
      part.detail = url.text_of("detail");
    }
    return part;
  }
  if (word == "file") return read_file(field.need("file"));
  if (word == "input_audio") return read_audio(field.need("input_audio"));
  if (word == "audio_url") {
    const JsonField audio = field.need("audio_url");
    return AudioPart::from_url(std::string(audio.need("url").string()));
  }
  type.unknown("part", word);
}

std::vector<ContentPart> read_openai_content(const JsonField& message) {
  std::vector<ContentPart> parts;
  const auto content = message.find("content");
  if (!content) return parts;
  if (content->value().is_string()) {
    parts.emplace_back(TextPart(std::string(content->string())));
    return parts;
  }
  if (!content->value().is_array()) content->wanted("a string or an array of parts");
  for (std::size_t i = 0; i < content->size(); ++i) {
    parts.push_back(read_openai_part(content->item(i)));
  }
  return parts;
}

// For roles whose content is text here: parts of text are joined.
std::string read_openai_text(const JsonField& message) {
  std::string text;
  const auto content = message.find("content");
  if (content && content->value().is_array()) {
    for (std::size_t i = 0; i < content->size(); ++i) {
      const ContentPart part = read_openai_part(content->item(i));
      const auto* piece = std::get_if<TextPart>(&part);
      if (piece == nullptr) content->item(i).fail("only text has a place in this message");
      text += piece->text;
    }
    return text;
  }
  return message.text_of("content");
}

std::string read_arguments(const JsonField& function) {
  for (const char* name : {"arguments", "input"}) {
    const auto arguments = function.find(name);
    if (!arguments) continue;
    return arguments->value().is_object() ? json_text(arguments->value())
                                          : std::string(arguments->string());
  }
  return {};
}

ToolCall read_openai_call(const JsonField& field) {
  const auto custom = field.find("custom");
  const JsonField function = custom ? *custom : field.need("function");
  return {field.text_of("id"), std::string(function.need("name").string()),
          read_arguments(function)};
}

AIMessage read_assistant(const JsonField& field) {
  AIMessage message;
  for (const char* name : {"reasoning_content", "reasoning"}) {
    if (std::string thought = field.text_of(name); !thought.empty()) {
      message.parts.emplace_back(ReasoningPart(std::move(thought)));
      break;
    }
  }
  for (ContentPart& part : read_openai_content(field)) {
    const auto* text = std::get_if<TextPart>(&part);
    // "" beside calls is how some programs write no text.
    if (text != nullptr && text->text.empty() && field.find("tool_calls")) continue;
    message.parts.push_back(std::move(part));
  }
  if (std::string refusal = field.text_of("refusal"); !refusal.empty()) {
    message.parts.emplace_back(RefusalPart(std::move(refusal)));
  }
  if (const auto calls = field.find("tool_calls")) {
    for (std::size_t i = 0; i < calls->size(); ++i) {
      message.parts.emplace_back(read_openai_call(calls->item(i)));
    }
  }
  if (const auto function = field.find("function_call")) {
    message.parts.emplace_back(
        ToolCall({}, std::string(function->need("name").string()), read_arguments(*function)));
  }
  message.name = field.text_of("name");
  return message;
}

Message convert_item(const JsonField& item) {
  if (item.value().is_string()) return HumanMessage(std::string(item.string()));
  if (item.value().is_object()) {
    return item.find("role") ? detail::read_openai_message(item) : detail::read_message(item);
  }
  if (!item.value().is_array()) item.wanted("a string, a pair or an object");
  if (item.size() != 2) item.fail("wanted a pair of role and text");
  const JsonField role = item.item(0);
  const std::string_view word = role.string();
  std::string text(item.item(1).string());
  try {
    return message_of_role(word, std::move(text));
  } catch (const ParseError&) {
    role.unknown("role", word);
  }
}

}  // namespace

Message detail::read_openai_message(const JsonField& field) {
  const JsonField role = field.need("role");
  const std::string_view word = role.string();
  if (word == "system" || word == "developer") {
    SystemMessage message(read_openai_text(field));
    message.name = field.text_of("name");
    return message;
  }
  if (word == "user" || word == "human") {
    HumanMessage message(read_openai_content(field));
    message.name = field.text_of("name");
    return message;
  }
  if (word == "assistant" || word == "ai") return read_assistant(field);
  if (word == "tool" || word == "function") {
    ToolMessage message(read_openai_text(field), field.text_of("tool_call_id"));
    message.name = field.text_of("name");
    return message;
  }
  role.unknown("role", word);
}

Json to_openai_json(const Messages& messages, std::string_view system_role) {
  JsonArray list;
  list.reserve(messages.size());
  const OpenAIMessageWriter writer(system_role);
  for (const Message& message : messages) list.push_back(message.visit(writer));
  return list;
}

Messages from_openai_json(const Json& value) {
  const JsonField list(value);
  Messages made;
  made.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    made.push_back(detail::read_openai_message(list.item(i)));
  }
  return made;
}

Message message_of_role(std::string_view role, std::string text) {
  if (role == "system" || role == "developer") return SystemMessage(std::move(text));
  if (role == "human" || role == "user") return HumanMessage(std::move(text));
  if (role == "ai" || role == "assistant") return AIMessage(std::move(text));
  if (role == "tool") return ToolMessage(std::move(text), {});
  detail::JsonField(Json(role)).unknown("role", role);
}

Messages convert_to_messages(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Messages made;
  made.reserve(pairs.size());
  for (const auto& [role, text] : pairs) made.push_back(message_of_role(role, text));
  return made;
}

Messages detail::convert_to_messages(const Json& list) {
  const JsonField field(list);
  Messages made;
  made.reserve(field.size());
  for (std::size_t i = 0; i < field.size(); ++i) made.push_back(convert_item(field.item(i)));
  return made;
}

}  // namespace cochain
