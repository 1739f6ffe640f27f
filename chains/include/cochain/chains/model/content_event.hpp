// How an answer arrives: the one event model under text streams, chunks and event streams.
// Wire decoders make these events; everything above either passes them on or adds them up.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/message.hpp"

namespace cochain {

/// What happened to the answer.
enum class EventKind : std::uint8_t {
  kMessageStart,
  kBlockStart,
  kDelta,
  kBlockFinish,
  kMessageFinish,
};

/// What kind of part a block grows into.
enum class BlockType : std::uint8_t { kNone, kText, kReasoning, kRefusal, kToolCall };

/// One step in the arrival of an answer.
/// Shape:    message start, then per block its start, deltas and finish, then message finish.
///           `index` numbers the blocks of a message from 0 without gaps, in the order of their
///           starts; it is the block's place in `AIMessage::parts`. Blocks may interleave.
///           `text` is what a delta adds: to the block's text or, for a tool call, its arguments.
///           Every event of a block names its type, so that a delta can be read by itself.
/// Lives:    owns all that it holds; 48 bytes, and no allocation for a short text delta.
class ContentEvent {
 public:
  /// What few events carry; an empty member says nothing and changes nothing.
  class Detail {
   public:
    Detail() = default;

    std::string id;             ///< of the message, the tool call or the reasoning item
    std::string name;           ///< of the tool; a later one replaces an earlier one
    std::string model;          ///< message start
    std::string request_id;     ///< message start
    std::string service_tier;   ///< message start or finish
    std::string signature;      ///< reasoning; pieces are joined
    std::string finish_raw;     ///< message finish
    std::string provider_data;  ///< of the part or the message; a later one replaces an earlier one
    FinishReason finish_reason = FinishReason::kUnknown;
    Usage usage;

    friend bool operator==(const Detail&, const Detail&) = default;
  };

  ContentEvent() = default;
  ContentEvent(EventKind the_kind, BlockType the_block, std::uint32_t the_index,
               std::string the_text = {})
      : kind(the_kind), block(the_block), index(the_index), text(std::move(the_text)) {}
  ContentEvent(ContentEvent&&) noexcept = default;
  ContentEvent& operator=(ContentEvent&&) noexcept = default;
  ContentEvent(const ContentEvent& other);
  ContentEvent& operator=(const ContentEvent& other);
  ~ContentEvent() = default;

  [[nodiscard]] static ContentEvent message_start(std::string id, std::string model);
  [[nodiscard]] static ContentEvent block_start(std::uint32_t index, BlockType block);
  [[nodiscard]] static ContentEvent tool_call_start(std::uint32_t index, std::string id,
                                                    std::string name);
  [[nodiscard]] static ContentEvent text_delta(std::uint32_t index, std::string_view text) {
    return {EventKind::kDelta, BlockType::kText, index, std::string(text)};
  }
  [[nodiscard]] static ContentEvent reasoning_delta(std::uint32_t index, std::string_view text) {
    return {EventKind::kDelta, BlockType::kReasoning, index, std::string(text)};
  }
  [[nodiscard]] static ContentEvent refusal_delta(std::uint32_t index, std::string_view text) {
    return {EventKind::kDelta, BlockType::kRefusal, index, std::string(text)};
  }
  [[nodiscard]] static ContentEvent tool_call_delta(std::uint32_t index, std::string_view text) {
    return {EventKind::kDelta, BlockType::kToolCall, index, std::string(text)};
  }
  [[nodiscard]] static ContentEvent block_finish(std::uint32_t index, BlockType block) {
    return {EventKind::kBlockFinish, block, index};
  }
  [[nodiscard]] static ContentEvent message_finish(FinishReason reason, std::string raw,
                                                   const Usage& usage);

  EventKind kind = EventKind::kDelta;
  BlockType block = BlockType::kNone;
  std::uint32_t index = 0;
  std::string text;
  std::unique_ptr<Detail> detail;

  /// The detail, made if there is none yet.
  Detail& need_detail() {
    if (!detail) detail = std::make_unique<Detail>();
    return *detail;
  }
  /// Equal in everything, details compared by value.
  friend bool operator==(const ContentEvent& left, const ContentEvent& right);
};

static_assert(sizeof(ContentEvent) <= 64, "events pass by value through every stream");

/// A piece of a tool call, seen in one chunk.
/// Lives:    views into the chunk.
class ToolCallChunk {
 public:
  ToolCallChunk() = default;

  std::uint32_t index = 0;
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
};

/// One event seen through LangChain's eyes: a small piece of the message.
/// Shape:    a message is the sum of its chunks: `AIMessage m; m += std::move(chunk);`.
class AIMessageChunk {
 public:
  AIMessageChunk() = default;
  explicit AIMessageChunk(ContentEvent event) : event_(std::move(event)) {}

  /// The text that this chunk adds to the answer; empty if it adds none.
  [[nodiscard]] std::string_view content() const noexcept { return text_if(BlockType::kText); }
  /// The same, moved out; the chunk adds no text afterwards.
  [[nodiscard]] std::string take_content();
  [[nodiscard]] std::string_view reasoning() const noexcept {
    return text_if(BlockType::kReasoning);
  }
  [[nodiscard]] std::string_view refusal() const noexcept { return text_if(BlockType::kRefusal); }
  [[nodiscard]] std::optional<ToolCallChunk> tool_call_chunk() const;
  /// The tokens of the whole answer; told by the last chunk, if at all.
  [[nodiscard]] std::optional<Usage> usage() const;
  /// kUnknown in all chunks but the last.
  [[nodiscard]] FinishReason finish_reason() const noexcept;
  [[nodiscard]] bool is_last() const noexcept { return event_.kind == EventKind::kMessageFinish; }

  [[nodiscard]] const ContentEvent& event() const noexcept { return event_; }
  [[nodiscard]] ContentEvent take_event() { return std::move(event_); }

 private:
  [[nodiscard]] std::string_view text_if(BlockType block) const noexcept {
    return event_.block == block ? std::string_view(event_.text) : std::string_view();
  }
  ContentEvent event_;
};

/// Adds one event to the message that it is a piece of.
/// Shape:    a delta costs one append; a block whose start was left out is opened by its first
///           delta, so that a filtered stream still adds up.
/// Errors:   ProtocolError if the event's index leaves a gap or names a part of another type.
void apply(AIMessage& message, ContentEvent&& event);

/// The same for a chunk.
AIMessage& operator+=(AIMessage& message, AIMessageChunk&& chunk);
AIMessage& operator+=(AIMessage& message, const AIMessageChunk& chunk);

/// Takes a whole message apart into events that add up to it: for answers that come at once.
/// Errors:   parts that no model writes (images, files, sounds) are left out.
[[nodiscard]] std::vector<ContentEvent> to_events(AIMessage message);

}  // namespace cochain
