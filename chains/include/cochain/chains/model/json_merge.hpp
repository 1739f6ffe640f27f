// JSON that arrives in pieces of JSON: LangChain's rules for joining two chunks' members.
#pragma once

#include "cochain/chains/model/json.hpp"

namespace cochain {

/// Joins `right` to `left`, as the later piece of the same value.
/// Shape:    null gives way. Texts are joined, and objects member by member:
///           `id`, `output_version` and `model_provider` that are equal stay as they are, and so
///           does an `index` that begins with "lc_"; of two numbers `index`, `created` and
///           `timestamp` the later holds, other whole numbers add up. Lists are joined as by
///           merge_json_lists().
/// Errors:   ProtocolError where the two are of different types, or of one that cannot be joined;
///           `left` is then half joined.
/// Source:   langchain_core.utils._merge of langchain-core 1.2.19.
void merge_json_objects(JsonObject& left, const JsonObject& right);

/// Appends the items of `right`, but joins to one of `left` what has the same `index` as it (a
/// number, or a text that begins with "lc_") and no other `id`; the `type` is the first one's.
/// Errors:   as merge_json_objects().
void merge_json_lists(JsonArray& left, const JsonArray& right);

/// Joins the contents of two chunks of a message: each a text or a list of blocks.
/// Shape:    text and text are joined; text and a list make a list that begins with the text; a
///           list and a text end in it, or in their joined last texts. An empty list swallows a
///           text, as LangChain's does.
/// Errors:   as merge_json_objects(); ProtocolError if one is neither text nor list.
void merge_message_content(Json& left, const Json& right);

}  // namespace cochain
