// The other half of the chunk reader: how what was read becomes blocks and events.

#include <utility>

#include "cochain/chains/model/error.hpp"
#include "json_writer.hpp"
#include "openai_chunks.hpp"

namespace cochain::detail {

void ChunkReader::start_message() {
  if (started_) return;
  started_ = true;
  ContentEvent& event = events.push(ContentEvent::message_start(id_, model_));
  event.detail->request_id = request_id;
  event.detail->service_tier = service_tier_;
}

std::uint32_t ChunkReader::next_block() {
  if (blocks_ >= kBlocksMax) {
    throw LimitError("the answer has more than " + std::to_string(kBlocksMax) + " parts");
  }
  return blocks_++;
}

void ChunkReader::add_text(BlockType block, std::string_view text) {
  if (text.empty()) return;
  if (running_ != block) {
    close_running_block();
    open_running_block(block);
  }
  if (block == BlockType::kText) partial_text += text;
  events.push(EventKind::kDelta, block, running_index_, std::string(text));
}

void ChunkReader::open_running_block(BlockType block) {
  running_index_ = next_block();
  running_ = block;
  events.push(ContentEvent::block_start(running_index_, block));
}

void ChunkReader::close_running_block() {
  if (running_ == BlockType::kNone) return;
  ContentEvent& event = events.push(ContentEvent::block_finish(running_index_, running_));
  if (running_ == BlockType::kReasoning && !details_.empty()) {
    event.need_detail().provider_data = as_provider_data(details_.take_member());
  }
  running_ = BlockType::kNone;
}

void ChunkReader::read_calls(const DomElement& list, DocumentKind kind) {
  DomArray array;
  if (list.get(array) != simdjson::SUCCESS) return;
  DeltaPlace place = kind == DocumentKind::kWhole ? DeltaPlace::kWhole : DeltaPlace::kFirst;
  for (const DomElement item : array) {
    read_call(item, place);
    if (place == DeltaPlace::kFirst) place = DeltaPlace::kLater;
  }
}

void ChunkReader::read_call(const DomElement& item, DeltaPlace place) {
  DomObject object;
  if (item.get(object) != simdjson::SUCCESS) return;
  ToolCallDelta delta;
  std::string rendered;
  std::optional<DomElement> extra;
  const auto read_arguments = [&](const DomElement& value) {
    if (value.is_string()) {
      delta.arguments = as_string(value);
    } else if (!value.is_null()) {
      rendered = to_json(value);  // an object where text should be
      delta.arguments = rendered;
    }
  };
  for (const auto [key, value] : object) {
    if (key == "index") {
      delta.index = as_integer(value);
    } else if (key == "id") {
      delta.id = as_string(value);
    } else if (key == "function" || key == "custom") {
      DomObject function;
      if (value.get(function) != simdjson::SUCCESS) continue;
      for (const auto [name, each] : function) {
        if (name == "name") delta.name = as_string(each);
        if (name == "arguments" || name == "input") read_arguments(each);
      }
    } else if (key == "extra_content" && value.is_object()) {
      extra = value;
    }
  }
  const ToolCallMerger::Change change = calls_.merge(delta, place);
  tell(change);
  PendingToolCall& call = *change.call;
  if (extra) {
    call.provider_data = as_provider_data("\"extra_content\":" + to_json(*extra));
    if (call.announced) {
      ContentEvent& event = events.push(EventKind::kDelta, BlockType::kToolCall, call.block);
      event.need_detail().provider_data = call.provider_data;
    }
  }
}

// The form before tools had a list: one function, no id.
void ChunkReader::read_function_call(const DomElement& value) {
  ToolCallDelta delta;
  delta.index = 0;
  delta.name = string_member(value, "name");
  delta.arguments = string_member(value, "arguments");
  tell(calls_.merge(delta, DeltaPlace::kFirst));
}

void ChunkReader::tell(const ToolCallMerger::Change& change) {
  PendingToolCall& call = *change.call;
  if (!call.announced) {
    if (!call.name.empty()) announce(call);
    return;
  }
  if (call.arguments.empty() && !change.new_id && !change.new_name) return;
  ContentEvent& event = events.push(EventKind::kDelta, BlockType::kToolCall, call.block,
                                    std::exchange(call.arguments, {}));
  if (change.new_id) event.need_detail().id = call.id;
  if (change.new_name) event.need_detail().name = call.name;
}

void ChunkReader::announce(PendingToolCall& call) {
  close_running_block();
  call.announced = true;
  call.block = next_block();
  ContentEvent& start = events.push(ContentEvent::tool_call_start(call.block, call.id, call.name));
  start.detail->provider_data = call.provider_data;
  if (!call.arguments.empty()) {
    events.push(EventKind::kDelta, BlockType::kToolCall, call.block,
                std::exchange(call.arguments, {}));
  }
}

void ChunkReader::finish() {
  start_message();
  // Reasoning of which nothing may be read still has to go back.
  if (!details_.empty() && running_ != BlockType::kReasoning) {
    close_running_block();
    open_running_block(BlockType::kReasoning);
  }
  close_running_block();
  for (PendingToolCall& call : calls_.calls()) {
    if (!call.announced) announce(call);  // its name never came; better shown than dropped
    events.push(ContentEvent::block_finish(call.block, BlockType::kToolCall));
  }
  FinishReason reason = finish_reason_of(finish_raw_);
  // Many servers say "stop" where they mean that tools should run.
  if (reason == FinishReason::kStop && !calls_.calls().empty()) reason = FinishReason::kToolCalls;
  ContentEvent& event = events.push(ContentEvent::message_finish(reason, finish_raw_, usage_));
  event.detail->service_tier = service_tier_;
  std::string members;
  for (const auto& [name, value] : extras_) {
    JsonWriter json;
    json.key(name).trusted(value);
    members.append(members.empty() ? "" : ",").append(json.take());
  }
  if (!members.empty()) event.detail->provider_data = as_provider_data(members);
}

std::string ChunkReader::as_provider_data(std::string_view members) const {
  JsonWriter json;
  json.open_object().key(dialect_name_).open_object();
  json.trusted(members);
  json.close_object().close_object();
  return json.take();
}

}  // namespace cochain::detail
