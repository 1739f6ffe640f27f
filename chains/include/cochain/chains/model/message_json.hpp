// Messages as JSON and back: for stores, checkpoints and other programs.
// Our own form keeps all that a message holds; OpenAI's is the one that other programs understand.
#pragma once

#include "cochain/chains/model/json.hpp"
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

}  // namespace cochain
