// What LangChain makes of the chunks of an AI message. Reads lines {"chunks": [{"content": ...,
// "tool_call_chunks": [...], ...}, ...]} and writes for each the message that they add up to:
// {"content", "tool_calls", "invalid_tool_calls", "usage_metadata", "id", "response_metadata"}.
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "cochain/chains/model/error.hpp"
#include "cochain/chains/model/json_merge.hpp"
#include "cochain/chains/parsers/partial_json.hpp"
#include "json_lines.hpp"

namespace cochain::programs {
namespace {

// A member; null if it is missing.
const Json& get(const JsonObject& object, std::string_view name) {
  static const Json kNothing;
  const Json* value = object.if_contains(name);
  return value != nullptr ? *value : kNothing;
}

// A chunk's member as a T; an empty one if it is missing or null.
template <class T>
T part(const JsonObject& chunk, std::string_view name) {
  const Json& value = get(chunk, name);
  if (value.is_null()) return T();
  const T* found = nullptr;
  if constexpr (std::is_same_v<T, JsonObject>) {
    found = value.if_object();
  } else {
    found = value.if_array();
  }
  if (found == nullptr)
    throw ParseError("member \"" + std::string(name) + "\" of a chunk is wrong");
  return *found;
}

// Usage adds up, in depth.
void add_usage(JsonObject& left, const JsonObject& right) {
  for (const auto& [name, value] : right) {
    const auto [known, added] = left.emplace(name, value);
    if (added) continue;
    Json& sum = known->value();
    if (sum.is_object() && value.is_object()) {
      add_usage(sum.get_object(), value.get_object());
    } else if (sum.is_int64() && value.is_int64()) {
      sum = sum.get_int64() + value.get_int64();
    } else {
      throw ProtocolError("usage \"" + std::string(name) + "\" cannot be added up");
    }
  }
}

// Ids of providers are the best, then those that LangChain gave to a run, then its others.
int rank(const Json& value) {
  if (!value.is_string() || value.get_string().empty()) return -1;
  const std::string_view id(value.get_string());
  if (id.substr(0, 7) == "lc_run-") return 1;
  return id.substr(0, 3) == "lc_" ? 0 : 2;
}

class MergedMessage {
 public:
  explicit MergedMessage(const JsonObject& first)
      : content_(content_of(first)),
        additional_(part<JsonObject>(first, "additional_kwargs")),
        metadata_(part<JsonObject>(first, "response_metadata")),
        calls_(part<JsonArray>(first, "tool_call_chunks")),
        usage_(get(first, "usage_metadata")),
        id_(get(first, "id")),
        last_(get(first, "chunk_position") == "last") {
    merge_message_content(content_, "");  // only to see whether it is content
  }

  void add(const JsonObject& chunk) {
    merge_message_content(content_, content_of(chunk));
    merge_json_objects(additional_, part<JsonObject>(chunk, "additional_kwargs"));
    merge_json_objects(metadata_, part<JsonObject>(chunk, "response_metadata"));
    merge_json_lists(calls_, part<JsonArray>(chunk, "tool_call_chunks"));
    if (const JsonObject usage = part<JsonObject>(chunk, "usage_metadata"); !usage.empty()) {
      if (usage_.is_null()) usage_ = JsonObject();
      add_usage(usage_.as_object(), usage);
    }
    const Json& id = get(chunk, "id");
    if (rank(id) > rank(id_)) id_ = id;
    if (rank(id_) < 0) id_ = nullptr;
    last_ = last_ || get(chunk, "chunk_position") == "last";
  }

  Json finish() {
    read_calls();
    if (last_ && get(metadata_, "output_version") == "v1" && content_.is_array()) finish_blocks();
    return json_object("content", content_, "tool_calls", valid_, "invalid_tool_calls", invalid_,
                       "usage_metadata", usage_, "id", id_, "response_metadata", metadata_);
  }

 private:
  void read_calls() {
    for (const Json& item : calls_) {
      const JsonObject* call = item.if_object();
      if (call == nullptr) throw ParseError("a tool call chunk is no object");
      const Json& name = get(*call, "name");
      const Json& text = get(*call, "args");
      std::optional<Json> args = JsonObject();
      if (text.is_string() && !text.get_string().empty()) {
        args = parse_partial_json(std::string_view(text.get_string()), PartialProfile::kLangChain);
      }
      if (args && args->is_object()) {
        valid_.push_back(json_object("id", get(*call, "id"), "name",
                                     name.is_null() ? Json("") : name, "args", *args));
      } else {
        invalid_.push_back(json_object("id", get(*call, "id"), "name", name, "args", text));
      }
    }
  }

  // In the newer form of content, blocks of calls become whole at the end.
  void finish_blocks() {
    for (Json& item : content_.get_array()) {
      JsonObject* block = item.if_object();
      if (block == nullptr) continue;
      const Json& type = get(*block, "type");
      if (type == "tool_call_chunk") {
        finish_call(*block);
      } else if (type == "server_tool_call" || type == "server_tool_call_chunk") {
        finish_server_call(*block);
      }
    }
  }

  void finish_call(JsonObject& block) const {
    const Json id = get(block, "id");
    if (!id.is_string() || id.get_string().empty()) return;
    const Json* call = nullptr;
    for (const Json& each : valid_) {
      if (get(each.get_object(), "id") == id) call = &each;
    }
    if (call == nullptr) return;
    JsonObject whole = json_object("type", "tool_call", "name", get(call->get_object(), "name"),
                                   "args", get(call->get_object(), "args"), "id", id);
    if (block.contains("extras")) whole["extras"] = block["extras"];
    block = std::move(whole);
  }

  static void finish_server_call(JsonObject& block) {
    const Json& text = get(block, "args");
    if (!text.is_string() || text.get_string().empty()) return;
    try {
      Json args = parse_json(std::string_view(text.get_string()));
      if (!args.is_object()) return;
      block["type"] = "server_tool_call";
      block["args"] = std::move(args);
    } catch (const ParseError&) {
      return;  // it stays as it came
    }
  }

  static Json content_of(const JsonObject& chunk) {
    const Json& content = get(chunk, "content");
    return content.is_null() ? Json("") : content;
  }

  Json content_;
  JsonObject additional_;
  JsonObject metadata_;
  JsonArray calls_;
  Json usage_;
  Json id_;
  bool last_;
  JsonArray valid_;
  JsonArray invalid_;
};

Json merge(const Json& line, std::size_t) {
  const JsonObject* request = line.if_object();
  if (request == nullptr) throw ParseError("a line is no object");
  const Json& chunks = get(*request, "chunks");
  if (!chunks.is_array() || chunks.get_array().empty()) throw ParseError("there are no chunks");
  std::optional<MergedMessage> message;
  for (const Json& chunk : chunks.get_array()) {
    if (!chunk.is_object()) throw ParseError("a chunk is no object");
    if (message) {
      message->add(chunk.get_object());
    } else {
      message.emplace(chunk.get_object());
    }
  }
  return message->finish();
}

}  // namespace
}  // namespace cochain::programs

int main() { return cochain::programs::for_each_line(cochain::programs::merge); }
