// Reads one document of the chat dialect, a chunk or a whole answer, and makes content events.
// The stream decoder hands it documents; what it knows lasts as long as the message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cochain/chains/model/content_event.hpp"
#include "cochain/chains/model/tool_call_merger.hpp"
#include "json_reader.hpp"
#include "reasoning_details.hpp"

namespace cochain::detail {

/// The events that wait to be taken. Its memory is kept: a stream allocates it once.
class PendingEvents {
 public:
  [[nodiscard]] std::optional<ContentEvent> pop() {
    if (next_ == events_.size()) {
      events_.clear();
      next_ = 0;
      return std::nullopt;
    }
    return std::move(events_[next_++]);
  }
  template <class... Args>
  ContentEvent& push(Args&&... args) {
    return events_.emplace_back(std::forward<Args>(args)...);
  }

 private:
  std::vector<ContentEvent> events_;
  std::size_t next_ = 0;
};

/// How a document's tool calls are to be read.
enum class DocumentKind : std::uint8_t { kChunk, kWhole };

/// From documents to events.
class ChunkReader {
 public:
  static constexpr std::size_t kBlocksMax = 10'000;

  explicit ChunkReader(std::string dialect_name) : dialect_name_(std::move(dialect_name)) {}

  /// Reads one document; an error that it tells of is left to the caller.
  void read(const DomElement& root, DocumentKind kind);
  /// Ends all blocks and the message.
  void finish();

  PendingEvents events;
  std::string request_id;
  std::string partial_text;
  bool finish_reason_seen = false;
  bool choice_seen = false;
  bool chunk_seen = false;
  /// The document speaks of an error; the caller finds out which.
  bool error_seen = false;
  std::size_t ignored = 0;

 private:
  void read_choice(const DomElement& choice, DocumentKind kind);
  void read_message(const DomObject& message, DocumentKind kind);
  void read_content(const DomElement& content);
  void read_content_part(const DomElement& part);
  void read_calls(const DomElement& list, DocumentKind kind);
  void read_call(const DomElement& item, DeltaPlace place);
  void read_function_call(const DomElement& value);
  void tell(const ToolCallMerger::Change& change);
  void announce(PendingToolCall& call);
  void read_usage(const DomElement& value);
  void keep_extra(std::string_view key, const DomElement& value);
  void start_message();
  void add_text(BlockType block, std::string_view text);
  std::uint32_t next_block();
  void open_running_block(BlockType block);
  void close_running_block();
  [[nodiscard]] std::string as_provider_data(std::string_view members) const;

  std::string dialect_name_;
  bool started_ = false;
  std::string id_;
  std::string model_;
  std::string service_tier_;
  std::string finish_raw_;
  Usage usage_;
  std::optional<std::int64_t> choice_index_;
  std::uint32_t blocks_ = 0;
  // The block of text, reasoning or refusal that grows at the moment. Tool calls grow beside it,
  // until the end of the message, since their deltas may interleave.
  BlockType running_ = BlockType::kNone;
  std::uint32_t running_index_ = 0;
  ToolCallMerger calls_;
  ReasoningDetails details_;
  // Members about the answer as a whole that nobody above reads: kept as they came.
  std::vector<std::pair<std::string, std::string>> extras_;
};

/// The unified word for OpenAI's finish reasons, and for those that its imitators use.
FinishReason finish_reason_of(std::string_view raw) noexcept;

}  // namespace cochain::detail
