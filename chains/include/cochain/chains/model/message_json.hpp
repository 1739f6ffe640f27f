// Messages as JSON and back: for stores, checkpoints and other programs.
// Our own form keeps all that a message holds; OpenAI's is the one that other programs understand.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/content_event.hpp"
#include "cochain/chains/model/json_schema.hpp"
#include "cochain/chains/model/message.hpp"

namespace cochain {

/// The message in our own form; nothing is lost.
/// Shape:    `{"type": "system"|"human"|"ai"|"tool", "content": …}`. The content is a string, or
///           for parts other than one plain text a list of blocks: `{"type": "text"|"reasoning"|
///           "refusal", "text": …}`, `{"type": "tool_call", "id", "name", "arguments"}` with the
///           arguments as the model's own text, `{"type": "image"|"file"|"audio", "url" or "data"
///           or "file_id", "mime_type", …}`. Beside it the message's other fields by their names,
///           left out where they are empty. `provider_data` stays text.
[[nodiscard]] Json message_to_json(const Message& message);

/// The message of our own form.
/// Shape:    members that are not known are ignored, so that an older program reads what a newer
///           one wrote; a tool call may have `args`, a JSON object, in the place of `arguments`.
/// Errors:   ParseError that names the place: `$.content[1].type: …`.
[[nodiscard]] Message message_from_json(const Json& value);

/// A conversation in our own form, a message for each item.
[[nodiscard]] JsonArray messages_to_json(const Messages& messages);

/// The conversation of a JSON array in our own form.
/// Errors:   ParseError that names the place: `$[2].content: …`.
[[nodiscard]] Messages messages_from_json(const Json& value);

/// The conversation as OpenAI's chat completions have it: an array of `{"role", "content", …}`.
/// Shape:    the roles are system (or `system_role`, such as "developer"), user, assistant, tool.
///           What that form has no place for is left out: reasoning, ids of messages, usage,
///           artifacts, whether a tool failed, provider data.
[[nodiscard]] Json to_openai_json(const Messages& messages,
                                  std::string_view system_role = "system");

/// The conversation of such an array.
/// Shape:    reads besides: the developer's role as the system's; text in a list of parts;
///           `reasoning_content` and `reasoning`; arguments that are an object; the older
///           `function_call` and the role "function". Members that are not known are ignored.
/// Errors:   ParseError that names the place: `$[2].content[0].type: …`.
[[nodiscard]] Messages from_openai_json(const Json& value);

namespace detail {
[[nodiscard]] Messages convert_to_messages(const Json& list);
}

/// A message of a role by its name: "system" or "developer", "human" or "user", "ai" or
/// "assistant", "tool".
/// Errors:   ParseError for any other name.
[[nodiscard]] Message message_of_role(std::string_view role, std::string text);

/// Messages out of what people write for them: `{{"system", "Be brief."}, {"user", "Hello"}}`.
/// Errors:   as message_of_role().
[[nodiscard]] Messages convert_to_messages(
    const std::vector<std::pair<std::string, std::string>>& pairs);

/// The same for a JSON array whose items are of any form, mixed: a string is the user's; a pair
/// `[role, text]`; an object with `type` is of our own form, one with `role` of OpenAI's.
/// Errors:   ParseError that names the place.
template <class Value>
  requires std::same_as<Value, Json>
[[nodiscard]] Messages convert_to_messages(const Value& list) {
  // A template, for otherwise a braced list of pairs could be JSON as well.
  return detail::convert_to_messages(list);
}

/// Messages are words of to_json(), from_json() and json_schema().
template <>
class JsonCodec<Message> {
 public:
  static Json to_json(const Message& message) { return message_to_json(message); }
  static Message from_json(const Json& json) { return message_from_json(json); }
  static Json schema();
};
template <>
class JsonCodec<Messages> {
 public:
  static Json to_json(const Messages& messages) { return messages_to_json(messages); }
  static Messages from_json(const Json& json) { return messages_from_json(json); }
  static Json schema() {
    return json_object("type", "array", "items", JsonCodec<Message>::schema());
  }
};
template <>
class JsonCodec<AIMessage> {
 public:
  static Json to_json(const AIMessage& message) { return message_to_json(message); }
  /// Errors: ParseError, too, if somebody else speaks.
  static AIMessage from_json(const Json& json);
  static Json schema() { return JsonCodec<Message>::schema(); }
};

/// A piece of an answer, as JSON in the events of a run: what it adds.
[[nodiscard]] Json json_value(const AIMessageChunk& chunk);

}  // namespace cochain
