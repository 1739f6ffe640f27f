// Taking answers apart into events, and the one place where events become a message again.

#include "cochain/chains/model/content_event.hpp"

#include "cochain/chains/model/error.hpp"

namespace cochain {
namespace {

using Detail = ContentEvent::Detail;

void replace(std::string& known, std::string& told) {
  if (!told.empty()) known = std::move(told);
}

// The first piece moves in; later ones are appended.
void append(std::string& whole, std::string& piece) {
  if (whole.empty()) {
    whole = std::move(piece);
  } else {
    whole += piece;
  }
}

[[noreturn]] void wrong_index(const ContentEvent& event, const char* why) {
  throw ProtocolError("content event for block " + std::to_string(event.index) + ": " + why);
}

ContentPart& open_block(AIMessage& message, const ContentEvent& event) {
  if (event.index > message.parts.size()) wrong_index(event, "earlier blocks are missing");
  switch (event.block) {
    case BlockType::kText: return message.parts.emplace_back(TextPart());
    case BlockType::kReasoning: return message.parts.emplace_back(ReasoningPart());
    case BlockType::kRefusal: return message.parts.emplace_back(RefusalPart());
    case BlockType::kToolCall: return message.parts.emplace_back(ToolCall());
    case BlockType::kNone: break;
  }
  wrong_index(event, "it has no type");
}

template <class Part>
Part& part_of(AIMessage& message, const ContentEvent& event) {
  ContentPart& part =
      event.index < message.parts.size() ? message.parts[event.index] : open_block(message, event);
  if (auto* same = std::get_if<Part>(&part)) return *same;
  wrong_index(event, "it is of another type than before");
}

void apply_to_block(AIMessage& message, ContentEvent& event) {
  Detail* detail = event.detail.get();
  switch (event.block) {
    case BlockType::kText: {
      auto& part = part_of<TextPart>(message, event);
      append(part.text, event.text);
      if (detail != nullptr) replace(part.provider_data, detail->provider_data);
      return;
    }
    case BlockType::kReasoning: {
      auto& part = part_of<ReasoningPart>(message, event);
      append(part.text, event.text);
      if (detail != nullptr) {
        append(part.signature, detail->signature);
        replace(part.id, detail->id);
        replace(part.provider_data, detail->provider_data);
      }
      return;
    }
    case BlockType::kRefusal: {
      auto& part = part_of<RefusalPart>(message, event);
      append(part.text, event.text);
      if (detail != nullptr) replace(part.provider_data, detail->provider_data);
      return;
    }
    case BlockType::kToolCall: {
      auto& part = part_of<ToolCall>(message, event);
      append(part.arguments, event.text);
      if (detail != nullptr) {
        replace(part.id, detail->id);
        replace(part.name, detail->name);
        replace(part.provider_data, detail->provider_data);
      }
      return;
    }
    case BlockType::kNone: wrong_index(event, "it has no type");
  }
}

void apply_to_message(AIMessage& message, Detail& detail) {
  replace(message.id, detail.id);
  replace(message.model, detail.model);
  replace(message.name, detail.name);
  replace(message.request_id, detail.request_id);
  replace(message.service_tier, detail.service_tier);
  replace(message.provider_data, detail.provider_data);
  replace(message.finish_raw, detail.finish_raw);
  if (detail.finish_reason != FinishReason::kUnknown) message.finish_reason = detail.finish_reason;
  if (detail.usage.known) message.usage = detail.usage;
}

// One part as start, one delta, finish.
class PartToEvents {
 public:
  PartToEvents(std::vector<ContentEvent>& events, std::uint32_t index)
      : events_(events), index_(index) {}

  bool operator()(TextPart& part) const {
    return emit(BlockType::kText, part.text, part.provider_data, nullptr, nullptr, nullptr);
  }
  bool operator()(RefusalPart& part) const {
    return emit(BlockType::kRefusal, part.text, part.provider_data, nullptr, nullptr, nullptr);
  }
  bool operator()(ReasoningPart& part) const {
    return emit(BlockType::kReasoning, part.text, part.provider_data, &part.id, nullptr,
                &part.signature);
  }
  bool operator()(ToolCall& part) const {
    return emit(BlockType::kToolCall, part.arguments, part.provider_data, &part.id, &part.name,
                nullptr);
  }
  bool operator()(ImagePart&) const { return false; }
  bool operator()(FilePart&) const { return false; }
  bool operator()(AudioPart&) const { return false; }

 private:
  bool emit(BlockType block, std::string& text, std::string& data, std::string* id,
            std::string* name, std::string* signature) const {
    ContentEvent& start = events_.emplace_back(EventKind::kBlockStart, block, index_);
    if (id != nullptr && !id->empty()) start.need_detail().id = std::move(*id);
    if (name != nullptr && !name->empty()) start.need_detail().name = std::move(*name);
    if (!text.empty()) events_.emplace_back(EventKind::kDelta, block, index_, std::move(text));
    ContentEvent& finish = events_.emplace_back(EventKind::kBlockFinish, block, index_);
    if (!data.empty()) finish.need_detail().provider_data = std::move(data);
    if (signature != nullptr && !signature->empty()) {
      finish.need_detail().signature = std::move(*signature);
    }
    return true;
  }
  std::vector<ContentEvent>& events_;
  std::uint32_t index_;
};

}  // namespace

ContentEvent::ContentEvent(const ContentEvent& other)
    : kind(other.kind),
      block(other.block),
      index(other.index),
      text(other.text),
      detail(other.detail ? std::make_unique<Detail>(*other.detail) : nullptr) {}

ContentEvent& ContentEvent::operator=(const ContentEvent& other) {
  if (this != &other) *this = ContentEvent(other);
  return *this;
}

ContentEvent ContentEvent::message_start(std::string id, std::string model) {
  ContentEvent event(EventKind::kMessageStart, BlockType::kNone, 0);
  event.need_detail().id = std::move(id);
  event.need_detail().model = std::move(model);
  return event;
}

ContentEvent ContentEvent::block_start(std::uint32_t index, BlockType block) {
  return {EventKind::kBlockStart, block, index};
}

ContentEvent ContentEvent::tool_call_start(std::uint32_t index, std::string id, std::string name) {
  ContentEvent event(EventKind::kBlockStart, BlockType::kToolCall, index);
  event.need_detail().id = std::move(id);
  event.need_detail().name = std::move(name);
  return event;
}

ContentEvent ContentEvent::message_finish(FinishReason reason, std::string raw,
                                          const Usage& usage) {
  ContentEvent event(EventKind::kMessageFinish, BlockType::kNone, 0);
  event.need_detail().finish_reason = reason;
  event.need_detail().finish_raw = std::move(raw);
  event.need_detail().usage = usage;
  return event;
}

bool operator==(const ContentEvent& left, const ContentEvent& right) {
  if (left.kind != right.kind || left.block != right.block || left.index != right.index ||
      left.text != right.text || (left.detail == nullptr) != (right.detail == nullptr)) {
    return false;
  }
  return left.detail == nullptr || *left.detail == *right.detail;
}

std::string AIMessageChunk::take_content() {
  return event_.block == BlockType::kText ? std::exchange(event_.text, {}) : std::string();
}

std::optional<ToolCallChunk> AIMessageChunk::tool_call_chunk() const {
  if (event_.block != BlockType::kToolCall || event_.kind == EventKind::kBlockFinish) {
    return std::nullopt;
  }
  ToolCallChunk chunk;
  chunk.index = event_.index;
  chunk.arguments = event_.text;
  if (event_.detail) {
    chunk.id = event_.detail->id;
    chunk.name = event_.detail->name;
  }
  return chunk;
}

std::optional<Usage> AIMessageChunk::usage() const {
  if (!event_.detail || !event_.detail->usage.known) return std::nullopt;
  return event_.detail->usage;
}

FinishReason AIMessageChunk::finish_reason() const noexcept {
  return event_.detail ? event_.detail->finish_reason : FinishReason::kUnknown;
}

void apply(AIMessage& message, ContentEvent&& event) {
  switch (event.kind) {
    case EventKind::kMessageStart:
    case EventKind::kMessageFinish:
      if (event.detail) apply_to_message(message, *event.detail);
      return;
    case EventKind::kBlockStart:
    case EventKind::kDelta:
    case EventKind::kBlockFinish: apply_to_block(message, event); return;
  }
}

AIMessage& operator+=(AIMessage& message, AIMessageChunk&& chunk) {
  apply(message, chunk.take_event());
  return message;
}

AIMessage& operator+=(AIMessage& message, const AIMessageChunk& chunk) {
  apply(message, ContentEvent(chunk.event()));
  return message;
}

std::vector<ContentEvent> to_events(AIMessage message) {
  std::vector<ContentEvent> events;
  events.reserve(message.parts.size() * 3 + 2);
  ContentEvent& start = events.emplace_back(
      ContentEvent::message_start(std::move(message.id), std::move(message.model)));
  start.detail->name = std::move(message.name);
  start.detail->request_id = std::move(message.request_id);
  start.detail->service_tier = std::move(message.service_tier);
  std::uint32_t index = 0;
  for (ContentPart& part : message.parts) {
    if (std::visit(PartToEvents(events, index), part)) ++index;
  }
  ContentEvent& finish = events.emplace_back(ContentEvent::message_finish(
      message.finish_reason, std::move(message.finish_raw), message.usage));
  finish.detail->provider_data = std::move(message.provider_data);
  return events;
}

}  // namespace cochain
