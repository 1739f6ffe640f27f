// What splitters share: options that are checked when they are made, and documents out of chunks.

#include "cochain/chains/retrieval/text_splitter.hpp"

#include "cochain/chains/model/error.hpp"
#include "cochain/core/executor.hpp"

namespace cochain {

template class Runnable<Documents, Documents>;
namespace {

constexpr std::string_view kStartIndex = "start_index";
constexpr std::size_t kInlineBytesMax = 64 * 1024;

// Where the text of a document begins in the text that it was cut from.
std::size_t start_of(const JsonObject& metadata) {
  const Json* start = metadata.if_contains(kStartIndex);
  if (start == nullptr) return 0;
  if (const std::uint64_t* index = start->if_uint64()) return *index;
  const std::int64_t* index = start->if_int64();
  return index != nullptr && *index > 0 ? static_cast<std::size_t>(*index) : 0;
}

void append_documents(Documents& made, const TextSplitter& splitter, std::string_view text,
                      const JsonObject& metadata) {
  const bool adds_start = splitter.options().adds_start_index();
  const std::size_t start = adds_start ? start_of(metadata) : 0;
  for (const TextChunk& chunk : splitter.split(text)) {
    Document& document = made.emplace_back(std::string(chunk.text), metadata);
    if (adds_start) document.metadata[kStartIndex] = start + chunk.begin;
  }
}

}  // namespace

ChunkOptions::ChunkOptions(std::size_t chunk_size, std::size_t chunk_overlap)
    : size_(chunk_size), overlap_(chunk_overlap) {
  if (chunk_size == 0) throw InvalidStateError("ChunkOptions: a chunk_size of 0 holds nothing");
  if (chunk_overlap >= chunk_size) {
    throw InvalidStateError("ChunkOptions: the chunk_overlap of " + std::to_string(chunk_overlap) +
                            " is not below the chunk_size of " + std::to_string(chunk_size));
  }
}

ChunkOptions& ChunkOptions::tokens(std::shared_ptr<const Tokenizer> tokenizer) {
  if (!tokenizer) throw InvalidStateError("ChunkOptions::tokens() was given no tokenizer");
  unit_ = LengthUnit::kTokens;
  tokenizer_ = std::move(tokenizer);
  return *this;
}

ChunkOptions& ChunkOptions::bytes() {
  unit_ = LengthUnit::kBytes;
  return *this;
}

ChunkOptions& ChunkOptions::characters() {
  unit_ = LengthUnit::kCharacters;
  return *this;
}

ChunkOptions& ChunkOptions::length_function(LengthFunction function) {
  if (!function) throw InvalidStateError("ChunkOptions::length_function() was given no function");
  unit_ = LengthUnit::kFunction;
  function_ = std::move(function);
  return *this;
}

ChunkOptions& ChunkOptions::keep_separator(KeepSeparator value) {
  keep_ = value;
  return *this;
}

ChunkOptions& ChunkOptions::keep_whitespace() {
  keep_whitespace_ = true;
  return *this;
}

ChunkOptions& ChunkOptions::always_overlap() {
  always_overlap_ = true;
  return *this;
}

ChunkOptions& ChunkOptions::add_start_index() {
  add_start_index_ = true;
  return *this;
}

std::vector<std::string> TextSplitter::split_text(std::string_view text) const {
  std::vector<std::string> texts;
  for (const TextChunk& chunk : split(text)) texts.emplace_back(chunk.text);
  return texts;
}

Documents TextSplitter::create_documents(std::span<const std::string> texts,
                                         std::span<const JsonObject> metadatas) const {
  if (!metadatas.empty() && metadatas.size() != texts.size()) {
    throw InvalidInputError("create_documents() was given " + std::to_string(texts.size()) +
                            " texts and " + std::to_string(metadatas.size()) + " metadata");
  }
  const JsonObject nothing;
  Documents made;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    append_documents(made, *this, texts[i], metadatas.empty() ? nothing : metadatas[i]);
  }
  return made;
}

Documents TextSplitter::split_documents(std::span<const Document> documents) const {
  Documents made;
  for (const Document& document : documents) {
    append_documents(made, *this, document.page_content, document.metadata);
  }
  return made;
}

DocumentSplitter::DocumentSplitter(std::shared_ptr<const TextSplitter> splitter)
    : splitter_(std::move(splitter)) {
  if (!splitter_) throw InvalidStateError("a DocumentSplitter was given no splitter");
}

Coro<Documents> DocumentSplitter::do_invoke(Documents input, RunConfig) const {
  std::size_t bytes = 0;
  for (const Document& document : input) bytes += document.page_content.size();
  if (bytes <= kInlineBytesMax) co_return splitter_->split_documents(input);
  const auto split = [](std::shared_ptr<const TextSplitter> splitter, Documents documents) {
    return splitter->split_documents(documents);
  };
  Documents made = co_await to_thread(split, splitter_, std::move(input));
  co_return made;
}

}  // namespace cochain
